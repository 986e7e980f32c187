//! Tasks that were given up.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Serialize;
use tdev_domain::{DeadLetter, TaskId};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::view::{AttemptView, TaskView, attempts};
use super::{location, not_admitted, permit};
use crate::Deps;
use crate::accepted::accepted;
use crate::extract::{Params, Segments};
use crate::pagination::{Page, PageQuery, listing_failed, page_request};
use crate::problem::{Problem, ProblemType};
use crate::problems;
use crate::schemas::given_up_reasons;

/// A task that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterView {
    /// Its identifier, which is that of the task.
    #[schema(value_type = String)]
    id: TaskId,
    /// Why it was given up.
    #[schema(schema_with = given_up_reasons)]
    reason: &'static str,
    /// The last failure.
    message: String,
    /// Who tried it since it was submitted or last redriven.
    attempts: Vec<AttemptView>,
    /// When it was given up.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.task,
            reason: letter.reason.as_str(),
            message: letter.message,
            attempts: attempts(letter.attempts),
            at: letter.at,
        }
    }
}

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List the tasks that were given up, the newest first.
#[utoipa::path(
    get,
    path = "/v1/dead-letters",
    tag = "tasks",
    operation_id = "listDeadLetters",
    params(PageQuery),
    responses((status = 200, description = "A page of dead letters", body = Page<DeadLetterView>), ListProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<DeadLetterView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let letters = deps.table.dead_letters(&principal.tenant, &page).await;
    Ok(Json(Page::of(
        letters.map_err(listing_failed)?,
        DeadLetterView::from,
    )))
}

problems!(RedriveProblems, ONCE: DeadLetterNotFound);

/// Try a task again that was given up.
///
/// It is queued as if it had just been submitted, with all the attempts it is allowed.
#[utoipa::path(
    post,
    path = "/v1/dead-letters/{id}/redrive",
    tag = "tasks",
    operation_id = "redriveTask",
    params(
        ("id" = String, Path, description = "The dead letter's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses(
        (status = 202, description = "Queued", body = TaskView, headers(
            ("Location" = String, description = "The task, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        RedriveProblems,
    ),
)]
pub(crate) async fn redrive(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let id: TaskId = id.parse().map_err(|_| not_found())?;
    let tenant = principal.tenant;
    let share = deps.places.share(&deps.table, &tenant).await?;
    let now = Timestamp::now();
    let redriven = deps.table.redrive_task(&tenant, &id, &share, now).await;
    let task = redriven.map_err(not_admitted)?.ok_or_else(not_found)?;
    permit(&deps, &task).await;
    tracing::info!(task = %task.id, "redriven");
    Ok(accepted(&location(&task.id), TaskView::brief(task)))
}

fn not_found() -> Problem {
    Problem::new(
        ProblemType::DeadLetterNotFound,
        "There is no dead letter with this identifier.",
    )
}
