//! The tree of a program: plain data, to be built, varied and printed.
//!
//! A tree is *canonical* if it is what [`parse`](crate::parse) makes of its own print: bodies are
//! not empty, `And`/`Or` and comparisons have two operands or more, no literal is NaN, and a
//! negated non-negative literal is the negative literal. Every tree compiles and prints with the
//! same meaning, canonical or not; only the canonical ones come back as they were.

mod infer;
mod names;
mod nodes;
mod print;
mod survey;
mod types;

pub use names::{BinaryOp, Builtin, CompareOp, Constant, Exception, Method, UnaryOp};
pub use nodes::{Node, NodeError};
pub use ruff_python_ast::name::Name;
pub use survey::{Context, NodeInfo, Survey, Variable};
pub use types::{Item, Type};

/// How deep a tree may nest, statements and expressions together; so also the length of a chain of
/// operators such as `a + b + c`.
pub const MAX_DEPTH: usize = 64;

/// A module: its constants and functions in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Module {
    /// What stands at the top level.
    pub items: Vec<TopLevel>,
}

/// What may stand at the top level of a module.
#[derive(Debug, Clone, PartialEq)]
pub enum TopLevel {
    /// A string by itself: a docstring.
    Text(String),
    /// `import math`. Nothing else can be imported; `math` works without it here, not in Python.
    ImportMath,
    /// `NAME = value`, evaluated once, when the module is compiled.
    Constant(Name, Expr),
    /// A function.
    Function(Function),
}

/// A function with positional parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The annotation of what it returns, or [`Type::Any`].
    pub returns: Type,
    /// Its statements.
    pub body: Vec<Stmt>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its annotation, or [`Type::Any`]. A hint for [`Survey`]; nothing checks it at run time.
    pub ty: Type,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Stmt {
    /// `target = value`.
    Assign(Target, Expr),
    /// `target += value` and the like. The target is no tuple.
    Augment(Target, BinaryOp, Expr),
    /// An expression for its effect, or a docstring.
    Expr(Expr),
    /// `if`, `elif` …, `else` (empty if absent). At least one arm.
    If(Vec<Arm>, Vec<Stmt>),
    /// `while condition: body`.
    While(Expr, Vec<Stmt>),
    /// `for target in iterable: body`.
    For(Target, Expr, Vec<Stmt>),
    /// `return`, with a value or without.
    Return(Option<Expr>),
    /// `raise ValueError(message)`, with or without a message.
    Raise(Exception, Option<Expr>),
    /// `break`, inside a loop.
    Break,
    /// `continue`, inside a loop.
    Continue,
    /// `pass`.
    Pass,
}

/// One arm of an `if`.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// When it is taken.
    pub test: Expr,
    /// What it does.
    pub body: Vec<Stmt>,
}

/// What is assigned to.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A local variable.
    Name(Name),
    /// `value[index]`, both in this order.
    Index(Box<[Expr; 2]>),
    /// Several targets, each of which gets one item.
    Tuple(Vec<Target>),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// An integer literal, negative ones included.
    Int(i64),
    /// A float literal, negative ones included.
    Float(f64),
    /// A string literal.
    Str(String),
    /// A variable, parameter or module constant.
    Name(Name),
    /// `math.pi`, `math.e`, `math.inf`.
    Constant(Constant),
    /// `[…]`.
    List(Vec<Expr>),
    /// `(…)`.
    Tuple(Vec<Expr>),
    /// `{key: value, …}`.
    Dict(Vec<[Expr; 2]>),
    /// An operator before its operand.
    Unary(UnaryOp, Box<Expr>),
    /// An operator between its operands.
    Binary(BinaryOp, Box<[Expr; 2]>),
    /// `a < b <= c`: the first operand, then each operator with its right operand.
    Compare(Box<Expr>, Vec<(CompareOp, Expr)>),
    /// `a and b and c`.
    And(Vec<Expr>),
    /// `a or b or c`.
    Or(Vec<Expr>),
    /// `then if test else otherwise`, as `[test, then, otherwise]`.
    If(Box<[Expr; 3]>),
    /// `value[index]`.
    Index(Box<[Expr; 2]>),
    /// `value[lower:upper:step]`.
    Slice(Box<Slice>),
    /// `[element for target in iterable if …]`.
    Comprehension(Box<Comprehension>),
    /// A call of a function of the module.
    Call(Name, Vec<Expr>),
    /// A call of a built-in function or one of `math`'s.
    Builtin(Builtin, Vec<Expr>),
    /// A call of a method; the receiver is the first argument.
    Method(Method, Vec<Expr>),
}

/// `value[lower:upper:step]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// What is sliced.
    pub value: Expr,
    /// Where it begins.
    pub lower: Option<Expr>,
    /// Before where it ends.
    pub upper: Option<Expr>,
    /// Every how many.
    pub step: Option<Expr>,
}

/// `[element for target in iterable if condition …]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Comprehension {
    /// What each item becomes.
    pub element: Expr,
    /// The variables, visible in the element and the conditions alone.
    pub target: Target,
    /// What is iterated.
    pub iterable: Expr,
    /// Which items are taken.
    pub conditions: Vec<Expr>,
}

impl Module {
    /// Its functions in order.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.items.iter().filter_map(|item| match item {
            TopLevel::Function(function) => Some(function),
            _ => None,
        })
    }

    /// The function of that name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions().find(|function| function.name == *name)
    }

    /// The function of that name, to be changed.
    pub fn function_mut(&mut self, name: &str) -> Option<&mut Function> {
        self.items.iter_mut().find_map(|item| match item {
            TopLevel::Function(function) if function.name == *name => Some(function),
            _ => None,
        })
    }
}

impl Expr {
    /// `left op right`.
    pub fn binary(op: BinaryOp, left: Self, right: Self) -> Self {
        Self::Binary(op, Box::new([left, right]))
    }

    /// `left op right`.
    pub fn compare(op: CompareOp, left: Self, right: Self) -> Self {
        Self::Compare(Box::new(left), vec![(op, right)])
    }

    /// `then if test else otherwise`.
    pub fn conditional(test: Self, then: Self, otherwise: Self) -> Self {
        Self::If(Box::new([test, then, otherwise]))
    }

    /// A variable.
    pub fn name(name: impl Into<Name>) -> Self {
        Self::Name(name.into())
    }
}
