//! Where a task would go.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{RouteRequest, RouteResponse};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::DecisionView;
use crate::Deps;
use crate::callee::ask;
use crate::extract::{given, json};
use crate::problem::Problem;
use crate::problems;
use crate::task::Subject;

/// A task that is not to be done: a text, an input, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainRequest {
    /// What is wanted, in words, as of a task.
    #[schema(
        min_length = 1,
        max_length = 10000,
        example = "Which invoices are overdue?"
    )]
    text: Option<String>,
    /// What the agent would be called with, as of a task.
    #[serde(default, deserialize_with = "given")]
    input: Option<Value>,
    /// What the agent must be able to do.
    #[schema(example = "text.statistics")]
    capability: Option<String>,
}

/// Where a task would go, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplainResponse {
    /// The decision.
    decision: DecisionView,
    /// The version of the model that had a say in it; absent where the tenant has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    model: Option<u64>,
}

problems!(ExplainProblems, POST: InputTooLarge, WorkerDied, WorkerTimedOut);

/// Ask where a task would go.
///
/// The decision is taken as for a task that has just been submitted, and shown with all that spoke
/// for and against; nothing is run and nothing is kept.
#[utoipa::path(
    post,
    path = "/v1/route",
    tag = "routing",
    operation_id = "explainRoute",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = ExplainRequest,
    responses((status = 200, description = "The decision", body = ExplainResponse), ExplainProblems),
)]
pub(crate) async fn explain(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ExplainResponse>, Problem> {
    let request: ExplainRequest = json(&headers, &body)?;
    let mut errors = Vec::new();
    let capability = request.capability.as_deref();
    let subject = Subject::parse(request.text, request.input, capability, &mut errors)?;
    if !errors.is_empty() {
        return Err(Problem::invalid_request(errors));
    }
    let question = RouteRequest::Explain {
        tenant: principal.tenant,
        text: subject.text,
        input: subject.input,
        capability: subject.capability,
    };
    let RouteResponse { decision, model } = ask(&deps.route, &question).await?;
    let decision = serde_json::from_value(decision).map_err(|e| Problem::internal(&e))?;
    Ok(Json(ExplainResponse { decision, model }))
}
