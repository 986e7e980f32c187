//! Who was made of whom.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tdev_domain::evolution::Evolution;
use tdev_evolution::search::drawing;
use tdev_evolution::search::lineage::{Entry, Record};
use tdev_security::Principal;
use utoipa::{IntoParams, ToSchema};

use super::curve::{SVG, drawn};
use super::find;
use crate::Deps;
use crate::extract::{Params, Segments, choice};
use crate::pagination::{Page, page_request, place};
use crate::problem::{Problem, ProblemType};
use crate::problems;

/// Which part of a lineage is wanted, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LineageQuery {
    /// `json` for all that is on record, `svg` for a drawing of the ancestors of the best.
    #[param(value_type = Option<String>, default = "json")]
    format: Option<String>,
    /// The most generations to return.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

/// A form that a lineage is shown in.
enum Format {
    Json,
    Svg,
}

/// A generation's part of a lineage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineageGeneration)]
pub(crate) struct LineageView {
    /// The generation.
    generation: u32,
    /// Its records, in the order in which they are chained. Each has the `hash` that chains it to
    /// the one before – SHA-256 of that one's hash, as bytes, and the text of the `entry` – and
    /// the entry: who it is, its parents, the operator, the digest of its block, its loss.
    #[schema(value_type = Vec<Object>)]
    records: Vec<Box<RawValue>>,
}

problems!(LineageProblems, PRIVATE: InvalidParameter, EvolutionNotFound, GenerationNotFound);

/// Read who was made of whom, generation by generation, or see it drawn.
#[utoipa::path(
    get,
    path = "/v1/evolutions/{id}/lineage",
    tag = "evolutions",
    operation_id = "getLineage",
    params(("id" = String, Path, description = "The evolution's identifier."), LineageQuery),
    responses(
        (status = 200, description = "A page of the lineage, or the drawing", content(
            (Page<LineageView> = "application/json"),
            (String = "image/svg+xml"),
        )),
        LineageProblems,
    ),
)]
pub(crate) async fn lineage(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<LineageQuery>,
) -> Result<Response, Problem> {
    let evolution = find(&deps, &principal.tenant, &id).await?;
    let formats = [("json", Format::Json), ("svg", Format::Svg)];
    if let Some(Format::Svg) = choice("format", query.format.as_deref(), formats)? {
        return draw(&deps, &evolution).await;
    }
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let after: Option<u32> = place(&page)?;
    let first = after.map_or(0, |after| after.saturating_add(1));
    let made = evolution.next_generation();
    let end = made.min(first.saturating_add(page.limit));
    let mut items = Vec::new();
    for generation in first..end {
        let records = records(&deps, &evolution, generation).await?;
        let raw = records
            .into_iter()
            .map(|line| RawValue::from_string(line).map_err(|e| Problem::internal(&e)));
        items.push(LineageView {
            generation,
            records: raw.collect::<Result<_, _>>()?,
        });
    }
    let next = (end < made && end > first).then(|| (end - 1).to_string());
    let page = tdev_aws::Page { items, next };
    Ok(Json(Page::of(page, |view| view)).into_response())
}

/// The lines of a generation's lineage.
async fn records(
    deps: &Deps,
    evolution: &Evolution,
    generation: u32,
) -> Result<Vec<String>, Problem> {
    let tenant = &evolution.draft.tenant;
    let stored = deps
        .objects
        .lineage(tenant, &evolution.id, generation)
        .await?;
    let text = String::from_utf8(stored.unwrap_or_default());
    let text = text.map_err(|e| Problem::internal(&e))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The ancestors of the best of the last generation.
async fn draw(deps: &Deps, evolution: &Evolution) -> Result<Response, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    for generation in 0..evolution.next_generation() {
        for line in records(deps, evolution, generation).await? {
            let record: Record = serde_json::from_str(&line).map_err(|e| Problem::internal(&e))?;
            entries.push(record.entry().map_err(|e| Problem::internal(&e))?);
        }
    }
    let Some(best) = entries.iter().min_by_key(|entry| entry.loss) else {
        return Err(Problem::new(
            ProblemType::GenerationNotFound,
            "The evolution has not made a generation yet.",
        ));
    };
    let title = format!("{} by {}", evolution.draft.agent, evolution.draft.problem);
    let svg = drawing::ancestry_svg(&title, &entries, best.id);
    Ok(drawn(SVG, svg))
}
