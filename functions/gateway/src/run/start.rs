//! Starting a run.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tdev_domain::{CallId, Run, RunId, RunStatus, VersionNumber};
use tdev_run::{CommitError, Store};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::view::RunView;
use super::{call_worker, deadline, hold, location};
use crate::Deps;
use crate::accepted::accepted;
use crate::extract::{Segments, json};
use crate::input::check_size;
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;
use crate::workflow::{find_active, find_version};

/// What to run a workflow on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunRequest {
    /// The input: at most 262,144 bytes as JSON, nested at most 64 deep.
    input: Value,
    /// The version to run; the latest if it is left out.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// How long the run may take, in seconds. As long as the definition says if it is left out.
    #[schema(minimum = 1, maximum = 31_536_000)]
    deadline_seconds: Option<u64>,
}

problems!(StartProblems, POST:
    WorkflowNotFound, VersionNotFound, WorkflowDeleted, InputTooLarge, InvalidInput);

/// Run a workflow.
///
/// The input is checked against the definition's schema, and the run stored: from then on it goes
/// on by itself, whatever becomes of the connection. After a 503 the run may have been started.
#[utoipa::path(
    post,
    path = "/v1/workflows/{name}/runs",
    tag = "runs",
    operation_id = "startRun",
    params(
        ("name" = String, Path, description = "The workflow's name."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = RunRequest,
    responses(
        (status = 202, description = "Accepted", body = RunView, headers(
            ("Location" = String, description = "The run, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        StartProblems,
    ),
)]
pub(crate) async fn start(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Extension(call): Extension<CallId>,
    Segments(name): Segments<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let request: RunRequest = json(&headers, &body)?;
    check_size(&request.input)?;
    let wanted = request.version.map(VersionNumber::try_from).transpose();
    let wanted = wanted.map_err(|e| Problem::invalid_request([Violation::of_member(&e)]))?;
    let tenant = principal.tenant;
    let current = find_active(&deps, &tenant, &name).await?;
    let version = find_version(&deps, &current, wanted.unwrap_or(current.latest)).await?;
    let definitions = &deps.definitions;
    let workflow = definitions.get(&deps, &tenant, &version.definition).await?;
    let violations = workflow.input_violations(&request.input);
    if !violations.is_empty() {
        let detail = "The input breaks the workflow's input schema.";
        return Err(Problem::new(ProblemType::InvalidInput, detail).with_errors(violations));
    }
    let now = Timestamp::now();
    let (seconds, deadline) = deadline(request.deadline_seconds, &workflow, now)?;
    let runs = deps.journals.runs_of(&tenant);
    let latest = runs.latest(&workflow.plan).await?;
    let run = Run {
        id: RunId::made_by(call),
        tenant,
        workflow: version.name,
        version: version.version,
        definition: version.definition,
        steps: version.steps,
        input: request.input,
        status: RunStatus::Running,
        parent: None,
        depth: 0,
        deadline,
        resumed: 0,
        latest,
        task_token: None,
        revision: 0,
        due_at: None,
        created_at: now,
        updated_at: now,
    };
    let run = store(&deps, tdev_run::accept(run, now)).await?;
    if run.status == RunStatus::Running {
        call_worker(&deps, &run, None).await;
        hold(&deps, &run, seconds).await;
    }
    tracing::info!(run = %run.id, workflow = %run.workflow, "accepted");
    Ok(accepted(&location(&run.id), RunView::brief(run)))
}

/// Stores the run. If whoever served the call before was lost before it could answer, the run is
/// returned as it stands.
async fn store(deps: &Deps, run: Run) -> Result<Run, Problem> {
    let runs = deps.journals.runs_of(&run.tenant);
    match runs.put_run(&run).await {
        Ok(()) => Ok(run),
        Err(CommitError::Unavailable(error)) => Err(error.into()),
        Err(error @ CommitError::Conflict) => {
            let found = runs.run(&run.id).await?;
            found.ok_or_else(|| Problem::internal(&error))
        }
    }
}
