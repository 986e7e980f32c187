//! The end of a run: complete, or stopped and undone.

use serde_json::{Map, Value};
use tdev_domain::{
    Compensation, InvocationId, Part, Place, RunStatus, StepError, StepErrorKind, StepRecord,
    StepState, StepTry, StopCause, Uncompensated, Work,
};

use crate::begin::context;
use crate::error::written;
use crate::limits::{COMPENSATION_TRIES, MAX_CONFLICTS, START_GRACE};
use crate::pass::Pass;
use crate::{Error, Progress, Start, Store, World, transition};

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

    /// Brings a run that is being stopped as far as it goes.
    pub(crate) async fn wind_up(&mut self) -> Result<(), Error> {
        for _ in 0..MAX_CONFLICTS {
            if self.is_running() {
                // It may have been stopped by somebody else since it was read.
                match self.store.run(&self.run.id).await? {
                    Some(found) => self.run = found,
                    None => return Ok(()),
                }
            }
            let steps = self.store.all_steps(&self.run.id).await?;
            let status = match self.run.status.clone() {
                RunStatus::Running => return Ok(()),
                RunStatus::Stopping { because } => {
                    if !self.all_over(steps).await? {
                        return Ok(());
                    }
                    RunStatus::Compensating { because }
                }
                RunStatus::Compensating { because } => {
                    let Some(uncompensated) = self.undo(steps).await? else {
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

    /// Calls off whatever still runs or waits. Whether all is over then.
    async fn all_over(&mut self, steps: Vec<StepRecord>) -> Result<bool, Error> {
        let mut all_over = true;
        for step in steps {
            let is_map = matches!(
                step.tries.last().map(|last| &last.work),
                Some(Work::Map { .. })
            );
            if is_map && !matches!(step.state, StepState::Completed { .. }) {
                for item in self.store.items(&self.run.id, step.place.step).await? {
                    all_over &= self.call_off(item).await?;
                }
            }
            all_over &= self.call_off(step).await?;
        }
        Ok(all_over)
    }

    /// Calls a step off. Whether it is over then.
    async fn call_off(&mut self, step: StepRecord) -> Result<bool, Error> {
        if step.state.is_over() || step.state == StepState::Pending {
            return Ok(true);
        }
        let now = self.world.now();
        let work = step.tries.last().map(|last| last.work.clone());
        let state = match (&step.state, work) {
            (StepState::Running, Some(work)) if !matches!(work, Work::Map { .. }) => {
                match self.called_off(&step, &work).await? {
                    Some(state) => state,
                    None => return Ok(false),
                }
            }
            _ => StepState::Cancelled,
        };
        let next = transition::ended(&step, state, now);
        self.put(&next).await.map_err(Error::from)
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

    /// Undoes what completed steps did, the last one first and one at a time. Returns what could
    /// not be undone, once nothing is left to do.
    async fn undo(&mut self, steps: Vec<StepRecord>) -> Result<Option<Vec<Uncompensated>>, Error> {
        let mut undoable: Vec<StepRecord> = steps
            .into_iter()
            .filter(|step| matches!(step.state, StepState::Completed { .. }))
            .filter(|step| self.plan.step(step.place.step).compensate_with.is_some())
            .collect();
        undoable.sort_by_key(|step| (step.ended_at, step.place));
        let mut uncompensated = Vec::new();
        for step in undoable.into_iter().rev() {
            match self.undo_one(step.clone()).await? {
                Some(Ok(())) => {}
                Some(Err(error)) => uncompensated.push(Uncompensated {
                    step: step.id,
                    error,
                }),
                None => return Ok(None),
            }
        }
        Ok(Some(uncompensated))
    }

    /// Brings the undoing of a step as far as it goes: what it came to, or `None` if it is not
    /// over.
    async fn undo_one(&mut self, step: StepRecord) -> Result<Option<Result<(), StepError>>, Error> {
        let now = self.world.now();
        let tried = match &step.compensation {
            Some(Compensation::Done) => return Ok(Some(Ok(()))),
            Some(Compensation::Failed { error }) => return Ok(Some(Err(error.clone()))),
            Some(Compensation::Paused { until, .. }) if now < *until => return Ok(None),
            Some(Compensation::Paused { tries, .. }) => *tries,
            None => 0,
            Some(Compensation::Running { number, work }) => {
                match self.world.progress(&self.run, work).await? {
                    Progress::Running => return Ok(None),
                    Progress::Absent => {
                        let (number, work) = (*number, work.clone());
                        return match self.start_undoing(&step, number, work).await? {
                            Ok(()) => Ok(None),
                            Err(error) => self.undone(&step, Err(error)).await,
                        };
                    }
                    Progress::Ended(Ok(_)) => return self.undone(&step, Ok(())).await,
                    Progress::Ended(Err(error)) if *number >= COMPENSATION_TRIES => {
                        return self.undone(&step, Err(error)).await;
                    }
                    Progress::Ended(Err(_)) => return self.undo_later(&step, *number).await,
                }
            }
        };
        let Some(with) = &self.planned(step.place)?.compensate_with else {
            return Ok(Some(Ok(())));
        };
        let version = match self.world.version(&self.run, &with.agent).await? {
            Ok(version) => version,
            Err(error) => return self.undone(&step, Err(error)).await,
        };
        let number = tried + 1;
        let work = Work::Agent {
            agent: with.agent.name.clone(),
            version,
            invocation: InvocationId::started_by(&self.undoing(&step, number)),
        };
        let running = Compensation::Running {
            number,
            work: work.clone(),
        };
        let next = transition::compensating(&step, running);
        if self.put(&next).await?
            && let Err(error) = self.start_undoing(&next, number, work).await?
        {
            return self.undone(&next, Err(error)).await;
        }
        Ok(None)
    }

    fn undoing(&self, step: &StepRecord, number: u32) -> StepTry {
        StepTry {
            run: self.run.id.clone(),
            place: step.place,
            part: Part::Compensation,
            // A step that was compensated, done anew and is compensated again.
            number: number + step.forgiven * COMPENSATION_TRIES,
        }
    }

    async fn start_undoing(
        &self,
        step: &StepRecord,
        number: u32,
        work: Work,
    ) -> Result<Result<(), StepError>, Error> {
        let planned = self.planned(step.place)?;
        let Some(with) = &planned.compensate_with else {
            return Ok(Ok(()));
        };
        let mut places: Vec<Place> = planned
            .references
            .iter()
            .copied()
            .map(Place::step)
            .collect();
        places.push(step.place);
        places.sort_unstable();
        places.dedup();
        let steps = self.store.steps(&self.run.id, &places).await?;
        let context = context(&self.run, &steps);
        let input = match with.inputs.as_ref().map(|inputs| inputs.evaluate(&context)) {
            None => Value::Object(Map::new()),
            Some(Ok(input)) => input,
            Some(Err(error)) => {
                let kind = StepErrorKind::InvalidInput;
                return Ok(Err(StepError::new(kind, error.to_string())));
            }
        };
        let start = Start {
            of: self.undoing(step, number),
            work,
            input,
            task: None,
            workflow: None,
        };
        Ok(self.world.start(&self.run, &start).await?)
    }

    async fn undo_later(
        &mut self,
        step: &StepRecord,
        tries: u32,
    ) -> Result<Option<Result<(), StepError>>, Error> {
        let now = self.world.now();
        let policy = &self.planned(step.place)?.retry;
        let entropy = transition::entropy(&self.run, step);
        let until = transition::pause(now, policy.pause(tries, entropy));
        let next = transition::compensating(step, Compensation::Paused { tries, until });
        if self.put(&next).await? {
            self.world.wake(&self.run.id, step.place, until).await?;
        }
        Ok(None)
    }

    async fn undone(
        &mut self,
        step: &StepRecord,
        result: Result<(), StepError>,
    ) -> Result<Option<Result<(), StepError>>, Error> {
        let compensation = match &result {
            Ok(()) => Compensation::Done,
            Err(error) => Compensation::Failed {
                error: error.clone(),
            },
        };
        let next = transition::compensating(step, compensation);
        Ok(self.put(&next).await?.then_some(result))
    }
}
