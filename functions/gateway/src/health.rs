//! The health check.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::Deps;
use crate::problem::Problem;
use crate::problems;

/// How long the table may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the gateway is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Whether it can serve requests: always `ok`, since it answers 503 otherwise.
    #[schema(example = "ok")]
    status: &'static str,
    /// The platform's version.
    version: &'static str,
    /// The deployment's environment.
    #[schema(example = "dev")]
    environment: String,
    /// What was checked, and how it is.
    checks: Checks,
}

/// What was checked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checks {
    /// The table of the platform's state.
    #[schema(example = "ok")]
    table: &'static str,
}

problems!(HealthProblems, OPEN: Unavailable);

#[derive(Debug, thiserror::Error)]
#[error("the table did not answer within {} s", PATIENCE.as_secs())]
struct TooSlow;

/// Ask whether the API can serve requests. Needs no API key.
#[utoipa::path(
    get,
    path = "/health",
    tag = "platform",
    operation_id = "getHealth",
    security(()),
    responses((status = 200, description = "It can", body = Health), HealthProblems),
)]
pub(crate) async fn get(State(deps): State<Arc<Deps>>) -> Result<Json<Health>, Problem> {
    let unreachable = |problem: Problem| {
        problem.with(
            "checks",
            Checks {
                table: "unreachable",
            },
        )
    };
    match timeout(PATIENCE, deps.table.ping()).await {
        Ok(Ok(())) => Ok(Json(Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            environment: deps.environment.clone(),
            checks: Checks { table: "ok" },
        })),
        Ok(Err(error)) => Err(unreachable(Problem::unavailable(&error))),
        Err(_) => Err(unreachable(Problem::unavailable(&TooSlow))),
    }
}
