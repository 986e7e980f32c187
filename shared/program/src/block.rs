//! The part of a source that may evolve, between its two markers.

use tdev_analysis::{MarkerError, Markers};
use tdev_domain::{MAX_AGENT_BYTES, Source, SourceError};

use crate::ast::Function;
use crate::parse::{ParseError, markers, parse_functions};

/// A source split at `# EVOLVE-BLOCK-START` and `# EVOLVE-BLOCK-END`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evolvable {
    before: String,
    block: String,
    after: String,
}

/// Why a source has no block to evolve, or the block cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// There are no markers.
    #[error("there is no `# EVOLVE-BLOCK-START`")]
    Absent,
    /// The source, or the new block, is not Python.
    #[error("not Python")]
    Parse(#[source] ParseError),
    /// The markers do not pair up.
    #[error("line {line}: the markers do not pair up")]
    Markers {
        /// The line of the marker, from 1.
        line: usize,
        /// Which it is.
        source: MarkerError,
    },
    /// The new block has a marker in it.
    #[error("the new block has a marker in it")]
    MarkerInside,
    /// The whole would have more than [`MAX_AGENT_BYTES`].
    #[error("the source would have {bytes} bytes; the limit is {MAX_AGENT_BYTES}")]
    TooLarge {
        /// How many it would have.
        bytes: usize,
    },
    /// The whole is no source for another reason.
    #[error("the result is no source")]
    Invalid(#[source] SourceError),
}

impl Evolvable {
    /// Splits `source` at its markers.
    ///
    /// # Errors
    ///
    /// [`BlockError`], unless there is exactly one block.
    pub fn split(source: &Source) -> Result<Self, BlockError> {
        let text = source.as_str();
        let markers = markers(text).map_err(BlockError::Parse)?;
        let markers = markers.map_err(|error| {
            let before = &text[..error.range().start().to_usize()];
            let line = before.matches('\n').count() + 1;
            BlockError::Markers {
                line,
                source: error,
            }
        })?;
        let Markers { start, end } = markers.ok_or(BlockError::Absent)?;
        // The lines of the markers belong to what stays.
        let rest = &text[start.end().to_usize()..];
        let start = text.len() - rest.find('\n').map_or(0, |at| rest.len() - at - 1);
        let end = end.start().to_usize();
        let end = text[..end].rfind('\n').map_or(end, |at| at + 1);
        Ok(Self {
            before: text[..start].to_owned(),
            block: text[start..end].to_owned(),
            after: text[end..].to_owned(),
        })
    }

    /// What stands before the block, its marker included.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// What stands between the markers.
    pub fn block(&self) -> &str {
        &self.block
    }

    /// What stands after the block, its marker included.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// The functions of the block.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for what is outside the subset, and for anything but functions. Lines are
    /// counted from the start of the block.
    pub fn functions(&self) -> Result<Vec<Function>, ParseError> {
        parse_functions(&self.block)
    }

    /// The source with `functions` in its block, everything else byte for byte as it was.
    ///
    /// # Errors
    ///
    /// As for [`Self::with_block`].
    pub fn with_functions(&self, functions: &[Function]) -> Result<Source, BlockError> {
        let printed: Vec<String> = functions.iter().map(Function::to_string).collect();
        self.with_block(&printed.join("\n\n"))
    }

    /// The source with `block` between its markers, everything else byte for byte as it was. A
    /// line break is added at the end of the block if it has none.
    ///
    /// # Errors
    ///
    /// [`BlockError`] if the block has a marker in it or the whole is too large.
    pub fn with_block(&self, block: &str) -> Result<Source, BlockError> {
        // Most blocks have nothing like a marker and need not be read.
        if block.contains("EVOLVE-BLOCK") {
            let markers = markers(block).map_err(BlockError::Parse)?;
            if markers != Ok(None) {
                return Err(BlockError::MarkerInside);
            }
        }
        let line_break = if block.is_empty() || block.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let text = [&self.before, block, line_break, &self.after].concat();
        Source::from_bytes(text.as_bytes()).map_err(|error| match error {
            SourceError::TooLarge { bytes } => BlockError::TooLarge { bytes },
            other => BlockError::Invalid(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "A = 1\r\n# EVOLVE-BLOCK-START\ndef f(x):\n    return x\n# EVOLVE-BLOCK-END\n\n\
                        def g():\n  return   f( 1 )";

    fn source(text: &str) -> Source {
        Source::from_bytes(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_three_parts_make_the_whole() {
        let split = Evolvable::split(&source(TEXT)).unwrap();
        assert_eq!(split.block(), "def f(x):\n    return x\n");
        let parts = [split.before(), split.block(), split.after()];
        assert_eq!(parts.concat(), TEXT);
        assert_eq!(split.with_block(split.block()).unwrap().as_str(), TEXT);
    }

    #[test]
    fn the_rest_stays_byte_for_byte() {
        let split = Evolvable::split(&source(TEXT)).unwrap();
        let mut functions = split.functions().unwrap();
        functions[0].name = "h".into();
        let changed = split.with_functions(&functions).unwrap();
        assert_eq!(changed.as_str(), TEXT.replace("def f(x)", "def h(x)"));
        let unended = split.with_block("def f(x):\n    return 2").unwrap();
        assert_eq!(unended.as_str(), TEXT.replace("return x", "return 2"));
    }

    #[test]
    fn exactly_one_block() {
        let split = |text: &str| Evolvable::split(&source(text)).unwrap_err();
        assert_eq!(split("x = 1\n"), BlockError::Absent);
        let at = |text: &str| match split(text) {
            BlockError::Markers { line, source } => (line, source.to_string()),
            other => panic!("{other}"),
        };
        let not_ended = "EVOLVE-BLOCK-START without an end";
        assert_eq!(at("# EVOLVE-BLOCK-START\n"), (1, not_ended.to_owned()));
        assert_eq!(at("x = 1\n# EVOLVE-BLOCK-END\n").0, 2);
        assert_eq!(at(&format!("{TEXT}\n{TEXT}")).0, 10);
        assert_eq!(at("x = 1  # EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END\n").0, 1);
        assert!(matches!(split("def\n"), BlockError::Parse(_)));
    }

    #[test]
    fn a_marker_in_a_string_is_none() {
        let text = format!("NOTE = ```\n# EVOLVE-BLOCK-START\n```\n{TEXT}").replace('`', "\"");
        let split = Evolvable::split(&source(&text)).unwrap();
        assert_eq!(split.block(), "def f(x):\n    return x\n");
        let quoted = "def f(x):\n    return '# EVOLVE-BLOCK-END'\n";
        assert!(split.with_block(quoted).is_ok());
    }

    #[test]
    fn the_limit_is_on_the_whole() {
        let split = Evolvable::split(&source(TEXT)).unwrap();
        let room = MAX_AGENT_BYTES - split.before().len() - split.after().len();
        let block = |bytes: usize| format!("{}\n", "#".repeat(bytes - 1));
        assert!(split.with_block(&block(room)).is_ok());
        assert_eq!(
            split.with_block(&block(room + 1)),
            Err(BlockError::TooLarge {
                bytes: MAX_AGENT_BYTES + 1
            })
        );
        assert_eq!(
            split.with_block("x = 1\n# EVOLVE-BLOCK-END\n"),
            Err(BlockError::MarkerInside)
        );
    }
}
