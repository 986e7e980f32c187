//! What happens to a task whose agent failed it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tdev_domain::{AgentName, ErrorName};

use crate::select::Decision;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Give the task to this agent, after a pause.
    Try {
        /// The agent.
        agent: AgentName,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenUp {
    /// It has been tried as often as its policy allows.
    AttemptsExhausted,
    /// No other agent fits.
    NoOtherAgent,
    /// The failure is one that no repetition mends.
    Permanent,
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

    /// What to do after `failure`.
    ///
    /// `decision` is how the task was routed; `tried` are the agents of all its attempts so far,
    /// the last one last, and so as many as there were attempts. A failure of the platform that
    /// may pass is repeated with the same agent after a pause; a failure of the agent hands the
    /// task to the next best at once.
    #[must_use]
    pub fn after(
        &self,
        failure: Failure,
        decision: &Decision,
        tried: &[AgentName],
        entropy: u32,
    ) -> Next {
        let attempts = u32::try_from(tried.len()).unwrap_or(u32::MAX);
        if matches!(failure, Failure::Platform(name) if !name.is_retryable()) {
            return GivenUp::Permanent.into();
        }
        if attempts >= self.attempts {
            return GivenUp::AttemptsExhausted.into();
        }
        match (failure, tried.last()) {
            (Failure::Platform(_), Some(agent)) => Next::Try {
                agent: agent.clone(),
                pause: self.pause(attempts, entropy),
            },
            _ => decision
                .next_best(tried)
                .map_or(GivenUp::NoOtherAgent.into(), |scored| Next::Try {
                    agent: scored.agent.clone(),
                    pause: Duration::ZERO,
                }),
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
    use crate::select::{Reason, Scored, Strategy};

    fn agent(name: &str) -> AgentName {
        name.parse().unwrap()
    }

    fn decision() -> Decision {
        let scored = |name, score| Scored {
            agent: agent(name),
            score,
            fit: score,
            success: 1.0,
            load: 1.0,
        };
        Decision {
            chosen: Some(agent("first")),
            reason: Reason::BestScore,
            strategy: Strategy::Learned,
            confidence: 0.6,
            scope: None,
            rules: Vec::new(),
            candidates: vec![scored("first", 0.6), scored("second", 0.3)],
            removed: Vec::new(),
            omitted: 0,
        }
    }

    fn after(failure: Failure, tried: &[&str]) -> Next {
        let tried: Vec<_> = tried.iter().copied().map(agent).collect();
        RetryPolicy::default().after(failure, &decision(), &tried, u32::MAX)
    }

    #[test]
    fn the_next_best_agent_takes_over() {
        let second = Next::Try {
            agent: agent("second"),
            pause: Duration::ZERO,
        };
        assert_eq!(after(Failure::Agent, &["first"]), second);
        let none = after(Failure::Agent, &["first", "second"]);
        assert_eq!(none, GivenUp::NoOtherAgent.into());
    }

    #[test]
    fn what_may_pass_is_repeated_with_ever_longer_pauses() {
        let transient = Failure::Platform(ErrorName::Transient);
        for (attempts, seconds) in [(1, 1), (2, 2), (3, 4)] {
            let again = Next::Try {
                agent: agent("first"),
                pause: Duration::from_secs(seconds),
            };
            assert_eq!(after(transient, &["first"; 4][..attempts]), again);
        }
        let exhausted = after(transient, &["first"; 4]);
        assert_eq!(exhausted, GivenUp::AttemptsExhausted.into());
    }

    #[test]
    fn what_no_repetition_mends_is_given_up() {
        for name in ErrorName::ALL {
            let next = after(Failure::Platform(name), &["first"]);
            let given_up = next == GivenUp::Permanent.into();
            assert_eq!(given_up, !name.is_retryable(), "{name}");
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
