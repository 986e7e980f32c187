//! Finding evolutions and what they have come to.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use tdev_aws::EvolutionFilter;
use tdev_domain::evolution::StatusName;
use tdev_security::Principal;
use utoipa::IntoParams;

use super::find;
use super::view::{EvolutionSummaryView, EvolutionView, GenerationView};
use crate::Deps;
use crate::extract::{Params, Segments, choice, parameter};
use crate::pagination::{Page, PageQuery, listing_failed, page_request};
use crate::problem::{Problem, ProblemType};
use crate::problems;

/// The parameters of a listing of evolutions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only evolutions of this agent.
    #[param(example = "online-bin-packer")]
    agent: Option<String>,
    /// Only evolutions that stand here.
    #[param(schema_with = crate::schemas::evolution_states)]
    status: Option<String>,
    /// The most entries to return.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List evolutions, the newest first.
///
/// What has changed within the last second may be missing, or be listed as it was. With a filter, a
/// page may have fewer entries than `limit`, or none, and yet have a `next`.
#[utoipa::path(
    get,
    path = "/v1/evolutions",
    tag = "evolutions",
    operation_id = "listEvolutions",
    params(ListQuery),
    responses((status = 200, description = "A page of evolutions", body = Page<EvolutionSummaryView>), ListProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Page<EvolutionSummaryView>>, Problem> {
    let states = StatusName::ALL.map(|state| (state.as_str(), state));
    let filter = EvolutionFilter {
        agent: parameter("agent", query.agent.as_deref())?,
        status: choice("status", query.status.as_deref(), states)?,
    };
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let found = deps
        .table
        .evolutions(&principal.tenant, &filter, &page)
        .await;
    Ok(Json(Page::of(
        found.map_err(listing_failed)?,
        EvolutionSummaryView::from,
    )))
}

problems!(GetProblems, PRIVATE: EvolutionNotFound);

/// Read an evolution: how far it has come, and what it has cost.
#[utoipa::path(
    get,
    path = "/v1/evolutions/{id}",
    tag = "evolutions",
    operation_id = "getEvolution",
    params(("id" = String, Path, description = "The evolution's identifier.")),
    responses((status = 200, description = "The evolution", body = EvolutionView), GetProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Json<EvolutionView>, Problem> {
    let found = find(&deps, &principal.tenant, &id).await?;
    Ok(Json(found.into()))
}

problems!(GenerationsProblems, PRIVATE: InvalidParameter, EvolutionNotFound);

/// List the generations of an evolution, the first one first.
#[utoipa::path(
    get,
    path = "/v1/evolutions/{id}/generations",
    tag = "evolutions",
    operation_id = "listGenerations",
    params(("id" = String, Path, description = "The evolution's identifier."), PageQuery),
    responses((status = 200, description = "A page of generations", body = Page<GenerationView>), GenerationsProblems),
)]
pub(crate) async fn generations(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<GenerationView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let found = find(&deps, &principal.tenant, &id).await?;
    let listed = deps
        .table
        .generations(&principal.tenant, &found.id, &page)
        .await;
    Ok(Json(Page::of(
        listed.map_err(listing_failed)?,
        GenerationView::from,
    )))
}

problems!(GenerationProblems, PRIVATE: EvolutionNotFound, GenerationNotFound);

/// Read a generation of an evolution.
#[utoipa::path(
    get,
    path = "/v1/evolutions/{id}/generations/{number}",
    tag = "evolutions",
    operation_id = "getGeneration",
    params(
        ("id" = String, Path, description = "The evolution's identifier."),
        ("number" = u32, Path, description = "The generation; the first is 0."),
    ),
    responses((status = 200, description = "The generation", body = GenerationView), GenerationProblems),
)]
pub(crate) async fn generation(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments((id, number)): Segments<(String, String)>,
) -> Result<Json<GenerationView>, Problem> {
    let found = find(&deps, &principal.tenant, &id).await?;
    // What is no number is the number of no generation.
    let generation = match number.parse() {
        Ok(number) => {
            let table = &deps.table;
            table
                .generation(&principal.tenant, &found.id, number)
                .await?
        }
        Err(_) => None,
    };
    let generation = generation.ok_or_else(|| {
        Problem::new(
            ProblemType::GenerationNotFound,
            "The evolution has not made a generation of this number.",
        )
    })?;
    Ok(Json(generation.into()))
}
