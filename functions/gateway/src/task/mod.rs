//! Tasks: what a client wants done without naming an agent.
//!
//! A task is stored and has its place in the queue from then on; `route` takes it from there. What
//! is sent to the queue of `route` are hints, so that none of them need arrive: the keeper makes
//! up for those that are lost.

mod cancel;
mod dead_letters;
mod draft;
mod feedback;
mod places;
mod read;
mod submit;
mod view;

use tdev_domain::{Task, TaskId, TaskMessage, TenantId};

use crate::Deps;
use crate::problem::{Problem, ProblemType};

pub(crate) use cancel::{__path_cancel, cancel};
pub(crate) use dead_letters::{__path_list as __path_dead_letters, list as dead_letters};
pub(crate) use dead_letters::{__path_redrive, redrive};
pub(crate) use draft::Subject;
pub(crate) use feedback::{__path_feedback, feedback};
pub(crate) use places::Places;
pub(crate) use read::{__path_get, __path_list, get, list};
pub(crate) use submit::{__path_submit, submit};

/// The identifier as a client wrote it. One that no task can have is that of none.
fn identifier(id: &str) -> Result<TaskId, Problem> {
    id.parse().map_err(|_| not_found())
}

async fn find(deps: &Deps, tenant: &TenantId, id: &TaskId) -> Result<Task, Problem> {
    let found = deps.table.task(tenant, id).await?;
    found.ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::new(
        ProblemType::TaskNotFound,
        "There is no task with this identifier.",
    )
}

fn location(id: &TaskId) -> String {
    format!("/v1/tasks/{id}")
}

/// Lets `route` take the head of the queue, since `task` has been put into it.
async fn permit(deps: &Deps, task: &Task) {
    let permit = TaskMessage::Permit {
        tenant: task.tenant.clone(),
        task: task.id.clone(),
    };
    if let Err(error) = deps.task_queue.send(&permit, &[]).await {
        tracing::warn!(%error, task = %task.id, "left to the keeper");
    }
}

/// What a failed admission to the queue means. A conflict is no decision of the client's to take
/// anew: its tasks arrive faster than they can be numbered.
fn not_admitted(error: tdev_aws::Error) -> Problem {
    match error {
        error @ tdev_aws::Error::Conflict { .. } => Problem::unavailable(&error),
        error => error.into(),
    }
}
