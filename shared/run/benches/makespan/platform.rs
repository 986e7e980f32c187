//! A store and a world in memory, which count what is asked of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tdev_domain::{
    AgentName, Gate, GateKey, InvocationId, Joined, Place, Run, RunId, RunState, StepError,
    StepErrorKind, StepRecord, VersionNumber, Work,
};
use tdev_run::{CommitError, Meeting, Progress, Start, Store, Unavailable, World};
use tdev_workflow::Plan;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

use crate::counts::{Counts, Operation};

/// What happens outside the engine because of it.
pub enum Event {
    /// An agent is to run.
    Run(Job),
    /// A step is to be seen to at a time.
    Wake(Place, Instant),
}

/// One run of an agent.
pub struct Job {
    pub invocation: InvocationId,
    pub place: Place,
    pub duration: Duration,
    pub result: Result<Value, StepError>,
}

struct State {
    run: Run,
    steps: BTreeMap<Place, StepRecord>,
    gates: HashMap<GateKey, Gate>,
    meetings: HashMap<Meeting, (HashSet<u32>, bool)>,
    lists: HashMap<u32, Vec<Value>>,
    jobs: HashMap<InvocationId, Option<Result<Value, StepError>>>,
    cache: HashMap<String, Value>,
    counts: Counts,
    ended: Option<Instant>,
}

/// All that the engine works with, for one run.
pub struct Platform {
    state: Mutex<State>,
    plan: Arc<Plan>,
    events: UnboundedSender<Event>,
    /// When the clock stood at [`Timestamp::UNIX_EPOCH`].
    start: Instant,
    per_call: Duration,
}

/// Whose `input` says how long it takes (`milliseconds`) and how often it fails (`fails`).
fn job(start: &Start, invocation: &InvocationId) -> Job {
    let number = |name: &str| start.input[name].as_u64().unwrap_or_default();
    let result = if u64::from(start.of.number) <= number("fails") {
        let kind = StepErrorKind::AgentFailed;
        Err(StepError::new(kind, "as its input says"))
    } else {
        Ok(Value::Null)
    };
    Job {
        invocation: invocation.clone(),
        place: start.of.place,
        duration: Duration::from_millis(number("milliseconds")),
        result,
    }
}

fn committed(may: bool) -> Result<(), CommitError> {
    if may {
        Ok(())
    } else {
        Err(CommitError::Conflict)
    }
}

fn follows(found: Option<u64>, next: u64) -> bool {
    found == next.checked_sub(1)
}

impl Platform {
    /// With a run that has been accepted. Every call takes `per_call`.
    pub fn new(
        run: Run,
        plan: Arc<Plan>,
        events: UnboundedSender<Event>,
        per_call: Duration,
    ) -> Self {
        let state = State {
            run,
            steps: BTreeMap::new(),
            gates: HashMap::new(),
            meetings: HashMap::new(),
            lists: HashMap::new(),
            jobs: HashMap::new(),
            cache: HashMap::new(),
            counts: Counts::default(),
            ended: None,
        };
        Self {
            state: Mutex::new(state),
            plan,
            events,
            start: Instant::now(),
            per_call,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the state")
    }

    async fn operate<T>(&self, operation: Operation, work: impl FnOnce(&mut State) -> T) -> T {
        if !self.per_call.is_zero() {
            sleep(self.per_call).await;
        }
        let mut state = self.state();
        state.counts.add(operation, 1);
        work(&mut state)
    }

    fn send(&self, event: Event) {
        // Nobody listens any more once the run is over.
        let _ = self.events.send(event);
    }

    fn instant(&self, at: Timestamp) -> Instant {
        let after = at.duration_since(Timestamp::UNIX_EPOCH);
        self.start + Duration::try_from(after).unwrap_or_default()
    }

    /// Notes that an agent has come to its end.
    pub fn end(&self, job: &Job) {
        let mut state = self.state();
        let ended = state.jobs.get_mut(&job.invocation);
        ended
            .expect("it was started")
            .get_or_insert_with(|| job.result.clone());
    }

    /// When the run is to be looked after, if it is.
    pub fn due_at(&self) -> Option<Instant> {
        self.state().run.due_at.map(|due| self.instant(due))
    }

    /// The run.
    pub fn record(&self) -> Run {
        self.state().run.clone()
    }

    /// How long the run took, if it is over.
    pub fn makespan(&self) -> Option<Duration> {
        self.state().ended.map(|ended| ended - self.start)
    }

    /// What was asked for so far.
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// The steps that have begun.
    pub fn records(&self) -> Vec<StepRecord> {
        self.state().steps.values().cloned().collect()
    }
}

impl Store for Platform {
    async fn run(&self, _: &RunId) -> Result<Option<Run>, Unavailable> {
        let work = |state: &mut State| Some(state.run.clone());
        Ok(self.operate(Operation::Read, work).await)
    }

