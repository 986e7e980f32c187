//! A run from its acceptance to its end, with deliveries in any order.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tdev_domain::{
    ArtifactDigest, Latest, Part, Place, Run, RunId, RunStatus, StepRecord, StepState,
    VersionNumber, Work,
};
use tdev_run::Error;
use tdev_workflow::Plan;

use crate::world::{Job, Message, Model};

/// Runs what waits for nothing.
pub(crate) fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the model never waits"),
    }
}

/// How deliveries are disturbed. Every number is a chance in 256.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Disturbance {
    pub(crate) seed: u64,
    pub(crate) duplicate: u8,
    pub(crate) lose: u8,
    /// That a worker is lost at some operation of a delivery.
    pub(crate) crash: u8,
}

pub(crate) struct Sim {
    pub(crate) model: Model,
    pub(crate) root: RunId,
    disturbance: Disturbance,
    random: u64,
}

/// The first version of everything that `plan` names.
pub(crate) fn latest(plan: &Plan) -> Latest {
    let first = VersionNumber::FIRST;
    let agents = plan.agents().into_iter();
    let workflows = plan.workflows().into_iter();
    Latest {
        agents: agents.map(|name| (name.clone(), first)).collect(),
        workflows: workflows.map(|name| (name.clone(), first)).collect(),
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

impl Sim {
    /// The run of the first workflow on `input`, accepted.
    pub(crate) fn of(plans: &[Plan], input: Value, disturbance: Disturbance) -> Self {
        let model = Model::default();
        let root: RunId = "run_00000000000000000000000000000001".parse().unwrap();
        {
            let mut state = model.state();
            state.now = start();
            for plan in plans {
                let plan = Arc::new(plan.clone());
                state.plans.insert(plan.name.to_string(), plan);
            }
            let first = &plans[0];
            let run = Run {
                id: root.clone(),
                tenant: "acme".parse().unwrap(),
                workflow: first.name.clone(),
                version: VersionNumber::FIRST,
                definition: ArtifactDigest::of(b""),
                steps: first.len(),
                input,
                status: RunStatus::Running,
                parent: None,
                depth: 0,
                deadline: start() + SignedDuration::from_hours(24),
                resumed: 0,
                latest: latest(first),
                task_token: None,
                revision: 0,
                due_at: None,
                created_at: start(),
                updated_at: start(),
            };
            let run = tdev_run::accept(run, start());
            state.runs.insert(root.clone(), run);
        }
        let sim = Self {
            model,
            root,
            disturbance,
            random: disturbance.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        };
        sim.send(None);
        sim
    }

    pub(crate) fn send(&self, place: Option<Place>) {
        let mut state = self.model.state();
        let at = state.now;
        let run = self.root.clone();
        state.messages.push(Message { at, run, place });
    }

    fn dice(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 11
    }

    fn chance(&mut self, of_256: u8) -> bool {
        self.dice() % 256 < u64::from(of_256)
    }

    pub(crate) fn run(&self) -> Run {
        self.model.state().runs[&self.root].clone()
    }

    pub(crate) fn steps(&self) -> BTreeMap<String, StepRecord> {
        let state = self.model.state();
        let of_root = state.steps.iter().filter(|((run, _), _)| *run == self.root);
        of_root
            .map(|((_, place), step)| match place.item {
                None => (step.id.to_string(), step.clone()),
                Some(item) => (format!("{}.{item}", step.id), step.clone()),
            })
            .collect()
    }

    fn deliver(&self, message: &Message) -> Result<(), Error> {
        let (store, world) = (&self.model, &self.model);
        let yield_at = Timestamp::MAX;
        now_or_never(async {
            match message.place {
                Some(place) => tdev_run::see_to(&message.run, place, store, world, yield_at).await,
                None => tdev_run::look_after(&message.run, store, world, yield_at).await,
            }
        })
    }

    /// Takes one message that is due, if there is one.
    fn deliver_one(&mut self) -> bool {
        let order = self.dice();
        let message = {
            let mut state = self.model.state();
            let now = state.now;
            let mut due: Vec<usize> = (0..state.messages.len()).collect();
            due.retain(|place| state.messages[*place].at <= now);
            if due.is_empty() {
                return false;
            }
            let chosen = due[usize::try_from(order).unwrap() % due.len()];
            state.messages.remove(chosen)
        };
        if self.chance(self.disturbance.lose) {
            return true;
        }
        if self.chance(self.disturbance.duplicate) {
            let mut again = message.clone();
            again.at += SignedDuration::from_secs(i64::try_from(self.dice() % 5).unwrap());
            self.model.state().messages.push(again);
        }
        if self.chance(self.disturbance.crash) {
            let (at, done) = (self.dice() % 24, self.dice().is_multiple_of(2));
            let mut state = self.model.state();
            state.fault = Some((state.operations + u32::try_from(at).unwrap(), done));
        }
        let result = self.deliver(&message);
        self.check_places();
        match result {
            Ok(()) => {}
            Err(Error::Unavailable(_)) => {
                let mut state = self.model.state();
                let at = state.now + SignedDuration::from_secs(1);
                state.messages.push(Message { at, ..message });
            }
            Err(error) => panic!("{error}"),
        }
        true
    }

    /// Whatever happens, no more steps are under way than may be.
    fn check_places(&self) {
        let state = self.model.state();
        for run in state.runs.values() {
            let plan = &state.plans[run.workflow.as_str()];
            let Some(most) = plan.max_in_flight else {
                continue;
            };
            let under_way = state.steps.iter().filter(|((of, place), step)| {
                let runs_agents = plan.step(place.step).kind.runs_agents();
                *of == run.id
                    && place.item.is_none()
                    && runs_agents
                    && step.state != StepState::Pending
                    && !step.state.is_over()
            });
            let under_way = under_way.count();
            assert!(under_way <= most as usize, "{under_way} under way");
        }
        let mut items: BTreeMap<(&RunId, u32), usize> = BTreeMap::new();
        for ((run, place), step) in &state.steps {
            let is_under_way = step.state != StepState::Pending && !step.state.is_over();
            if place.item.is_some() && is_under_way {
                *items.entry((run, place.step)).or_default() += 1;
            }
        }
        for ((run, step), under_way) in items {
            let map = &state.steps[&(run.clone(), Place::step(step))];
            if let Some(Work::Map { lanes, .. }) = map.tries.last().map(|last| &last.work) {
                assert!(under_way <= *lanes as usize, "{under_way} items under way");
            }
        }
    }

    /// Moves the clock to the next thing that happens. `false` if nothing will.
    fn pass_time(&mut self) -> bool {
        let mut state = self.model.state();
        let jobs = state.jobs.values().filter(|job| !job.told);
        let next = state
            .messages
            .iter()
            .map(|message| message.at)
            .chain(jobs.map(|job| job.ends_at))
            .chain(state.steps.values().filter_map(|step| step.due_at))
            .chain(state.runs.values().filter_map(|run| run.due_at))
            .min();
        let Some(next) = next else {
            return false;
        };
        state.now = state.now.max(next);
        let now = state.now;
        let mut messages = Vec::new();
        for job in state.jobs.values_mut() {
            if job.ends_at <= now && !job.told {
                job.told = true;
                messages.push((job.of.run.clone(), Some(job.of.place)));
            }
        }
        // The keeper, which comes once a minute and later again.
        let late = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        for ((run, place), step) in &state.steps {
            if late(step.due_at) {
                messages.push((run.clone(), Some(*place)));
            }
        }
        for run in state.runs.values() {
            if late(run.due_at) {
                messages.push((run.id.clone(), None));
            }
        }
        let kept = messages.into_iter().map(|(run, place)| Message {
            at: now,
            run,
            place,
        });
        state.messages.extend(kept);
        true
    }

    /// Lets things happen until nothing does any more, or `happened` holds.
    pub(crate) fn until(&mut self, happened: impl Fn(&Self) -> bool) {
        for _ in 0..20_000 {
            if happened(self) {
                return;
            }
            if !self.deliver_one() && !self.pass_time() {
                return;
            }
            let state = self.model.state();
            assert!(
                state.now < start() + SignedDuration::from_hours(24 * 30),
                "nothing comes to an end"
            );
        }
        panic!("too much happens");
    }

    /// Lets things happen until nothing does any more.
    pub(crate) fn settle(&mut self) -> RunStatus {
        self.until(|_| false);
        let run = self.run();
        assert!(run.status.state().is_final(), "{run:?}");
        self.check();
        run.status
    }

    /// What holds whenever a run has ended.
    pub(crate) fn check(&self) {
        let state = self.model.state();
        for run in state.runs.values() {
            assert!(run.status.state().is_final(), "{run:?}");
            assert_eq!(run.due_at, None, "{run:?}");
        }
        // What was started was started for a try that is on record, and has ended.
        let tries: usize = state.steps.values().map(|step| step.tries.len()).sum();
        let of_tries = |job: &&Job| job.of.part == Part::Work;
        let work = state.jobs.values().filter(of_tries).count();
        assert!(work <= tries, "{work} of {tries}");
        for (name, job) in &state.jobs {
            assert!(job.ends_at <= state.now, "{name} still runs");
            let of = &job.of;
            let step = &state.steps[&(of.run.clone(), of.place)];
            let on_record = match of.part {
                Part::Work => step.tries.iter().any(|one| one.number == of.number),
                Part::Compensation => step.compensation.is_some() || step.forgiven > 0,
            };
            assert!(on_record, "{name} is not on record");
        }
        for step in state.steps.values() {
            assert!(step.state.is_over(), "{step:?}");
        }
    }
}
