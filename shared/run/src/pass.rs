//! A worker's part: what follows when a step may be able to go on.
//!
//! A pass sees to one step, and then to all that follows from it: a step that is over lets those
//! begin that depend on it, some of which are over at once. What begins is written first, then the
//! run is looked at once more, and only then is its work started; so a run that is being stopped
//! either sees what began, or is seen by the worker that began it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, TryStreamExt, future, stream};
use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    Place, Run, RunId, RunState, RunStatus, StepError, StepErrorKind, StepRecord, StepState, Work,
};
use tdev_workflow::{Plan, PlanStep};

use crate::error::written;
use crate::limits::{AT_ONCE, MAX_CONFLICTS};
use crate::{Error, Progress, Start, Store, Unavailable, World, transition};

/// What one worker does in one go.
pub(crate) struct Pass<'a, S, W> {
    pub(crate) store: &'a S,
    pub(crate) world: &'a W,
    pub(crate) run: Run,
    pub(crate) plan: Arc<Plan>,
    /// When what is left is to be left to another worker.
    pub(crate) yield_at: Timestamp,
    noted: Mutex<Noted>,
}

/// What a pass has still to do.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// Steps that are over, and of whose end nobody has heard.
    pub(crate) over: VecDeque<StepRecord>,
    /// Steps that are written as running and whose work is to be started.
    pub(crate) to_start: Vec<(StepRecord, Start)>,
    /// Steps that are over and may have had a place at the gate.
    pub(crate) left: Vec<u32>,
    /// Steps that are ready and have not been given a place at the gate.
    pub(crate) ready: Vec<u32>,
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
            noted: Mutex::default(),
        }))
    }

    pub(crate) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(crate) async fn see_to(&self, place: Place) -> Result<(), Error> {
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
    pub(crate) async fn see_to_found(&self, found: StepRecord) -> Result<bool, Error> {
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
                self.has_ended(found);
                return Ok(true);
            }
        };
        self.end_as(next).await
    }

    /// Notes a step that is over, and of whose end nobody may have heard.
    pub(crate) fn has_ended(&self, record: StepRecord) {
        self.noted().over.push_back(record);
    }

    /// Notes a step that is written as running.
    pub(crate) fn will_start(&self, record: StepRecord, start: Start) {
        self.noted().to_start.push((record, start));
    }

    pub(crate) async fn end_as(&self, next: StepRecord) -> Result<bool, Error> {
        let was_written = self.put(&next).await?;
        if was_written {
            self.has_ended(next);
        }
        Ok(was_written)
    }

    async fn see_to_running(&self, found: StepRecord, now: Timestamp) -> Result<bool, Error> {
        let Some(current) = found.tries.last() else {
            return Ok(true);
        };
        if let Work::Map { .. } = current.work {
            return self.see_to_map(found).await;
        }
        let overdue = found.due_at.is_some_and(|due| due <= now);
        let too_long = || {
            let message = "it took longer than the step may";
            Err(StepError::new(StepErrorKind::TimedOut, message))
        };
        let result = match self.world.progress(&self.run, &current.work).await? {
            // Whoever called it off was lost before they wrote why.
            Progress::Ended(Err(error)) if overdue && error.kind == StepErrorKind::Cancelled => {
                too_long()
            }
            Progress::Ended(result) => result,
            Progress::Running if overdue => {
                self.world.cancel(&self.run, &current.work).await?;
                too_long()
            }
            Progress::Running => return Ok(true),
            Progress::Absent => match self.start_of(&found).await? {
                Ok(start) => return self.start_lost(found, start, overdue, now).await,
                Err(error) => Err(error),
            },
        };
        self.settle(found, result, now).await
    }

    /// Starts work that was lost between the record of it and its start. If its time is over, it has
    /// as much again from now: it has not begun to use it.
    async fn start_lost(
        &self,
        found: StepRecord,
        start: Start,
        overdue: bool,
        now: Timestamp,
    ) -> Result<bool, Error> {
        if !overdue {
            self.will_start(found, start);
            return Ok(true);
        }
        let timeout = self.planned(found.place)?.timeout();
        let next = transition::prolonged(found, transition::seconds(now, timeout));
        let was_written = self.put(&next).await?;
        if was_written {
            self.will_start(next, start);
        }
        Ok(was_written)
    }

    /// Writes what the step's try has come to.
    async fn settle(
        &self,
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

    /// Sees to all that follows.
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        loop {
            while let Some(record) = self.next_over() {
                if self.world.now() >= self.yield_at {
                    let now = self.world.now();
                    self.world.wake(&self.run.id, record.place, now).await?;
                } else {
                    self.follow(record).await?;
                }
            }
            if self.is_running() && self.give_places().await? {
                continue;
            }
            if self.noted().to_start.is_empty() {
                break;
            }
            // What was written is seen by whoever stops the run after this; if the run is being
            // stopped already, it may not have been.
            let state = self.store.run_state(&self.run.id).await?;
            if state != Some(RunState::Running) {
                self.take_back().await?;
                return self.wind_up(None).await;
            }
            self.start_all().await?;
        }
        let is_over = self.run.status.state().is_final() && self.run.due_at.is_none();
        if self.is_running() || is_over {
            Ok(())
        } else {
            self.wind_up(None).await
        }
    }

    fn next_over(&self) -> Option<StepRecord> {
        self.noted().over.pop_front()
    }

    /// Calls off what was written as running and not started, since the run is being stopped.
    async fn take_back(&self) -> Result<(), Error> {
        let written = std::mem::take(&mut self.noted().to_start);
        for (record, _) in written {
            let now = self.world.now();
            let cancelled = transition::ended(&record, StepState::Cancelled, now);
            // A conflict means that somebody else sees to it.
            self.put(&cancelled).await?;
        }
        Ok(())
    }

    /// Starts what was written as running, what the longest path depends on first.
    async fn start_all(&self) -> Result<(), Error> {
        let mut written = std::mem::take(&mut self.noted().to_start);
        written.sort_by(|(a, _), (b, _)| self.longest_first(a.place.step, b.place.step));
        stream::iter(written)
            .map(|(record, start)| self.start(record, start))
            .buffered(AT_ONCE)
            .try_for_each(future::ok)
            .await
    }

    async fn start(&self, record: StepRecord, start: Start) -> Result<(), Error> {
        if let Err(error) = self.world.start(&self.run, &start).await? {
            let now = self.world.now();
            // A conflict means that somebody else sees to it.
            self.settle(record, Err(error), now).await?;
        }
        Ok(())
    }
}
