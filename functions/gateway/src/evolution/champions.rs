//! The versions that evolutions made of an agent.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use tdev_security::Principal;

use super::view::ChampionView;
use crate::Deps;
use crate::agents::find_agent;
use crate::extract::{Params, Segments};
use crate::pagination::{Page, PageQuery, listing_failed, page_request};
use crate::problem::Problem;
use crate::problems;

problems!(ChampionsProblems, PRIVATE: InvalidParameter, AgentNotFound, AgentDeleted);

/// List the versions that evolutions made of an agent, the newest first.
#[utoipa::path(
    get,
    path = "/v1/agents/{name}/champions",
    tag = "evolutions",
    operation_id = "listChampions",
    params(("name" = String, Path, description = "The agent's name."), PageQuery),
    responses((status = 200, description = "A page of champions", body = Page<ChampionView>), ChampionsProblems),
)]
pub(crate) async fn champions(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<ChampionView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    let found = deps
        .table
        .champions(&agent.tenant, &agent.name, &page)
        .await;
    Ok(Json(Page::of(
        found.map_err(listing_failed)?,
        ChampionView::from,
    )))
}
