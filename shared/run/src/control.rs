//! What is done to a run from outside: by clients, by the state machine that holds it, by the
//! keeper, and by whatever a step waited for.

use futures_util::{StreamExt, TryStreamExt, future, stream};
use jiff::Timestamp;
use serde_json::json;
use tdev_domain::{
    Latest, Place, Run, RunId, RunStatus, StepError, StepErrorKind, StepRecord, StepState,
    StopCause,
};
use tdev_workflow::{DependencyKind, Kind, Plan};

use crate::enter::Entry;
use crate::error::written;
use crate::follow::END;
use crate::limits::{AT_ONCE, MAX_CONFLICTS, WAKE_GRACE};
use crate::pass::Pass;
use crate::{Error, Members, Store, World, transition};

/// Brings the run further at a step that may be able to go on. What is left at `yield_at` is left
/// to other workers, who are called.
///
/// # Errors
/// It may be tried again.
pub async fn see_to<S: Store, W: World>(
    id: &RunId,
    place: Place,
    store: &S,
    world: &W,
    yield_at: Timestamp,
) -> Result<(), Error> {
    let Some(mut pass) = Pass::of(id, store, world, yield_at).await? else {
        return Ok(());
    };
    if pass.is_running() {
        pass.see_to(place).await?;
        return pass.finish().await;
    }
    pass.wind_up(Some(place.step)).await
}

/// Brings the run as far as it goes, wherever it stands: begins it, makes up for lost messages
/// and workers, ends it when its time is over.
///
/// # Errors
/// It may be tried again.
pub async fn look_after<S: Store, W: World>(
    id: &RunId,
    store: &S,
    world: &W,
    yield_at: Timestamp,
) -> Result<(), Error> {
    let Some(mut pass) = Pass::of(id, store, world, yield_at).await? else {
        return Ok(());
    };
    let now = world.now();
    if pass.run.due_at.is_some_and(|due| due <= now) {
        // So that one which cannot be brought further does not stand in the way of others.
        let next = transition::looked_after(&pass.run, now);
        if written(store.put_run(&next).await)? {
            pass.run = next;
        }
    }
    if !pass.is_running() {
        return pass.wind_up(None).await;
    }
    if now >= pass.run.deadline {
        pass.stop(StopCause::DeadlineExceeded).await?;
        return pass.finish().await;
    }
    pass.begin_all().await?;
    pass.finish().await
}

/// The steps of a run that have begun.
struct Begun(Vec<StepRecord>);

impl Begun {
    fn get(&self, step: u32) -> Option<&StepRecord> {
        let place = self
            .0
            .binary_search_by_key(&step, |record| record.place.step);
        self.0.get(place.ok()?)
    }

    fn over(&self, step: u32) -> Option<&StepRecord> {
        self.get(step).filter(|record| record.state.is_over())
    }
}

