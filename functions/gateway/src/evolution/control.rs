//! Steering an evolution: pausing it, going on, calling it off, and answering its question.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tdev_domain::evolution::{Approval, Evolution, IllegalTransition};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::view::EvolutionView;
use super::{begin, find, location, not_now};
use crate::Deps;
use crate::accepted::accepted;
use crate::extract::{Segments, json_or_default};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;

/// The most characters of a reason.
const MAX_REASON_CHARS: usize = 1_000;

problems!(PauseProblems, ONCE: EvolutionNotFound, EvolutionNotRunning, Conflict);

/// Pause an evolution.
///
/// The generation that is being made is given up; the search goes on from the one before.
#[utoipa::path(
    post,
    path = "/v1/evolutions/{id}/pause",
    tag = "evolutions",
    operation_id = "pauseEvolution",
    params(
        ("id" = String, Path, description = "The evolution's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses(
        (status = 202, description = "Paused", body = EvolutionView, headers(
            ("Location" = String, description = "The evolution."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        PauseProblems,
    ),
)]
pub(crate) async fn pause(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let found = find(&deps, &principal.tenant, &id).await?;
    let moved = found.paused(Timestamp::now());
    store(&deps, moved, ProblemType::EvolutionNotRunning).await
}

problems!(ResumeProblems, ONCE: EvolutionNotFound, EvolutionNotPaused, Conflict);

/// Go on with an evolution that was paused.
#[utoipa::path(
    post,
    path = "/v1/evolutions/{id}/resume",
    tag = "evolutions",
    operation_id = "resumeEvolution",
    params(
        ("id" = String, Path, description = "The evolution's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses(
        (status = 202, description = "It goes on", body = EvolutionView, headers(
            ("Location" = String, description = "The evolution, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        ResumeProblems,
    ),
)]
pub(crate) async fn resume(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let found = find(&deps, &principal.tenant, &id).await?;
    let resumed = written(
        &deps,
        found.resumed(Timestamp::now()),
        ProblemType::EvolutionNotPaused,
    );
    let resumed = resumed.await?;
    begin(&deps, &resumed).await;
    tracing::info!(evolution = %resumed.id, "resumed");
    Ok(accepted(
        &location(&resumed.id),
        EvolutionView::from(resumed),
    ))
}

problems!(CancelProblems, ONCE: EvolutionNotFound, EvolutionEnded, Conflict);

/// Call an evolution off, and its schedule with it.
#[utoipa::path(
    post,
    path = "/v1/evolutions/{id}/cancel",
    tag = "evolutions",
    operation_id = "cancelEvolution",
    params(
        ("id" = String, Path, description = "The evolution's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses(
        (status = 202, description = "Called off", body = EvolutionView, headers(
            ("Location" = String, description = "The evolution."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        CancelProblems,
    ),
)]
pub(crate) async fn cancel(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let found = find(&deps, &principal.tenant, &id).await?;
    let answer = store(
        &deps,
        found.cancelled(Timestamp::now()),
        ProblemType::EvolutionEnded,
    );
    let answer = answer.await?;
    tell(&deps, &found).await;
    Ok(answer)
}

/// What there is to say about an answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EvolutionAnswer)]
pub(crate) struct AnswerRequest {
    /// Why.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

problems!(AnswerProblems, POST: EvolutionNotFound, PromotionNotAsked, Conflict);

/// Have the winner of an evolution promoted, when a person is asked.
#[utoipa::path(
    post,
    path = "/v1/evolutions/{id}/approve",
    tag = "evolutions",
    operation_id = "approveEvolution",
    params(
        ("id" = String, Path, description = "The evolution's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = Option<AnswerRequest>,
    responses(
        (status = 202, description = "Noted", body = EvolutionView, headers(
            ("Location" = String, description = "The evolution, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        AnswerProblems,
    ),
)]
pub(crate) async fn approve(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    answer(
        &deps,
        &principal,
        &id,
        true,
        json_or_default(&headers, &body)?,
    )
    .await
}

/// Have the winner of an evolution not promoted, when a person is asked.
#[utoipa::path(
    post,
    path = "/v1/evolutions/{id}/reject",
    tag = "evolutions",
    operation_id = "rejectEvolution",
    params(
        ("id" = String, Path, description = "The evolution's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = Option<AnswerRequest>,
    responses(
        (status = 202, description = "Noted", body = EvolutionView, headers(
            ("Location" = String, description = "The evolution, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        AnswerProblems,
    ),
)]
pub(crate) async fn reject(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    answer(
        &deps,
        &principal,
        &id,
        false,
        json_or_default(&headers, &body)?,
    )
    .await
}

async fn answer(
    deps: &Deps,
    principal: &Principal,
    id: &str,
    approved: bool,
    AnswerRequest { reason }: AnswerRequest,
) -> Result<Response, Problem> {
    let length = reason.as_ref().map_or(0, |reason| reason.chars().count());
    if length > MAX_REASON_CHARS {
        let expected = format!("expected at most {MAX_REASON_CHARS} characters");
        return Err(Problem::invalid_request([Violation::at(
            "/reason", expected,
        )]));
    }
    let found = find(deps, &principal.tenant, id).await?;
    let now = Timestamp::now();
    let approval = Approval {
        approved,
        by: principal.key.clone(),
        at: now,
        reason,
    };
    let Some(answered) = found.answered(approval, now) else {
        return Err(not_now(ProblemType::PromotionNotAsked, found.status.name()));
    };
    deps.table.put_evolution(&answered).await?;
    tell(deps, &answered).await;
    tracing::info!(evolution = %answered.id, approved, "answered");
    Ok(accepted(
        &location(&answered.id),
        EvolutionView::from(answered),
    ))
}

/// Writes where an evolution has moved, and answers with it. `otherwise` is the problem of one that
/// cannot move there.
async fn store(
    deps: &Deps,
    moved: Result<Evolution, IllegalTransition>,
    otherwise: ProblemType,
) -> Result<Response, Problem> {
    let moved = written(deps, moved, otherwise).await?;
    tracing::info!(evolution = %moved.id, status = %moved.status.name(), "moved");
    Ok(accepted(&location(&moved.id), EvolutionView::from(moved)))
}

async fn written(
    deps: &Deps,
    moved: Result<Evolution, IllegalTransition>,
    otherwise: ProblemType,
) -> Result<Evolution, Problem> {
    let moved = moved.map_err(|illegal| not_now(otherwise, illegal.from))?;
    deps.table.put_evolution(&moved).await?;
    Ok(moved)
}

/// Tells the execution that waits for an answer that there is one. If that fails, the execution
/// looks by itself when the time for an answer is over.
async fn tell(deps: &Deps, evolution: &Evolution) {
    let Some(token) = evolution.token() else {
        return;
    };
    if let Err(error) = deps.task_tokens.send_task_success(token, &json!({})).await {
        tracing::warn!(%error, evolution = %evolution.id, "left to the time-out");
    }
}
