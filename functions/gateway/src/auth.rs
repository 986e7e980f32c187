//! Who is calling, and whether they may.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tdev_security::{Action, ApiKey, Principal, authorize};

use crate::Deps;
use crate::problem::{Problem, ProblemType};

/// The header for clients that cannot set `Authorization`.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What the requests of a group of routes want to do.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) deps: Arc<Deps>,
    pub(crate) action: Action,
}

/// Lets a request through to its handler, which finds the [`Principal`] among its extensions.
///
/// What a route acts on belongs to the caller's own tenant: the tenant is part of every key that
/// is read or written, so that another tenant's things are not found rather than forbidden.
pub(crate) async fn guard(
    State(Guard { deps, action }): State<Guard>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let principal = authenticate(&deps, request.headers()).await?;
    tdev_lambda::record_tenant(&principal.tenant);
    authorize(&principal, action, &principal.tenant)?;
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

/// Whom the request's API key speaks for. A key is looked up on every request, so that one that
/// is revoked is refused from then on.
async fn authenticate(deps: &Deps, headers: &HeaderMap) -> Result<Principal, Problem> {
    let key: ApiKey = presented(headers)?.parse().map_err(|_| invalid_key())?;
    let record = deps
        .table
        .key(&key.digest())
        .await?
        .ok_or_else(invalid_key)?;
    Ok(Principal {
        tenant: record.tenant,
        key: record.id,
    })
}

/// The one credential the request shows.
fn presented(headers: &HeaderMap) -> Result<&str, Problem> {
    // A header that shows no bearer token is a credential all the same, and not a valid one.
    let bearer = headers.get_all(AUTHORIZATION).iter().map(|value| {
        value
            .to_str()
            .ok()
            .and_then(bearer_token)
            .unwrap_or_default()
    });
    let api_key = headers
        .get_all(API_KEY)
        .iter()
        .map(|value| value.to_str().unwrap_or_default().trim());
    let shown: BTreeSet<&str> = bearer.chain(api_key).collect();
    match shown.len() {
        0 => Err(Problem::new(
            ProblemType::Unauthenticated,
            "Show an API key: `Authorization: Bearer tdev_…`, or `X-API-Key: tdev_…`.",
        )
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        1 => Ok(shown.into_iter().next().unwrap_or_default()),
        _ => Err(Problem::new(
            ProblemType::ConflictingCredentials,
            "The request shows more than one credential; show one.",
        )),
    }
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// One answer to malformed, unknown and revoked keys, so that it tells nothing about them.
fn invalid_key() -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::new(ProblemType::Unauthenticated, "The API key is not valid.")
        .with_header(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(headers: &[(&'static str, &str)]) -> Result<String, ProblemType> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        presented(&map)
            .map(str::to_owned)
            .map_err(|problem| problem.kind())
    }

    #[test]
    fn a_key_is_shown_in_either_header() {
        for headers in [
            [("authorization", "Bearer k")].as_slice(),
            &[("authorization", "bearer  k ")],
            &[("x-api-key", " k")],
            &[("authorization", "Bearer k"), ("x-api-key", "k")],
        ] {
            assert_eq!(shown(headers), Ok("k".to_owned()), "{headers:?}");
        }
    }

    #[test]
    fn no_credential_and_two_credentials() {
        assert_eq!(shown(&[]), Err(ProblemType::Unauthenticated));
        for headers in [
            [("authorization", "Bearer a"), ("x-api-key", "b")],
            [("x-api-key", "a"), ("x-api-key", "b")],
            [("authorization", "Basic a"), ("x-api-key", "b")],
        ] {
            assert_eq!(
                shown(&headers),
                Err(ProblemType::ConflictingCredentials),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn another_scheme_shows_no_key() {
        for value in ["Basic dTpw", "tdev_dev_x", "Bearer"] {
            assert_eq!(
                shown(&[("authorization", value)]),
                Ok(String::new()),
                "{value}"
            );
        }
    }
}
