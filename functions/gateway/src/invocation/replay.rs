//! Running an invocation again from its ledger.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::Value;
use tdev_domain::{Call, Found, ReplayResult, StepMessage, StepRequest, StepResponse};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::{identifier, not_found};
use crate::Deps;
use crate::callee::ask;
use crate::extract::Segments;
use crate::problem::{Problem, ProblemType};
use crate::problems;
use crate::report::FailureView;

/// What running an invocation again has shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayResponse {
    /// Whether the agent made the same calls and came to the same end.
    identical: bool,
    /// What it did otherwise; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    divergence: Option<DivergenceView>,
}

/// Where another run of an invocation left the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Divergence)]
pub(crate) struct DivergenceView {
    /// The number of the effect at which it did, which is the one after the last if it was at the
    /// end.
    effect: u32,
    /// The call in the ledger; absent if the ledger ends before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recorded: Option<CallView>,
    /// What the agent did now.
    found: FoundView,
}

/// A tool call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Call)]
pub(crate) struct CallView {
    /// The tool.
    tool: String,
    /// The arguments by name.
    args: Value,
}

/// What an agent did in another run; exactly one member is there.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Found)]
pub(crate) struct FoundView {
    /// It called a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    called: Option<CallView>,
    /// It returned this.
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<Value>,
    /// It failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failed: Option<FailureView>,
}

impl From<Call> for CallView {
    fn from(Call { tool, args }: Call) -> Self {
        Self { tool, args }
    }
}

impl From<Found> for FoundView {
    fn from(found: Found) -> Self {
        let mut view = Self::default();
        match found {
            Found::Called(call) => view.called = Some(call.into()),
            Found::Returned(completed) => view.returned = Some(completed.output),
            Found::Failed(failure) => view.failed = Some(failure.into()),
        }
        view
    }
}

problems!(ReplayProblems, ONCE:
    InvocationNotFound, InvocationNotEnded, WorkerDied, WorkerTimedOut);

/// Run an invocation again.
///
/// The agent is run again on the same input, its tool calls answered from the ledger: nothing has
/// an effect, and nothing is written. Tells whether it made the same calls and came to the same end.
/// A run that was called off is compared as far as it came.
#[utoipa::path(
    post,
    path = "/v1/invocations/{id}/replay",
    tag = "invocation",
    operation_id = "replayInvocation",
    params(
        ("id" = String, Path, description = "The invocation's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses((status = 200, description = "What it has shown", body = ReplayResponse), ReplayProblems),
)]
pub(crate) async fn replay(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Json<ReplayResponse>, Problem> {
    let invocation = identifier(&id)?;
    let tenant = principal.tenant;
    let request = StepRequest::Replay(StepMessage { tenant, invocation });
    let StepResponse::Replay(result) = ask(&deps.workflow_step, &request).await? else {
        return Err(Problem::internal(&WrongAnswer));
    };
    match result {
        ReplayResult::Identical => Ok(Json(ReplayResponse {
            identical: true,
            divergence: None,
        })),
        ReplayResult::Diverged {
            number,
            recorded,
            found,
        } => Ok(Json(ReplayResponse {
            identical: false,
            divergence: Some(DivergenceView {
                effect: number,
                recorded: recorded.map(CallView::from),
                found: found.into(),
            }),
        })),
        ReplayResult::NotEnded => Err(Problem::new(
            ProblemType::InvocationNotEnded,
            "The invocation has not ended, so there is nothing to compare another run with.",
        )),
        ReplayResult::Unknown => Err(not_found()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("workflow-step answered a question that it was not asked")]
struct WrongAnswer;
