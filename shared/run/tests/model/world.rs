//! A store, agents and a queue in memory, with a clock of their own, whose every operation may be
//! the last of the worker that asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_domain::{
    AgentName, Gate, GateKey, Joined, Place, Run, RunId, RunState, RunStatus, StepError,
    StepErrorKind, StepRecord, StepTry, VersionNumber, Work,
};
use tdev_run::{CommitError, Meeting, Progress, Start, Store, Unavailable, World};
use tdev_workflow::Plan;

use crate::sim::latest;

/// What an agent does, by its name: `ok`, `slow-30` (takes 30 seconds), `fails` (always),
/// `fails-2` (its first two tries), `rejects` (fails so that no retry helps).
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) of: StepTry,
    pub(crate) agent: String,
    pub(crate) input: Value,
    pub(crate) ends_at: Timestamp,
    pub(crate) cancelled: bool,
    pub(crate) told: bool,
}

/// What an agent gives for an input, or how it fails.
pub(crate) type Answer = fn(&Value) -> Result<Value, String>;

impl Job {
    fn result(&self, answers: &BTreeMap<&'static str, Answer>) -> Result<Value, StepError> {
        if self.cancelled {
            return Err(StepError::new(StepErrorKind::Cancelled, "called off"));
        }
        if let Some(answer) = answers.get(self.agent.as_str()) {
            let failed = |message| StepError::new(StepErrorKind::AgentFailed, message);
            return answer(&self.input).map_err(failed);
        }
        let fails = match self.agent.strip_prefix("fails") {
            Some("") => true,
            Some(first) => self.of.number <= first[1..].parse().unwrap(),
            None => false,
        };
        if fails {
            return Err(StepError::new(
                StepErrorKind::AgentFailed,
                "as its name says",
            ));
        }
        if self.agent == "rejects" {
            return Err(StepError::new(
                StepErrorKind::Unavailable,
                "as its name says",
            ));
        }
        Ok(json!({"by": self.agent, "of": self.input}))
    }
}

/// A message: see to a step, or to the whole run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) at: Timestamp,
    pub(crate) run: RunId,
    pub(crate) place: Option<Place>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) plans: BTreeMap<String, Arc<Plan>>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) steps: BTreeMap<(RunId, Place), StepRecord>,
    pub(crate) meetings: BTreeMap<(RunId, Meeting), (BTreeSet<u32>, bool)>,
    pub(crate) gates: BTreeMap<(RunId, GateKey), Gate>,
    pub(crate) lists: BTreeMap<(RunId, u32), Vec<Value>>,
    /// What agents give that do not do what their names say.
    pub(crate) answers: BTreeMap<&'static str, Answer>,
    pub(crate) jobs: BTreeMap<String, Job>,
    pub(crate) cache: BTreeMap<String, (Value, Timestamp)>,
    pub(crate) messages: Vec<Message>,
    pub(crate) told: Vec<(RunId, RunState)>,
    /// How many operations there were.
    pub(crate) operations: u32,
    /// The operation with which the worker is lost, and whether that is done first.
    pub(crate) fault: Option<(u32, bool)>,
    /// How many records of steps were read.
    pub(crate) records_read: usize,
    /// The most items a meeting ever had.
    pub(crate) largest_meeting: usize,
}

/// The model.
#[derive(Default)]
pub(crate) struct Model(pub(crate) Mutex<State>);

fn lost() -> Unavailable {
    Unavailable("the worker is lost".into())
}

impl Model {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Does an operation, unless the worker is lost before it or is not told of it.
    fn operate<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T, Unavailable> {
        let mut state = self.state();
        let number = state.operations;
        state.operations += 1;
        let fault = state.fault.filter(|(at, _)| *at == number);
        match fault {
            Some((_, false)) => Err(lost()),
            Some((_, true)) => {
                work(&mut state);
                Err(lost())
            }
            None => Ok(work(&mut state)),
        }
    }
}

fn committed(done: Result<bool, Unavailable>) -> Result<(), CommitError> {
    if done? {
        Ok(())
    } else {
        Err(CommitError::Conflict)
    }
}

fn may_write(found: Option<u64>, next: u64) -> bool {
    found == next.checked_sub(1)
}

impl Store for Model {
    async fn run(&self, id: &RunId) -> Result<Option<Run>, Unavailable> {
        self.operate(|state| state.runs.get(id).cloned())
    }

    async fn run_state(&self, id: &RunId) -> Result<Option<RunState>, Unavailable> {
        self.operate(|state| state.runs.get(id).map(|run| run.status.state()))
    }

