//! What happens to a task whose agent failed it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ErrorName;

/// How often a task is tried, and at which distance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// The pause after the first failure of the platform.
    pub base: Duration,
    /// By how much each pause is longer than the one before, at least 1.
    pub multiplier: f64,
    /// The longest pause.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    /// Four attempts, with pauses of up to 1 s, 2 s and 4 s.
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_secs(1),
            multiplier: 2.0,
            cap: Duration::from_mins(1),
        }
    }
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The agent failed; on the same input it would again.
    Agent,
    /// The platform failed under this name.
    Platform(ErrorName),
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Route the task once more, after a pause. An agent that failed it is not given it again;
    /// one under which the platform failed may be.
    Again {
        /// The pause.
        pause: Duration,
    },
    /// Give the task up.
    GiveUp {
        /// Why.
        reason: GivenUp,
    },
}

/// Why a task is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenUp {
    /// It has been tried as often as its policy allows.
    AttemptsExhausted,
    /// No other agent fits.
    NoOtherAgent,
    /// The failure is one that no repetition mends.
    Permanent,
}

impl GivenUp {
    /// The reason as it is written: `no_other_agent`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::NoOtherAgent => "no_other_agent",
            Self::Permanent => "permanent",
        }
    }
}

impl RetryPolicy {
    /// The pause after the `failures`-th failure, from 1, spread evenly over its upper half by
    /// `entropy`, so that tasks which failed together do not come back together.
    #[must_use]
    pub fn pause(&self, failures: u32, entropy: u32) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.base.as_secs_f64() * self.multiplier.max(1.0).powi(exponent);
        let longest = grown.min(self.cap.as_secs_f64());
        let spread = f64::from(entropy) / f64::from(u32::MAX);
        Duration::try_from_secs_f64(longest * (0.5 + 0.5 * spread)).unwrap_or(self.cap)
    }

    /// What to do after `failure`, which ended the `attempts`-th attempt.
    ///
    /// A failure of the agent hands the task to the next best at once; one of the platform that
    /// may pass is repeated after a pause.
    #[must_use]
    pub fn after(&self, failure: Failure, attempts: u32, entropy: u32) -> Next {
        match failure {
            Failure::Platform(name) if !name.is_retryable() => GivenUp::Permanent.into(),
            _ if attempts >= self.attempts => GivenUp::AttemptsExhausted.into(),
            Failure::Platform(_) => Next::Again {
                pause: self.pause(attempts, entropy),
            },
            Failure::Agent => Next::Again {
                pause: Duration::ZERO,
            },
        }
    }
}

impl From<GivenUp> for Next {
    fn from(reason: GivenUp) -> Self {
        Self::GiveUp { reason }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(failure: Failure, attempts: u32) -> Next {
        RetryPolicy::default().after(failure, attempts, u32::MAX)
    }

    #[test]
    fn another_agent_takes_over_at_once() {
        let pause = Duration::ZERO;
        assert_eq!(after(Failure::Agent, 1), Next::Again { pause });
        let exhausted = after(Failure::Agent, 4);
        assert_eq!(exhausted, GivenUp::AttemptsExhausted.into());
    }

    #[test]
    fn what_may_pass_is_repeated_with_ever_longer_pauses() {
        let transient = Failure::Platform(ErrorName::Transient);
        for (attempts, seconds) in [(1, 1), (2, 2), (3, 4)] {
            let pause = Duration::from_secs(seconds);
            assert_eq!(after(transient, attempts), Next::Again { pause });
        }
        assert_eq!(after(transient, 4), GivenUp::AttemptsExhausted.into());
    }

    #[test]
    fn what_no_repetition_mends_is_given_up() {
        for name in ErrorName::ALL {
            let given_up = after(Failure::Platform(name), 1) == GivenUp::Permanent.into();
            assert_eq!(given_up, !name.is_retryable(), "{name}");
        }
    }

    #[test]
    fn reasons_are_written_as_in_json() {
        for reason in [
            GivenUp::AttemptsExhausted,
            GivenUp::NoOtherAgent,
            GivenUp::Permanent,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }

    proptest! {
        #[test]
        fn a_pause_is_between_half_and_the_whole_of_what_the_policy_says(
            failures in 1_u32..2_000,
            entropy in any::<u32>(),
            multiplier in 0.0_f64..10.0,
        ) {
            let policy = RetryPolicy { multiplier, ..RetryPolicy::default() };
            let pause = policy.pause(failures, entropy);
            prop_assert!(pause <= policy.pause(failures, u32::MAX));
            prop_assert!(pause >= policy.base / 2 && pause <= policy.cap);
        }
    }
}