    async fn run_state(&self, _: &RunId) -> Result<Option<RunState>, Unavailable> {
        let work = |state: &mut State| Some(state.run.status.state());
        Ok(self.operate(Operation::Read, work).await)
    }

    async fn put_run(&self, run: &Run) -> Result<(), CommitError> {
        let work = |state: &mut State| {
            let may = follows(Some(state.run.revision), run.revision);
            if may {
                state.run = run.clone();
            }
            committed(may)
        };
        self.operate(Operation::Write, work).await
    }

    async fn steps(&self, _: &RunId, places: &[Place]) -> Result<Vec<StepRecord>, Unavailable> {
        let work = |state: &mut State| {
            let found = places.iter().filter_map(|place| state.steps.get(place));
            let found: Vec<_> = found.cloned().collect();
            state.counts.add(Operation::Record, found.len());
            found
        };
        Ok(self.operate(Operation::Read, work).await)
    }

    async fn all_steps(&self, _: &RunId) -> Result<Vec<StepRecord>, Unavailable> {
        let work = |state: &mut State| {
            let steps = state.steps.values();
            let steps = steps.filter(|step| step.place.item.is_none());
            let found: Vec<_> = steps.cloned().collect();
            state.counts.add(Operation::Record, found.len());
            found
        };
        Ok(self.operate(Operation::Query, work).await)
    }

    async fn items(&self, _: &RunId, step: u32) -> Result<Vec<StepRecord>, Unavailable> {
        let work = |state: &mut State| {
            let items = Place::item(step, 0)..=Place::item(step, u32::MAX);
            let found: Vec<_> = state.steps.range(items).map(|(_, r)| r.clone()).collect();
            state.counts.add(Operation::Record, found.len());
            found
        };
        Ok(self.operate(Operation::Query, work).await)
    }

    async fn put_step(&self, _: &RunId, step: &StepRecord) -> Result<(), CommitError> {
        let work = |state: &mut State| {
            let found = state.steps.get(&step.place).map(|found| found.revision);
            let may = follows(found, step.revision);
            if may {
                state.steps.insert(step.place, step.clone());
            }
            committed(may)
        };
        self.operate(Operation::Write, work).await
    }

    async fn gate(&self, _: &RunId, key: GateKey) -> Result<Option<Gate>, Unavailable> {
        let work = |state: &mut State| state.gates.get(&key).cloned();
        Ok(self.operate(Operation::Read, work).await)
    }

    async fn put_gate(&self, _: &RunId, gate: &Gate) -> Result<(), CommitError> {
        let work = |state: &mut State| {
            let found = state.gates.get(&gate.key).map(|gate| gate.revision);
            let may = follows(found, gate.revision);
            if may {
                state.gates.insert(gate.key, gate.clone());
            }
            committed(may)
        };
        self.operate(Operation::Write, work).await
    }

