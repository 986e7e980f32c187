//! How busy an agent is, and how well it does.
//!
//! What an agent is doing is kept as a set of runs and not as a number, so that adding a run twice
//! adds it once and removing it twice removes it once: whatever is repeated after a crash, the
//! count is that of the runs. How a run ended is counted by whoever removes it, and so only once.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::breaker::{Admission, Breaker, BreakerPolicy};
use crate::order::VirtualDeadline;
use crate::{AgentName, Invalid, InvocationId, Task, TaskId, TenantId};

/// The weight of a new run in the mean run time, once there were as many.
const RUNS_IN_MEAN: u32 = 20;
/// The most tasks an agent is judged by: when there were as many, all of them count half.
const TASKS_REMEMBERED: u32 = 1_000;

/// A run for a task, as the set of an agent's runs keeps it: the digits of its identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flight([u8; Self::BYTES]);

impl Flight {
    /// How many bytes it has.
    pub const BYTES: usize = 16;

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The run.
    ///
    /// # Errors
    ///
    /// None, since it was made of an identifier.
    pub fn invocation(&self) -> Result<InvocationId, Invalid> {
        format!("inv_{:032x}", u128::from_be_bytes(self.0)).parse()
    }
}

impl From<[u8; Self::BYTES]> for Flight {
    fn from(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

impl From<&InvocationId> for Flight {
    fn from(id: &InvocationId) -> Self {
        let digits = id.as_str().trim_start_matches("inv_");
        let number = u128::from_str_radix(digits, 16).unwrap_or_default();
        Self(number.to_be_bytes())
    }
}

/// A run that is counted as under way and was not found when it was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The run.
    pub invocation: InvocationId,
    /// When it was first looked for.
    pub since: Timestamp,
}

/// A task that was put off since an agent that fits had no room for it. The most urgent is the
/// least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PutOff {
    /// Its place in the queue.
    pub virtual_deadline: VirtualDeadline,
    /// The task.
    pub task: TaskId,
    /// Its revision then: a task that has changed since does not wait any more, or not for this.
    pub revision: u64,
}

impl From<&Task> for PutOff {
    fn from(task: &Task) -> Self {
        Self {
            virtual_deadline: task.virtual_deadline,
            task: task.id.clone(),
            revision: task.revision,
        }
    }
}

/// What routing keeps of an agent beside its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentLoad {
    /// The owner.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentName,
    /// Its runs for tasks that are under way, or about to be.
    pub in_flight: BTreeSet<Flight>,
    /// Tasks it did; see [`AgentLoad::ended`].
    pub succeeded: u32,
    /// Tasks it failed.
    pub failed: u32,
    /// How long it has a task on average, the latest counting most, in milliseconds; 0 if it has
    /// done none.
    pub mean_run_ms: f64,
    /// Its circuit.
    pub breaker: Breaker,
    /// A run that may never have been started.
    pub missing: Option<Missing>,
    /// Tasks that wait for it to have room, [`AgentLoad::MOST_WAITING`] at most. A hint: they come
    /// back by themselves, only later.
    pub waiting: BTreeSet<PutOff>,
    /// Counts the writes; each is made on condition of the count it read, and 0 if there is none.
    pub revision: u64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How a run for a task ended, as far as the agent is judged by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It did the task, which it had for so long.
    Succeeded {
        /// How long.
        took: Duration,
    },
    /// It failed the task.
    Failed,
    /// By no merit and no fault of the agent's.
    Released,
}

impl AgentLoad {
    /// The most tasks that any agent does at once, whatever its tenant says: the set of its runs
    /// has to fit into an item.
    pub const MOST: u32 = 16_384;

    /// The most waiting tasks that are remembered, the most urgent: as many as come back before
    /// the others' own time has come, without making the record much larger.
    pub const MOST_WAITING: usize = 16;

