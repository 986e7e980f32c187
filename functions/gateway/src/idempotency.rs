//! Repeated requests, after draft-ietf-httpapi-idempotency-key-header.
//!
//! A `POST` with an `Idempotency-Key` is answered once: a repetition gets the same answer again.
//! Answers that invite another attempt (409 and everything from 500) are not kept.
//!
//! A gateway may be lost between storing what was asked for and keeping its answer, or fail after
//! that. So each call has an identifier, which is kept under the key before anything is done and
//! stays the same when the request is made again: what the call makes is named after it, and whoever
//! serves it again finds what is there.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::LengthLimitError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tdev_aws::{Claim, StoredResponse};
use tdev_domain::{CallId, TenantId};
use tdev_lambda::idempotency::{Key, fingerprint};
use tdev_security::Principal;

use crate::Deps;
use crate::extract::media_type;
use crate::problem::{Problem, ProblemType, Violation};

/// The header that names the request.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The most bytes of a request's body, where nothing else is said.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long a claim lasts: longer than the function may run.
const LEASE: Duration = Duration::from_mins(1);

/// The part of an answer that the status does not say.
#[derive(Serialize, Deserialize)]
struct Kept {
    headers: BTreeMap<String, String>,
    body: Box<RawValue>,
}

/// What requests of a group of routes are answered with.
#[derive(Clone)]
pub(crate) struct Once {
    pub(crate) deps: Arc<Deps>,
    /// The most bytes of a body.
    pub(crate) max_body_bytes: usize,
}

/// Reads the body, and answers a repeated request as the first time.
pub(crate) async fn answer_once(
    State(Once {
        deps,
        max_body_bytes,
    }): State<Once>,
    Extension(principal): Extension<Principal>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, max_body_bytes)
        .await
        .map_err(|error| unreadable(&error, max_body_bytes))?;
    let Some(key) = idempotency_key(&parts)? else {
        parts.extensions.insert(CallId::generate());
        return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
    };
    let claimed = Claimed {
        deps: &deps,
        tenant: &principal.tenant,
        key,
        fingerprint: fingerprint_of(&parts, &body),
    };
    match claimed.claim().await? {
        Claim::Claimed(call) => {
            parts.extensions.insert(call);
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            claimed.settle(call, response).await
        }
        Claim::Completed(stored) => replay(&stored),
        Claim::InProgress => Err(Problem::new(
            ProblemType::IdempotencyInProgress,
            "A request with this Idempotency-Key is still being served.",
        )
        .retry_later()),
        Claim::Mismatch => Err(Problem::new(
            ProblemType::IdempotencyKeyReused,
            "This Idempotency-Key was used with another request.",
        )),
    }
}

/// A request under its key.
struct Claimed<'a> {
    deps: &'a Deps,
    tenant: &'a TenantId,
    key: Key,
    fingerprint: String,
}

impl Claimed<'_> {
    async fn claim(&self) -> Result<Claim, Problem> {
        let (tenant, key) = (self.tenant, self.key.as_str());
        let claim = self
            .deps
            .table
            .claim(tenant, key, &self.fingerprint, Timestamp::now(), LEASE);
        Ok(claim.await?)
    }

    /// Keeps the answer, or ends the claim: after a failure of the platform the call may have been
    /// served in part, and the same request goes on with it. No failing of this changes the answer,
    /// since the work is done: the claim then ends with its lease.
    async fn settle(&self, call: CallId, response: Response) -> Result<Response, Problem> {
        let (tenant, key) = (self.tenant, self.key.as_str());
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX)
            .await
            .map_err(|e| Problem::internal(&e))?;
        let kept = if is_final(parts.status) {
            keep(&parts, &body)
        } else {
            None
        };
        let table = &self.deps.table;
        let settled = match kept {
            Some(kept) => {
                let now = Timestamp::now();
                table
                    .complete(tenant, key, &self.fingerprint, &kept, now)
                    .await
            }
            None if parts.status.is_server_error() => {
                let now = Timestamp::now();
                table.leave(tenant, key, &self.fingerprint, call, now).await
            }
            None => table.release(tenant, key, &self.fingerprint).await,
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "an idempotency key was not settled");
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}

/// Whether a repetition shall get the same answer.
fn is_final(status: StatusCode) -> bool {
    !status.is_server_error() && status != StatusCode::CONFLICT
}

fn idempotency_key(parts: &Parts) -> Result<Option<Key>, Problem> {
    let refused = |detail: &str| {
        Problem::new(
            ProblemType::InvalidParameter,
            "The Idempotency-Key is not usable.",
        )
        .with_errors([Violation::header(&KEY, detail)])
    };
    let mut values = parts.headers.get_all(KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(refused("expected one value"));
    }
    value
        .to_str()
        .unwrap_or_default()
        .parse()
        .map(Some)
        .map_err(|e: tdev_domain::Invalid| refused(&format!("expected {}", e.expected)))
}

/// What makes a request the same: method, path, query, media type and body.
fn fingerprint_of(parts: &Parts, body: &[u8]) -> String {
    let path = parts
        .uri
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    let target = format!("{path} {}", media_type(&parts.headers));
    fingerprint(parts.method.as_str(), &target, body)
}

/// The answer as it is stored; `None` for one that is not JSON.
fn keep(parts: &http::response::Parts, body: &Bytes) -> Option<StoredResponse> {
    let headers = parts
        .headers
        .iter()
        .filter(|(name, _)| **name != CONTENT_LENGTH)
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let body = serde_json::from_slice(body).ok()?;
    let body = serde_json::to_string(&Kept { headers, body }).ok()?;
    Some(StoredResponse {
        status: parts.status.as_u16(),
        body,
    })
}

fn replay(stored: &StoredResponse) -> Result<Response, Problem> {
    let kept: Kept =
        serde_json::from_str(&stored.body).map_err(|error| Problem::internal(&error))?;
    let status = StatusCode::from_u16(stored.status).map_err(|error| Problem::internal(&error))?;
    let mut response = (status, String::from(Box::<str>::from(kept.body))).into_response();
    for (name, value) in kept.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            continue;
        };
        response.headers_mut().insert(name, value);
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn unreadable(error: &axum::Error, limit: usize) -> Problem {
    if error
        .source()
        .is_some_and(<dyn StdError>::is::<LengthLimitError>)
    {
        Problem::new(
            ProblemType::BodyTooLarge,
            format!("The body has more than {limit} bytes."),
        )
        .with("limit", limit)
    } else {
        Problem::internal(error)
    }
}