    async fn come(
        &self,
        _: &RunId,
        meeting: Meeting,
        member: u32,
        missed: bool,
    ) -> Result<Joined, Unavailable> {
        let work = |state: &mut State| {
            let (members, is_missed) = state.meetings.entry(meeting).or_default();
            members.insert(member);
            *is_missed |= missed;
            Joined {
                over: u32::try_from(members.len()).unwrap_or(u32::MAX),
                missed: *is_missed,
            }
        };
        Ok(self.operate(Operation::Note, work).await)
    }
}

impl World for Platform {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.start.elapsed()).unwrap_or_default();
        Timestamp::UNIX_EPOCH + passed
    }

    /// Counts for nothing: workers keep plans at hand.
    async fn plan(&self, _: &Run) -> Result<Arc<Plan>, Unavailable> {
        Ok(Arc::clone(&self.plan))
    }

    async fn start(&self, _: &Run, start: &Start) -> Result<Result<(), StepError>, Unavailable> {
        let Work::Agent { invocation, .. } = &start.work else {
            let kind = StepErrorKind::InvalidInput;
            return Ok(Err(StepError::new(kind, "only agents run here")));
        };
        let work = |state: &mut State| {
            let known = state.jobs.insert(invocation.clone(), None);
            known.is_none()
        };
        if self.operate(Operation::Start, work).await {
            self.send(Event::Run(job(start, invocation)));
        }
        Ok(Ok(()))
    }

    async fn progress(&self, _: &Run, work: &Work) -> Result<Progress, Unavailable> {
        let find = |state: &mut State| match work {
            Work::Agent { invocation, .. } => state.jobs.get(invocation).cloned(),
            _ => None,
        };
        Ok(match self.operate(Operation::LookUp, find).await {
            None => Progress::Absent,
            Some(None) => Progress::Running,
            Some(Some(result)) => Progress::Ended(result),
        })
    }

    async fn cancel(&self, _: &Run, work: &Work) -> Result<(), Unavailable> {
        let end = |state: &mut State| {
            if let Work::Agent { invocation, .. } = work
                && let Some(ended) = state.jobs.get_mut(invocation)
            {
                let error = StepError::new(StepErrorKind::Cancelled, "called off");
                ended.get_or_insert(Err(error));
            }
        };
        self.operate(Operation::Write, end).await;
        Ok(())
    }

    async fn wake(&self, _: &RunId, place: Place, at: Timestamp) -> Result<(), Unavailable> {
        self.operate(Operation::Send, |_| ()).await;
        self.send(Event::Wake(place, self.instant(at)));
        Ok(())
    }

    async fn tell(&self, run: &Run) -> Result<(), Unavailable> {
        let work = |state: &mut State| {
            if run.status.state().is_final() {
                state.ended.get_or_insert_with(Instant::now);
            }
        };
        self.operate(Operation::Send, work).await;
        Ok(())
    }

    async fn cached(
        &self,
        (agent, version): (&AgentName, VersionNumber),
        input: &Value,
    ) -> Result<Option<Value>, Unavailable> {
        let key = format!("{agent} {version} {input}");
        let work = |state: &mut State| state.cache.get(&key).cloned();
        Ok(self.operate(Operation::LookUp, work).await)
    }

    async fn keep(
        &self,
        (agent, version): (&AgentName, VersionNumber),
        input: &Value,
        output: &Value,
        _: Timestamp,
    ) -> Result<(), Unavailable> {
        let key = format!("{agent} {version} {input}");
        let work = |state: &mut State| state.cache.insert(key, output.clone());
        self.operate(Operation::Write, work).await;
        Ok(())
    }

    async fn keep_items(&self, _: &RunId, step: u32, items: &[Value]) -> Result<(), Unavailable> {
        let work = |state: &mut State| state.lists.insert(step, items.to_vec());
        self.operate(Operation::Write, work).await;
        Ok(())
    }

    async fn item(&self, _: &RunId, place: Place) -> Result<Value, Unavailable> {
        let work = |state: &mut State| {
            let item = usize::try_from(place.item.unwrap_or_default()).unwrap_or_default();
            let list = state.lists.get(&place.step);
            list.and_then(|list| list.get(item)).cloned()
        };
        let found = self.operate(Operation::LookUp, work).await;
        found.ok_or_else(|| Unavailable("no such list".into()))
    }
}
