//! What is wrong with a definition.

use serde::Serialize;

use crate::SyntaxError;

/// One thing that is wrong with a definition, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of thing it is.
    pub code: Code,
    /// Where it is, as a JSON pointer (RFC 6901) into the definition.
    pub pointer: String,
    /// What is wrong, for the author.
    pub message: String,
    /// The expression with a caret under the place, for problems of that kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

/// The kinds of problem. Their names do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The text is no JSON or YAML, or not of the form of a definition.
    Malformed,
    /// The text is too long.
    TooLarge,
    /// There are no steps.
    Empty,
    /// There are too many steps.
    TooManySteps,
    /// There are too many dependencies.
    TooManyDependencies,
    /// Two steps have the same id.
    DuplicateStep,
    /// A step is named that is not there.
    UnknownStep,
    /// A step depends on itself.
    SelfDependency,
    /// A step depends on another one twice.
    DuplicateDependency,
    /// Steps wait for each other.
    Cycle,
    /// A step can never run.
    UnreachableStep,
    /// An expression cannot be parsed.
    InvalidExpression,
    /// An expression looks at all steps, or at everything, where it must name one.
    ImpreciseReference,
    /// An expression looks at `item` or `index` outside of a map's inputs, or at a name that is
    /// not there at all.
    UnknownName,
    /// An expression looks at a step that need not have ended.
    NotADependency,
    /// A value has a type, or lacks a property, such that what uses it cannot work.
    TypeMismatch,
    /// An agent is named that is not there.
    UnknownAgent,
    /// A workflow is named that is not there.
    UnknownWorkflow,
    /// A schema is neither an object nor a boolean.
    InvalidSchema,
    /// A number of a retry policy is out of bounds.
    InvalidRetry,
    /// A time is out of bounds.
    InvalidTimeout,
    /// More steps at once than may be, or none.
    InvalidMaxInFlight,
    /// A number of a map is out of bounds, or its list is none.
    InvalidMap,
    /// A choice has no branches, or too many, or names a step twice.
    InvalidChoice,
    /// A step is named by a choice that it does not depend on.
    NotDependentOnChoice,
    /// A field has no effect on a step of this kind.
    NoEffect,
    /// Something has no counterpart in the language it is to be put into.
    Unsupported,
}

impl Problem {
    /// A problem of kind `code` at `pointer`.
    pub(crate) fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            pointer: pointer.into(),
            message: message.into(),
            excerpt: None,
        }
    }

    /// An expression at `pointer` that cannot be parsed.
    pub(crate) fn syntax(pointer: impl Into<String>, error: &SyntaxError) -> Self {
        Self {
            excerpt: Some(error.excerpt.clone()),
            ..Self::new(Code::InvalidExpression, pointer, error.to_string())
        }
    }
}
