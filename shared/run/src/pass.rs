//! A worker's part: what follows when a step may be able to go on.
//!
//! A pass sees to one step, and then to all that follows from it: a step that is over lets those
//! begin that depend on it, some of which are over at once. What begins is written first, then the
//! run is looked at once more, and only then is its work started; so a run that is being stopped
//! either sees what began, or is seen by the worker that began it.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    InvocationId, Part, Place, Run, RunId, RunState, RunStatus, StepError, StepErrorKind,
    StepRecord, StepState, StepTry, StopCause, TaskId, Work,
};
use tdev_workflow::{Branch, DependencyKind, Kind, Plan, PlanStep, limits};

use crate::begin::{self, Begin, begin, context};
use crate::error::written;
use crate::limits::{GROUP, MAX_CONFLICTS};
use crate::{Error, Meeting, Members, Progress, Start, Store, Unavailable, World, transition};

/// The number of the run's own end among the steps that come together at something.
pub(crate) const END: u32 = u32::MAX;

/// What one worker does in one go.
pub(crate) struct Pass<'a, S, W> {
    pub(crate) store: &'a S,
    pub(crate) world: &'a W,
    pub(crate) run: Run,
    pub(crate) plan: Arc<Plan>,
    /// When what is left is to be left to another worker.
    pub(crate) yield_at: Timestamp,
    /// Steps that are over, and of whose end nobody has heard.
    over: VecDeque<StepRecord>,
    /// Steps that are written as running and whose work is to be started.
    to_start: Vec<(StepRecord, Start)>,
}

