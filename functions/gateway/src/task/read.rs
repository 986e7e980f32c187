//! Finding tasks.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;
use tdev_domain::{InvocationStatus, Task, TaskState, TaskStatus};
use tdev_security::Principal;
use utoipa::IntoParams;

use super::view::{TaskSummaryView, TaskView};
use super::{find, identifier};
use crate::Deps;
use crate::accepted::poll_later;
use crate::extract::{Params, Segments, choice};
use crate::pagination::{Page, listing_failed, page_request};
use crate::problem::Problem;
use crate::problems;

problems!(TaskProblems, PRIVATE: TaskNotFound);

/// Read a task.
///
/// `Retry-After` says when to ask again; it is absent once the task has ended. Tasks are kept for
/// 30 days after their end.
#[utoipa::path(
    get,
    path = "/v1/tasks/{id}",
    tag = "tasks",
    operation_id = "getTask",
    params(("id" = String, Path, description = "The task's identifier.")),
    responses((status = 200, description = "The task", body = TaskView), TaskProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let task = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let ended = task.status.state().is_final();
    let output = output(&deps, &task).await?;
    let view = Json(TaskView::whole(task, output));
    Ok(if ended {
        view.into_response()
    } else {
        ([poll_later()], view).into_response()
    })
}

/// What the run that completed the task returned.
async fn output(deps: &Deps, task: &Task) -> Result<Option<Value>, Problem> {
    let TaskStatus::Completed { invocation } = &task.status else {
        return Ok(None);
    };
    let run = deps.journals.invocation(&task.tenant, invocation).await?;
    Ok(match run.map(|run| run.status) {
        Some(InvocationStatus::Completed { output }) => Some(output),
        _ => None,
    })
}

/// The parameters of a listing of tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only tasks that stand here.
    #[param(schema_with = crate::schemas::task_states)]
    status: Option<String>,
    /// The most entries to return.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List tasks, the newest first.
///
/// With a status, a page may have fewer entries than `limit`, or none, and yet have a `next`.
#[utoipa::path(
    get,
    path = "/v1/tasks",
    tag = "tasks",
    operation_id = "listTasks",
    params(ListQuery),
    responses((status = 200, description = "A page of tasks", body = Page<TaskSummaryView>), ListProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Page<TaskSummaryView>>, Problem> {
    let states = TaskState::ALL.map(|state| (state.as_str(), state));
    let state = choice("status", query.status.as_deref(), states)?;
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let tasks = deps.table.tasks(&principal.tenant, state, &page).await;
    Ok(Json(Page::of(
        tasks.map_err(listing_failed)?,
        TaskSummaryView::from,
    )))
}
