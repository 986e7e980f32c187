//! Steering a run: calling it off, resuming it, and approving its steps.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{Place, RunId, StepId};
use tdev_run::{Changed, Decision};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::read::place_of;
use super::view::RunView;
use super::{
    call_worker, deadline, find, hold, identifier, location, not_found, not_now, workflow_of,
};
use crate::Deps;
use crate::accepted::accepted;
use crate::extract::{Segments, json, json_or_default};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;

/// The most characters of a comment.
const MAX_COMMENT_CHARS: usize = 1_000;

problems!(CancelProblems, ONCE: RunNotFound, RunNotRunning);

/// Call a run off.
///
/// No step begins any more, those that run are called off, and what completed and has a
/// compensation is undone. Then the run is `cancelled`.
#[utoipa::path(
    post,
    path = "/v1/runs/{id}/cancel",
    tag = "runs",
    operation_id = "cancelRun",
    params(
        ("id" = String, Path, description = "The run's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses(
        (status = 202, description = "It is being stopped", body = RunView, headers(
            ("Location" = String, description = "The run, to poll."),
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
    let id = identifier(&id)?;
    let store = deps.journals.runs_of(&principal.tenant);
    let changed = tdev_run::cancel(&id, &store, Timestamp::now()).await?;
    let run = match changed {
        Changed::Made(run) => run,
        Changed::Unknown => return Err(not_found()),
        Changed::NotNow => {
            let found = find(&deps, &principal.tenant, &id).await?;
            let state = found.status.state();
            return Err(not_now(ProblemType::RunNotRunning, state));
        }
    };
    call_worker(&deps, &run, None).await;
    tracing::info!(run = %run.id, "called off");
    Ok(accepted(&location(&run.id), RunView::brief(run)))
}

/// How a run is resumed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeRequest {
    /// How long the run may take from now on, in seconds. As long as the definition says if it is
    /// left out.
    #[schema(minimum = 1, maximum = 31_536_000)]
    deadline_seconds: Option<u64>,
}

problems!(ResumeProblems, POST: RunNotFound, RunNotResumable);

/// Resume a run that has failed or was cancelled.
///
/// What completed and was not undone is kept; everything else is done anew, with all the attempts
/// it is allowed. The version of the workflow stays the same; of agents and other workflows that it
/// names without a version the latest are taken anew.
#[utoipa::path(
    post,
    path = "/v1/runs/{id}/resume",
    tag = "runs",
    operation_id = "resumeRun",
    params(
        ("id" = String, Path, description = "The run's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = Option<ResumeRequest>,
    responses(
        (status = 202, description = "It runs again", body = RunView, headers(
            ("Location" = String, description = "The run, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        ResumeProblems,
    ),
)]
pub(crate) async fn resume(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let request: ResumeRequest = json_or_default(&headers, &body)?;
    let found = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let workflow = workflow_of(&deps, &found).await?;
    let now = Timestamp::now();
    let (seconds, deadline) = deadline(request.deadline_seconds, &workflow, now)?;
    let store = deps.journals.runs_of(&principal.tenant);
    let latest = store.latest(&workflow.plan).await?;
    let anew = (deadline, latest);
    let changed = tdev_run::resume(&found.id, &workflow.plan, anew, &store, now).await?;
    let run = match changed {
        Changed::Made(run) => run,
        Changed::Unknown => return Err(not_found()),
        Changed::NotNow => {
            let found = find(&deps, &principal.tenant, &found.id).await?;
            let state = found.status.state();
            return Err(not_now(ProblemType::RunNotResumable, state));
        }
    };
    call_worker(&deps, &run, None).await;
    hold(&deps, &run, seconds).await;
    tracing::info!(run = %run.id, "resumed");
    Ok(accepted(&location(&run.id), RunView::brief(run)))
}

/// What was decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalRequest {
    /// Whether the run may go on. If not, the step fails.
    approved: bool,
    /// What there is to say about it.
    #[serde(default)]
    #[schema(max_length = 1000)]
    comment: String,
}

/// A decision that was noted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalResponse {
    /// The run.
    #[schema(value_type = String)]
    run: RunId,
    /// The step.
    #[schema(value_type = String)]
    step: StepId,
    /// Whether the run may go on.
    approved: bool,
    /// The API key by which it was decided.
    by: String,
}

problems!(ApproveProblems, POST: RunNotFound, StepNotFound, ApprovalNotAwaited);

/// Decide on a step that awaits an approval.
///
/// An approved step completes with `{"approved": true, "by": …, "comment": …}`; one that is not
/// approved fails as `rejected`.
#[utoipa::path(
    post,
    path = "/v1/runs/{id}/approvals/{step}",
    tag = "runs",
    operation_id = "approveStep",
    params(
        ("id" = String, Path, description = "The run's identifier."),
        ("step" = String, Path, description = "The step's identifier in the definition."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = ApprovalRequest,
    responses(
        (status = 202, description = "Noted", body = ApprovalResponse, headers(
            ("Location" = String, description = "The run, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        ApproveProblems,
    ),
)]
pub(crate) async fn approve(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments((id, step)): Segments<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let ApprovalRequest { approved, comment } = json(&headers, &body)?;
    if comment.chars().count() > MAX_COMMENT_CHARS {
        let expected = format!("expected at most {MAX_COMMENT_CHARS} characters");
        return Err(Problem::invalid_request([Violation::at(
            "/comment", expected,
        )]));
    }
    let run = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let workflow = workflow_of(&deps, &run).await?;
    let place = Place::step(place_of(&workflow.plan, &step)?);
    let by = principal.key.to_string();
    let decision = Decision {
        approved,
        by: by.clone(),
        comment,
    };
    let store = deps.journals.runs_of(&run.tenant);
    let now = Timestamp::now();
    match tdev_run::decide(&run.id, place, decision, &store, now).await? {
        Changed::Made(record) => {
            call_worker(&deps, &run, Some(place)).await;
            tracing::info!(run = %run.id, step = %record.id, approved, "decided");
            let answer = ApprovalResponse {
                run: run.id.clone(),
                step: record.id,
                approved,
                by,
            };
            Ok(accepted(&location(&run.id), answer))
        }
        // A step of the plan that has not begun has no record.
        Changed::Unknown | Changed::NotNow => Err(Problem::new(
            ProblemType::ApprovalNotAwaited,
            "The step does not await an approval.",
        )),
    }
}
