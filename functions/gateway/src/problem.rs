//! Errors as RFC 9457 problem details.
//!
//! Every answer from 400 upwards is a [`Problem`] of one of the [`ProblemType`]s. Its `type` is a
//! reference to a page that the gateway itself serves under `/problems/`.

use std::error::Error as StdError;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value};
use tdev_domain::{ErrorName, Invalid};
use utoipa::ToSchema;

use crate::request_id;

pub(crate) use crate::problem_type::ProblemType;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// How long a client is asked to wait before it repeats a request, in seconds.
pub(crate) const RETRY_AFTER_SECONDS: u16 = 1;

/// Why a request was not served. Everything in it is for the client to read.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    kind: ProblemType,
    detail: String,
    errors: Vec<Violation>,
    members: Map<String, Value>,
    headers: HeaderMap,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Violation {
    #[serde(flatten)]
    place: Place,
    /// What is wrong there.
    detail: String,
}

/// Where in a request something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// A JSON Pointer (RFC 6901) into the body; or, where the agent is at fault, into its output
    /// or manifest.
    Pointer(String),
    /// The name of a query parameter.
    Parameter(String),
    /// The name of a header.
    Header(String),
}

impl Violation {
    /// Something wrong at `place`.
    pub(crate) fn new(place: Place, detail: impl Into<String>) -> Self {
        Self {
            place,
            detail: detail.into(),
        }
    }

    /// Something wrong with the value at a JSON Pointer into the body.
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Place::Pointer(pointer.into()), detail)
    }

    /// Something wrong with a query parameter.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::new(Place::Parameter(name.to_owned()), detail)
    }

    /// Something wrong with a header.
    pub(crate) fn header(name: &HeaderName, detail: impl Into<String>) -> Self {
        Self::new(Place::Header(name.as_str().to_owned()), detail)
    }

    /// A top-level member of the body that a parser of the domain refused.
    pub(crate) fn of_member(invalid: &Invalid) -> Self {
        Self::at(
            format!("/{}", invalid.field),
            format!("expected {}", invalid.expected),
        )
    }
}

/// The document a client receives (RFC 9457). Some types have further members, which the type's
/// page describes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// The problem's type: a reference, relative to the API's own address, to a page about it.
    #[serde(rename = "type")]
    #[schema(example = "/problems/agent-not-found")]
    kind: String,
    /// The type in a few words; the same for every problem of the type.
    #[schema(example = "Agent not found")]
    title: &'static str,
    /// The HTTP status code.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// What went wrong this time.
    detail: String,
    /// The identifier of the request, as in `X-Request-Id`: what to quote when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    instance: Option<String>,
    /// Each thing that is wrong with the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Violation>,
    #[serde(flatten)]
    #[schema(ignore)]
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of `kind`; `detail` says what went wrong this time.
    pub(crate) fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self(Box::new(Content {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
            headers: HeaderMap::new(),
        }))
    }

    /// A body that is JSON, but not what is expected.
    pub(crate) fn invalid_request(errors: impl IntoIterator<Item = Violation>) -> Self {
        Self::new(
            ProblemType::InvalidRequest,
            "The body is JSON, but not what is expected here.",
        )
        .with_errors(errors)
    }

    /// Query parameters that are not what is expected.
    pub(crate) fn invalid_parameters(errors: impl IntoIterator<Item = Violation>) -> Self {
        Self::new(
            ProblemType::InvalidParameter,
            "A query parameter is not of the form that is expected.",
        )
        .with_errors(errors)
    }

    /// A defect of the platform. The log gets the chain of causes, the client none of it.
    pub(crate) fn internal(error: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error = %chain(error), "failed");
        Self::new(
            ProblemType::Internal,
            "The platform failed; the instance finds this request in its log.",
        )
    }

    /// A service the platform depends on did not answer. The log gets the chain of causes.
    pub(crate) fn unavailable(error: &(dyn StdError + 'static)) -> Self {
        tracing::warn!(error = %chain(error), "a service is unavailable");
        Self::new(
            ProblemType::Unavailable,
            "A service the platform depends on does not answer. Nothing half-done is visible; try again.",
        )
        .retry_later()
    }

    /// The type.
    #[cfg(test)]
    pub(crate) fn kind(&self) -> ProblemType {
        self.0.kind
    }

    /// The same problem with the particular things that are wrong.
    pub(crate) fn with_errors(mut self, errors: impl IntoIterator<Item = Violation>) -> Self {
        self.0.errors.extend(errors);
        self
    }

    /// The same problem with a member of its own; nothing if `value` does not serialise.
    pub(crate) fn with(mut self, member: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.0.members.insert(member.to_owned(), value);
        }
        self
    }

    /// The same problem with a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The same problem, inviting the client to repeat the request unchanged.
    pub(crate) fn retry_later(self) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let content = *self.0;
        let status = content.kind.status();
        let document = ProblemDocument {
            kind: content.kind.reference(),
            title: content.kind.title(),
            status: status.as_u16(),
            detail: content.detail,
            instance: request_id::current(),
            errors: content.errors,
            members: content.members,
        };
        let media_type = [(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))];
        (status, content.headers, media_type, Json(document)).into_response()
    }
}

