//! Agents: finding them, deleting them, and moving them back to an earlier version.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_aws::{Rollback, RolledBack};
use tdev_domain::{
    Agent, AgentKind, AgentName, AgentStatus, CallId, Capability, TenantId, VersionNumber,
};
use tdev_security::Principal;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::extract::{Params, Segments, json_or_default, parameter};
use crate::pagination::{Page, listing_failed, page_request};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;
use crate::routing::retrain;
use crate::schemas::agent_kinds;

/// An agent, with what its latest version says of itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentView {
    /// Its name, unique within the tenant.
    #[schema(value_type = String, example = "text-statistics")]
    name: AgentName,
    /// What it is made of.
    #[schema(schema_with = agent_kinds)]
    kind: AgentKind,
    /// The version that answers calls.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// The newest version; above `version` after a rollback.
    #[schema(value_type = u32, minimum = 1)]
    newest_version: VersionNumber,
    /// What it does.
    description: String,
    /// What it can do, as dotted paths from the general to the particular.
    #[schema(value_type = Vec<String>)]
    capabilities: Vec<Capability>,
    /// When its first version was admitted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last moved to a version.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Agent> for AgentView {
    fn from(agent: Agent) -> Self {
        Self {
            name: agent.name,
            kind: agent.kind,
            version: agent.latest,
            newest_version: agent.newest,
            description: agent.description,
            capabilities: agent.capabilities,
            created_at: agent.created_at,
            updated_at: agent.updated_at,
        }
    }
}

/// The parameters of a listing of agents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only agents with this capability.
    #[param(example = "text.statistics")]
    capability: Option<String>,
    /// The most entries to return.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List agents by name.
///
/// Deleted agents are left out.
#[utoipa::path(
    get,
    path = "/v1/agents",
    tag = "agents",
    operation_id = "listAgents",
    params(ListQuery),
    responses((status = 200, description = "A page of agents", body = Page<AgentView>), ListProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Page<AgentView>>, Problem> {
    let capability = parameter("capability", query.capability.as_deref())?;
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let agents = deps
        .table
        .agents(&principal.tenant, capability.as_ref(), &page)
        .await;
    Ok(Json(Page::of(
        agents.map_err(listing_failed)?,
        AgentView::from,
    )))
}

problems!(AgentProblems, PRIVATE: AgentNotFound, AgentDeleted);

/// Read an agent.
#[utoipa::path(
    get,
    path = "/v1/agents/{name}",
    tag = "agents",
    operation_id = "getAgent",
    params(("name" = String, Path, description = "The agent's name.")),
    responses((status = 200, description = "The agent", body = AgentView), AgentProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
) -> Result<Json<AgentView>, Problem> {
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    Ok(Json(agent.into()))
}

problems!(DeleteProblems, PRIVATE: AgentNotFound, Conflict, AgentDeleted);

/// Delete an agent.
///
/// From then on it is gone (410), its versions with it. Registering its name again revives it
/// under the next version, so that a version number never means two things.
#[utoipa::path(
    delete,
    path = "/v1/agents/{name}",
    tag = "agents",
    operation_id = "deleteAgent",
    params(("name" = String, Path, description = "The agent's name.")),
    responses((status = 204, description = "Deleted"), DeleteProblems),
)]
pub(crate) async fn delete(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
) -> Result<StatusCode, Problem> {
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    deps.table
        .move_pointer(&agent, &agent.deleted(Timestamp::now()))
        .await?;
    tracing::info!(agent = %agent.name, "deleted");
    retrain(&deps, &agent.tenant).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Where to move an agent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackRequest {
    /// The version that shall answer calls: any that was ever admitted, and is not held. If it is
    /// left out, the one before the version that answers now.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// Whether the version that answers now was found to be harmful: then it and every version that
    /// evolutions made of it are held, and evolutions that began with one of them are called off.
    #[serde(default)]
    #[schema(default = false)]
    quarantine: bool,
}

problems!(RollbackProblems, POST:
    AgentNotFound, VersionNotFound, Conflict, NoEarlierVersion, AgentDeleted);

/// Roll an agent back.
///
/// Moves the agent to another of its versions; the versions themselves stay as they are, so that
/// a rollback can be taken back the same way.
#[utoipa::path(
    post,
    path = "/v1/agents/{name}/rollback",
    tag = "agents",
    operation_id = "rollBackAgent",
    params(
        ("name" = String, Path, description = "The agent's name."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = Option<RollbackRequest>,
    responses((status = 200, description = "The agent as it is now", body = AgentView), RollbackProblems),
)]
pub(crate) async fn roll_back(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Extension(call): Extension<CallId>,
    Segments(name): Segments<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<AgentView>, Problem> {
    let request: RollbackRequest = json_or_default(&headers, &body)?;
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    let wanted = request.version.map(VersionNumber::try_from).transpose();
    let wanted = wanted.map_err(|e| Problem::invalid_request([Violation::of_member(&e)]))?;
    if wanted == Some(agent.latest) && !request.quarantine {
        return Ok(Json(agent.into()));
    }
    let how = Rollback {
        to: wanted,
        quarantine: request.quarantine,
    };
    let now = Timestamp::now();
    let table = &deps.table;
    let rolled_back = table.roll_back(&agent.tenant, &agent.name, how, call, now);
    match rolled_back.await? {
        RolledBack::Moved { agent, from, held } => {
            tracing::info!(agent = %agent.name, %from, to = %agent.latest, ?held, "rolled back");
            retrain(&deps, &agent.tenant).await;
            Ok(Json(agent.into()))
        }
        RolledBack::MovedBefore(agent) => {
            retrain(&deps, &agent.tenant).await;
            Ok(Json(agent.into()))
        }
        RolledBack::NoAgent => Err(Problem::new(
            ProblemType::AgentDeleted,
            format!("`{}` was deleted.", agent.name),
        )),
        RolledBack::NoVersion => Err(no_version(&agent, wanted)),
    }
}

/// There is nothing to go back to.
fn no_version(agent: &Agent, wanted: Option<VersionNumber>) -> Problem {
    match wanted {
        Some(_) => Problem::new(
            ProblemType::VersionNotFound,
            format!(
                "`{}` has no version of this number that may answer calls; the newest is {}.",
                agent.name, agent.newest
            ),
        ),
        None => Problem::new(
            ProblemType::NoEarlierVersion,
            format!(
                "`{}` has no earlier version that may answer calls.",
                agent.name
            ),
        ),
    }
}

/// The active agent of this name.
pub(crate) async fn find_agent(
    deps: &Deps,
    tenant: &TenantId,
    name: &str,
) -> Result<Agent, Problem> {
    // A name that no agent can have is the name of no agent.
    let found = match name.parse::<AgentName>() {
        Ok(name) => deps.table.agent(tenant, &name).await?,
        Err(_) => None,
    };
    match found {
        Some(agent) if agent.status == AgentStatus::Active => Ok(agent),
        Some(agent) => Err(Problem::new(
            ProblemType::AgentDeleted,
            format!("`{}` was deleted.", agent.name),
        )),
        None => Err(Problem::new(
            ProblemType::AgentNotFound,
            "There is no agent of this name.",
        )),
    }
}
