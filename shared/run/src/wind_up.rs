//! The end of a run: complete, or stopped and undone.

use serde_json::{Map, Value};
use tdev_domain::{Place, RunStatus, StepErrorKind, StepRecord, StepState, StopCause, Work};

use crate::begin::context;
use crate::error::written;
use crate::limits::{MAX_CONFLICTS, START_GRACE};
use crate::pass::Pass;
use crate::{Error, Progress, Store, World, transition};

impl<S: Store, W: World> Pass<'_, S, W> {
    /// Writes where the run stands now. If another writer was first, the run is read again and
    /// `false` returned.
    pub(crate) async fn move_run(&mut self, status: RunStatus) -> Result<bool, Error> {
        let next = transition::run_to(&self.run, status, self.world.now());
        if written(self.store.put_run(&next).await)? {
            self.run = next;
            return Ok(true);
        }
        if let Some(found) = self.store.run(&self.run.id).await? {
            self.run = found;
        }
        Ok(false)
    }

    /// Ends a run whose last step is over.
    pub(crate) async fn complete(&mut self) -> Result<(), Error> {
        let output = match self.output().await? {
            Ok(output) => output,
            Err(message) => return self.stop(StopCause::NoOutput { message }).await,
        };
        for _ in 0..MAX_CONFLICTS {
            if !self.is_running() {
                return Ok(());
            }
            let output = output.clone();
            if self.move_run(RunStatus::Completed { output }).await? {
                return self.tell().await;
            }
        }
        Err(Error::Contended)
    }

    /// What the run gives: what its template says, else the outputs of the steps that nothing
    /// depends on.
    async fn output(&self) -> Result<Result<Value, String>, Error> {
        let wanted = match &self.plan.output {
            Some(output) => &output.references,
            None => self.plan.sinks(),
        };
        let places: Vec<Place> = wanted.iter().copied().map(Place::step).collect();
        let mut steps = self.store.steps(&self.run.id, &places).await?;
        if let Some(output) = &self.plan.output {
            let context = context(&self.run, &steps);
            let evaluated = output.template.evaluate(&context);
            return Ok(evaluated.map_err(|error| error.to_string()));
        }
        steps.sort_by_key(|step| step.place);
        let outputs: Map<String, Value> = steps
            .into_iter()
            .filter_map(|step| match step.state {
                StepState::Completed { output, .. } => Some((step.id.to_string(), output)),
                _ => None,
            })
            .collect();
        Ok(Ok(Value::Object(outputs)))
    }

    /// Tells whoever waits where the run stands; a final run then needs no looking after.
    pub(crate) async fn tell(&mut self) -> Result<(), Error> {
        self.world.tell(&self.run).await?;
        if self.run.status.state().is_final() && self.run.due_at.is_some() {
            let next = transition::told(&self.run, self.world.now());
            // A conflict means that it was resumed, or that somebody else told it.
            if written(self.store.put_run(&next).await)? {
                self.run = next;
            }
        }
        Ok(())
    }

    /// Stops a run that is running: from now on no step begins.
    pub(crate) async fn stop(&mut self, because: StopCause) -> Result<(), Error> {
        for _ in 0..MAX_CONFLICTS {
            if !self.is_running() {
                return Ok(());
            }
            let because = because.clone();
            if self.move_run(RunStatus::Stopping { because }).await? {
                tracing::info!(run = %self.run.id, "stopping");
                return self.world.tell(&self.run).await.map_err(Error::from);
            }
        }
        Err(Error::Contended)
    }

    /// Brings a run that is being stopped as far as it goes. `at` is the step that may be able to go
    /// on, if that is known.
    pub(crate) async fn wind_up(&mut self, at: Option<u32>) -> Result<(), Error> {
        for _ in 0..MAX_CONFLICTS {
            if self.is_running() {
                // It may have been stopped by somebody else since it was read.
                match self.store.run(&self.run.id).await? {
                    Some(found) => self.run = found,
                    None => return Ok(()),
                }
            }
            let status = match self.run.status.clone() {
                RunStatus::Running => return Ok(()),
                RunStatus::Stopping { because } => {
                    let steps = self.store.all_steps(&self.run.id).await?;
                    let Some(steps) = self.all_over(steps).await? else {
                        return Ok(());
                    };
                    let order = self.to_undo(&steps);
                    RunStatus::Compensating { because, order }
                }
                RunStatus::Compensating { because, order } => {
                    let Some(uncompensated) = self.undo(&order, at).await? else {
                        return Ok(());
                    };
                    transition::end_of(because, uncompensated)
                }
                RunStatus::Completed { .. }
                | RunStatus::Failed { .. }
                | RunStatus::Cancelled { .. } => return self.tell().await,
            };
            self.move_run(status).await?;
        }
        Err(Error::Contended)
    }

    /// Calls off whatever still runs or waits. Returns the steps as they are once all are over.
    async fn all_over(&mut self, steps: Vec<StepRecord>) -> Result<Option<Vec<StepRecord>>, Error> {
        let mut over = Some(Vec::with_capacity(steps.len()));
        for step in steps {
            let is_map = matches!(
                step.tries.last().map(|last| &last.work),
                Some(Work::Map { .. })
            );
            if is_map && !matches!(step.state, StepState::Completed { .. }) {
                for item in self.store.items(&self.run.id, step.place.step).await? {
                    if self.call_off(item).await?.is_none() {
                        over = None;
                    }
                }
            }
            match (self.call_off(step).await?, &mut over) {
                (Some(step), Some(over)) => over.push(step),
                _ => over = None,
            }
        }
        Ok(over)
    }

    /// Calls a step off. Returns it as it is then, if it is over.
    async fn call_off(&mut self, step: StepRecord) -> Result<Option<StepRecord>, Error> {
        if step.state.is_over() || step.state == StepState::Pending {
            return Ok(Some(step));
        }
        let now = self.world.now();
        let work = step.tries.last().map(|last| last.work.clone());
        let state = match (&step.state, work) {
            (StepState::Running, Some(work)) if !matches!(work, Work::Map { .. }) => {
                match self.called_off(&step, &work).await? {
                    Some(state) => state,
                    None => return Ok(None),
                }
            }
            _ => StepState::Cancelled,
        };
        let next = transition::ended(&step, state, now);
        Ok(self.put(&next).await?.then_some(next))
    }

    /// What becomes of a running step of a run that is being stopped; `None` if it is not over
    /// yet.
    async fn called_off(
        &mut self,
        step: &StepRecord,
        work: &Work,
    ) -> Result<Option<StepState>, Error> {
        let mut progress = self.world.progress(&self.run, work).await?;
        if progress == Progress::Running {
            self.world.cancel(&self.run, work).await?;
            progress = self.world.progress(&self.run, work).await?;
        }
        let begun = step
            .tries
            .last()
            .map_or(step.started_at, |last| last.started_at);
        Ok(match progress {
            Progress::Ended(Ok(output)) => Some(StepState::Completed {
                output,
                cached: false,
            }),
            Progress::Ended(Err(error)) if error.kind == StepErrorKind::Cancelled => {
                Some(StepState::Cancelled)
            }
            Progress::Ended(Err(error)) => Some(StepState::Failed { error }),
            Progress::Running => None,
            // Its worker may be about to start it.
            Progress::Absent => (self.world.now() > transition::after(begun, START_GRACE))
                .then_some(StepState::Cancelled),
        })
    }
}
