//! Calling a task off.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use tdev_domain::{Cancelling, InvocationId, Task, TaskId, TenantId};
use tdev_security::Principal;

use super::view::TaskView;
use super::{find, identifier, location};
use crate::Deps;
use crate::accepted::accepted;
use crate::extract::Segments;
use crate::invocation::call_off;
use crate::problem::{Problem, ProblemType};
use crate::problems;

/// How often the decision is taken anew because the task had changed.
const ATTEMPTS: u32 = 8;

problems!(CancelProblems, ONCE: TaskNotFound, Conflict, TaskEnded);

/// Call a task off.
///
/// A task that no agent has is cancelled at once (200). Of one that an agent has the run is called
/// off, and the task ends when that has ended (202).
#[utoipa::path(
    post,
    path = "/v1/tasks/{id}/cancel",
    tag = "tasks",
    operation_id = "cancelTask",
    params(
        ("id" = String, Path, description = "The task's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses(
        (status = 200, description = "It is cancelled", body = TaskView),
        (status = 202, description = "It is to end", body = TaskView, headers(
            ("Location" = String, description = "The task, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        CancelProblems,
    ),
)]
pub(crate) async fn cancel(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let (task, invocation) = cancelled(&deps, &principal.tenant, &identifier(&id)?).await?;
    tracing::info!(task = %task.id, "called off");
    let Some(invocation) = invocation else {
        tell_step(&deps, &task).await;
        return Ok(Json(TaskView::brief(task)).into_response());
    };
    call_off(&deps, &task.tenant, &invocation).await?;
    Ok(accepted(&location(&task.id), TaskView::brief(task)))
}

/// The task as it is written, and the run that is to be called off with it.
async fn cancelled(
    deps: &Deps,
    tenant: &TenantId,
    id: &TaskId,
) -> Result<(Task, Option<InvocationId>), Problem> {
    let mut attempt = 1;
    loop {
        let found = find(deps, tenant, id).await?;
        let (next, invocation) = match found.cancel(Timestamp::now()) {
            Cancelling::Ended => return Err(ended(&found)),
            Cancelling::Cancelled(next) => (*next, None),
            Cancelling::Requested(next, invocation) => (*next, Some(invocation)),
        };
        match deps.table.write_task(&next).await {
            Err(tdev_aws::Error::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            written => {
                written?;
                if invocation.is_none() {
                    call_off_unknown(deps, &next).await?;
                }
                return Ok((next, invocation));
            }
        }
    }
}

/// Calls off the run of an agent that a cancelled task was just being given to, and that the task
/// does not know yet. One that is put later is called off by whoever puts it.
async fn call_off_unknown(deps: &Deps, task: &Task) -> Result<(), Problem> {
    let id = InvocationId::attempted_by(&task.next_attempt());
    let run = deps.journals.invocation(&task.tenant, &id).await?;
    if run.is_some_and(|run| !run.status.is_final()) {
        call_off(deps, &task.tenant, &id).await?;
    }
    Ok(())
}

/// Calls a worker for the step of a workflow's run that waited for the task. If that fails, the
/// step finds out when its time is over.
async fn tell_step(deps: &Deps, task: &Task) {
    let Some(step) = &task.step else { return };
    let (run, place, now) = (step.run.clone(), Some(step.place), Timestamp::now());
    let told = deps.journals.wake_run(&task.tenant, run, place, now).await;
    if let Err(error) = told {
        tracing::warn!(%error, "left to the step's time");
    }
}

fn ended(task: &Task) -> Problem {
    let state = task.status.state().as_str();
    Problem::new(ProblemType::TaskEnded, format!("The task is {state}."))
}
