//! Runs of workflows: starting, watching and steering them.
//!
//! A run is stored and a worker called; from then on it goes on by itself. What the API shows of it
//! is read from the records of the run and of its steps.

mod control;
mod events;
mod graph;
mod list;
mod read;
mod start;
mod step;
mod timeline;
mod timing;
mod view;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tdev_domain::{Place, Run, RunId, RunState, TenantId};
use tdev_run::Store;
use tdev_workflow::limits::MAX_DEADLINE_SECONDS;

use crate::Deps;
use crate::problem::{Problem, ProblemType, Violation};
use crate::workflow::Runnable;

pub(crate) use control::{__path_approve, __path_cancel, __path_resume, approve, cancel, resume};
pub(crate) use events::{__path_events, events};
pub(crate) use graph::{__path_graph, graph};
pub(crate) use list::{__path_list, list};
pub(crate) use read::{__path_get, __path_step, __path_steps, get, step, steps};
pub(crate) use start::{__path_start, start};

/// The identifier as a client wrote it. One that no run can have is that of none.
fn identifier(id: &str) -> Result<RunId, Problem> {
    id.parse().map_err(|_| not_found())
}

async fn find(deps: &Deps, tenant: &TenantId, id: &RunId) -> Result<Run, Problem> {
    let found = deps.journals.runs_of(tenant).run(id).await?;
    found.ok_or_else(not_found)
}

/// What `run` is an execution of.
async fn workflow_of(deps: &Deps, run: &Run) -> Result<Arc<Runnable>, Problem> {
    let definitions = &deps.definitions;
    definitions.get(deps, &run.tenant, &run.definition).await
}

fn not_found() -> Problem {
    Problem::new(
        ProblemType::RunNotFound,
        "There is no run with this identifier.",
    )
}

fn no_such_step() -> Problem {
    Problem::new(
        ProblemType::StepNotFound,
        "The workflow has no step with this identifier.",
    )
}

fn location(id: &RunId) -> String {
    format!("/v1/runs/{id}")
}

/// When a run is to be over that may take so many seconds, by default as many as its workflow says.
fn deadline(
    wanted: Option<u64>,
    workflow: &Runnable,
    now: Timestamp,
) -> Result<(u64, Timestamp), Problem> {
    let seconds = wanted.unwrap_or(workflow.plan.deadline_seconds);
    let fits = (1..=MAX_DEADLINE_SECONDS).contains(&seconds);
    let wait = i64::try_from(seconds).ok().filter(|_| fits);
    let deadline = wait.and_then(|wait| now.checked_add(SignedDuration::from_secs(wait)).ok());
    deadline.map(|deadline| (seconds, deadline)).ok_or_else(|| {
        let expected = format!("expected a whole number from 1 to {MAX_DEADLINE_SECONDS}");
        Problem::invalid_request([Violation::at("/deadline_seconds", expected)])
    })
}

/// Calls a worker, for the run or for one of its steps. If that fails, the keeper makes up for it.
async fn call_worker(deps: &Deps, run: &Run, place: Option<Place>) {
    let now = Timestamp::now();
    let called = deps
        .journals
        .wake_run(&run.tenant, run.id.clone(), place, now);
    if let Err(error) = called.await {
        tracing::warn!(%error, run = %run.id, "left to the keeper");
    }
}

/// Has a state machine hold the run for so many seconds. If that fails, the run goes on without:
/// its deadline is kept by the engine, too.
async fn hold(deps: &Deps, run: &Run, seconds: u64) {
    // A run is held anew whenever it is resumed, and the name of an execution is used once.
    let name = match run.resumed {
        0 => run.id.to_string(),
        resumed => format!("{}-{resumed}", run.id),
    };
    let input = json!({"tenant": run.tenant, "run": run.id, "seconds": seconds});
    let started = deps.state_machine.start_execution(&name, &input).await;
    if let Err(error) = started {
        tracing::warn!(%error, run = %run.id, "no state machine holds it");
    }
}

/// A run that does not stand where something can be done.
fn not_now(kind: ProblemType, state: RunState) -> Problem {
    let state = state.as_str();
    Problem::new(kind, format!("The run is {state}.")).with("run_status", state)
}
