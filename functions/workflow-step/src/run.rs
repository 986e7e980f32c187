//! Runs of workflows: what their steps start, and who is told of their ends.

mod progress;
mod start;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_aws::Told;
use tdev_domain::{
    AgentName, ErrorName, Place, RUN_STOPPING, Run, RunId, RunMessage, RunState, StepError,
    StepErrorKind, TenantId, VersionNumber, Work,
};
use tdev_invocation::Journal;
use tdev_journal::TenantRuns;
use tdev_lambda::Error;
use tdev_run::{Changed, Progress, Start, Store, Unavailable, World};
use tdev_workflow::{Definition, Plan};

use crate::handler::Deps;
use crate::tools::unavailable;

/// How long a delivery may go on before it leaves the rest to others.
const TURN: SignedDuration = SignedDuration::from_secs(15);

fn transient(error: tdev_run::Error) -> Error {
    Error::caused_by(ErrorName::Transient, error)
}

/// Brings a run further: at one step, or wherever it stands.
pub(crate) async fn advance(deps: &Deps, message: &RunMessage) -> Result<(), Error> {
    let RunMessage { tenant, run, place } = message;
    tdev_lambda::record_tenant(tenant);
    let (store, world) = seams(deps, tenant);
    let yield_at = world.now().saturating_add(TURN).map_err(Error::internal)?;
    let advanced = match place {
        Some(place) => tdev_run::see_to(run, *place, &store, &world, yield_at).await,
        None => tdev_run::look_after(run, &store, &world, yield_at).await,
    };
    tracing::info!(%run, ?place, "advanced");
    advanced.map_err(transient)
}

/// Notes that a state machine holds the run, and by which token it is told.
pub(crate) async fn hold(
    deps: &Deps,
    tenant: &TenantId,
    run: &RunId,
    token: &str,
) -> Result<Option<RunState>, Error> {
    tdev_lambda::record_tenant(tenant);
    let (store, world) = seams(deps, tenant);
    let held = tdev_run::hold(run, token, &store, &world).await;
    Ok(state(held.map_err(transient)?))
}

/// Stops a run whose time is over.
pub(crate) async fn expire(
    deps: &Deps,
    tenant: &TenantId,
    run: &RunId,
) -> Result<Option<RunState>, Error> {
    tdev_lambda::record_tenant(tenant);
    let (store, world) = seams(deps, tenant);
    let now = world.now();
    let expired = tdev_run::expire(run, &store, now).await;
    let state = state(expired.map_err(transient)?);
    if state.is_some() {
        deps.journals
            .wake_run(tenant, run.clone(), None, now)
            .await?;
    }
    Ok(state)
}

fn state(changed: Changed<Run>) -> Option<RunState> {
    match changed {
        Changed::Made(run) => Some(run.status.state()),
        Changed::Unknown | Changed::NotNow => None,
    }
}

fn seams<'a>(deps: &'a Deps, tenant: &'a TenantId) -> (TenantRuns, Runs<'a>) {
    (deps.journals.runs_of(tenant), Runs { deps, tenant })
}

/// What the steps of one tenant's runs reach.
#[derive(Debug, Clone, Copy)]
struct Runs<'a> {
    deps: &'a Deps,
    tenant: &'a TenantId,
}

