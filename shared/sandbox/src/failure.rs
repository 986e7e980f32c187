//! From what the interpreter reports to an [`AgentFailure`].

use std::time::Duration;

use monty_types::{ExcType, MontyException, StackFrame};
use ruff_text_size::TextSize;
use tdev_domain::{AgentFailure, FailureKind, Limits, Tool, limits};

use crate::wrapper::Layout;

/// The most characters of a message; an agent may raise an exception with a text of any size.
const MAX_MESSAGE_CHARS: usize = 1_000;

/// What the interpreter says where one of its own functions was given a tool to call: `map`, the
/// key of `sorted`.
const CALLED_BACK: &str = "external function '__tdev_call' is not yet supported in this context";

/// What an agent's author is told instead.
const NOT_FROM_HERE: &str = "a tool cannot be called from here; call it in a loop";

/// The most characters of a source line shown in an excerpt.
const MAX_EXCERPT_CHARS: usize = 120;

/// A failure of `kind` with `message`, cut to a bounded size.
pub(crate) fn new(kind: FailureKind, message: &str) -> AgentFailure {
    AgentFailure::new(kind, truncated(message))
}

fn truncated(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

/// A failure of syntax at the byte offset `at` of `text`.
pub(crate) fn invalid_source(text: &str, at: TextSize, message: impl AsRef<str>) -> AgentFailure {
    // What is missing at the end is missing after the last thing that is there.
    let at = text.floor_char_boundary(at.to_usize().min(text.trim_end().len()));
    let line = text[..at].matches('\n').count();
    let column = text[..at].chars().rev().take_while(|c| *c != '\n').count();
    at_line(text, line, column, message.as_ref())
}

/// A failure of syntax that the compiler reports as an exception.
pub(crate) fn uncompilable(text: &str, layout: &Layout, error: &MontyException) -> AgentFailure {
    let message = error.message().unwrap_or("the source does not compile");
    let place = error.traceback().last().and_then(|frame| {
        let line = layout.agent_line(frame.start.line)?;
        Some((
            line as usize - 1,
            frame.start.column.saturating_sub(1) as usize,
        ))
    });
    match place {
        Some((line, column)) => at_line(text, line, column, message),
        None => new(FailureKind::InvalidSource, message),
    }
}

/// `line` and `column` count from 0, the column in characters.
fn at_line(text: &str, line: usize, column: usize, message: &str) -> AgentFailure {
    let shown: Vec<char> = text.lines().nth(line).unwrap_or_default().chars().collect();
    let first = column
        .saturating_sub(MAX_EXCERPT_CHARS / 2)
        .min(shown.len());
    let last = (first + MAX_EXCERPT_CHARS).min(shown.len());
    let window: String = shown[first..last].iter().collect();
    // A tab before the caret stays a tab, so that the two lines stay aligned.
    let pad: String = (first..column)
        .map(|i| {
            if shown.get(i) == Some(&'\t') {
                '\t'
            } else {
                ' '
            }
        })
        .collect();
    let mut failure = new(FailureKind::InvalidSource, message);
    failure.line = u32::try_from(line + 1).ok();
    failure.excerpt = Some(format!("{window}\n{pad}^"));
    failure
}

/// What an exception that ended a run amounts to.
pub(crate) fn raised(
    error: &MontyException,
    layout: &Layout,
    limits: &Limits,
    elapsed: Duration,
) -> AgentFailure {
    let message = error.message().unwrap_or_default();
    let limit = Duration::from_millis(limits.wall_time_ms.into());
    let mut failure = match error.exc_type() {
        // Agents can raise these types and texts themselves, hence the look at the clock; for the
        // other two the difference does no harm.
        ExcType::TimeoutError if message.starts_with("time limit exceeded") && elapsed >= limit => {
            timed_out(limits)
        }
        ExcType::MemoryError if message.starts_with("memory limit exceeded") => {
            out_of_memory(limits)
        }
        ExcType::RecursionError => new(
            FailureKind::RecursionTooDeep,
            &format!("went deeper than {} levels", limits::MAX_RECURSION),
        ),
        ExcType::RuntimeError if message.starts_with("Internal error in monty") => {
            new(FailureKind::Interpreter, message)
        }
        ExcType::NotImplementedError
            if error.traceback().is_empty() && message.starts_with("OS function") =>
        {
            forbidden(message.split('\'').nth(1).unwrap_or_default())
        }
        ExcType::NotImplementedError
            if error.traceback().is_empty() && message.starts_with("async futures") =>
        {
            endless_wait()
        }
        exception => {
            let mut failure = new(
                FailureKind::Raised,
                &message.replace(CALLED_BACK, NOT_FROM_HERE),
            );
            failure.exception = Some(exception.to_string());
            if exception == ExcType::NameError {
                failure.message.push_str(&advice_on(message, layout));
            }
            failure
        }
    };
    failure.line = agent_line(error.traceback(), layout);
    failure
}

/// The run took more than its wall time.
pub(crate) fn timed_out(limits: &Limits) -> AgentFailure {
    new(
        FailureKind::TimedOut,
        &format!("ran longer than its {} ms", limits.wall_time_ms),
    )
}

/// The run needed more than its memory.
pub(crate) fn out_of_memory(limits: &Limits) -> AgentFailure {
    new(
        FailureKind::OutOfMemory,
        &format!(
            "needed more than its {} bytes of memory",
            limits.memory_bytes
        ),
    )
}

/// The agent asked for `operation` of the operating system.
pub(crate) fn forbidden(operation: &str) -> AgentFailure {
    new(
        FailureKind::Forbidden,
        &format!("the sandbox has no files, environment or clock: '{operation}' is not available"),
    )
}

/// The agent awaits something that nothing will ever resolve.
pub(crate) fn endless_wait() -> AgentFailure {
    new(
        FailureKind::Forbidden,
        "the sandbox has nothing to wait for: an awaited value never arrives",
    )
}

/// The interpreter panicked, or answered with what the wrapper never produces.
pub(crate) fn interpreter(what: &str) -> AgentFailure {
    new(FailureKind::Interpreter, what)
}

/// The innermost line of the agent itself.
pub(crate) fn agent_line(frames: &[StackFrame], layout: &Layout) -> Option<u32> {
    frames
        .iter()
        .rev()
        .find_map(|frame| layout.agent_line(frame.start.line))
}

fn advice_on(message: &str, layout: &Layout) -> String {
    let missing = Tool::ALL
        .into_iter()
        .find(|tool| message.contains(&format!("'{tool}'")) && !layout.tools.contains(tool));
    match missing {
        Some(tool) => format!("; '{tool}' is a tool, which the manifest must list in 'tools'"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let text = "x = 1\n\ty = (é + ]\n";
        let at = text.find(']').unwrap();
        let failure = invalid_source(text, TextSize::try_from(at).unwrap(), "no");
        assert_eq!(failure.line, Some(2));
        assert_eq!(
            failure.excerpt.as_deref(),
            Some("\ty = (é + ]\n\t         ^")
        );
    }

    #[test]
    fn a_place_past_the_end_is_the_end() {
        let failure = invalid_source("x = (", TextSize::new(99), "no");
        assert_eq!(failure.line, Some(1));
        assert_eq!(failure.excerpt.as_deref(), Some("x = (\n     ^"));
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let text = format!("{}]{}", "a".repeat(3_000), "b".repeat(3_000));
        let failure = invalid_source(&text, TextSize::new(3_000), "no");
        let excerpt = failure.excerpt.unwrap();
        let (line, caret) = excerpt.split_once('\n').unwrap();
        assert_eq!(line.chars().count(), MAX_EXCERPT_CHARS);
        assert_eq!(line.find(']'), caret.find('^'));
    }

    #[test]
    fn a_message_is_bounded() {
        let failure = new(FailureKind::Raised, &"é".repeat(100_000));
        assert_eq!(failure.message.chars().count(), MAX_MESSAGE_CHARS + 1);
    }
}
