//! The versions of an agent, each of which never changes.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Serialize;
use tdev_domain::{Agent, AgentKind, AgentName, AgentVersion, RegistrationId, VersionNumber};
use tdev_security::Principal;
use utoipa::ToSchema;

use crate::Deps;
use crate::agents::find_agent;
use crate::extract::{Params, Segments};
use crate::manifest::ManifestView;
use crate::pagination::{Page, PageQuery, listing_failed, page_request};
use crate::problem::{Problem, ProblemType};
use crate::problems;
use crate::report::{FindingView, QualityView};
use crate::schemas::agent_kinds;

/// One version of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentVersion)]
pub(crate) struct VersionView {
    /// The agent.
    #[schema(value_type = String, example = "text-statistics")]
    agent: AgentName,
    /// The version's number.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// What it is made of.
    #[schema(schema_with = agent_kinds)]
    kind: AgentKind,
    /// The SHA-256 of the source, in hexadecimal.
    artifact: String,
    /// The size of the source in bytes.
    bytes: u32,
    /// What it can do and what it may use.
    manifest: ManifestView,
    /// How good it was judged to be.
    quality: QualityView,
    /// What analysis found, short of an error.
    findings: Vec<FindingView>,
    /// The registration that admitted it.
    #[schema(value_type = String)]
    registration: RegistrationId,
    /// When it was admitted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<AgentVersion> for VersionView {
    fn from(version: AgentVersion) -> Self {
        Self {
            agent: version.agent,
            version: version.version,
            kind: version.kind,
            artifact: version.artifact.into(),
            bytes: version.bytes,
            manifest: version.manifest.into(),
            quality: version.quality.into(),
            findings: version
                .findings
                .into_iter()
                .map(FindingView::from)
                .collect(),
            registration: version.registration,
            created_at: version.created_at,
        }
    }
}

problems!(VersionsProblems, PRIVATE: InvalidParameter, AgentNotFound, AgentDeleted);

/// List an agent's versions, the newest first.
#[utoipa::path(
    get,
    path = "/v1/agents/{name}/versions",
    tag = "agents",
    operation_id = "listAgentVersions",
    params(("name" = String, Path, description = "The agent's name."), PageQuery),
    responses((status = 200, description = "A page of versions", body = Page<VersionView>), VersionsProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    let versions = deps.table.versions(&agent.tenant, &agent.name, &page).await;
    Ok(Json(Page::of(
        versions.map_err(listing_failed)?,
        VersionView::from,
    )))
}

problems!(VersionProblems, PRIVATE: AgentNotFound, VersionNotFound, AgentDeleted);

/// Read a version of an agent.
#[utoipa::path(
    get,
    path = "/v1/agents/{name}/versions/{version}",
    tag = "agents",
    operation_id = "getAgentVersion",
    params(
        ("name" = String, Path, description = "The agent's name."),
        ("version" = u32, Path, minimum = 1, description = "The version's number."),
    ),
    responses((status = 200, description = "The version", body = VersionView), VersionProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments((name, number)): Segments<(String, String)>,
) -> Result<Json<VersionView>, Problem> {
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    // A number that no version can have is the number of no version.
    let number = number.parse().map_err(|_| no_such_version(&agent))?;
    Ok(Json(find_version(&deps, &agent, number).await?.into()))
}

/// A version of `agent`.
pub(crate) async fn find_version(
    deps: &Deps,
    agent: &Agent,
    number: VersionNumber,
) -> Result<AgentVersion, Problem> {
    deps.table
        .version(&agent.tenant, &agent.name, number)
        .await?
        .ok_or_else(|| no_such_version(agent))
}

fn no_such_version(agent: &Agent) -> Problem {
    Problem::new(
        ProblemType::VersionNotFound,
        format!(
            "`{}` has no version of this number; the newest is {}.",
            agent.name, agent.newest
        ),
    )
}