    async fn put_run(&self, run: &Run) -> Result<(), CommitError> {
        committed(self.operate(|state| {
            let found = state.runs.get(&run.id).map(|run| run.revision);
            let may = may_write(found, run.revision);
            if may {
                state.runs.insert(run.id.clone(), run.clone());
            }
            may
        }))
    }

    async fn steps(&self, run: &RunId, places: &[Place]) -> Result<Vec<StepRecord>, Unavailable> {
        self.operate(|state| {
            let found = places
                .iter()
                .filter_map(|place| state.steps.get(&(run.clone(), *place)).cloned());
            let found: Vec<_> = found.collect();
            state.records_read += found.len();
            found
        })
    }

    async fn all_steps(&self, run: &RunId) -> Result<Vec<StepRecord>, Unavailable> {
        self.operate(|state| {
            let of_run = state.steps.iter().filter(|((of, _), _)| of == run);
            let steps = of_run.filter(|((_, place), _)| place.item.is_none());
            let found: Vec<_> = steps.map(|(_, record)| record.clone()).collect();
            state.records_read += found.len();
            found
        })
    }

    async fn items(&self, run: &RunId, step: u32) -> Result<Vec<StepRecord>, Unavailable> {
        self.operate(|state| {
            let of_run = state.steps.iter().filter(|((of, _), _)| of == run);
            let items = of_run.filter(|((_, place), _)| place.item.is_some() && place.step == step);
            items.map(|(_, record)| record.clone()).collect()
        })
    }

    async fn put_step(&self, run: &RunId, step: &StepRecord) -> Result<(), CommitError> {
        committed(self.operate(|state| {
            let key = (run.clone(), step.place);
            let found = state.steps.get(&key).map(|step| step.revision);
            let may = may_write(found, step.revision);
            if may {
                state.steps.insert(key, step.clone());
            }
            may
        }))
    }

    async fn gate(&self, run: &RunId, key: GateKey) -> Result<Option<Gate>, Unavailable> {
        self.operate(|state| state.gates.get(&(run.clone(), key)).cloned())
    }

    async fn put_gate(&self, run: &RunId, gate: &Gate) -> Result<(), CommitError> {
        committed(self.operate(|state| {
            let key = (run.clone(), gate.key);
            let found = state.gates.get(&key).map(|gate| gate.revision);
            let may = may_write(found, gate.revision);
            if may {
                state.gates.insert(key, gate.clone());
            }
            may
        }))
    }

    async fn come(
        &self,
        run: &RunId,
        meeting: Meeting,
        member: u32,
        missed: bool,
    ) -> Result<Joined, Unavailable> {
        self.operate(|state| {
            let entry = state.meetings.entry((run.clone(), meeting)).or_default();
            entry.0.insert(member);
            entry.1 |= missed;
            let joined = Joined {
                over: u32::try_from(entry.0.len()).unwrap(),
                missed: entry.1,
            };
            state.largest_meeting = state.largest_meeting.max(joined.over as usize);
            joined
        })
    }
}

impl World for Model {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    async fn plan(&self, run: &Run) -> Result<Arc<Plan>, Unavailable> {
        self.operate(|state| Arc::clone(&state.plans[run.workflow.as_str()]))
    }

    async fn start(&self, run: &Run, start: &Start) -> Result<Result<(), StepError>, Unavailable> {
        self.operate(|state| {
            assert_eq!(start.of.run, run.id);
            let (key, agent) = match &start.work {
                Work::Agent {
                    agent, invocation, ..
                } => (invocation.to_string(), agent.to_string()),
                Work::Task { task } => (task.to_string(), "routed".to_owned()),
                Work::Run { run: nested } => {
                    let (workflow, _) = start.workflow.clone().unwrap();
                    if !state.runs.contains_key(nested) {
                        let plan = Arc::clone(&state.plans[workflow.as_str()]);
                        let nested = Run {
                            id: nested.clone(),
                            workflow,
                            input: start.input.clone(),
                            latest: latest(&plan),
                            parent: Some(start.of.clone()),
                            depth: run.depth + 1,
                            ..run.clone()
                        };
                        let nested = tdev_run::accept(nested, state.now);
                        let message = Message {
                            at: state.now,
                            run: nested.id.clone(),
                            place: None,
                        };
                        state.messages.push(message);
                        state.runs.insert(nested.id.clone(), nested);
                    }
                    return Ok(());
                }
                Work::Map { .. } => panic!("a map starts nothing itself"),
            };
            let seconds = match agent.strip_prefix("slow-") {
                Some(seconds) => seconds.parse().unwrap(),
                None => start.input["seconds"].as_i64().unwrap_or(1),
            };
            let ends_at = state.now + SignedDuration::from_secs(seconds);
            let job = Job {
                of: start.of.clone(),
                agent,
                input: start.input.clone(),
                ends_at,
                cancelled: false,
                told: false,
            };
            state.jobs.entry(key).or_insert(job);
            Ok(())
        })
    }