impl World for Runs<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn plan(&self, run: &Run) -> Result<Arc<Plan>, Unavailable> {
        if let Some(plan) = self.deps.plan_at_hand(&run.definition) {
            return Ok(plan);
        }
        let found = self.store().definition(&run.definition).await?;
        let text = found.ok_or_else(|| lost(format!("no definition {}", run.definition)))?;
        let text = String::from_utf8(text).map_err(unavailable)?;
        let definition = Definition::from_json(&text).map_err(|problem| lost(problem.message))?;
        let plan = Plan::new(&definition).map_err(|problems| lost(format!("{problems:?}")))?;
        Ok(self.deps.keep_plan(run.definition.clone(), plan))
    }

    async fn start(&self, run: &Run, start: &Start) -> Result<Result<(), StepError>, Unavailable> {
        match &start.work {
            Work::Agent {
                agent,
                version,
                invocation,
            } => self.start_agent(agent, *version, invocation, start).await,
            Work::Task { task } => self.start_task(task, start).await,
            Work::Run { run: nested } => self.start_run(run, nested, start).await,
            Work::Map { .. } => Ok(Ok(())),
        }
    }

    async fn progress(&self, _: &Run, work: &Work) -> Result<Progress, Unavailable> {
        match work {
            Work::Agent { invocation, .. } => {
                let journal = self.deps.journals.of(self.tenant);
                let found = journal.load(invocation).await?;
                Ok(found.map_or(Progress::Absent, |found| {
                    progress::of_invocation(&found.status)
                }))
            }
            Work::Task { task } => self.progress_of_task(task).await,
            Work::Run { run } => {
                let found = self.store().run(run).await?;
                Ok(found.map_or(Progress::Absent, |found| progress::of_run(&found.status)))
            }
            Work::Map { .. } => Ok(Progress::Running),
        }
    }

    async fn cancel(&self, _: &Run, work: &Work) -> Result<(), Unavailable> {
        let now = self.now();
        match work {
            Work::Agent { invocation, .. } => self.cancel_invocation(invocation).await,
            Work::Task { task } => self.cancel_task(task).await,
            Work::Run { run } => {
                let cancelled = tdev_run::cancel(run, &self.store(), now).await;
                if let Changed::Made(_) = cancelled.map_err(unavailable)? {
                    self.call(run, None, now).await?;
                }
                Ok(())
            }
            Work::Map { .. } => Ok(()),
        }
    }

    async fn wake(&self, run: &RunId, place: Place, at: Timestamp) -> Result<(), Unavailable> {
        self.call(run, Some(place), at).await
    }

    async fn tell(&self, run: &Run) -> Result<(), Unavailable> {
        let state = run.status.state();
        if let Some(token) = &run.task_token {
            let machine = &self.deps.executions;
            let told = match state {
                RunState::Running => return Ok(()),
                RunState::Stopping | RunState::Compensating => {
                    machine
                        .send_task_failure(token, RUN_STOPPING, "the run is being stopped")
                        .await
                }
                RunState::Completed | RunState::Failed | RunState::Cancelled => {
                    let output = json!({"run": run.id, "state": state});
                    machine.send_task_success(token, &output).await
                }
            };
            if told.map_err(unavailable)? == Told::Gone {
                tracing::debug!(run = %run.id, "nobody holds the run by this token any more");
            }
        }
        match &run.parent {
            Some(parent) if state.is_final() => {
                self.call(&parent.run, Some(parent.place), self.now()).await
            }
            _ => Ok(()),
        }
    }

    async fn cached(
        &self,
        agent: (&AgentName, VersionNumber),
        input: &Value,
    ) -> Result<Option<Value>, Unavailable> {
        self.store().cached(agent, input, self.now()).await
    }

    async fn keep(
        &self,
        agent: (&AgentName, VersionNumber),
        input: &Value,
        output: &Value,
        until: Timestamp,
    ) -> Result<(), Unavailable> {
        self.store().keep(agent, input, output, until).await
    }

    async fn keep_items(&self, run: &RunId, step: u32, items: &[Value]) -> Result<(), Unavailable> {
        self.store().keep_items(run, step, items).await
    }

    async fn item(&self, run: &RunId, place: Place) -> Result<Value, Unavailable> {
        let item = place
            .item
            .ok_or_else(|| lost(format!("{place} is no item")))?;
        self.store().item(run, place.step, item).await
    }
}

impl Runs<'_> {
    fn store(&self) -> TenantRuns {
        self.deps.journals.runs_of(self.tenant)
    }

    async fn call(
        &self,
        run: &RunId,
        place: Option<Place>,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        let journals = &self.deps.journals;
        let called = journals.wake_run(self.tenant, run.clone(), place, at).await;
        called.map_err(unavailable)
    }
}

fn no_agent(agent: &AgentName) -> StepError {
    let message = format!("there is no agent '{agent}'");
    StepError::new(StepErrorKind::Unavailable, message)
}

fn lost(what: String) -> Unavailable {
    unavailable(std::io::Error::other(what))
}