impl From<tdev_aws::Error> for Problem {
    fn from(error: tdev_aws::Error) -> Self {
        if let tdev_aws::Error::TooLarge { bytes, limit, .. } = error {
            return Self::new(
                ProblemType::BodyTooLarge,
                format!("What would be stored has {bytes} bytes; the limit is {limit}."),
            )
            .with("limit", limit);
        }
        match error.name() {
            ErrorName::Transient => Self::unavailable(&error),
            ErrorName::Conflict => Self::new(
                ProblemType::Conflict,
                "Another change came first. Read again, decide again and repeat.",
            )
            .retry_later(),
            ErrorName::InvalidInput
            | ErrorName::Denied
            | ErrorName::BudgetExhausted
            | ErrorName::Internal => Self::internal(&error),
        }
    }
}

impl From<tdev_invocation::Unavailable> for Problem {
    /// What the store reported, if it was the store.
    fn from(error: tdev_invocation::Unavailable) -> Self {
        match error.0.downcast::<tdev_aws::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => Self::unavailable(&*error),
        }
    }
}

impl From<tdev_invocation::Error> for Problem {
    fn from(error: tdev_invocation::Error) -> Self {
        match error {
            tdev_invocation::Error::Unavailable(error) => error.into(),
            tdev_invocation::Error::Contended => Self::unavailable(&error),
        }
    }
}

impl From<tdev_run::Error> for Problem {
    fn from(error: tdev_run::Error) -> Self {
        match error {
            tdev_run::Error::Unavailable(error) => error.into(),
            tdev_run::Error::Contended => Self::unavailable(&error),
            tdev_run::Error::NotInPlan(_) => Self::internal(&error),
        }
    }
}

impl From<tdev_security::Denied> for Problem {
    fn from(error: tdev_security::Denied) -> Self {
        tracing::warn!(%error, "denied");
        Self::new(ProblemType::Forbidden, "This key does not give that right.")
    }
}

/// The error and all its causes in one line, for the log.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        chain.push_str(": ");
        chain.push_str(&error.to_string());
        cause = error.source();
    }
    chain
}

/// A route that does not exist.
pub(crate) async fn no_such_route() -> Problem {
    Problem::new(
        ProblemType::NotFound,
        "There is nothing at this path; /openapi.json lists what there is.",
    )
}

/// A method that the route does not have; the `Allow` header lists those that it has.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(
        ProblemType::MethodNotAllowed,
        "The resource has no such method; the Allow header lists those that it has.",
    )
}

/// The answer to a request whose handler panicked.
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic.downcast::<String>().map_or_else(
        |panic| match panic.downcast_ref::<&'static str>() {
            Some(text) => (*text).to_owned(),
            None => "no message".to_owned(),
        },
        |text| *text,
    );
    Problem::internal(&Panicked(message)).into_response()
}

#[derive(Debug, thiserror::Error)]
#[error("the handler panicked: {0}")]
struct Panicked(String);

impl ProblemType {
    /// The reference by which a problem names its type.
    pub(crate) fn reference(self) -> String {
        format!("/problems/{}", self.slug())
    }
}
