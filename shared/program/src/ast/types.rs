//! The types of expressions, as far as a look at the tree tells.

use std::fmt;

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Type {
    /// Nothing is known.
    #[default]
    Any,
    /// `None`.
    None,
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A float.
    Float,
    /// A string.
    Str,
    /// A list, and what is in it.
    List(Item),
    /// A tuple, and what is in it.
    Tuple(Item),
    /// A dict with strings or integers for keys, and what its values are.
    Dict(Item),
}

/// The type of the items of a list or dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Item {
    /// Nothing is known, or lists and dicts.
    #[default]
    Any,
    /// Booleans.
    Bool,
    /// Integers.
    Int,
    /// Floats.
    Float,
    /// Strings.
    Str,
}

impl Type {
    /// The least type that holds both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::List(_), Self::List(_)) => Self::List(Item::Any),
            (Self::Tuple(_), Self::Tuple(_)) => Self::Tuple(Item::Any),
            (Self::Dict(_), Self::Dict(_)) => Self::Dict(Item::Any),
            _ => Self::Any,
        }
    }

    /// As the item of a list.
    pub fn as_item(self) -> Item {
        match self {
            Self::Bool => Item::Bool,
            Self::Int => Item::Int,
            Self::Float => Item::Float,
            Self::Str => Item::Str,
            _ => Item::Any,
        }
    }

    /// The type of what iteration over it yields.
    #[must_use]
    pub fn iterated(self) -> Self {
        match self {
            Self::List(item) | Self::Tuple(item) => item.into(),
            Self::Str => Self::Str,
            _ => Self::Any,
        }
    }

    /// The type of what subscripting it yields.
    #[must_use]
    pub fn indexed(self) -> Self {
        match self {
            Self::Dict(item) => item.into(),
            other => other.iterated(),
        }
    }

    /// Whether it is a boolean, an integer or a float.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Bool | Self::Int | Self::Float)
    }

    /// Whether a value of this type may stand where `wanted` is asked for: the types are equal, or
    /// one of them is unknown.
    pub fn fits(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(a), Self::List(b))
            | (Self::Tuple(a), Self::Tuple(b))
            | (Self::Dict(a), Self::Dict(b)) => a == b || a == Item::Any || b == Item::Any,
            (a, b) => a == b,
        }
    }
}

impl From<Item> for Type {
    fn from(item: Item) -> Self {
        match item {
            Item::Any => Self::Any,
            Item::Bool => Self::Bool,
            Item::Int => Self::Int,
            Item::Float => Self::Float,
            Item::Str => Self::Str,
        }
    }
}

impl fmt::Display for Type {
    /// As an annotation. [`Type::Any`] is `object`, though the printer leaves it out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (container, item) = match *self {
            Self::Any => return f.write_str("object"),
            Self::None => return f.write_str("None"),
            Self::Bool => return f.write_str("bool"),
            Self::Int => return f.write_str("int"),
            Self::Float => return f.write_str("float"),
            Self::Str => return f.write_str("str"),
            Self::List(item) => ("list", item),
            Self::Tuple(item) => ("tuple", item),
            Self::Dict(item) => ("dict", item),
        };
        match (container, item) {
            (_, Item::Any) => f.write_str(container),
            ("tuple", item) => write!(f, "tuple[{}, ...]", Self::from(item)),
            ("dict", item) => write!(f, "dict[str, {}]", Self::from(item)),
            (_, item) => write!(f, "{container}[{}]", Self::from(item)),
        }
    }
}
