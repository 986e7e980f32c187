//! The markers around what an evolution may change.

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_text_size::{Ranged, TextRange};

const START: &str = "EVOLVE-BLOCK-START";
const END: &str = "EVOLVE-BLOCK-END";

/// Where the two markers of a source stand: comments, each on a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markers {
    /// `# EVOLVE-BLOCK-START`.
    pub start: TextRange,
    /// `# EVOLVE-BLOCK-END`.
    pub end: TextRange,
}

/// Markers that do not pair up, and which of them it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// Code stands before a marker on its line.
    #[error("an EVOLVE-BLOCK marker beside code")]
    BesideCode(TextRange),
    /// There is a block already.
    #[error("a second EVOLVE-BLOCK")]
    Second(TextRange),
    /// A start in a block.
    #[error("EVOLVE-BLOCK-START inside a block")]
    Nested(TextRange),
    /// An end without a start.
    #[error("EVOLVE-BLOCK-END without a start")]
    NotStarted(TextRange),
    /// A start without an end.
    #[error("EVOLVE-BLOCK-START without an end")]
    NotEnded(TextRange),
}

impl MarkerError {
    /// Where that marker stands.
    pub fn range(self) -> TextRange {
        let (Self::BesideCode(range)
        | Self::Second(range)
        | Self::Nested(range)
        | Self::NotStarted(range)
        | Self::NotEnded(range)) = self;
        range
    }
}

/// Finds the markers of `source`, whose tokens are given; what stands in a string is none.
///
/// # Errors
///
/// [`MarkerError`] for the first that has no partner or no line of its own, or makes a second
/// block.
pub fn evolve_markers(source: &str, tokens: &Tokens) -> Result<Option<Markers>, MarkerError> {
    let mut open: Option<TextRange> = None;
    let mut found: Option<Markers> = None;
    let comments = tokens.iter().filter(|t| t.kind() == TokenKind::Comment);
    for range in comments.map(Ranged::range) {
        let text = &source[range.to_std_range()];
        let marker = text.trim_start_matches('#').trim();
        if marker != START && marker != END {
            continue;
        }
        let before = &source[..range.start().to_usize()];
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        if !before[line..].trim().is_empty() {
            return Err(MarkerError::BesideCode(range));
        }
        match (marker == START, open, found) {
            (true, Some(_), _) => return Err(MarkerError::Nested(range)),
            (true, None, Some(_)) => return Err(MarkerError::Second(range)),
            (true, None, None) => open = Some(range),
            (false, None, _) => return Err(MarkerError::NotStarted(range)),
            (false, Some(start), _) => {
                open = None;
                found = Some(Markers { start, end: range });
            }
        }
    }
    match open {
        Some(range) => Err(MarkerError::NotEnded(range)),
        None => Ok(found),
    }
}
