//! Retries.

use serde_json::{Value, json};

use crate::definition::{RetryOn, RetryPolicy};

/// The field `Retry` for `policy`, if anything is tried again.
pub(super) fn retry(policy: &RetryPolicy) -> Option<Value> {
    if policy.max_attempts <= 1 || policy.on.is_empty() {
        return None;
    }
    let mut errors = Vec::new();
    if policy.on.contains(&RetryOn::AgentFailed) {
        // Every failure of the function but that it took too long.
        errors.push("States.TaskFailed");
    } else if policy.on.contains(&RetryOn::Stalled) {
        errors.extend([
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
        ]);
    }
    if policy.on.contains(&RetryOn::TimedOut) {
        errors.push("States.Timeout");
    }
    let backoff = policy.backoff;
    let cap = seconds(backoff.cap_seconds);
    let initial = seconds(backoff.initial_seconds).min(cap);
    let mut retry = json!({
        "ErrorEquals": errors,
        "IntervalSeconds": initial,
        "BackoffRate": if initial < cap { backoff.multiplier } else { 1.0 },
        "MaxAttempts": policy.max_attempts - 1,
        "JitterStrategy": if policy.jitter { "FULL" } else { "NONE" },
    });
    if initial < cap {
        retry["MaxDelaySeconds"] = cap.into();
    }
    Some(json!([retry]))
}

/// Whole seconds, rounded up, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a valid policy has no pause below zero or above a day"
)]
fn seconds(seconds: f64) -> u32 {
    (seconds.ceil() as u32).max(1)
}
