//! How steps begin: decided, written, and only then to be started.

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    InvocationId, Part, Place, RunId, StepError, StepErrorKind, StepRecord, StepState, StepTry,
    TaskId, VersionNumber, Work,
};
use tdev_workflow::{AgentRef, Kind, WorkflowRef};

use crate::begin::{self, Begin, begin, context};
use crate::limits::MAX_CONFLICTS;
use crate::pass::Pass;
use crate::{Error, Start, Store, World, transition};

/// Why a step is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// All that it depends on is over.
    Ready,
    /// The same, but something that had to complete did not.
    Missed,
    /// It was ready, and has been given a place at the gate.
    Admitted,
}

impl Entry {
    /// How a step begins whose dependencies are over.
    pub(crate) const fn unless(missed: bool) -> Self {
        if missed { Self::Missed } else { Self::Ready }
    }
}

impl<S: Store, W: World> Pass<'_, S, W> {
    /// What the step's last try starts, made of the records again.
    pub(crate) async fn start_of(
        &self,
        record: &StepRecord,
    ) -> Result<Result<Start, StepError>, Error> {
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
        Ok(self.start_with(of, current.work.clone(), work, input))
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

    pub(crate) async fn try_again(
        &self,
        record: StepRecord,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let begin = self.decide(record.place, now).await?;
        self.write_begun(record, begin, now).await
    }

    /// Begins a step whose dependencies are over, unless it has begun, or has to wait for a place.
    pub(crate) async fn enter(&self, place: Place, entry: Entry) -> Result<(), Error> {
        for _ in 0..MAX_CONFLICTS {
            let found = self.found(place).await?;
            if let Some(found) = &found
                && found.state != StepState::Pending
            {
                // Whoever began it may have been lost before the rest of it.
                return self.see_to_found(found.clone()).await.map(|_| ());
            }
            let now = self.world.now();
            let needs_place = entry == Entry::Ready && self.needs_place(place);
            let begin = match entry {
                Entry::Missed => {
                    let reason = "a step that it depends on did not run, or did not choose it";
                    Some(Begin::As(begin::skipped(reason)))
                }
                _ if needs_place && self.planned(place)?.when.is_none() => None,
                _ => Some(self.decide(place, now).await?),
            };
            // What is over at once needs no place.
            let begin = begin.filter(|begin| !needs_place || matches!(begin, Begin::As(_)));
            let Some(begin) = begin else {
                self.wait_for_place(place);
                return Ok(());
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
        &self,
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
        &self,
        record: StepRecord,
        work: tdev_workflow::Work,
        input: Value,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let number = transition::next_number(&record);
        let of = self.name(record.place, number);
        let failed = |record, error| {
            let failed = StepState::Failed { error };
            transition::begun_as(record, failed, now)
        };
        let running = match &work {
            tdev_workflow::Work::Agent(agent) => {
                let version = match self.version(agent) {
                    Ok(version) => version,
                    Err(error) => return self.end_as(failed(record, error)).await,
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
        let start = match self.start_with(of, running.clone(), work, input) {
            Ok(start) => start,
            Err(error) => return self.end_as(failed(record, error)).await,
        };
        let timeout = self.planned(record.place)?.timeout();
        let until = transition::seconds(now, timeout);
        let next = transition::trying(record, number, running, Some(until), now);
        let was_written = self.put(&next).await?;
        if was_written {
            self.will_start(next, start);
        }
        Ok(was_written)
    }

    /// The version of an agent that the run uses.
    pub(crate) fn version(&self, agent: &AgentRef) -> Result<VersionNumber, StepError> {
        let latest = self.run.latest.agents.get(&agent.name).copied();
        let version = latest.map(|latest| agent.version.unwrap_or(latest));
        version.ok_or_else(|| unavailable("agent", agent.name.as_str()))
    }

    /// What starts `running` for a step that has `work` done for it.
    fn start_with(
        &self,
        of: StepTry,
        running: Work,
        work: tdev_workflow::Work,
        input: Value,
    ) -> Result<Start, StepError> {
        let (mut task, mut nested) = (None, None);
        match work {
            tdev_workflow::Work::Agent(_) => {}
            tdev_workflow::Work::Task(work) => task = Some(work),
            tdev_workflow::Work::Workflow(WorkflowRef { name, version }) => {
                let latest = self.run.latest.workflows.get(&name).copied();
                let version = latest.map(|latest| version.unwrap_or(latest));
                let version = version.ok_or_else(|| unavailable("workflow", name.as_str()))?;
                nested = Some((name, version));
            }
        }
        Ok(Start {
            of,
            work: running,
            input,
            task,
            workflow: nested,
        })
    }
}

/// That something was not there when the run was accepted, or last resumed.
fn unavailable(what: &str, name: &str) -> StepError {
    let message = format!("there was no {what} '{name}' when the run began");
    StepError::new(StepErrorKind::Unavailable, message)
}
