//! The part of a source that may evolve, between its two markers.

use tdev_domain::{MAX_AGENT_BYTES, Source, SourceError};

use crate::ast::Function;
use crate::parse::{ParseError, parse_functions};

const START: &str = "EVOLVE-BLOCK-START";
const END: &str = "EVOLVE-BLOCK-END";

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
    /// There is no marker that starts a block.
    #[error("there is no `# {START}`")]
    Absent,
    /// The block is not ended.
    #[error("the block that starts on line {0} has no `# {END}`")]
    NotEnded(usize),
    /// A marker that has no partner, or a second block.
    #[error("line {0}: a marker too many")]
    Surplus(usize),
    /// The new block has a marker in it.
    #[error("the new block has a marker on its line {0}")]
    MarkerInside(usize),
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

/// The marker that `line` is.
fn marker(line: &str) -> Option<&str> {
    let text = line
        .trim()
        .strip_prefix('#')?
        .trim_start_matches('#')
        .trim();
    (text == START || text == END).then_some(text)
}

impl Evolvable {
    /// Splits `source` at its markers, which stand on lines of their own.
    ///
    /// # Errors
    ///
    /// [`BlockError`], unless there is exactly one block.
    pub fn split(source: &Source) -> Result<Self, BlockError> {
        let text = source.as_str();
        let mut start: Option<(usize, usize)> = None;
        let mut end: Option<usize> = None;
        let mut offset = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let number = index + 1;
            match (marker(line), start, end) {
                (None, ..) => {}
                (Some(START), None, None) => start = Some((number, offset + line.len())),
                (Some(END), Some(_), None) => end = Some(offset),
                _ => return Err(BlockError::Surplus(number)),
            }
            offset += line.len();
        }
        let (line, start) = start.ok_or(BlockError::Absent)?;
        let end = end.ok_or(BlockError::NotEnded(line))?;
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
        let inside = block.lines().position(|line| marker(line).is_some());
        if let Some(index) = inside {
            return Err(BlockError::MarkerInside(index + 1));
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
        assert_eq!(split("# EVOLVE-BLOCK-START\n"), BlockError::NotEnded(1));
        assert_eq!(split("x = 1\n# EVOLVE-BLOCK-END\n"), BlockError::Surplus(2));
        assert_eq!(split(&format!("{TEXT}\n{TEXT}")), BlockError::Surplus(10));
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
            Err(BlockError::MarkerInside(2))
        );
    }
}
