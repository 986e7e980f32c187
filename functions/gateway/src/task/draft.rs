//! What a client wants done.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tdev_domain::order::Priority;
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{Capability, Invalid, TaskDraft, TenantId};
use utoipa::ToSchema;

use crate::extract::{Object, given};
use crate::input::check_size;
use crate::problem::{Problem, Violation};
use crate::schemas::priorities;

/// The most characters of a text.
const MAX_TEXT_CHARS: usize = 10_000;
/// The most attempts that a client may ask for.
const MAX_ATTEMPTS: u32 = 10;
/// The longest pause that a client may ask for, in seconds.
const MAX_PAUSE_SECONDS: f64 = 3_600.0;
/// The largest multiplier of pauses.
const MAX_MULTIPLIER: f64 = 10.0;

/// What is to be done: a text, an input, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskRequest {
    /// What is wanted, in words: what routing reads. Without it, an input that is a string, or
    /// the input's member `text`.
    #[schema(
        min_length = 1,
        max_length = 10000,
        example = "Which invoices are overdue?"
    )]
    text: Option<String>,
    /// What the agent is called with: at most 262,144 bytes as JSON, nested at most 64 deep.
    /// Without it, an object with the text as its member `text`.
    #[serde(default, deserialize_with = "given")]
    input: Option<Value>,
    /// What the agent must be able to do.
    #[schema(example = "text.statistics")]
    capability: Option<String>,
    /// How urgent it is: from 1 to 10, or by name. `normal` (5) if it is left out.
    #[schema(schema_with = priorities)]
    priority: Option<Value>,
    /// When it is to be done: a point in time to come.
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// What happens if an agent fails it.
    #[schema(value_type = Option<RetryBody>)]
    retry: Option<Object<RetryBody>>,
}

/// How often a task is tried. An agent that fails it is not given it again; after a failure of the
/// platform there is a pause.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Retry, default = json!({"attempts": 4, "pause_seconds": 1.0, "multiplier": 2.0, "max_pause_seconds": 60.0}))]
pub(crate) struct RetryBody {
    /// Attempts in all.
    #[schema(minimum = 1, maximum = 10)]
    attempts: u32,
    /// The first pause, in seconds.
    #[schema(minimum = 0, maximum = 3600)]
    pause_seconds: f64,
    /// By how much each pause is longer than the one before.
    #[schema(minimum = 1, maximum = 10)]
    multiplier: f64,
    /// The longest pause, in seconds.
    #[schema(minimum = 0, maximum = 3600)]
    max_pause_seconds: f64,
}

impl Default for RetryBody {
    fn default() -> Self {
        RetryPolicy::default().into()
    }
}

/// What a decision on where a task goes depends on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subject {
    pub(crate) text: String,
    pub(crate) input: Value,
    pub(crate) capability: Option<Capability>,
}

impl Subject {
    /// Takes what a client sent; what is wrong with it is added to `errors`.
    pub(crate) fn parse(
        text: Option<String>,
        input: Option<Value>,
        capability: Option<&str>,
        errors: &mut Vec<Violation>,
    ) -> Result<Self, Problem> {
        if let Some(input) = &input {
            check_size(input)?;
        }
        let capability = checked(capability.map(str::parse), errors);
        let fits = |text: &String| (1..=MAX_TEXT_CHARS).contains(&text.chars().count());
        if text.as_ref().is_some_and(|text| !fits(text)) {
            let expected = format!("expected 1 to {MAX_TEXT_CHARS} characters");
            errors.push(Violation::at("/text", expected));
        }
        let (text, input) = match (text, input) {
            (Some(text), Some(input)) => (text, input),
            (Some(text), None) => {
                let input = json!({"text": text});
                (text, input)
            }
            (None, Some(input)) => (text_of(&input).to_owned(), input),
            (None, None) => {
                errors.push(Violation::at("", "expected `text`, `input` or both"));
                return Ok(Self {
                    text: String::new(),
                    input: Value::Null,
                    capability,
                });
            }
        };
        Ok(Self {
            text,
            input,
            capability,
        })
    }
}