impl<S: Store, W: World> Pass<'_, S, W> {
    /// Sees to every step that has begun, and begins every one whose dependencies are over.
    async fn begin_all(&mut self) -> Result<(), Error> {
        let begun = Begun(self.store.all_steps(&self.run.id).await?);
        let plan = std::sync::Arc::clone(&self.plan);
        // What follows from the end of those that are over is looked at where the others are.
        let (over, mut open): (Vec<u32>, Vec<u32>) =
            (0..plan.len()).partition(|step| begun.over(*step).is_some());
        for record in over.into_iter().filter_map(|step| begun.over(step)) {
            let step = record.place.step;
            if self.needs_place(record.place) {
                self.noted().left.push(step);
            }
            if matches!(record.state, StepState::Failed { .. }) && !plan.tolerates(step) {
                // The run fails: nothing begins any more, and what was skipped for it completes
                // nothing.
                self.has_ended(record.clone());
                return Ok(());
            }
        }
        open.sort_by(|a, b| self.longest_first(*a, *b));
        stream::iter(open)
            .map(|step| self.go_on(step, &begun))
            .buffered(AT_ONCE)
            .try_for_each(future::ok)
            .await?;
        let sinks = plan.sinks();
        let end = self.meeting(END, Members::Dependencies);
        for (member, sink) in sinks.iter().enumerate() {
            if begun.over(*sink).is_some() {
                self.come(end, sinks.len(), member, false).await?;
            }
        }
        let has_succeeded = |step: &u32| {
            let state = begun.over(*step).map(|record| &record.state);
            matches!(
                state,
                Some(StepState::Completed { .. } | StepState::Skipped { .. })
            )
        };
        if sinks.iter().all(has_succeeded) {
            self.complete().await?;
        }
        Ok(())
    }

    /// Sees to a step that is not over, if it has begun, and else begins it if it may.
    async fn go_on(&self, step: u32, begun: &Begun) -> Result<(), Error> {
        if let Some(record) = begun.get(step)
            && record.state != StepState::Pending
        {
            return self.see_to_found(record.clone()).await.map(|_| ());
        }
        let dependencies = self.plan.dependencies(step);
        let of = self.meeting(step, Members::Dependencies);
        let mut missed = false;
        let mut all_over = true;
        for (member, edge) in dependencies.iter().enumerate() {
            let Some(record) = begun.over(edge.step) else {
                all_over = false;
                continue;
            };
            let not_let = edge.kind == DependencyKind::Hard && !self.lets_run(record, step);
            missed |= not_let;
            // The meeting may not know of it: its worker was lost, or the run was resumed.
            self.come(of, dependencies.len(), member, not_let).await?;
        }
        if all_over {
            self.enter(Place::step(step), Entry::unless(missed)).await?;
        }
        Ok(())
    }
}

/// Moves the time on at which a run is to be looked after, if it has come. Whoever does so is then
/// to call a worker to [`look_after`] it; whoever is lost in between is made up for the next time.
///
/// # Errors
/// It may be tried again.
pub async fn postpone<S: Store>(id: &RunId, store: &S, now: Timestamp) -> Result<bool, Error> {
    let Some(found) = store.run(id).await? else {
        return Ok(false);
    };
    let is_due = found.due_at.is_some_and(|due| due <= now);
    Ok(is_due && written(store.put_run(&transition::looked_after(&found, now)).await)?)
}

/// What a change from outside came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed<T> {
    /// It was made.
    Made(T),
    /// There is no such run, or no such step.
    Unknown,
    /// The run, or the step, does not stand where that can be done.
    NotNow,
}

/// Writes a change of the run that `change` decides on.
async fn change_run<S: Store>(
    id: &RunId,
    store: &S,
    change: impl Fn(&Run) -> Option<Run>,
) -> Result<Changed<Run>, Error> {
    for _ in 0..MAX_CONFLICTS {
        let Some(found) = store.run(id).await? else {
            return Ok(Changed::Unknown);
        };
        let Some(next) = change(&found) else {
            return Ok(Changed::NotNow);
        };
        if written(store.put_run(&next).await)? {
            return Ok(Changed::Made(next));
        }
    }
    Err(Error::Contended)
}

/// Calls a run off. A worker is then to be called to [`look_after`] it.
///
/// # Errors
/// It may be tried again.
pub async fn cancel<S: Store>(
    id: &RunId,
    store: &S,
    now: Timestamp,
) -> Result<Changed<Run>, Error> {
    stop(id, &StopCause::Cancelled, store, now).await
}

/// Stops a run whose time is over. A worker is then to be called to [`look_after`] it.
///
/// # Errors
/// It may be tried again.
pub async fn expire<S: Store>(
    id: &RunId,
    store: &S,
    now: Timestamp,
) -> Result<Changed<Run>, Error> {
    stop(id, &StopCause::DeadlineExceeded, store, now).await
}

async fn stop<S: Store>(
    id: &RunId,
    because: &StopCause,
    store: &S,
    now: Timestamp,
) -> Result<Changed<Run>, Error> {
    change_run(id, store, |found| {
        let because = because.clone();
        let is_running = found.status == RunStatus::Running;
        is_running.then(|| transition::run_to(found, RunStatus::Stopping { because }, now))
    })
    .await
}

