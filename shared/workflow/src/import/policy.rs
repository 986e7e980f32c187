//! Durations and retries.

use jiff::{SignedDuration, Span};
use serde_json::Value;

use super::flow::tried_once;
use super::node::{Found, Node};
use crate::definition::{Backoff, RetryOn, RetryPolicy};
use crate::limits;
use crate::problem::Code;

/// A duration in seconds, written as ISO 8601 or as an object of units.
pub(super) fn seconds(node: &Node<'_>) -> Found<f64> {
    let Value::String(text) = node.value else {
        let units = [
            ("days", 86_400.0),
            ("hours", 3_600.0),
            ("minutes", 60.0),
            ("seconds", 1.0),
            ("milliseconds", 0.001),
        ];
        node.only("a duration", &units.map(|(name, _)| name))?;
        let mut seconds = 0.0;
        for (name, unit) in units {
            if let Some(part) = node.get(name) {
                let number = part.value.as_f64().filter(|number| *number >= 0.0);
                let number =
                    number.ok_or_else(|| part.malformed("a number from 0 is needed here"))?;
                seconds += number * unit;
            }
        }
        return Ok(seconds);
    };
    if text.trim().starts_with("${") {
        return Err(node.unsupported(
            "an expression for a duration",
            "write it as ISO 8601, such as PT15M",
        ));
    }
    let span: Span = text
        .parse()
        .map_err(|_| node.malformed("an ISO 8601 duration is needed here, such as PT15M"))?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(node.unsupported(
            "a duration in years or months",
            "they have no fixed length; write it in days",
        ));
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let time = span.weeks(0).days(0);
    let time = SignedDuration::try_from(time).ok();
    let whole = SignedDuration::try_from_hours(days * 24);
    time.and_then(|time| time.checked_add(whole?))
        .map(|all| all.as_secs_f64())
        .filter(|seconds| *seconds >= 0.0)
        .ok_or_else(|| node.malformed("a duration from 0 is needed here"))
}

/// A duration in whole seconds, rounded up, and at most `most`.
pub(super) fn whole_seconds(node: &Node<'_>, most: u64) -> Found<u64> {
    let seconds = seconds(node)?.ceil();
    // A duration is not negative, and all that is taken fits.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float that is too large becomes the largest number, which is refused"
    )]
    let seconds = seconds as u64;
    if seconds <= most {
        return Ok(seconds);
    }
    let message = format!("at most {most} seconds are taken");
    Err(node.problem(Code::InvalidTimeout, message))
}

/// The time limit that `timeout` sets.
pub(super) fn timeout(node: &Node<'_>, most: u64) -> Found<u64> {
    if node.value.is_string() {
        let why = "write the time limit where it is used";
        return Err(node.unsupported("a timeout by name", why));
    }
    node.only("a timeout", &["after"])?;
    whole_seconds(&node.require("after")?, most).map(|seconds| seconds.max(1))
}

/// The policy that `retry` of a `catch` describes.
pub(super) fn retry(node: &Node<'_>) -> Found<RetryPolicy> {
    node.only("a retry", &["delay", "backoff", "limit", "jitter"])?;
    let most = limits::MAX_PAUSE_SECONDS;
    let initial_seconds = match node.get("delay") {
        Some(delay) => seconds(&delay)?.min(most),
        None => 0.0,
    };
    let multiplier = match node.get("backoff") {
        None => 1.0,
        Some(backoff) => {
            let (name, settings) = backoff.named()?;
            if settings
                .value
                .as_object()
                .is_some_and(|fields| !fields.is_empty())
            {
                let why = "what it is to do is not said by the specification";
                return Err(settings.unsupported("a setting of a backoff", why));
            }
            match name {
                "constant" => 1.0,
                "exponential" => 2.0,
                _ => {
                    let why = "pauses stay as they are (constant) or double (exponential)";
                    return Err(settings.unsupported(format_args!("the backoff {name}"), why));
                }
            }
        }
    };
    Ok(RetryPolicy {
        max_attempts: attempts(node)?,
        backoff: Backoff {
            initial_seconds,
            multiplier,
            cap_seconds: most,
        },
        jitter: node.get("jitter").is_some(),
        ..tried_once()
    })
}

/// How often is tried in all, if `limit.attempt.count` says how often is tried again.
fn attempts(node: &Node<'_>) -> Found<u32> {
    let Some(limit) = node.get("limit") else {
        return Ok(limits::MAX_ATTEMPTS);
    };
    limit.only("the limit of a retry", &["attempt"])?;
    let attempt = limit.require("attempt")?;
    attempt.only("the limit of attempts", &["count"])?;
    let count = attempt.require("count")?;
    let most = limits::MAX_ATTEMPTS - 1;
    count
        .value
        .as_u64()
        .and_then(|count| u32::try_from(count).ok())
        .filter(|count| *count <= most)
        .map(|count| count + 1)
        .ok_or_else(|| {
            let message = format!("0 to {most} retries are taken");
            count.problem(Code::InvalidRetry, message)
        })
}

/// The failures that `errors` of a `catch` lets be retried.
pub(super) fn failures(node: &Node<'_>) -> Found<Vec<RetryOn>> {
    const TIMEOUT: &str = "https://serverlessworkflow.io/spec/1.0.0/errors/timeout";
    node.only("the errors of a catch", &["with"])?;
    let Some(with) = node.get("with") else {
        return Ok(RetryOn::ALL.to_vec());
    };
    with.only("the errors of a catch", &["type"])?;
    let of_type = with.require("type")?;
    match of_type.text()? {
        TIMEOUT => Ok(vec![RetryOn::TimedOut]),
        other => {
            let why = format!("of errors only {TIMEOUT} is told from others");
            Err(of_type.unsupported(format_args!("the error {other}"), why))
        }
    }
}