/// What an input says in words.
fn text_of(input: &Value) -> &str {
    let text = match input {
        Value::Object(fields) => fields.get("text").and_then(Value::as_str),
        input => input.as_str(),
    };
    let text = text.filter(|text| text.chars().count() <= MAX_TEXT_CHARS);
    text.unwrap_or_default()
}

impl TaskRequest {
    pub(super) fn parse(self, tenant: TenantId, now: Timestamp) -> Result<TaskDraft, Problem> {
        let mut errors = Vec::new();
        let capability = self.capability.as_deref();
        let subject = Subject::parse(self.text, self.input, capability, &mut errors)?;
        let priority = checked(self.priority.as_ref().map(priority), &mut errors);
        let deadline = self.deadline.as_deref().map(|text| deadline(text, now));
        let deadline = checked(deadline, &mut errors);
        let retry = self.retry.map_or_else(RetryBody::default, |retry| retry.0);
        let retry = retry.parse(&mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid_request(errors));
        }
        Ok(TaskDraft {
            tenant,
            text: subject.text,
            input: subject.input,
            capability: subject.capability,
            priority: priority.unwrap_or_default(),
            deadline,
            retry,
        })
    }
}

/// The value, if it was given and is valid; what is wrong with it is added to `errors`.
fn checked<T>(value: Option<Result<T, Invalid>>, errors: &mut Vec<Violation>) -> Option<T> {
    match value? {
        Ok(value) => Some(value),
        Err(invalid) => {
            errors.push(Violation::of_member(&invalid));
            None
        }
    }
}

fn priority(value: &Value) -> Result<Priority, Invalid> {
    match (value.as_u64(), value.as_str()) {
        (Some(number), _) => number.try_into(),
        (None, name) => name.unwrap_or_default().parse(),
    }
}

fn deadline(text: &str, now: Timestamp) -> Result<Timestamp, Invalid> {
    let deadline = text.parse().ok().filter(|deadline| *deadline > now);
    deadline.ok_or_else(|| {
        Invalid::new(
            "deadline",
            "a point in time to come, as RFC 3339 writes it (2030-01-31T12:00:00Z)",
        )
    })
}

impl RetryBody {
    fn parse(&self, errors: &mut Vec<Violation>) -> RetryPolicy {
        let mut expect = |holds: bool, member: &str, expected: String| {
            if !holds {
                errors.push(Violation::at(format!("/retry/{member}"), expected));
            }
        };
        let pause = 0.0..=MAX_PAUSE_SECONDS;
        let of_pause = format!("expected a number from 0 to {MAX_PAUSE_SECONDS}");
        expect(
            (1..=MAX_ATTEMPTS).contains(&self.attempts),
            "attempts",
            format!("expected a whole number from 1 to {MAX_ATTEMPTS}"),
        );
        expect(
            pause.contains(&self.pause_seconds),
            "pause_seconds",
            of_pause.clone(),
        );
        expect(
            (1.0..=MAX_MULTIPLIER).contains(&self.multiplier),
            "multiplier",
            format!("expected a number from 1 to {MAX_MULTIPLIER}"),
        );
        expect(
            pause.contains(&self.max_pause_seconds),
            "max_pause_seconds",
            of_pause,
        );
        let seconds = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        RetryPolicy {
            attempts: self.attempts,
            base: seconds(self.pause_seconds),
            multiplier: self.multiplier,
            cap: seconds(self.max_pause_seconds),
        }
    }
}

impl From<RetryPolicy> for RetryBody {
    fn from(policy: RetryPolicy) -> Self {
        Self {
            attempts: policy.attempts,
            pause_seconds: policy.base.as_secs_f64(),
            multiplier: policy.multiplier,
            max_pause_seconds: policy.cap.as_secs_f64(),
        }
    }
}
