//! What a run printed and logged, within a budget.

use std::borrow::Cow;

use monty_types::{ExcType, MontyException, PrintWriterCallback};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tdev_domain::{AgentFailure, FailureKind, LogLine, limits};

use crate::{failure, snapshot};

/// Lines in the order they were written, and what is left of the budget.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Transcript {
    #[serde(with = "snapshot::as_json")]
    lines: Vec<LogLine>,
    /// A printed line that has not ended.
    line: String,
    bytes: usize,
    full: bool,
}

impl Transcript {
    /// Adds a logged line.
    pub(crate) fn log(&mut self, message: String, fields: Map<String, Value>) -> Result<(), Full> {
        let fields_bytes = serde_json::to_vec(&fields).map_or(0, |json| json.len());
        self.charge(message.len() + fields_bytes)?;
        self.end_line();
        self.lines.push(LogLine { message, fields });
        Ok(())
    }

    /// Whether more was written than may be.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// The lines.
    pub(crate) fn into_lines(mut self) -> Vec<LogLine> {
        self.end_line();
        self.lines
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Full> {
        self.bytes = self.bytes.saturating_add(bytes);
        self.full |= self.bytes > limits::MAX_PRINT_BYTES;
        if self.full { Err(Full) } else { Ok(()) }
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.lines.push(LogLine {
                message: std::mem::take(&mut self.line),
                fields: Map::new(),
            });
        }
    }

    fn print(&mut self, text: &str) -> Result<(), Full> {
        // Every line costs a byte, also an empty one.
        self.charge(text.len())?;
        let mut parts = text.split('\n');
        self.line.push_str(parts.next().unwrap_or_default());
        for part in parts {
            self.lines.push(LogLine {
                message: std::mem::take(&mut self.line),
                fields: Map::new(),
            });
            self.line.push_str(part);
        }
        Ok(())
    }
}

/// The budget is spent.
#[derive(Debug)]
pub(crate) struct Full;

impl From<Full> for MontyException {
    fn from(_: Full) -> Self {
        Self::new(
            ExcType::MemoryError,
            Some("too much was printed".to_owned()),
        )
    }
}

impl Full {
    /// How the run fails for it.
    pub(crate) fn failure() -> AgentFailure {
        failure::new(
            FailureKind::TooMuchLogged,
            &format!(
                "printed or logged more than {} bytes",
                limits::MAX_PRINT_BYTES
            ),
        )
    }
}

/// Python code can catch what the two writing functions return, but not what `poll_flush` does,
/// which the interpreter calls every few hundred instructions.
impl PrintWriterCallback for Transcript {
    fn stdout_write(&mut self, output: Cow<'_, str>) -> Result<(), MontyException> {
        Ok(self.print(&output)?)
    }

    fn stdout_push(&mut self, end: char) -> Result<(), MontyException> {
        Ok(self.print(end.encode_utf8(&mut [0; 4]))?)
    }

    fn poll_flush(&mut self) -> Result<(), MontyException> {
        if self.full { Err(Full.into()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prints_and_logs_keep_their_order() {
        let mut transcript = Transcript::default();
        transcript.stdout_write("a".into()).unwrap();
        transcript.stdout_push('\n').unwrap();
        transcript.stdout_write("b\n\nc".into()).unwrap();
        let fields = json!({"n": 1}).as_object().unwrap().clone();
        transcript.log("d".to_owned(), fields).unwrap();
        transcript.stdout_write("e".into()).unwrap();
        let lines = transcript.into_lines();
        let messages: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(messages, ["a", "b", "", "c", "d", "e"]);
        assert_eq!(lines[4].fields["n"], 1);
    }

    #[test]
    fn the_budget_is_inclusive_and_covers_both() {
        let mut transcript = Transcript::default();
        transcript
            .stdout_write("x".repeat(limits::MAX_PRINT_BYTES - 4).into())
            .unwrap();
        transcript.log("ab".to_owned(), Map::new()).unwrap();
        assert!(!transcript.is_full());
        assert!(transcript.poll_flush().is_ok());
        assert!(transcript.stdout_push('\n').is_err());
        assert!(transcript.is_full());
        assert!(transcript.poll_flush().is_err());
    }
}