    /// That of an agent that was never given a task.
    #[must_use]
    pub const fn idle(tenant: TenantId, agent: AgentName) -> Self {
        Self {
            tenant,
            agent,
            in_flight: BTreeSet::new(),
            succeeded: 0,
            failed: 0,
            mean_run_ms: 0.0,
            breaker: Breaker::Closed { failures: 0 },
            missing: None,
            waiting: BTreeSet::new(),
            revision: 0,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// How many tasks it is doing.
    #[must_use]
    pub fn tasks(&self) -> u32 {
        u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX)
    }

    /// After it was given a task, which `run` is for. If its circuit asks for a probe, the task is
    /// the probe. Nothing changes if it has the run already.
    #[must_use]
    pub fn started(&self, run: &InvocationId, policy: &BreakerPolicy, now: Timestamp) -> Self {
        let mut next = self.clone();
        if !next.in_flight.insert(run.into()) {
            return next;
        }
        if self.breaker.admission(now) == Admission::Probe {
            next.breaker = self.breaker.probe(policy, now).unwrap_or(self.breaker);
        }
        next.updated_at = now;
        next
    }

    /// After `run` ended so. Nothing changes if it does not have the run: then that was counted
    /// before.
    #[must_use]
    pub fn ended(
        &self,
        run: &InvocationId,
        outcome: RunOutcome,
        policy: &BreakerPolicy,
        now: Timestamp,
    ) -> Self {
        let mut next = self.found(run);
        if !next.in_flight.remove(&run.into()) {
            return next;
        }
        next.updated_at = now;
        match outcome {
            RunOutcome::Succeeded { took } => {
                next.breaker = self.breaker.succeeded();
                next.succeeded = next.succeeded.saturating_add(1);
                let runs = f64::from(next.succeeded.min(RUNS_IN_MEAN));
                next.mean_run_ms += (took.as_secs_f64() * 1_000.0 - next.mean_run_ms) / runs;
            }
            RunOutcome::Failed => {
                next.breaker = self.breaker.failed(policy, now);
                next.failed = next.failed.saturating_add(1);
            }
            RunOutcome::Released => {}
        }
        if next.succeeded.saturating_add(next.failed) >= TASKS_REMEMBERED {
            next.succeeded /= 2;
            next.failed /= 2;
        }
        next
    }

    /// After a task was put off since there was no room for it. Nothing changes if as many that are
    /// more urgent wait.
    #[must_use]
    pub fn passed_over(&self, put_off: &PutOff) -> Self {
        let mut next = self.clone();
        next.waiting.retain(|known| known.task != put_off.task);
        next.waiting.insert(put_off.clone());
        while next.waiting.len() > Self::MOST_WAITING {
            next.waiting.pop_last();
        }
        next
    }

    /// After a task that waited was sent for, or was found not to wait any more.
    #[must_use]
    pub fn called(&self, put_off: &PutOff) -> Self {
        let mut next = self.clone();
        next.waiting.remove(put_off);
        next
    }

    /// After `run`, which it has, was looked for and not found: it is missed, and if it has been
    /// for `patience`, it was never started and is given up. One is missed at a time.
    #[must_use]
    pub fn not_found(&self, run: &InvocationId, patience: Duration, now: Timestamp) -> Self {
        let has = |run: &InvocationId| self.in_flight.contains(&run.into());
        let mut next = self.clone();
        let missed = self
            .missing
            .as_ref()
            .filter(|missed| has(&missed.invocation));
        match missed {
            _ if !has(run) => {}
            None => {
                let (invocation, since) = (run.clone(), now);
                next.missing = Some(Missing { invocation, since });
            }
            Some(missed) if missed.invocation == *run => {
                if now.duration_since(missed.since).unsigned_abs() >= patience {
                    next.in_flight.remove(&run.into());
                    next.missing = None;
                }
            }
            Some(_) => {}
        }
        next
    }

    /// After `run` was found: it is not missed.
    #[must_use]
    pub fn found(&self, run: &InvocationId) -> Self {
        let mut next = self.clone();
        next.missing = next.missing.filter(|missed| missed.invocation != *run);
        next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn idle() -> AgentLoad {
        AgentLoad::idle("acme".parse().unwrap(), "weather".parse().unwrap())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(n: u32) -> InvocationId {
        format!("inv_{n:032x}").parse().unwrap()
    }

    /// After `n` tasks, each given and then ended so.
    fn after(load: AgentLoad, n: u32, outcome: RunOutcome) -> AgentLoad {
        let policy = BreakerPolicy::default();
        (0..n).fold(load, |load, n| {
            let busy = load.started(&run(n), &policy, at(0));
            busy.ended(&run(n), outcome, &policy, at(0))
        })
    }

    const fn succeeded(ms: u64) -> RunOutcome {
        let took = Duration::from_millis(ms);
        RunOutcome::Succeeded { took }
    }

    #[test]
    fn what_starts_ends() {
        let policy = BreakerPolicy::default();
        let busy = idle().started(&run(1), &policy, at(1));
        let busy = busy.started(&run(2), &policy, at(2));
        assert_eq!((busy.tasks(), busy.updated_at), (2, at(2)));
        let half = busy.ended(&run(1), succeeded(1_000), &policy, at(3));
        let idle = half.ended(&run(2), RunOutcome::Failed, &policy, at(4));
        assert_eq!((idle.tasks(), idle.succeeded, idle.failed), (0, 1, 1));
        assert_eq!(idle.breaker, Breaker::Closed { failures: 1 });
        assert!((idle.mean_run_ms - 1_000.0).abs() < 1e-9);
    }

    #[test]
    fn the_mean_follows_the_latest_runs() {
        let two = after(after(idle(), 1, succeeded(100)), 1, succeeded(300));
        assert!((two.mean_run_ms - 200.0).abs() < 1e-9);
        let many = after(two, 200, succeeded(50));
        assert!((many.mean_run_ms - 50.0).abs() < 1.0);
    }

    #[test]
    fn a_rested_circuit_lets_one_task_through_as_the_probe() {
        let policy = BreakerPolicy::default();
        let broken = after(idle(), 5, RunOutcome::Failed);
        assert_eq!(broken.breaker, Breaker::Open { until: at(60) });
        let probing = broken.started(&run(9), &policy, at(60));
        assert_eq!(probing.breaker, Breaker::HalfOpen { until: at(120) });
        assert_eq!(probing.started(&run(9), &policy, at(130)), probing);
        let mended = probing.ended(&run(9), succeeded(1), &policy, at(61));
        assert_eq!(mended.breaker, Breaker::default());
    }

    #[test]
    fn the_past_fades() {
        let load = after(idle(), TASKS_REMEMBERED, RunOutcome::Failed);
        assert_eq!(load.failed, TASKS_REMEMBERED / 2);
    }

    #[test]
    fn a_run_that_was_never_started_is_given_up_when_it_was_missed_for_long() {
        let patience = Duration::from_mins(1);
        let busy = idle().started(&run(1), &BreakerPolicy::default(), at(0));
        assert_eq!(busy.not_found(&run(2), patience, at(9)), busy);
        let missed = busy.not_found(&run(1), patience, at(10));
        assert_eq!(missed.tasks(), 1);
        let two = missed.started(&run(3), &BreakerPolicy::default(), at(11));
        assert_eq!(two.not_found(&run(3), patience, at(99)), two);
        assert_eq!(missed.found(&run(1)).missing, None);
        assert_eq!(missed.not_found(&run(1), patience, at(69)).tasks(), 1);
        let given_up = missed.not_found(&run(1), patience, at(70));
        assert_eq!((given_up.tasks(), given_up.missing), (0, None));
        assert_eq!((given_up.failed, given_up.succeeded), (0, 0));
    }

    #[test]
    fn the_most_urgent_of_those_that_wait_are_remembered() {
        let most = i64::try_from(AgentLoad::MOST_WAITING).unwrap();
        let put_off = |n: i64, revision| PutOff {
            virtual_deadline: serde_json::from_value(n.into()).unwrap(),
            task: format!("task_{n:032x}").parse().unwrap(),
            revision,
        };
        let waiting = (1..=most).rev().fold(idle(), |load, n| {
            let load = load.passed_over(&put_off(n, 2));
            assert_eq!(load.waiting.first(), Some(&put_off(n, 2)));
            load
        });
        assert_eq!(waiting.passed_over(&put_off(most + 1, 2)), waiting);
        let later = waiting.passed_over(&put_off(0, 2));
        assert_eq!(later.waiting.len(), AgentLoad::MOST_WAITING);
        assert!(!later.waiting.contains(&put_off(most, 2)));

        let again = later.passed_over(&put_off(0, 4));
        assert_eq!(again.waiting.first(), Some(&put_off(0, 4)));
        assert_eq!(again.called(&put_off(0, 2)), again);
        let called = again.called(&put_off(0, 4));
        assert_eq!(called.waiting.first(), Some(&put_off(1, 2)));
    }

    #[test]
    fn a_flight_is_its_run() {
        let id = InvocationId::generate();
        let flight = Flight::from(&id);
        assert_eq!(flight.invocation(), Ok(id));
        assert_eq!(Flight::from(*flight.bytes()), flight);
    }

    proptest! {
        /// However often starts and ends of runs are repeated, late or not, as long as a run is
        /// not started again after its end: the set is that of the runs that were started and did
        /// not end, and each end counts once.
        #[test]
        fn what_is_repeated_counts_once(
            steps in proptest::collection::vec((0_u32..8, any::<bool>(), any::<bool>()), 1..200),
        ) {
            let policy = BreakerPolicy { failures: 1_000, ..BreakerPolicy::default() };
            let mut load = idle();
            let (mut started, mut over) = (BTreeSet::new(), BTreeSet::new());
            for (n, starts, fails) in steps {
                if starts && !over.contains(&n) {
                    load = load.started(&run(n), &policy, at(0));
                    started.insert(n);
                } else {
                    let outcome = if fails { RunOutcome::Failed } else { succeeded(1) };
                    load = load.ended(&run(n), outcome, &policy, at(0));
                    if started.contains(&n) {
                        over.insert(n);
                    }
                }
                let under_way = started.difference(&over).map(|n| Flight::from(&run(*n)));
                prop_assert_eq!(&load.in_flight, &under_way.collect::<BTreeSet<_>>());
                prop_assert_eq!((load.succeeded + load.failed) as usize, over.len());
            }
        }
    }
}
