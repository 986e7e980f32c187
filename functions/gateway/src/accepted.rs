//! Work that was accepted and goes on after the answer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::problem::RETRY_AFTER_SECONDS;

/// A 202 with what was accepted, and where and when to look for what has become of it.
pub(crate) fn accepted(location: &str, view: impl Serialize) -> Response {
    let mut response = (StatusCode::ACCEPTED, [poll_later()], Json(view)).into_response();
    // An identifier is ASCII, so its path is a header.
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The header that says when to ask again.
pub(crate) fn poll_later() -> (HeaderName, HeaderValue) {
    (RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
}
