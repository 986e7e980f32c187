//! What is wrong with a definition.

use serde::Serialize;

/// One thing that is wrong with a definition, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// What kind of thing it is.
    pub code: Code,
    /// Where it is, as a JSON pointer into the definition.
    pub pointer: String,
    /// What is wrong, for the author.
    pub message: String,
}

/// The kinds of mistake. Their names do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Not of the form of a definition.
    Malformed,
    /// A name is none.
    InvalidName,
    /// A number is out of its range.
    OutOfRange,
    /// A simulation is named that the platform has not.
    UnknownSimulation,
    /// A case does not fit the function or the metric.
    UnfitCase,
    /// There are too many of something.
    TooMany,
    /// Something that is needed is absent.
    Missing,
    /// An input is among the cases that are held out, and among the others.
    HeldOutOverlap,
    /// Two parts do not go together.
    Inconsistent,
}

/// All mistakes that are found.
#[derive(Default)]
pub(super) struct Mistakes(pub(super) Vec<Mistake>);

impl Mistakes {
    pub(super) fn add(
        &mut self,
        code: Code,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.0.push(Mistake {
            code,
            pointer: pointer.into(),
            message: message.into(),
        });
    }

    pub(super) fn require(&mut self, holds: bool, code: Code, pointer: &str, message: &str) {
        if !holds {
            self.add(code, pointer, message);
        }
    }
}
