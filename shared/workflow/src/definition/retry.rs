//! How often a step is tried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;

/// How often a step's work is tried, and at which distance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Tries in all, the first one included: 4 by default, which is 3 retries. 1 means that
    /// nothing is tried again.
    pub max_attempts: u32,
    /// The pauses between tries.
    pub backoff: Backoff,
    /// Whether each pause is spread evenly over its upper half, so that steps which failed
    /// together do not come back together.
    pub jitter: bool,
    /// The failures after which it is tried again.
    pub on: Vec<RetryOn>,
}

/// Pauses that grow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    /// The first pause, in seconds.
    pub initial_seconds: f64,
    /// By how much each pause is longer than the one before, at least 1.
    pub multiplier: f64,
    /// The longest pause, in seconds.
    pub cap_seconds: f64,
}

/// A failure that another try may mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// The agent failed.
    AgentFailed,
    /// The try took longer than the step's timeout.
    TimedOut,
    /// One worker after the other was lost at the same place.
    Stalled,
}

impl RetryOn {
    /// Every failure that may be retried.
    pub const ALL: [Self; 3] = [Self::AgentFailed, Self::TimedOut, Self::Stalled];
}

impl Default for Backoff {
    /// 1 s, 2 s, 4 s … up to a minute.
    fn default() -> Self {
        Self {
            initial_seconds: 1.0,
            multiplier: 2.0,
            cap_seconds: 60.0,
        }
    }
}

impl Default for RetryPolicy {
    /// Four tries, with the pauses of [`Backoff::default`], after every failure that may be
    /// retried.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            backoff: Backoff::default(),
            jitter: true,
            on: RetryOn::ALL.to_vec(),
        }
    }
}

impl RetryPolicy {
    /// Whether the step is tried again after `failure` ended its `attempts`-th try, from 1.
    #[must_use]
    pub fn retries(&self, failure: RetryOn, attempts: u32) -> bool {
        attempts < self.max_attempts && self.on.contains(&failure)
    }

    /// The pause after the `failures`-th failed try, from 1. `entropy` spreads it if the policy
    /// says so.
    #[must_use]
    pub fn pause(&self, failures: u32, entropy: u32) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let Backoff {
            initial_seconds,
            multiplier,
            cap_seconds,
        } = self.backoff;
        let longest = (initial_seconds * multiplier.powi(exponent)).min(cap_seconds);
        let spread = f64::from(entropy) / f64::from(u32::MAX);
        let share = if self.jitter { 0.5 + 0.5 * spread } else { 1.0 };
        let most = Duration::from_secs_f64(limits::MAX_PAUSE_SECONDS);
        Duration::try_from_secs_f64(longest * share).map_or(most, |pause| pause.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_retries_by_default() {
        let policy = RetryPolicy::default();
        let tries: Vec<_> = (1..=5)
            .map(|n| policy.retries(RetryOn::TimedOut, n))
            .collect();
        assert_eq!(tries, [true, true, true, false, false]);
    }

    #[test]
    fn only_what_is_named_is_retried() {
        let policy: RetryPolicy = serde_json::from_str(r#"{"on": ["stalled"]}"#).unwrap();
        assert!(policy.retries(RetryOn::Stalled, 1));
        assert!(!policy.retries(RetryOn::AgentFailed, 1));
    }

    #[test]
    fn pauses_grow_to_the_cap() {
        let mut policy = RetryPolicy::default();
        let seconds = |policy: &RetryPolicy, n| policy.pause(n, 0).as_secs_f64();
        assert!((seconds(&policy, 1) - 0.5).abs() < 1e-9);
        policy.jitter = false;
        for (n, expected) in [(1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (u32::MAX, 60.0)] {
            assert!((seconds(&policy, n) - expected).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn a_nonsensical_policy_still_gives_a_pause() {
        let mut policy = RetryPolicy::default();
        policy.backoff.initial_seconds = f64::NAN;
        policy.backoff.cap_seconds = f64::INFINITY;
        assert!(policy.pause(3, 7) <= Duration::from_hours(24));
    }
}
