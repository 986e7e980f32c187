//! Steering an invocation: signals, and calling it off.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{CallId, InvocationId, TaskMessage, TenantId};
use tdev_invocation::limits::{MAX_SIGNAL_BYTES, MAX_SIGNALS};
use tdev_invocation::{Cancellation, SignalError, Waiter};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::{ended, identifier, location, not_found};
use crate::Deps;
use crate::accepted::accepted;
use crate::extract::{Segments, json_or_default};
use crate::idempotency::KEY;
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;

/// The most characters of a signal's name.
const MAX_NAME_CHARS: usize = 128;

/// What a signal carries.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignalRequest {
    /// What `wait_for` returns to the agent: at most 8,192 bytes as JSON. `null` if left out.
    #[serde(default)]
    payload: Value,
}

/// A signal that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignalResponse {
    /// The invocation it was sent to.
    #[schema(value_type = String)]
    invocation: InvocationId,
    /// Its name.
    signal: String,
}

problems!(SignalProblems, POST:
    InvalidParameter, InvocationNotFound, InvocationEnded, TooManySignals, SignalTooLarge);

/// Send an invocation a signal.
///
/// The agent gets it if it waits for a signal of this name, or else when it next does; up to 16
/// wait to be asked for. After a 503 the signal may have been accepted.
#[utoipa::path(
    post,
    path = "/v1/invocations/{id}/signals/{name}",
    tag = "invocation",
    operation_id = "sendSignal",
    params(
        ("id" = String, Path, description = "The invocation's identifier."),
        ("name" = String, Path, min_length = 1, max_length = 128, description = "The signal's name: no control characters and no `#`."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = Option<SignalRequest>,
    responses(
        (status = 202, description = "Accepted", body = SignalResponse, headers(
            ("Location" = String, description = "The invocation."),
            ("Retry-After" = u32, description = "After how many seconds to look at it."),
        )),
        SignalProblems,
    ),
)]
pub(crate) async fn signal(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Extension(call): Extension<CallId>,
    Segments((id, name)): Segments<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_name(&name)?;
    let SignalRequest { payload } = json_or_default(&headers, &body)?;
    let id = identifier(&id)?;
    let tenant = principal.tenant;
    let journal = deps.journals.of(&tenant);
    let now = Timestamp::now();
    // What has no key cannot be made again, and its place in the record would be paid for.
    let call = headers.contains_key(KEY).then_some(call);
    let sent = tdev_invocation::signal(&id, call, &name, payload, &journal, now).await;
    if let Some(wake) = sent.map_err(not_accepted)? {
        tell(&deps, &tenant, Waiter::Invocation(wake)).await;
    }
    tracing::info!(invocation = %id, "signalled");
    let location = location(&id);
    let answer = SignalResponse {
        invocation: id,
        signal: name,
    };
    Ok(accepted(&location, answer))
}

fn check_name(name: &str) -> Result<(), Problem> {
    let fits = (1..=MAX_NAME_CHARS).contains(&name.chars().count());
    if fits && !name.chars().any(|c| c.is_control() || c == '#') {
        return Ok(());
    }
    let expected =
        format!("expected 1 to {MAX_NAME_CHARS} characters, without control characters and `#`");
    Err(Problem::invalid_parameters([Violation::parameter(
        "name", expected,
    )]))
}

fn not_accepted(error: SignalError) -> Problem {
    match error {
        SignalError::Unknown => not_found(),
        SignalError::Ended => ended(),
        SignalError::Full => Problem::new(
            ProblemType::TooManySignals,
            format!("{MAX_SIGNALS} signals wait already for the invocation to ask for them."),
        )
        .with("limit", MAX_SIGNALS)
        .retry_later(),
        SignalError::TooLarge => Problem::new(
            ProblemType::SignalTooLarge,
            format!("A signal carries at most {MAX_SIGNAL_BYTES} bytes as JSON."),
        )
        .with("limit", MAX_SIGNAL_BYTES),
        SignalError::Failed(error) => error.into(),
    }
}

/// An invocation that was called off, or is to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelResponse {
    /// The invocation.
    #[schema(value_type = String)]
    invocation: InvocationId,
    /// Whether it has ended; if not, a worker has it and ends it at the next effect.
    cancelled: bool,
}

problems!(CancelProblems, ONCE: InvocationNotFound, InvocationEnded);

/// Call an invocation off, and all that it has called.
///
/// What no worker has is cancelled at once (200), what a worker has at its next effect (202); a
/// run that has no further effect may yet complete.
#[utoipa::path(
    post,
    path = "/v1/invocations/{id}/cancel",
    tag = "invocation",
    operation_id = "cancelInvocation",
    params(
        ("id" = String, Path, description = "The invocation's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    responses(
        (status = 200, description = "It is cancelled", body = CancelResponse),
        (status = 202, description = "It is to end", body = CancelResponse, headers(
            ("Location" = String, description = "The invocation, to poll."),
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
    let id = identifier(&id)?;
    let tenant = principal.tenant;
    let answer = |cancelled| CancelResponse {
        invocation: id.clone(),
        cancelled,
    };
    match call_off(&deps, &tenant, &id).await? {
        Cancellation::Unknown => Err(not_found()),
        Cancellation::Ended => Err(ended()),
        Cancellation::Cancelled { .. } => Ok(Json(answer(true)).into_response()),
        Cancellation::Requested => Ok(accepted(&location(&id), answer(false))),
    }
}

/// Calls an invocation off and tells whoever waits for it.
pub(crate) async fn call_off(
    deps: &Deps,
    tenant: &TenantId,
    id: &InvocationId,
) -> Result<Cancellation, Problem> {
    let journal = deps.journals.of(tenant);
    let cancellation = tdev_invocation::cancel(id, &journal, Timestamp::now()).await?;
    tracing::info!(invocation = %id, ?cancellation, "called off");
    if let Cancellation::Cancelled {
        waiter: Some(waiter),
    } = &cancellation
    {
        tell(deps, tenant, waiter.clone()).await;
    }
    Ok(cancellation)
}

/// Sends the message that something has changed. If that fails, the keeper makes up for it.
async fn tell(deps: &Deps, tenant: &TenantId, waiter: Waiter) {
    let told = match waiter {
        Waiter::Invocation(wake) => deps.journals.wake(tenant, &wake, Timestamp::now()).await,
        Waiter::Task(task) => {
            let tenant = tenant.clone();
            let ended = TaskMessage::Ended { tenant, task };
            deps.task_queue.send(&ended, &[]).await
        }
        Waiter::Step(step) => {
            let (run, place) = (step.run, Some(step.place));
            let now = Timestamp::now();
            deps.journals.wake_run(tenant, run, place, now).await
        }
    };
    if let Err(error) = told {
        tracing::warn!(%error, "left to the keeper");
    }
}
