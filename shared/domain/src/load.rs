//! How busy an agent is, and how well it does.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::breaker::{Admission, Breaker, BreakerPolicy};
use crate::{AgentName, TenantId};

/// The weight of a new run in the mean run time, once there were as many.
const RUNS_IN_MEAN: u32 = 20;
/// The most tasks an agent is judged by: when there were as many, all of them count half.
const TASKS_REMEMBERED: u32 = 1_000;

/// What routing keeps of an agent beside its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentLoad {
    /// The owner.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentName,
    /// Tasks it is doing.
    pub in_flight: u32,
    /// Tasks it did; see [`AgentLoad::succeeded`].
    pub succeeded: u32,
    /// Tasks it failed.
    pub failed: u32,
    /// How long it has a task on average, the latest counting most, in milliseconds; 0 if it has
    /// done none.
    pub mean_run_ms: f64,
    /// Its circuit.
    pub breaker: Breaker,
    /// Counts the writes; each is made on condition of the count it read, and 0 if there is none.
    pub revision: u64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl AgentLoad {
    /// That of an agent that was never given a task.
    #[must_use]
    pub const fn idle(tenant: TenantId, agent: AgentName) -> Self {
        Self {
            tenant,
            agent,
            in_flight: 0,
            succeeded: 0,
            failed: 0,
            mean_run_ms: 0.0,
            breaker: Breaker::Closed { failures: 0 },
            revision: 0,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// After it was given a task. If its circuit asks for a probe, the task is the probe.
    #[must_use]
    pub fn started(&self, policy: &BreakerPolicy, now: Timestamp) -> Self {
        let mut next = self.revised(now);
        next.in_flight = next.in_flight.saturating_add(1);
        if self.breaker.admission(now) == Admission::Probe {
            next.breaker = self.breaker.probe(policy, now).unwrap_or(self.breaker);
        }
        next
    }

    /// After it did a task that it had for `took`.
    #[must_use]
    pub fn succeeded(&self, took: Duration, now: Timestamp) -> Self {
        let mut next = self.released(now);
        next.breaker = self.breaker.succeeded();
        next.succeeded = next.succeeded.saturating_add(1);
        let runs = f64::from(next.succeeded.min(RUNS_IN_MEAN));
        next.mean_run_ms += (took.as_secs_f64() * 1_000.0 - next.mean_run_ms) / runs;
        next.forget();
        next
    }

    /// After it failed a task.
    #[must_use]
    pub fn failed(&self, policy: &BreakerPolicy, now: Timestamp) -> Self {
        let mut next = self.released(now);
        next.breaker = self.breaker.failed(policy, now);
        next.failed = next.failed.saturating_add(1);
        next.forget();
        next
    }

    /// After a task was taken from it by no fault of its own.
    #[must_use]
    pub fn released(&self, now: Timestamp) -> Self {
        let mut next = self.revised(now);
        next.in_flight = next.in_flight.saturating_sub(1);
        next
    }

    fn forget(&mut self) {
        if self.succeeded.saturating_add(self.failed) >= TASKS_REMEMBERED {
            self.succeeded /= 2;
            self.failed /= 2;
        }
    }

    fn revised(&self, now: Timestamp) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle() -> AgentLoad {
        AgentLoad::idle("acme".parse().unwrap(), "weather".parse().unwrap())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_starts_ends() {
        let policy = BreakerPolicy::default();
        let busy = idle().started(&policy, at(1)).started(&policy, at(2));
        assert_eq!((busy.in_flight, busy.revision), (2, 2));
        let second = Duration::from_secs(1);
        let idle = busy.succeeded(second, at(3)).failed(&policy, at(4));
        assert_eq!((idle.in_flight, idle.succeeded, idle.failed), (0, 1, 1));
        assert_eq!(idle.breaker, Breaker::Closed { failures: 1 });
        assert!((idle.mean_run_ms - 1_000.0).abs() < 1e-9);
        assert_eq!(idle.released(at(5)).in_flight, 0);
    }

    #[test]
    fn the_mean_follows_the_latest_runs() {
        let run = |load: AgentLoad, ms| load.succeeded(Duration::from_millis(ms), at(0));
        let two = run(run(idle(), 100), 300);
        assert!((two.mean_run_ms - 200.0).abs() < 1e-9);
        let many = (0..200).fold(two, |load, _| run(load, 50));
        assert!((many.mean_run_ms - 50.0).abs() < 1.0);
    }

    #[test]
    fn a_rested_circuit_lets_one_task_through_as_the_probe() {
        let policy = BreakerPolicy::default();
        let broken = (0..5).fold(idle(), |load, _| load.failed(&policy, at(0)));
        assert_eq!(broken.breaker, Breaker::Open { until: at(60) });
        let probing = broken.started(&policy, at(60));
        assert_eq!(probing.breaker, Breaker::HalfOpen { until: at(120) });
        let mended = probing.succeeded(Duration::from_secs(1), at(61));
        assert_eq!(mended.breaker, Breaker::default());
    }

    #[test]
    fn the_past_fades() {
        let policy = BreakerPolicy::default();
        let load = (0..TASKS_REMEMBERED).fold(idle(), |load, _| load.failed(&policy, at(0)));
        assert_eq!(load.failed, TASKS_REMEMBERED / 2);
    }
}
