//! A circuit breaker: an agent that keeps failing is left alone for a while, then tried with one
//! task.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerPolicy {
    /// Failures in a row that open it, at least 1.
    pub failures: u32,
    /// How long it stays open, and how long a probe may take before another one is let through.
    pub pause: Duration,
}

impl Default for BreakerPolicy {
    /// Five failures, 60 seconds.
    fn default() -> Self {
        Self {
            failures: 5,
            pause: Duration::from_mins(1),
        }
    }
}

/// The state of an agent's circuit.
///
/// A value: each event gives the next state, which the caller stores on condition that this one is
/// still what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Breaker {
    /// Tasks pass.
    Closed {
        /// Failures in a row so far.
        failures: u32,
    },
    /// No task passes.
    Open {
        /// When a probe may pass.
        until: Timestamp,
    },
    /// One task is on its way to find out how the agent does; no other passes.
    HalfOpen {
        /// When the probe counts as lost, and another may pass.
        until: Timestamp,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// Whether a task may go to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// It may.
    Pass,
    /// It may, as the one probe: [`Breaker::probe`] must be stored first.
    Probe,
    /// It may not, before this time.
    Refuse {
        /// When a probe may pass.
        until: Timestamp,
    },
}

impl Breaker {
    /// Whether a task may go to the agent at `now`.
    #[must_use]
    pub fn admission(self, now: Timestamp) -> Admission {
        match self {
            Self::Closed { .. } => Admission::Pass,
            Self::Open { until } | Self::HalfOpen { until } if now >= until => Admission::Probe,
            Self::Open { until } | Self::HalfOpen { until } => Admission::Refuse { until },
        }
    }

    /// The state once a probe is on its way; `None` where [`Breaker::admission`] asks for none.
    #[must_use]
    pub fn probe(self, policy: &BreakerPolicy, now: Timestamp) -> Option<Self> {
        (self.admission(now) == Admission::Probe).then(|| Self::HalfOpen {
            until: after(now, policy.pause),
        })
    }

    /// The state after the agent did a task. A success closes the circuit from a probe, and from
    /// a task that was under way when it opened alike: the agent works.
    #[must_use]
    pub const fn succeeded(self) -> Self {
        Self::Closed { failures: 0 }
    }

    /// The state after the agent failed a task. Failures of tasks that were under way when the
    /// circuit opened do not keep it open for longer.
    #[must_use]
    pub fn failed(self, policy: &BreakerPolicy, now: Timestamp) -> Self {
        let open = Self::Open {
            until: after(now, policy.pause),
        };
        match self {
            Self::Closed { failures } if failures.saturating_add(1) < policy.failures => {
                Self::Closed {
                    failures: failures + 1,
                }
            }
            Self::Closed { .. } | Self::HalfOpen { .. } => open,
            Self::Open { .. } => self,
        }
    }
}

/// `now` and `pause` later; the end of time where there is no such time.
fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failed(times: usize) -> Breaker {
        let policy = BreakerPolicy::default();
        (0..times).fold(Breaker::default(), |b, _| b.failed(&policy, at(0)))
    }

    #[test]
    fn the_fifth_failure_in_a_row_opens() {
        assert_eq!(failed(4).admission(at(0)), Admission::Pass);
        assert_eq!(failed(5), Breaker::Open { until: at(60) });
        let interrupted = failed(4).succeeded();
        assert_eq!(interrupted, Breaker::default());
    }

    #[test]
    fn one_probe_passes_after_the_pause() {
        let policy = BreakerPolicy::default();
        let open = failed(5);
        assert_eq!(open.admission(at(59)), Admission::Refuse { until: at(60) });
        assert_eq!(open.probe(&policy, at(59)), None);
        assert_eq!(open.admission(at(60)), Admission::Probe);
        let half_open = open.probe(&policy, at(60)).unwrap();
        assert_eq!(
            half_open.admission(at(61)),
            Admission::Refuse { until: at(120) }
        );
        assert_eq!(half_open.succeeded(), Breaker::default());
        assert_eq!(
            half_open.failed(&policy, at(70)),
            Breaker::Open { until: at(130) }
        );
    }

    #[test]
    fn a_lost_probe_is_followed_by_another() {
        let policy = BreakerPolicy::default();
        let half_open = failed(5).probe(&policy, at(60)).unwrap();
        assert_eq!(half_open.admission(at(120)), Admission::Probe);
    }

    #[test]
    fn stragglers_do_not_prolong_the_pause() {
        assert_eq!(failed(9), Breaker::Open { until: at(60) });
    }

    #[test]
    fn json() {
        let json = serde_json::to_string(&[failed(1), failed(5)]).unwrap();
        insta::assert_snapshot!(json, @r#"[{"state":"closed","failures":1},{"state":"open","until":"1970-01-01T00:01:00Z"}]"#);
        assert_eq!(
            serde_json::from_str::<[Breaker; 2]>(&json).unwrap()[1],
            failed(5)
        );
    }

    proptest! {
        /// Whatever happens, at most one task passes in any pause once the circuit is open, and
        /// fewer than `failures` failures in a row never open it.
        #[test]
        fn no_run_of_events_lets_more_through(
            events in proptest::collection::vec((0_i64..40, any::<bool>()), 1..200),
            failures in 1_u32..8,
        ) {
            let policy = BreakerPolicy { failures, ..BreakerPolicy::default() };
            let mut breaker = Breaker::default();
            let mut now = 0;
            let mut in_a_row = 0;
            let mut last_probe: Option<i64> = None;
            for (gap, success) in events {
                now += gap;
                match breaker.admission(at(now)) {
                    Admission::Refuse { until } => {
                        prop_assert!(until > at(now) && until <= at(now + 60));
                        prop_assert!(in_a_row >= failures || last_probe.is_some());
                        continue;
                    }
                    Admission::Probe => {
                        prop_assert!(last_probe.is_none_or(|last| now - last >= 60));
                        last_probe = Some(now);
                        breaker = breaker.probe(&policy, at(now)).unwrap();
                        let until = at(now + 60);
                        prop_assert_eq!(breaker.admission(at(now)), Admission::Refuse { until });
                    }
                    Admission::Pass => prop_assert!(in_a_row < failures),
                }
                if success {
                    in_a_row = 0;
                    last_probe = None;
                    breaker = breaker.succeeded();
                } else {
                    in_a_row += 1;
                    breaker = breaker.failed(&policy, at(now));
                }
            }
        }
    }
}
