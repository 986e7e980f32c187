//! Identifiers of workflows, their runs and their steps.

use uuid::Uuid;

use crate::id::{digits_of, is_prefixed_uuid, is_slug, text_id};
use crate::{CallId, StepTry};

text_id! {
    /// A workflow's name, unique within its tenant.
    WorkflowName, "name",
    "1 to 63 characters: lower-case letters and digits, in words joined by '-', starting with a letter",
    |text| is_slug(text, &['-'], 63)
}

text_id! {
    /// A step's identifier, unique within its workflow.
    StepId, "id",
    "1 to 64 characters: letters, digits, '_' and '-', starting with a letter",
    |text| {
        text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    }
}

text_id! {
    /// A run of a workflow: `run_` and 32 hexadecimal digits.
    RunId, "run",
    "run_ followed by 32 hexadecimal digits",
    |text| is_prefixed_uuid(text, "run_")
}

impl RunId {
    /// The identifier of the run that `call` makes: always the same one.
    #[must_use]
    pub fn made_by(call: CallId) -> Self {
        Self(format!("run_{call}"))
    }

    /// A new identifier; later ones sort after earlier ones.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("run_{}", Uuid::now_v7().simple()))
    }

    /// The identifier of the run that a try of a step starts: always the same one.
    #[must_use]
    pub fn started_by(step: &StepTry) -> Self {
        Self(format!("run_{}", digits_of(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Part, Place};

    #[test]
    fn step_ids_begin_with_a_letter() {
        for good in ["a", "A", "fetch_page", "fetch-2", "a--b_", &"a".repeat(64)] {
            assert_eq!(good.parse::<StepId>().unwrap().as_str(), good);
        }
        for bad in ["", "1a", "_a", "-a", "a.b", "a b", "ä", &"a".repeat(65)] {
            assert_eq!(bad.parse::<StepId>().unwrap_err().field, "id", "{bad:?}");
        }
    }

    #[test]
    fn a_step_starts_one_nested_run() {
        let of = |step| StepTry {
            run: "run_00000000000000000000000000000001".parse().unwrap(),
            place: Place::step(step),
            part: Part::Work,
            number: 1,
        };
        let nested = RunId::started_by(&of(1));
        assert_eq!(nested, RunId::started_by(&of(1)));
        assert_ne!(nested, RunId::started_by(&of(2)));
        assert_eq!(nested.as_str().parse(), Ok(nested));
    }

    #[test]
    fn workflow_names_are_slugs() {
        assert!("nightly-report".parse::<WorkflowName>().is_ok());
        assert!("Nightly".parse::<WorkflowName>().is_err());
    }
}
