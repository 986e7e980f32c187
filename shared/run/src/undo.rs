//! The undoing of what completed steps of a stopped run did, one after the other.

use std::collections::HashMap;

use serde_json::{Map, Value};
use tdev_domain::{
    Compensation, InvocationId, Part, Place, StepError, StepErrorKind, StepRecord, StepState,
    StepTry, Uncompensated, Work,
};

use crate::begin::context;
use crate::limits::COMPENSATION_TRIES;
use crate::pass::Pass;
use crate::{Error, Progress, Start, Store, World, transition};

/// How many steps are read where one is undone: it, and the one that comes next.
const NEXT: usize = 2;

impl<S: Store, W: World> Pass<'_, S, W> {
    /// The steps that are to be undone, the last that completed first.
    pub(crate) fn to_undo(&self, steps: &[StepRecord]) -> Vec<u32> {
        let undoable = steps.iter().filter(|step| {
            let with = &self.plan.step(step.place.step).compensate_with;
            with.is_some() && matches!(step.state, StepState::Completed { .. })
        });
        let mut undoable: Vec<_> = undoable
            .map(|step| (step.ended_at, step.place.step))
            .collect();
        undoable.sort_unstable_by(|a, b| b.cmp(a));
        undoable.into_iter().map(|(_, step)| step).collect()
    }

    /// Undoes what steps did, in this order and one at a time. Returns what could not be undone,
    /// once nothing is left to do. `at` is the step that may be able to go on, if that is known.
    ///
    /// However many steps there are, few have to be read until all are undone: of one whose undoing
    /// has begun all before it are undone, and the first that is not is found by halving.
    pub(crate) async fn undo(
        &mut self,
        order: &[u32],
        at: Option<u32>,
    ) -> Result<Option<Vec<Uncompensated>>, Error> {
        let mut from = at.and_then(|at| order.iter().position(|step| *step == at));
        loop {
            let (first, is_known) = match from.take() {
                Some(guessed) => (guessed, false),
                None => (self.first_not_undone(order).await?, true),
            };
            let next = order.iter().copied().skip(first).take(NEXT);
            let steps = self.in_order(next.collect()).await?;
            let has_begun = |step: &StepRecord| step.compensation.is_some();
            if !is_known && !steps.first().is_some_and(has_begun) {
                continue;
            }
            if self.undo_all(steps).await?.is_none() {
                return Ok(None);
            }
            if first + NEXT >= order.len() {
                let steps = self.in_order(order.to_vec()).await?;
                return self.undo_all(steps).await;
            }
        }
    }

    /// The place in `order` of the first step that is not undone, and that of none if all are.
    async fn first_not_undone(&self, order: &[u32]) -> Result<usize, Error> {
        let (mut undone, mut not) = (0, order.len());
        while undone < not {
            let middle = undone.midpoint(not);
            let step = order.get(middle).copied();
            let found = self.in_order(step.into_iter().collect()).await?;
            if found
                .iter()
                .any(|step| step.compensation_ended_at.is_some())
            {
                undone = middle + 1;
            } else {
                not = middle;
            }
        }
        Ok(undone)
    }

    /// The records of these steps, in this order.
    async fn in_order(&self, steps: Vec<u32>) -> Result<Vec<StepRecord>, Error> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<Place> = steps.iter().copied().map(Place::step).collect();
        let found = self.store.steps(&self.run.id, &places).await?;
        let found = found.into_iter().map(|record| (record.place.step, record));
        let mut found: HashMap<u32, StepRecord> = found.collect();
        let records = steps.iter().filter_map(|step| found.remove(step));
        Ok(records.collect())
    }

    /// Undoes `steps` one after the other, until one is not over.
    async fn undo_all(
        &mut self,
        steps: Vec<StepRecord>,
    ) -> Result<Option<Vec<Uncompensated>>, Error> {
        let mut uncompensated = Vec::new();
        for step in steps {
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
        let version = match self.version(&with.agent) {
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
        let next = transition::compensating(&step, running, now);
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
        let next = transition::compensating(step, Compensation::Paused { tries, until }, now);
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
        let next = transition::compensating(step, compensation, self.world.now());
        Ok(self.put(&next).await?.then_some(result))
    }
}
