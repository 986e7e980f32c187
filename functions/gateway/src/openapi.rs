//! The API's description, generated from its types.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::problem::{self, ProblemDocument, ProblemType};

/// What there is to say about the API as a whole; the routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "T-Developer",
        description = "Register small agents, and call them.\n\nEvery error is a problem \
            (RFC 9457) whose `type` leads to a page about it. Everything under `/v1` needs an API \
            key and shows the key's tenant alone. Any request may carry an `X-Request-Id`; every \
            answer does.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/")),
    components(schemas(ProblemDocument)),
    security(("bearer" = []), ("apiKey" = [])),
    tags(
        (name = "agents", description = "Finding, deleting and rolling back agents"),
        (name = "registrations", description = "Submitting agents and watching them on their way"),
        (name = "invocation", description = "Calling agents, and watching and steering what they do"),
        (name = "tasks", description = "Having something done without naming an agent"),
        (name = "routing", description = "How tasks find their agents"),
        (name = "workflows", description = "What agents do together: graphs of steps"),
        (name = "runs", description = "Running workflows, and watching and steering them"),
        (name = "evolutions", description = "Having agents evolve, and what they evolve by"),
        (name = "settings", description = "What a tenant sets for itself"),
        (name = "platform", description = "The platform itself"),
    ),
    modifiers(&Credentials),
)]
pub(crate) struct Description;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("tdev_<environment>_<40 characters>")
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("apiKey", SecurityScheme::ApiKey(header));
    }
}

/// What operations of a kind can end in, whatever they do.
pub(crate) mod groups {
    use super::ProblemType;

    /// Needs no API key.
    pub(crate) const OPEN: &[&[ProblemType]] = &[];
    /// Needs an API key.
    pub(crate) const PRIVATE: &[&[ProblemType]] = &[KEY];
    /// Needs an API key and is answered once.
    pub(crate) const ONCE: &[&[ProblemType]] = &[KEY, KEYED];
    /// Needs an API key, has a body and is answered once.
    pub(crate) const POST: &[&[ProblemType]] = &[KEY, KEYED, BODY];

    const KEY: &[ProblemType] = &[
        ProblemType::ConflictingCredentials,
        ProblemType::Unauthenticated,
        ProblemType::Forbidden,
        ProblemType::Internal,
        ProblemType::Unavailable,
    ];
    const KEYED: &[ProblemType] = &[
        ProblemType::InvalidParameter,
        ProblemType::IdempotencyInProgress,
        ProblemType::BodyTooLarge,
        ProblemType::IdempotencyKeyReused,
    ];
    const BODY: &[ProblemType] = &[
        ProblemType::MalformedJson,
        ProblemType::UnsupportedMediaType,
        ProblemType::InvalidRequest,
    ];
}

/// Declares a type that stands for the problems an operation can end in.
#[macro_export]
#[doc(hidden)]
macro_rules! problems {
    ($name:ident, $group:ident: $($kind:ident),+ $(,)?) => {
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                $crate::openapi::problem_responses(
                    $crate::openapi::groups::$group,
                    &[$($crate::problem::ProblemType::$kind),+],
                )
            }
        }
    };
}

/// The responses that the problems of `group` and `kinds` make, one per status.
pub(crate) fn problem_responses(
    group: &[&[ProblemType]],
    kinds: &[ProblemType],
) -> BTreeMap<String, RefOr<Response>> {
    let kinds: BTreeSet<_> = group.iter().copied().flatten().chain(kinds).collect();
    let mut by_status = BTreeMap::<u16, Vec<String>>::new();
    for kind in kinds {
        let line = format!(
            "[`{}`]({}): {}",
            kind.slug(),
            kind.reference(),
            kind.title()
        );
        by_status
            .entry(kind.status().as_u16())
            .or_default()
            .push(line);
    }
    let response = |lines: Vec<String>| {
        let document = Content::new(Some(Ref::from_schema_name("Problem")));
        ResponseBuilder::new()
            .description(lines.join("; "))
            .content(problem::MEDIA_TYPE, document)
            .build()
    };
    by_status
        .into_iter()
        .map(|(status, lines)| (status.to_string(), RefOr::T(response(lines))))
        .collect()
}
