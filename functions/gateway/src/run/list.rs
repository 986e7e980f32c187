//! Listing runs.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use tdev_aws::RunFilter;
use tdev_domain::RunState;
use tdev_security::Principal;
use utoipa::IntoParams;

use super::view::RunSummaryView;
use crate::Deps;
use crate::extract::{Params, choice, parameter};
use crate::pagination::{Page, listing_failed, page_request};
use crate::problem::Problem;
use crate::problems;

/// The parameters of a listing of runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only runs of this workflow.
    #[param(example = "digest-documents")]
    workflow: Option<String>,
    /// Only runs that stand here.
    #[param(schema_with = crate::schemas::run_states)]
    status: Option<String>,
    /// The most entries to return.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List runs, the newest first.
///
/// Runs that a step of another run started are listed, too. What has changed within the last second
/// may be missing, or be listed as it was. With a filter, a page may have fewer entries than
/// `limit`, or none, and yet have a `next`.
#[utoipa::path(
    get,
    path = "/v1/runs",
    tag = "runs",
    operation_id = "listRuns",
    params(ListQuery),
    responses((status = 200, description = "A page of runs", body = Page<RunSummaryView>), ListProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Page<RunSummaryView>>, Problem> {
    let states = RunState::ALL.map(|state| (state.as_str(), state));
    let filter = RunFilter {
        workflow: parameter("workflow", query.workflow.as_deref())?,
        status: choice("status", query.status.as_deref(), states)?,
    };
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let runs = deps.table.runs(&principal.tenant, &filter, &page).await;
    Ok(Json(Page::of(
        runs.map_err(listing_failed)?,
        RunSummaryView::from,
    )))
}
