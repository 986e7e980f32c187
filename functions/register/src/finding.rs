//! The findings of this stage: what is wrong with a manifest (`MAN`), and what a probe showed
//! (`PRB`).

use serde_json::Value;
use tdev_domain::{AgentFailure, Finding, Severity};

/// The most characters of anything that an agent's author wrote, where a message repeats it.
const MAX_QUOTED_CHARS: usize = 300;

/// A rule of this stage. Its severity goes with the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) advice: &'static str,
}

/// Declares each rule as a constant and all of them as a list, so that a test sees every one.
macro_rules! rules {
    ($($name:ident $id:literal $advice:literal;)+) => {
        $(pub(crate) const $name: Rule = Rule { id: $id, advice: $advice };)+

        #[cfg(test)]
        pub(crate) const RULES: &[Rule] = &[$($name),+];
    };
}

rules! {
    FIELD "MAN001"
        "Correct the field in what `get_capabilities()` returns, or in the manifest sent beside the source.";
    NAME "MAN002"
        "Register the agent under the name in its manifest, or take the name out of the manifest.";
    SCHEMA_INVALID "MAN003"
        "Write the schema in JSON Schema draft 2020-12, with patterns that need no look-around or back-reference.";
    SCHEMA_UNSUPPORTED "MAN004"
        "Keep the schema small, without references that leave it or lead back into themselves.";
    EXAMPLE_INPUT "MAN005"
        "Correct the example's input, or the schema.";
    EXAMPLE_OUTPUT "MAN006"
        "Correct the example's output, or the schema.";
    MANIFEST_SIZE "MAN007"
        "Shorten the manifest: fewer or smaller examples, schemas and texts.";

    NOT_COMPILED "PRB001"
        "Correct the source; the sandbox runs a subset of Python.";
    NOT_DESCRIBED "PRB002"
        "Let `get_capabilities()` return a dict of the manifest's fields, and nothing else.";
    LIMIT_REACHED "PRB003"
        "Stay within the limits of a run: `get_capabilities()` should only return a dict.";
    OUT_OF_BOUNDS "PRB004"
        "Do only what the sandbox has a part for: no files, no environment, no tricks with the interpreter.";
    EXAMPLE_FAILED "PRB005"
        "Correct `execute`, or the example.";
    EXAMPLE_DIFFERS "PRB006"
        "Correct `execute`, or the example's output.";
    OUTPUT_SCHEMA "PRB007"
        "Correct `execute`, or the output schema.";
    NOT_DETERMINISTIC "PRB008"
        "Give the same output for the same input: avoid `now`, sets in output order, `id` and `hash`.";
    EXAMPLE_NOT_RUN "PRB009"
        "Nothing need be done: an example is run only as far as it has no effect. Try the agent by invoking it.";
}

impl Rule {
    /// A finding about the agent as a whole.
    pub(crate) fn finding(&self, severity: Severity, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.id.to_owned(),
            severity,
            line: None,
            column: None,
            message: message.into(),
            advice: self.advice.to_owned(),
            excerpt: None,
        }
    }

    /// A finding about a run that failed, at the place where it did.
    pub(crate) fn failure(
        &self,
        severity: Severity,
        what: &str,
        failure: &AgentFailure,
    ) -> Finding {
        let message = quoted(&failure.message);
        Finding {
            line: failure.line,
            excerpt: failure.excerpt.clone(),
            ..self.finding(severity, format!("{what}: {message}"))
        }
    }
}

/// `text`, cut if it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `value` as JSON, cut if it is long.
pub(crate) fn quoted_json(value: &Value) -> String {
    quoted(&value.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_are_unique_and_of_this_stage() {
        let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        assert!(
            ids.iter()
                .all(|id| id.starts_with("MAN") || id.starts_with("PRB"))
        );
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let cut = quoted(&"ä".repeat(1_000));
        assert_eq!(cut.chars().count(), MAX_QUOTED_CHARS + 1);
        assert_eq!(quoted("short"), "short");
    }
}
