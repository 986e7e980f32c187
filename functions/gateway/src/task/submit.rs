//! Submitting a task.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use tdev_domain::{CallId, TaskId};
use tdev_security::Principal;

use super::draft::TaskRequest;
use super::view::TaskView;
use super::{location, not_admitted, permit};
use crate::Deps;
use crate::accepted::accepted;
use crate::extract::json;
use crate::problem::Problem;
use crate::problems;

problems!(SubmitProblems, POST: InputTooLarge);

/// Submit a task.
///
/// The task is stored and queued; the answer is the task, to poll until it is completed, rejected,
/// failed or cancelled. Which agent is given it is decided when its turn comes: by the tenant's
/// rules, by what the text is about, and by how well and how busy the agents are. One that is for
/// none of them is rejected; one whose agent fails is given to the next best.
#[utoipa::path(
    post,
    path = "/v1/tasks",
    tag = "tasks",
    operation_id = "submitTask",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = TaskRequest,
    responses(
        (status = 202, description = "Accepted", body = TaskView, headers(
            ("Location" = String, description = "The task, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        SubmitProblems,
    ),
)]
pub(crate) async fn submit(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Extension(call): Extension<CallId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let request: TaskRequest = json(&headers, &body)?;
    let draft = request.parse(principal.tenant, now)?;
    let place = deps.places.next(&deps.table, &draft.tenant, now).await;
    let place = place.map_err(not_admitted)?;
    let task = draft.admit(TaskId::made_by(call), place, now);
    let task = match deps.table.write_task(&task).await {
        Ok(()) => task,
        // Whoever served the call before was lost before it could answer.
        Err(error @ tdev_aws::Error::Conflict { .. }) => {
            let found = deps.table.task(&task.tenant, &task.id).await?;
            found.ok_or(error)?
        }
        Err(error) => return Err(error.into()),
    };
    permit(&deps, &task).await;
    tracing::info!(task = %task.id, priority = task.priority.get(), "accepted");
    Ok(accepted(&location(&task.id), TaskView::brief(task)))
}
