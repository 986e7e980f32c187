//! Finding workflows, and deleting them.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use tdev_domain::WorkflowVersion;
use tdev_security::Principal;
use utoipa::IntoParams;

use super::view::{SummaryView, VersionView, WorkflowView};
use super::{find, find_active, find_version, no_such_version};
use crate::Deps;
use crate::extract::{Params, Segments};
use crate::pagination::{Page, PageQuery, listing_failed, page_request};
use crate::problem::Problem;
use crate::problems;

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List workflows by name.
///
/// Deleted workflows are left out.
#[utoipa::path(
    get,
    path = "/v1/workflows",
    tag = "workflows",
    operation_id = "listWorkflows",
    params(PageQuery),
    responses((status = 200, description = "A page of workflows", body = Page<SummaryView>), ListProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<SummaryView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let found = deps.table.workflows(&principal.tenant, &page).await;
    Ok(Json(Page::of(
        found.map_err(listing_failed)?,
        SummaryView::from,
    )))
}

/// Which version of a workflow is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// The version; the latest if it is left out. One that is named is there even if the workflow
    /// was deleted.
    #[param(value_type = Option<u32>, minimum = 1)]
    version: Option<String>,
}

problems!(GetProblems, PRIVATE:
    InvalidParameter, WorkflowNotFound, VersionNotFound, WorkflowDeleted);

/// Read a workflow with its definition.
#[utoipa::path(
    get,
    path = "/v1/workflows/{name}",
    tag = "workflows",
    operation_id = "getWorkflow",
    params(("name" = String, Path, description = "The workflow's name."), VersionQuery),
    responses((status = 200, description = "The workflow", body = WorkflowView), GetProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<VersionQuery>,
) -> Result<Json<WorkflowView>, Problem> {
    let version = wanted(&deps, &principal, &name, query.version.as_deref()).await?;
    let definitions = &deps.definitions;
    let found = definitions.get(&deps, &principal.tenant, &version.definition);
    let definition = serde_json::to_value(&found.await?.definition);
    let definition = definition.map_err(|e| Problem::internal(&e))?;
    Ok(Json(WorkflowView::new(version, definition)))
}

/// The version that a request asks for: the one of this number, or the latest.
pub(super) async fn wanted(
    deps: &Deps,
    principal: &Principal,
    name: &str,
    number: Option<&str>,
) -> Result<WorkflowVersion, Problem> {
    let Some(number) = number else {
        let current = find_active(deps, &principal.tenant, name).await?;
        return find_version(deps, &current, current.latest).await;
    };
    let current = find(deps, &principal.tenant, name).await?;
    // A number that no version can have is the number of no version.
    let number = number.parse().map_err(|_| no_such_version(&current))?;
    find_version(deps, &current, number).await
}

problems!(VersionsProblems, PRIVATE: InvalidParameter, WorkflowNotFound);

/// List a workflow's versions, the newest first.
///
/// They are there even if the workflow was deleted.
#[utoipa::path(
    get,
    path = "/v1/workflows/{name}/versions",
    tag = "workflows",
    operation_id = "listWorkflowVersions",
    params(("name" = String, Path, description = "The workflow's name."), PageQuery),
    responses((status = 200, description = "A page of versions", body = Page<VersionView>), VersionsProblems),
)]
pub(crate) async fn versions(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let found = find(&deps, &principal.tenant, &name).await?;
    let table = &deps.table;
    let versions = table.workflow_versions(&found.tenant, &found.name, &page);
    Ok(Json(Page::of(
        versions.await.map_err(listing_failed)?,
        VersionView::from,
    )))
}

problems!(DeleteProblems, PRIVATE: WorkflowNotFound, Conflict, WorkflowDeleted);

/// Delete a workflow.
///
/// From then on no run of it begins. Its versions and runs can be read, and runs that have begun go
/// on. Registering its name again revives it under the next version.
#[utoipa::path(
    delete,
    path = "/v1/workflows/{name}",
    tag = "workflows",
    operation_id = "deleteWorkflow",
    params(("name" = String, Path, description = "The workflow's name.")),
    responses((status = 204, description = "Deleted"), DeleteProblems),
)]
pub(crate) async fn delete(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
) -> Result<StatusCode, Problem> {
    let found = find_active(&deps, &principal.tenant, &name).await?;
    let now = Timestamp::now();
    deps.table
        .delete_workflow(&found.tenant, &found.name, now)
        .await?;
    tracing::info!(workflow = %found.name, "deleted");
    Ok(StatusCode::NO_CONTENT)
}
