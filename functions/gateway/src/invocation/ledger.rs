//! The effects of an invocation that are over.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tdev_aws::PageRequest;
use tdev_domain::{
    Answer, Effect, EffectClass, EffectError, EffectErrorKind, InvocationId, TenantId,
};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::{find, identifier};
use crate::Deps;
use crate::extract::{Params, Segments};
use crate::pagination::{Page, PageQuery, page_request, place};
use crate::problem::Problem;
use crate::problems;
use crate::schemas::{effect_classes, effect_error_kinds};

/// A tool call that is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Effect)]
pub(crate) struct EffectView {
    /// Its number: from 1, without gaps.
    number: u32,
    /// The tool that was called.
    #[schema(example = "http_get")]
    tool: String,
    /// The arguments by name.
    args: Value,
    /// What may be done with it if it is not known whether it happened.
    #[schema(schema_with = effect_classes)]
    class: EffectClass,
    /// What the agent was given; absent if it was given an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// The error that was raised in the agent; absent if it was given a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<EffectErrorView>,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    begun_at: Timestamp,
    /// When it was over.
    #[schema(value_type = String, format = DateTime)]
    ended_at: Timestamp,
}

/// Why a tool call has no value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EffectError)]
pub(crate) struct EffectErrorView {
    /// In which of the known ways it failed.
    #[schema(schema_with = effect_error_kinds)]
    kind: EffectErrorKind,
    /// What happened.
    message: String,
}

impl From<Effect> for EffectView {
    fn from(effect: Effect) -> Self {
        let (value, error) = match effect.answer {
            Answer::Value(value) => (Some(value), None),
            Answer::Error(EffectError { kind, message }) => {
                (None, Some(EffectErrorView { kind, message }))
            }
        };
        Self {
            number: effect.number,
            tool: effect.call.tool,
            args: effect.call.args,
            class: effect.class,
            value,
            error,
            begun_at: effect.begun_at,
            ended_at: effect.ended_at,
        }
    }
}

problems!(EffectsProblems, PRIVATE: InvalidParameter, InvocationNotFound);

/// List an invocation's effects in their order.
///
/// These are its tool calls that are over; the one at which it stands is shown with the invocation
/// itself. Those answered on the spot appear with the next that is not, or with the end.
#[utoipa::path(
    get,
    path = "/v1/invocations/{id}/effects",
    tag = "invocation",
    operation_id = "listInvocationEffects",
    params(("id" = String, Path, description = "The invocation's identifier."), PageQuery),
    responses((status = 200, description = "A page of effects", body = Page<EffectView>), EffectsProblems),
)]
pub(crate) async fn effects(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<EffectView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let after: Option<u32> = place(&page)?;
    let record = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let mut items = ledger(&deps, &record.tenant, &record.id).await?;
    items.retain(|effect| after.is_none_or(|after| effect.number > after));
    let limit = page.limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more);
    let next = next.map(|effect| effect.number.to_string());
    let page = tdev_aws::Page { items, next };
    Ok(Json(Page::of(page, EffectView::from)))
}

/// All effects that are over. They are few enough to be read at once; what is stored are additions
/// of several, which begin where they begin.
pub(super) async fn ledger(
    deps: &Deps,
    tenant: &TenantId,
    id: &InvocationId,
) -> Result<Vec<Effect>, Problem> {
    let all = PageRequest {
        limit: u32::MAX,
        after: None,
    };
    Ok(deps.journals.effects(tenant, id, &all).await?.items)
}
