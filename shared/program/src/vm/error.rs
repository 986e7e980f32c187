//! How a run ends early.

/// Why a run ended without a result. What a program raises by itself has the kind that Python's
/// exception has; no text comes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Error {
    /// The fuel of the budget is used up.
    #[error("out of fuel")]
    OutOfFuel,
    /// The memory of the budget is used up.
    #[error("out of memory")]
    OutOfMemory,
    /// Calls, or values inside values, nest too deep.
    #[error("nests too deep")]
    Recursion,
    /// An integer would have more than 64 bits. Python has no such limit.
    #[error("an integer of more than 64 bits")]
    IntegerRange,
    /// Python has a result for this, and the subset has not: complex numbers, formatting by `%`.
    #[error("a result outside the subset")]
    Unsupported,
    /// `TypeError`
    #[error("TypeError")]
    Type,
    /// `ValueError`
    #[error("ValueError")]
    Value,
    /// `IndexError`
    #[error("IndexError")]
    Index,
    /// `KeyError`
    #[error("KeyError")]
    Key,
    /// `ZeroDivisionError`
    #[error("ZeroDivisionError")]
    ZeroDivision,
    /// `OverflowError`: a float became too large.
    #[error("OverflowError")]
    Overflow,
    /// `AttributeError`: a value has no such method.
    #[error("AttributeError")]
    Attribute,
    /// `UnboundLocalError`: a variable has no value yet. Inside a comprehension Python has a plain
    /// `NameError` until 3.11.
    #[error("UnboundLocalError")]
    Unbound,
    /// `RuntimeError`: raised, or a dict changed its keys while it was iterated.
    #[error("RuntimeError")]
    Runtime,
    /// `Exception` itself, raised.
    #[error("Exception")]
    Exception,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
