//! The model that a tenant's tasks are routed by, and those before it.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{RouterModel, RouterPointer, Routing, TenantId};
use tdev_routing::select::Policy;
use tdev_security::Principal;
use utoipa::ToSchema;

use super::policy::PolicyBody;
use super::retrain;
use crate::Deps;
use crate::extract::json;
use crate::problem::{Problem, ProblemType};
use crate::problems;

/// How a tenant's tasks are routed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Router)]
pub(crate) struct RouterView {
    /// The model that has a say in decisions; absent until the first was trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    model: Option<ModelView>,
    /// The models that can be gone back to, the newest first.
    previous: Vec<ModelView>,
    /// Whether the model stays in place until it is released: someone went back to it.
    held: bool,
    /// The policy.
    policy: PolicyBody,
    /// How much the tenant may send before its tasks queue behind those of others.
    fair_share: FairShareView,
    /// When an agent that keeps failing is left alone.
    breaker: BreakerView,
}

/// A trained model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouterModel)]
pub(crate) struct ModelView {
    /// Its number among the tenant's models, from 1.
    version: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    sha256: String,
    /// On how many examples it was trained.
    examples: u64,
    /// When it was trained.
    #[schema(value_type = String, format = DateTime)]
    trained_at: Timestamp,
}

/// How much a tenant may send before its tasks queue behind those of others.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FairShare)]
pub(crate) struct FairShareView {
    /// Tasks a second.
    per_second: f64,
    /// Tasks at once on top of that.
    burst: u32,
}

/// When an agent that keeps failing is left alone, and for how long.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Breaker)]
pub(crate) struct BreakerView {
    /// After how many failures in a row.
    failures: u32,
    /// For how many seconds, after which it is tried with one task.
    pause_seconds: f64,
}

impl From<RouterModel> for ModelView {
    fn from(model: RouterModel) -> Self {
        Self {
            version: model.version,
            sha256: model.sha256.into(),
            examples: model.examples,
            trained_at: model.trained_at,
        }
    }
}

impl RouterView {
    fn of(pointer: Option<RouterPointer>, routing: Routing<Policy>) -> Self {
        let interval = routing.fair_share.interval.as_secs_f64();
        let held = pointer.as_ref().is_some_and(|pointer| pointer.held);
        let (model, previous) = pointer.map_or_else(Default::default, |pointer| {
            (Some(pointer.model.into()), pointer.previous)
        });
        Self {
            model,
            previous: previous.into_iter().map(ModelView::from).collect(),
            held,
            policy: routing.policy.into(),
            fair_share: FairShareView {
                // Rounded, since an interval is a whole number of nanoseconds.
                per_second: (1e6 / interval).round() / 1e6,
                burst: routing.fair_share.burst,
            },
            breaker: BreakerView {
                failures: routing.breaker.failures,
                pause_seconds: routing.breaker.pause.as_secs_f64(),
            },
        }
    }
}

problems!(GetProblems, PRIVATE: Internal);

/// Read how tasks are routed.
#[utoipa::path(
    get,
    path = "/v1/router",
    tag = "routing",
    operation_id = "getRouter",
    responses((status = 200, description = "The model and the policy", body = RouterView), GetProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<RouterView>, Problem> {
    let tenant = &principal.tenant;
    let pointer = deps.table.router(tenant).await?;
    shown(&deps, tenant, pointer).await
}

async fn shown(
    deps: &Deps,
    tenant: &TenantId,
    pointer: Option<RouterPointer>,
) -> Result<Json<RouterView>, Problem> {
    let routing = deps.table.routing(tenant).await?;
    Ok(Json(RouterView::of(pointer, routing)))
}

/// Which model to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelRollbackRequest {
    /// The version of the present model, or of a previous one.
    #[schema(minimum = 1)]
    version: u64,
}

problems!(RollbackProblems, POST: ModelNotFound, Conflict);

/// Go back to an earlier model.
///
/// Decisions heed it within seconds. No newer model takes its place until it is released.
#[utoipa::path(
    post,
    path = "/v1/router/rollback",
    tag = "routing",
    operation_id = "rollBackRouter",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = ModelRollbackRequest,
    responses((status = 200, description = "The model and the policy as they are now", body = RouterView), RollbackProblems),
)]
pub(crate) async fn roll_back(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<RouterView>, Problem> {
    let ModelRollbackRequest { version } = json(&headers, &body)?;
    let pointer = find(&deps, &principal.tenant).await?;
    let back = pointer.rolled_back(version).map_err(|_| {
        Problem::new(
            ProblemType::ModelNotFound,
            "There is no model of this version to go back to.",
        )
    })?;
    moved(&deps, back).await
}

problems!(ReleaseProblems, ONCE: ModelNotFound, Conflict);

/// Let newer models take the place of the one that was gone back to.
///
/// A model is trained on what is known by now.
#[utoipa::path(
    post,
    path = "/v1/router/release",
    tag = "routing",
    operation_id = "releaseRouter",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses((status = 200, description = "The model and the policy as they are now", body = RouterView), ReleaseProblems),
)]
pub(crate) async fn release(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<RouterView>, Problem> {
    let tenant = principal.tenant;
    let pointer = find(&deps, &tenant).await?;
    let answer = moved(&deps, pointer.released()).await?;
    retrain(&deps, &tenant).await;
    Ok(answer)
}

async fn find(deps: &Deps, tenant: &TenantId) -> Result<RouterPointer, Problem> {
    deps.table
        .router(tenant)
        .await?
        .ok_or_else(|| Problem::new(ProblemType::ModelNotFound, "No model has been trained yet."))
}

async fn moved(deps: &Deps, next: RouterPointer) -> Result<Json<RouterView>, Problem> {
    deps.table.move_router(&next).await?;
    tracing::info!(model = next.model.version, held = next.held, "model moved");
    let tenant = next.tenant.clone();
    shown(deps, &tenant, Some(next)).await
}
