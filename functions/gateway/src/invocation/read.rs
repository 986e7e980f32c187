//! Finding invocations.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use tdev_aws::{InvocationFilter, InvocationState};
use tdev_security::Principal;
use utoipa::IntoParams;

use super::ledger::{EffectView, ledger};
use super::view::{InvocationView, SummaryView};
use super::{find, identifier};
use crate::Deps;
use crate::accepted::poll_later;
use crate::extract::{Params, Segments, choice, parameter};
use crate::pagination::{Page, listing_failed, page_request};
use crate::problem::Problem;
use crate::problems;

/// How many effects are shown with an invocation.
const EFFECTS_SHOWN: usize = 100;

problems!(InvocationProblems, PRIVATE: InvocationNotFound);

/// Read an invocation.
///
/// `Retry-After` says when to ask again; it is absent once the invocation has ended. Invocations
/// are kept for 30 days after their end.
#[utoipa::path(
    get,
    path = "/v1/invocations/{id}",
    tag = "invocation",
    operation_id = "getInvocation",
    params(("id" = String, Path, description = "The invocation's identifier.")),
    responses((status = 200, description = "The invocation", body = InvocationView), InvocationProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let record = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let effects = if record.next_effect > 1 {
        ledger(&deps, &record.tenant, &record.id).await?
    } else {
        Vec::new()
    };
    let left_out = effects.len().saturating_sub(EFFECTS_SHOWN);
    let effects = effects.into_iter().skip(left_out).map(EffectView::from);
    let ended = record.status.is_final();
    let view = Json(InvocationView::whole(record, effects.collect()));
    Ok(if ended {
        view.into_response()
    } else {
        ([poll_later()], view).into_response()
    })
}

/// The parameters of a listing of invocations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only invocations of this agent.
    #[param(example = "text-statistics")]
    agent: Option<String>,
    /// Only invocations that stand here.
    #[param(schema_with = crate::schemas::invocation_states)]
    status: Option<String>,
    /// The most entries to return.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List invocations, the newest first.
///
/// One that waits in the queue is listed once a worker has written of it: when it ends, or is at
/// its first effect, and in any case within 80 seconds. What has changed within the last second
/// may be listed as it was. With a filter, a page may have
/// fewer entries than `limit`, or none, and yet have a `next`.
#[utoipa::path(
    get,
    path = "/v1/invocations",
    tag = "invocation",
    operation_id = "listInvocations",
    params(ListQuery),
    responses((status = 200, description = "A page of invocations", body = Page<SummaryView>), ListProblems),
)]
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<ListQuery>,
) -> Result<Json<Page<SummaryView>>, Problem> {
    let states = InvocationState::ALL.map(|state| (state.as_str(), state));
    let filter = InvocationFilter {
        agent: parameter("agent", query.agent.as_deref())?,
        status: choice("status", query.status.as_deref(), states)?,
    };
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let found = deps
        .journals
        .invocations(&principal.tenant, &filter, &page)
        .await;
    Ok(Json(Page::of(
        found.map_err(listing_failed)?,
        SummaryView::from,
    )))
}