    async fn progress(&self, _: &Run, work: &Work) -> Result<Progress, Unavailable> {
        self.operate(|state| {
            let key = match work {
                Work::Agent { invocation, .. } => invocation.to_string(),
                Work::Task { task } => task.to_string(),
                Work::Run { run } => return nested_progress(state.runs.get(run)),
                Work::Map { .. } => panic!("a map has no progress of its own"),
            };
            match state.jobs.get(&key) {
                None => Progress::Absent,
                Some(job) if job.ends_at <= state.now => {
                    Progress::Ended(job.result(&state.answers))
                }
                Some(_) => Progress::Running,
            }
        })
    }

    async fn cancel(&self, _: &Run, work: &Work) -> Result<(), Unavailable> {
        self.operate(|state| {
            let key = match work {
                Work::Agent { invocation, .. } => invocation.to_string(),
                Work::Task { task } => task.to_string(),
                Work::Run { run } => {
                    let now = state.now;
                    let run = run.clone();
                    stop(state, &run, now);
                    return;
                }
                Work::Map { .. } => panic!("a map is not called off itself"),
            };
            let now = state.now;
            if let Some(job) = state.jobs.get_mut(&key)
                && job.ends_at > now
            {
                // As one that a worker has: it ends at its next effect.
                job.cancelled = true;
                job.ends_at = now + SignedDuration::from_millis(500);
            }
        })
    }

    async fn wake(&self, run: &RunId, place: Place, at: Timestamp) -> Result<(), Unavailable> {
        self.operate(|state| {
            state.messages.push(Message {
                at,
                run: run.clone(),
                place: Some(place),
            });
        })
    }

    async fn tell(&self, run: &Run) -> Result<(), Unavailable> {
        self.operate(|state| {
            let at = state.now;
            state.told.push((run.id.clone(), run.status.state()));
            if run.status.state().is_final()
                && let Some(parent) = &run.parent
            {
                state.messages.push(Message {
                    at,
                    run: parent.run.clone(),
                    place: Some(parent.place),
                });
            }
        })
    }

    async fn cached(
        &self,
        (agent, version): (&AgentName, VersionNumber),
        input: &Value,
    ) -> Result<Option<Value>, Unavailable> {
        self.operate(|state| {
            let found = state.cache.get(&format!("{agent} {version} {input}"));
            let fresh = found.filter(|(_, until)| *until > state.now);
            fresh.map(|(output, _)| output.clone())
        })
    }

    async fn keep(
        &self,
        (agent, version): (&AgentName, VersionNumber),
        input: &Value,
        output: &Value,
        until: Timestamp,
    ) -> Result<(), Unavailable> {
        self.operate(|state| {
            let key = format!("{agent} {version} {input}");
            state.cache.insert(key, (output.clone(), until));
        })
    }

    async fn keep_items(&self, run: &RunId, step: u32, items: &[Value]) -> Result<(), Unavailable> {
        self.operate(|state| {
            state.lists.insert((run.clone(), step), items.to_vec());
        })
    }

    async fn item(&self, run: &RunId, place: Place) -> Result<Value, Unavailable> {
        self.operate(|state| {
            let list = &state.lists[&(run.clone(), place.step)];
            list[place.item.unwrap() as usize].clone()
        })
    }
}

fn nested_progress(run: Option<&Run>) -> Progress {
    match run.map(|run| &run.status) {
        None => Progress::Absent,
        Some(RunStatus::Completed { output }) => Progress::Ended(Ok(output.clone())),
        Some(RunStatus::Failed { because, .. }) => Progress::Ended(Err(StepError::new(
            StepErrorKind::RunFailed,
            because.as_str(),
        ))),
        Some(RunStatus::Cancelled { .. }) => {
            Progress::Ended(Err(StepError::new(StepErrorKind::Cancelled, "called off")))
        }
        Some(_) => Progress::Running,
    }
}

fn stop(state: &mut State, id: &RunId, now: Timestamp) {
    if let Some(run) = state.runs.get_mut(id)
        && run.status == RunStatus::Running
    {
        run.status = RunStatus::Stopping {
            because: tdev_domain::StopCause::Cancelled,
        };
        run.revision += 1;
        state.messages.push(Message {
            at: now,
            run: id.clone(),
            place: None,
        });
    }
}
