//! What analysis has to say about a place in an agent's source.

use serde::{Deserialize, Serialize};

/// How much a [`Finding`] weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; changes nothing.
    Info,
    /// Lowers the quality score.
    Warning,
    /// A security concern: the agent is quarantined, unrun, until a person releases it.
    Danger,
    /// The agent cannot work as it is: it is rejected.
    Error,
}

/// One observation about an agent, with the place and the cure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's stable identifier, as in `SEC003`.
    pub rule: String,
    /// Its weight.
    pub severity: Severity,
    /// The line, from 1; absent where the finding is about the agent as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    /// The source line with a caret under the column, for errors a person must find.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}