/// Notes the token by which the state machine that holds the run is told of its end, and tells it
/// at once if there is something to tell.
///
/// # Errors
/// It may be tried again.
pub async fn hold<S: Store, W: World>(
    id: &RunId,
    token: &str,
    store: &S,
    world: &W,
) -> Result<Changed<Run>, Error> {
    let now = world.now();
    let changed = change_run(id, store, |found| {
        let mut next = transition::looked_after(found, now);
        next.task_token = Some(token.to_owned());
        Some(next)
    })
    .await?;
    if let Changed::Made(run) = &changed
        && run.status.state().is_final()
    {
        world.tell(run).await?;
        written(store.put_run(&transition::told(run, now)).await)?;
    }
    Ok(changed)
}

/// A person's decision on a step that awaits one. A worker is then to be called to [`see_to`] it.
///
/// # Errors
/// It may be tried again.
pub async fn decide<S: Store>(
    id: &RunId,
    place: Place,
    decision: Decision,
    store: &S,
    now: Timestamp,
) -> Result<Changed<StepRecord>, Error> {
    for _ in 0..MAX_CONFLICTS {
        let Some(found) = store.steps(id, &[place]).await?.pop() else {
            return Ok(Changed::Unknown);
        };
        if !matches!(found.state, StepState::AwaitingApproval { .. }) {
            return Ok(Changed::NotNow);
        }
        let next = transition::ended(&found, decision.clone().into_state(), now);
        if written(store.put_step(id, &next).await)? {
            return Ok(Changed::Made(next));
        }
    }
    Err(Error::Contended)
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the run may go on.
    pub approved: bool,
    /// Who decided.
    pub by: String,
    /// What they had to say.
    pub comment: String,
}

impl Decision {
    fn into_state(self) -> StepState {
        let Self {
            approved,
            by,
            comment,
        } = self;
        if approved {
            let output = json!({"approved": true, "by": by, "comment": comment});
            let cached = false;
            return StepState::Completed { output, cached };
        }
        let message = if comment.is_empty() {
            format!("{by} said no")
        } else {
            format!("{by} said no: {comment}")
        };
        StepState::Failed {
            error: StepError::new(StepErrorKind::Rejected, message),
        }
    }
}

/// Resumes a run of `plan` that did not complete: what completed and was not undone is kept, everything
/// else is done anew, until `deadline` and with the versions that are the latest now. A worker is then
/// to be called to [`look_after`] it.
///
/// # Errors
/// It may be tried again.
pub async fn resume<S: Store>(
    id: &RunId,
    plan: &Plan,
    (deadline, latest): (Timestamp, Latest),
    store: &S,
    now: Timestamp,
) -> Result<Changed<Run>, Error> {
    let Some(found) = store.run(id).await? else {
        return Ok(Changed::Unknown);
    };
    if !matches!(
        found.status,
        RunStatus::Failed { .. } | RunStatus::Cancelled { .. }
    ) {
        return Ok(Changed::NotNow);
    }
    for step in store.all_steps(id).await? {
        let is_map = matches!(plan.step(step.place.step).kind, Kind::Map(_));
        if is_map && !is_kept(&step) {
            let undone = step.compensation.is_some();
            for item in store.items(id, step.place.step).await? {
                if undone || !is_kept(&item) {
                    written(store.put_step(id, &transition::reset(&item, now)).await)?;
                }
            }
        }
        if !is_kept(&step) && step.state != StepState::Pending {
            // A conflict means that somebody else resumes it too.
            written(store.put_step(id, &transition::reset(&step, now)).await)?;
        }
    }
    let next = Run {
        resumed: found.resumed + 1,
        deadline,
        latest,
        ..transition::run_to(&found, RunStatus::Running, now)
    };
    if written(store.put_run(&next).await)? {
        Ok(Changed::Made(next))
    } else {
        Ok(Changed::NotNow)
    }
}

/// Whether what a step did still stands.
fn is_kept(step: &StepRecord) -> bool {
    matches!(step.state, StepState::Completed { .. }) && step.compensation.is_none()
}

/// A run that has just been accepted, for a client or for a step of another run: running, and to
/// be looked after. Which versions are the [`latest`](Run::latest) is found out once, by whoever
/// accepts it. It is stored by a write of its own, and a worker then called to [`look_after`]
/// it.
#[must_use]
pub fn accept(mut run: Run, now: Timestamp) -> Run {
    run.status = RunStatus::Running;
    run.revision = 0;
    run.due_at = Some(transition::after(now, WAKE_GRACE).min(run.deadline));
    run
}
