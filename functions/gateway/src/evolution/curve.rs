//! How the loss of an evolution fell, drawn.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use tdev_aws::PageRequest;
use tdev_domain::evolution::Evolution;
use tdev_evolution::search::{Statistics, drawing};
use tdev_security::Principal;
use utoipa::IntoParams;

use super::find;
use crate::Deps;
use crate::extract::{Params, Segments, choice};
use crate::problem::Problem;
use crate::problems;

/// The media type of drawings.
pub(super) const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";
/// How many characters wide and high the curve is as text.
const WIDTH: usize = 60;
const HEIGHT: usize = 10;
/// How many generations are read at a time.
const PAGE: u32 = 1_000;

/// In which form a curve is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CurveQuery {
    /// `svg` or `text`.
    #[param(value_type = Option<String>, default = "svg")]
    format: Option<String>,
}

/// A form that a curve is drawn in.
enum Format {
    Svg,
    Text,
}

problems!(CurveProblems, PRIVATE: InvalidParameter, EvolutionNotFound);

/// Draw how the loss fell, generation by generation.
#[utoipa::path(
    get,
    path = "/v1/evolutions/{id}/curve",
    tag = "evolutions",
    operation_id = "drawCurve",
    params(("id" = String, Path, description = "The evolution's identifier."), CurveQuery),
    responses(
        (status = 200, description = "The curve of the best and of the mean", content(
            (String = "image/svg+xml"),
            (String = "text/plain"),
        )),
        CurveProblems,
    ),
)]
pub(crate) async fn curve(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<CurveQuery>,
) -> Result<Response, Problem> {
    let evolution = find(&deps, &principal.tenant, &id).await?;
    let formats = [("svg", Format::Svg), ("text", Format::Text)];
    let format = choice("format", query.format.as_deref(), formats)?;
    let history = history(&deps, &evolution).await?;
    Ok(match format.unwrap_or(Format::Svg) {
        Format::Svg => {
            let title = format!("{} by {}", evolution.draft.agent, evolution.draft.problem);
            drawn(SVG, drawing::curve_svg(&title, &history))
        }
        Format::Text => drawn(TEXT, drawing::curve_text(&history, WIDTH, HEIGHT)),
    })
}

/// What the search said of all generations.
async fn history(deps: &Deps, evolution: &Evolution) -> Result<Vec<Statistics>, Problem> {
    let mut history = Vec::new();
    let mut page = PageRequest {
        limit: PAGE,
        after: None,
    };
    loop {
        let tenant = &evolution.draft.tenant;
        let listed = deps.table.generations(tenant, &evolution.id, &page).await?;
        for generation in listed.items {
            let statistics = serde_json::from_value(generation.statistics);
            history.push(statistics.map_err(|e| Problem::internal(&e))?);
        }
        page.after = listed.next;
        if page.after.is_none() {
            return Ok(history);
        }
    }
}

pub(super) fn drawn(media_type: &'static str, text: String) -> Response {
    let media_type = [(CONTENT_TYPE, HeaderValue::from_static(media_type))];
    (media_type, text).into_response()
}
