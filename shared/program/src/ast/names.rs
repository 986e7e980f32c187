//! The operators, built-in functions, methods, constants and exceptions of the subset.

/// An enum of names, each with its Python spelling.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $(#[$note])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As Python spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one that Python spells `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

names! {
    /// A built-in function, or one of the module `math` (spelt with the module).
    Builtin {
        Abs = "abs", All = "all", Any = "any", Bool = "bool", Chr = "chr", Dict = "dict",
        Enumerate = "enumerate", Float = "float", Int = "int", Len = "len", List = "list",
        Max = "max", Min = "min", Ord = "ord", Range = "range", Reversed = "reversed",
        Round = "round", Sorted = "sorted",
        /// With `reverse=True`, which is printed so; the argument is the iterable alone.
        SortedReverse = "sorted#reverse",
        Str = "str", Sum = "sum", Tuple = "tuple", Zip = "zip",
        Ceil = "math.ceil", Cos = "math.cos", Exp = "math.exp", MathFloor = "math.floor",
        Log = "math.log", Pow = "math.pow", Sin = "math.sin", Sqrt = "math.sqrt",
        Tan = "math.tan", Tanh = "math.tanh",
    }
}

names! {
    /// A method of lists, strings or dicts.
    Method {
        Append = "append", Clear = "clear", Copy = "copy", Count = "count",
        EndsWith = "endswith", Extend = "extend", Find = "find", Get = "get", Index = "index",
        Insert = "insert", IsAlnum = "isalnum", IsAlpha = "isalpha", IsDigit = "isdigit",
        IsLower = "islower", IsSpace = "isspace", IsUpper = "isupper", Items = "items",
        Join = "join", Keys = "keys", Lower = "lower", LStrip = "lstrip", Pop = "pop",
        Remove = "remove", Replace = "replace", Reverse = "reverse", RStrip = "rstrip",
        SetDefault = "setdefault", Sort = "sort", Split = "split", StartsWith = "startswith",
        Strip = "strip", Upper = "upper", Values = "values",
    }
}

names! {
    /// A constant of the module `math`.
    Constant { Pi = "math.pi", E = "math.e", Inf = "math.inf", }
}

names! {
    /// An exception that a program may raise.
    Exception {
        Exception = "Exception", Value = "ValueError", Type = "TypeError", Index = "IndexError",
        Key = "KeyError", ZeroDivision = "ZeroDivisionError", Overflow = "OverflowError",
        Runtime = "RuntimeError",
    }
}

names! {
    /// An operator with one operand.
    UnaryOp { Neg = "-", Pos = "+", Invert = "~", Not = "not", }
}

names! {
    /// An operator with two operands.
    BinaryOp {
        Add = "+", Sub = "-", Mul = "*", Div = "/", FloorDiv = "//", Mod = "%", Pow = "**",
        Shl = "<<", Shr = ">>", BitAnd = "&", BitOr = "|", BitXor = "^",
    }
}

names! {
    /// A comparison. One side of `is` and `is not` is the literal `None`.
    CompareOp {
        Eq = "==", Ne = "!=", Lt = "<", Le = "<=", Gt = ">", Ge = ">=", In = "in",
        NotIn = "not in", Is = "is", IsNot = "is not",
    }
}

impl Builtin {
    /// Whether what it returns can only be iterated, and so has to be used where it is made.
    pub fn makes_iterator(self) -> bool {
        matches!(
            self,
            Self::Range | Self::Reversed | Self::Enumerate | Self::Zip
        )
    }

    /// Whether its only argument is an iterable that it consumes at once.
    pub fn consumes_iterable(self) -> bool {
        matches!(
            self,
            Self::All
                | Self::Any
                | Self::Sum
                | Self::Min
                | Self::Max
                | Self::Sorted
                | Self::SortedReverse
                | Self::List
                | Self::Tuple
                | Self::Enumerate
                | Self::Zip
        )
    }

    /// How many arguments it takes: least and most.
    pub fn arity(self) -> (usize, usize) {
        match self {
            Self::Bool | Self::Float | Self::Int | Self::Str | Self::List | Self::Tuple => (0, 1),
            Self::Dict => (0, 0),
            Self::Max | Self::Min => (1, 255),
            Self::Zip => (0, 255),
            Self::Range => (1, 3),
            Self::Round | Self::Sum | Self::Log | Self::Enumerate => (1, 2),
            Self::Pow => (2, 2),
            _ => (1, 1),
        }
    }

    /// Whether it is a function of floats that lanes have too.
    pub fn is_math(self) -> bool {
        self.as_str().starts_with("math.")
    }
}

impl Method {
    /// Whether what it returns can only be iterated, and so has to be used where it is made.
    pub fn makes_iterator(self) -> bool {
        matches!(self, Self::Items | Self::Keys | Self::Values)
    }

    /// How many arguments it takes beside the receiver: least and most.
    pub fn arity(self) -> (usize, usize) {
        match self {
            Self::Append
            | Self::Count
            | Self::EndsWith
            | Self::Extend
            | Self::Index
            | Self::Join
            | Self::Remove
            | Self::StartsWith
            | Self::Find => (1, 1),
            Self::Get | Self::SetDefault => (1, 2),
            Self::Insert | Self::Replace => (2, 2),
            Self::Pop => (0, 2),
            Self::LStrip | Self::RStrip | Self::Split | Self::Strip => (0, 1),
            _ => (0, 0),
        }
    }
}

impl UnaryOp {
    /// The operator of that spelling and its place before an operand.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Not => "not ",
            _ => self.as_str(),
        }
    }
}
