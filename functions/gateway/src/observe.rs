//! What happens around every request: its identifier, its log line and metrics, and the headers
//! that every answer has.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};
use lambda_http::RequestExt;
use tdev_domain::ErrorName;
use tdev_lambda::telemetry;
use tracing::Instrument;
use tracing::field::Empty;

use crate::request_id;

/// Nothing may be loaded, and no page may frame the answer.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// What the interactive documentation loads, all of it from here.
const DOCUMENTATION: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
);

/// Serves a request under its identifier, in a span of its own.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    telemetry::record_cold_start();
    let id = request_id::choose(request.headers(), request.lambda_context_ref());
    let span = tracing::info_span!("invocation", request_id = id, tenant = Empty);
    let method = request.method().clone();
    // The path itself may hold what does not belong into a log.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let is_documentation = request.uri().path().starts_with("/docs");
    let is_private = request.uri().path().starts_with("/v1/");

    let serve = async {
        let response = next.run(request).await;
        let latency = started.elapsed();
        telemetry::record_latency(latency);
        let status = response.status();
        if status.is_server_error() {
            let name = match status.as_u16() {
                503 | 504 => ErrorName::Transient,
                _ => ErrorName::Internal,
            };
            let label = telemetry::ERROR_NAME;
            metrics::counter!(telemetry::names::INVOCATIONS_FAILED, label => name.as_str())
                .increment(1);
        }
        tracing::info!(
            %method,
            route = route.as_ref().map(MatchedPath::as_str),
            status = status.as_u16(),
            latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        response
    };
    let mut response = request_id::scope(id.clone(), serve).instrument(span).await;
    telemetry::flush_metrics();

    let headers = response.headers_mut();
    // A sane identifier is a header's value.
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(request_id::HEADER, id);
    }
    secure(headers, is_documentation, is_private);
    response
}

fn secure(headers: &mut HeaderMap, is_documentation: bool, is_private: bool) {
    let policy = if is_documentation {
        DOCUMENTATION
    } else {
        NOTHING
    };
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(
        STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_private {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