impl<'a, S: Store, W: World> Pass<'a, S, W> {
    /// A pass over the run, if there is one.
    pub(crate) async fn of(
        id: &RunId,
        store: &'a S,
        world: &'a W,
        yield_at: Timestamp,
    ) -> Result<Option<Self>, Error> {
        let Some(run) = store.run(id).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            plan: world.plan(&run).await?,
            store,
            world,
            run,
            yield_at,
            over: VecDeque::new(),
            to_start: Vec::new(),
        }))
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.run.status, RunStatus::Running)
    }

    pub(crate) fn planned(&self, place: Place) -> Result<&PlanStep, Error> {
        if place.step < self.plan.len() {
            Ok(self.plan.step(place.step))
        } else {
            Err(Error::NotInPlan(place))
        }
    }

    pub(crate) async fn found(&self, place: Place) -> Result<Option<StepRecord>, Unavailable> {
        let mut found = self.store.steps(&self.run.id, &[place]).await?;
        Ok(found.pop())
    }

    pub(crate) async fn put(&self, record: &StepRecord) -> Result<bool, Unavailable> {
        written(self.store.put_step(&self.run.id, record).await)
    }

    /// Sees to a step that may be able to go on.
    pub(crate) async fn see_to(&mut self, place: Place) -> Result<(), Error> {
        for _ in 0..MAX_CONFLICTS {
            let Some(found) = self.found(place).await? else {
                return Ok(());
            };
            if self.see_to_found(found).await? {
                return Ok(());
            }
        }
        Err(Error::Contended)
    }

    /// Returns `false` if the record has changed meanwhile.
    pub(crate) async fn see_to_found(&mut self, found: StepRecord) -> Result<bool, Error> {
        let now = self.world.now();
        let next = match &found.state {
            StepState::Running => return self.see_to_running(found, now).await,
            StepState::Paused { until } if *until <= now => {
                let record = transition::retried(&found, now);
                return self.try_again(record, now).await;
            }
            StepState::Waiting { until } if *until <= now => {
                let output = Value::Null;
                let cached = false;
                transition::ended(&found, StepState::Completed { output, cached }, now)
            }
            StepState::AwaitingApproval { until, .. } if *until <= now => {
                let error = StepError::new(StepErrorKind::TimedOut, "nobody decided in time");
                transition::ended(&found, StepState::Failed { error }, now)
            }
            StepState::Pending
            | StepState::Paused { .. }
            | StepState::Waiting { .. }
            | StepState::AwaitingApproval { .. } => return Ok(true),
            StepState::Completed { .. }
            | StepState::Failed { .. }
            | StepState::Skipped { .. }
            | StepState::Cancelled => {
                self.over.push_back(found);
                return Ok(true);
            }
        };
        self.end_as(next).await
    }

    /// Notes a step that is over, and of whose end nobody may have heard.
    pub(crate) fn has_ended(&mut self, record: StepRecord) {
        self.over.push_back(record);
    }

    pub(crate) async fn end_as(&mut self, next: StepRecord) -> Result<bool, Error> {
        let was_written = self.put(&next).await?;
        if was_written {
            self.over.push_back(next);
        }
        Ok(was_written)
    }

    async fn see_to_running(&mut self, found: StepRecord, now: Timestamp) -> Result<bool, Error> {
        let Some(current) = found.tries.last() else {
            return Ok(true);
        };
        if let Work::Map { .. } = current.work {
            return self.see_to_map(found).await;
        }
        let overdue = found.due_at.is_some_and(|due| due <= now);
        let result = match self.world.progress(&self.run, &current.work).await? {
            Progress::Ended(result) => result,
            Progress::Running if overdue => {
                self.world.cancel(&self.run, &current.work).await?;
                let message = "it took longer than the step may";
                Err(StepError::new(StepErrorKind::TimedOut, message))
            }
            Progress::Running => return Ok(true),
            Progress::Absent => {
                let start = self.start_of(&found).await?;
                match start {
                    Ok(start) => {
                        self.to_start.push((found, start));
                        return Ok(true);
                    }
                    Err(error) => Err(error),
                }
            }
        };
        self.settle(found, result, now).await
    }

    /// Writes what the step's try has come to.
    async fn settle(
        &mut self,
        found: StepRecord,
        result: Result<Value, StepError>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let step = self.planned(found.place)?;
        let entropy = transition::entropy(&self.run, &found);
        let next = transition::settled(&found, result, &step.retry, entropy, now);
        if let StepState::Paused { until } = next.state {
            let was_written = self.put(&next).await?;
            if was_written {
                self.world.wake(&self.run.id, next.place, until).await?;
            }
            return Ok(was_written);
        }
        self.keep_for_later(&next, now).await?;
        self.end_as(next).await
    }

    /// Keeps what an agent gave, where its step says so.
    async fn keep_for_later(&self, record: &StepRecord, now: Timestamp) -> Result<(), Error> {
        let (Some(cache), Some(last)) = (self.planned(record.place)?.cache, record.tries.last())
        else {
            return Ok(());
        };
        if let (StepState::Completed { output, .. }, Work::Agent { agent, version, .. }) =
            (&record.state, &last.work)
            && let Ok(start) = self.start_of(record).await?
        {
            let until = transition::seconds(now, cache.ttl_seconds);
            let agent = (agent, *version);
            self.world.keep(agent, &start.input, output, until).await?;
        }
        Ok(())
    }

    /// What the step's last try starts, made of the records again.
    async fn start_of(&self, record: &StepRecord) -> Result<Result<Start, StepError>, Error> {
        let (work, input) = match self.decide(record.place, record.started_at).await? {
            Begin::Work(work, input) => (work, input),
            Begin::As(StepState::Failed { error }) => return Ok(Err(error)),
            Begin::As(_) | Begin::Map(_) => {
                let message = "the step's condition does not hold any more";
                return Ok(Err(StepError::new(StepErrorKind::InvalidInput, message)));
            }
        };
        let Some(current) = record.tries.last() else {
            let message = "the step was never tried";
            return Ok(Err(StepError::new(StepErrorKind::Stalled, message)));
        };
        let of = self.name(record.place, current.number);
        Ok(Ok(start(of, current.work.clone(), work, input)))
    }

    fn name(&self, place: Place, number: u32) -> StepTry {
        StepTry {
            run: self.run.id.clone(),
            place,
            part: Part::Work,
            number,
        }
    }

    /// How the step, or the item of a map, begins.
    async fn decide(&self, place: Place, now: Timestamp) -> Result<Begin, Error> {
        let step = self.planned(place)?;
        let places: Vec<Place> = step.references.iter().copied().map(Place::step).collect();
        let steps = if places.is_empty() {
            Vec::new()
        } else {
            self.store.steps(&self.run.id, &places).await?
        };
        let context = context(&self.run, &steps);
        let (Kind::Map(map), Some(index)) = (&step.kind, place.item) else {
            return Ok(begin(step, &context, now));
        };
        let item = self.world.item(&self.run.id, place).await?;
        let context = context.with_item(&item, index);
        Ok(match begin::inputs(step, Some(&item), &context) {
            Ok(input) => Begin::Work(map.work.clone(), input),
            Err(error) => Begin::As(StepState::Failed { error }),
        })
    }

    async fn try_again(&mut self, record: StepRecord, now: Timestamp) -> Result<bool, Error> {
        let begin = self.decide(record.place, now).await?;
        self.write_begun(record, begin, now).await
    }

    /// Begins a step whose dependencies are over, unless it has begun.
    pub(crate) async fn enter(&mut self, place: Place, missed: bool) -> Result<(), Error> {
        for _ in 0..MAX_CONFLICTS {
            let found = self.found(place).await?;
            if let Some(found) = &found
                && found.state != StepState::Pending
            {
                // Whoever began it may have been lost before the rest of it.
                return self.see_to_found(found.clone()).await.map(|_| ());
            }
            let now = self.world.now();
            let begin = if missed {
                let reason = "a step that it depends on did not run, or did not choose it";
                Begin::As(begin::skipped(reason))
            } else {
                self.decide(place, now).await?
            };
            let id = &self.planned(place)?.id;
            let record = transition::beginning(found.as_ref(), place, id, now);
            if self.write_begun(record, begin, now).await? {
                return Ok(());
            }
        }
        Err(Error::Contended)
    }

    /// Writes a step as it begins or is tried again, and notes what follows from that. `record`
    /// is its next revision, still without a state.
    async fn write_begun(
        &mut self,
        record: StepRecord,
        begin: Begin,
        now: Timestamp,
    ) -> Result<bool, Error> {
        match begin {
            Begin::As(state) => {
                let next = transition::begun_as(record, state, now);
                if next.state.is_over() {
                    return self.end_as(next).await;
                }
                let was_written = self.put(&next).await?;
                if was_written && let Some(at) = next.due_at {
                    self.world.wake(&self.run.id, next.place, at).await?;
                }
                Ok(was_written)
            }
            Begin::Map(items) => self.begin_map(record, items, now).await,
            Begin::Work(work, input) => self.begin_work(record, work, input, now).await,
        }
    }

    async fn begin_work(
        &mut self,
        record: StepRecord,
        work: tdev_workflow::Work,
        input: Value,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let number = transition::next_number(&record);
        let of = self.name(record.place, number);
        let running = match &work {
            tdev_workflow::Work::Agent(agent) => {
                let version = match self.world.version(&self.run, agent).await? {
                    Ok(version) => version,
                    Err(error) => {
                        let failed = StepState::Failed { error };
                        let next = transition::begun_as(record, failed, now);
                        return self.end_as(next).await;
                    }
                };
                if self.planned(record.place)?.cache.is_some()
                    && let Some(output) = self.world.cached((&agent.name, version), &input).await?
                {
                    let cached = true;
                    let state = StepState::Completed { output, cached };
                    let next = transition::begun_as(record, state, now);
                    return self.end_as(next).await;
                }
                Work::Agent {
                    agent: agent.name.clone(),
                    version,
                    invocation: InvocationId::started_by(&of),
                }
            }
            tdev_workflow::Work::Task(_) => Work::Task {
                task: TaskId::started_by(&of),
            },
            tdev_workflow::Work::Workflow(_) => Work::Run {
                run: RunId::started_by(&of),
            },
        };
        let timeout = self.planned(record.place)?.timeout_seconds;
        let timeout = timeout.unwrap_or(limits::DEFAULT_TIMEOUT_SECONDS);
        let until = transition::seconds(now, timeout);
        let next = transition::trying(record, number, running.clone(), Some(until), now);
        let was_written = self.put(&next).await?;
        if was_written {
            self.to_start.push((next, start(of, running, work, input)));
        }
        Ok(was_written)
    }

    /// Sees to all that follows.
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        loop {
            while let Some(record) = self.over.pop_front() {
                if self.world.now() >= self.yield_at {
                    let now = self.world.now();
                    self.world.wake(&self.run.id, record.place, now).await?;
                } else {
                    self.follow(record).await?;
                }
            }
            if self.to_start.is_empty() {
                break;
            }
            // What was written is seen by whoever stops the run after this; if the run is being
            // stopped already, it may not have been.
            let state = self.store.run_state(&self.run.id).await?;
            if state != Some(RunState::Running) {
                self.take_back().await?;
                return self.wind_up().await;
            }
            self.start_all().await?;
        }
        let is_over = self.run.status.state().is_final() && self.run.due_at.is_none();
        if self.is_running() || is_over {
            Ok(())
        } else {
            self.wind_up().await
        }
    }

    /// Calls off what was written as running and not started, since the run is being stopped.
    async fn take_back(&mut self) -> Result<(), Error> {
        for (record, _) in std::mem::take(&mut self.to_start) {
            let now = self.world.now();
            let cancelled = transition::ended(&record, StepState::Cancelled, now);
            // A conflict means that somebody else sees to it.
            self.put(&cancelled).await?;
        }
        Ok(())
    }

    async fn start_all(&mut self) -> Result<(), Error> {
        for (record, start) in std::mem::take(&mut self.to_start) {
            if let Err(error) = self.world.start(&self.run, &start).await? {
                let now = self.world.now();
                // A conflict means that somebody else sees to it.
                self.settle(record, Err(error), now).await?;
            }
        }
        Ok(())
    }

    /// Does what follows from a step's end.
    async fn follow(&mut self, record: StepRecord) -> Result<(), Error> {
        if !self.is_running() {
            return Ok(());
        }
        if let Some(item) = record.place.item {
            return self.follow_item(record, item).await;
        }
        let step = record.place.step;
        match &record.state {
            StepState::Failed { error } if !self.plan.tolerates(step) => {
                return self
                    .stop(StopCause::StepFailed {
                        step: record.id.clone(),
                        error: error.clone(),
                    })
                    .await;
            }
            // It ended with its run, or with one that was resumed since.
            StepState::Cancelled => return Ok(()),
            _ => {}
        }
        let plan = Arc::clone(&self.plan);
        for edge in plan.dependants(step) {
            let missed = edge.kind == DependencyKind::Hard && !self.lets_run(&record, edge.step);
            let dependencies = plan.dependencies(edge.step);
            let of = self.meeting(edge.step, Members::Dependencies);
            let place = dependencies.binary_search_by_key(&step, |edge| edge.step);
            let member = place.unwrap_or_default();
            if let Some(missed) = self.come(of, dependencies.len(), member, missed).await? {
                self.enter(Place::step(edge.step), missed).await?;
            }
        }
        if let Ok(member) = plan.sinks().binary_search(&step) {
            let end = self.meeting(END, Members::Dependencies);
            if self
                .come(end, plan.sinks().len(), member, false)
                .await?
                .is_some()
            {
                self.complete().await?;
            }
        }
        Ok(())
    }

    /// Whether the end of `record` lets a step run that depends on its success.
    pub(crate) fn lets_run(&self, record: &StepRecord, dependant: u32) -> bool {
        let StepState::Completed { output, .. } = &record.state else {
            return false;
        };
        let dependant = &self.plan.step(dependant).id;
        match &self.plan.step(record.place.step).kind {
            Kind::Choice(choice) => {
                let named = |branch: &Branch<_>| branch.then.contains(dependant);
                let is_named =
                    choice.otherwise.contains(dependant) || choice.branches.iter().any(named);
                !is_named || begin::lets_run(output, dependant)
            }
            _ => true,
        }
    }

    pub(crate) fn meeting(&self, step: u32, of: Members) -> Meeting {
        Meeting {
            resumed: self.run.resumed,
            step,
            of,
            group: None,
        }
    }

    /// Notes that one of several has come. Says whether all have, and if so whether what one of
    /// them came for is missed.
    pub(crate) async fn come(
        &self,
        meeting: Meeting,
        members: usize,
        member: usize,
        missed: bool,
    ) -> Result<Option<bool>, Unavailable> {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        if members <= 1 {
            return Ok(Some(missed));
        }
        let run = &self.run.id;
        if members <= GROUP {
            let joined = self
                .store
                .come(run, meeting, number(member), missed)
                .await?;
            return Ok((joined.over >= number(members)).then_some(joined.missed));
        }
        let group = member / GROUP;
        let size = GROUP.min(members - group * GROUP);
        let of_group = Meeting {
            group: Some(number(group)),
            ..meeting
        };
        let joined = self
            .store
            .come(run, of_group, number(member), missed)
            .await?;
        if joined.over < number(size) {
            return Ok(None);
        }
        let groups = members.div_ceil(GROUP);
        let joined = self
            .store
            .come(run, meeting, number(group), joined.missed)
            .await?;
        Ok((joined.over >= number(groups)).then_some(joined.missed))
    }
}

/// What starts `running` for a step that has `work` done for it.
fn start(of: StepTry, running: Work, work: tdev_workflow::Work, input: Value) -> Start {
    let (task, workflow) = match work {
        tdev_workflow::Work::Agent(_) => (None, None),
        tdev_workflow::Work::Task(task) => (Some(task), None),
        tdev_workflow::Work::Workflow(workflow) => (None, Some(workflow)),
    };
    Start {
        of,
        work: running,
        input,
        task,
        workflow,
    }
}
