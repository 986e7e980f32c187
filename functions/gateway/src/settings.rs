//! What a tenant sets for itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use tdev_domain::{HttpHost, MAX_HTTP_HOSTS, Settings};
use tdev_security::Principal;
use utoipa::ToSchema;

use crate::Deps;
use crate::extract::json;
use crate::problem::{Problem, Violation};
use crate::problems;

/// A tenant's settings.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Settings)]
pub(crate) struct SettingsBody {
    /// The hosts that agents may reach by `http_get` and `http_post`, none at first:
    /// `api.example.org`, or `*.example.org` for all whose names end so; on ports 80 and 443, or
    /// on the one that is named (`api.example.org:8443`).
    #[schema(max_items = 100, example = json!(["api.example.org", "*.example.com"]))]
    http_hosts: Vec<String>,
}

impl From<Settings> for SettingsBody {
    fn from(settings: Settings) -> Self {
        let hosts = settings.http_hosts.into_iter();
        Self {
            http_hosts: hosts.map(String::from).collect(),
        }
    }
}

problems!(GetProblems, PRIVATE: Internal);

/// Read the settings.
#[utoipa::path(
    get,
    path = "/v1/settings",
    tag = "settings",
    operation_id = "getSettings",
    responses((status = 200, description = "The settings", body = SettingsBody), GetProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<SettingsBody>, Problem> {
    let settings = deps.table.settings(&principal.tenant).await?;
    Ok(Json(settings.into()))
}

problems!(PutProblems, POST: InvalidRequest);

/// Change the settings.
///
/// The new ones take the place of the old ones as a whole, and hold for every tool call that is
/// begun from then on.
#[utoipa::path(
    put,
    path = "/v1/settings",
    tag = "settings",
    operation_id = "putSettings",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = SettingsBody,
    responses((status = 200, description = "The settings as they are now", body = SettingsBody), PutProblems),
)]
pub(crate) async fn put(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<SettingsBody>, Problem> {
    let settings = parse(&json(&headers, &body)?)?;
    deps.table
        .put_settings(&principal.tenant, &settings)
        .await?;
    tracing::info!(hosts = settings.http_hosts.len(), "settings changed");
    Ok(Json(settings.into()))
}

fn parse(body: &SettingsBody) -> Result<Settings, Problem> {
    let mut errors = Vec::new();
    let mut http_hosts = BTreeSet::<HttpHost>::new();
    for (place, text) in body.http_hosts.iter().enumerate() {
        match text.parse() {
            Ok(host) => {
                http_hosts.insert(host);
            }
            Err(invalid) => {
                let expected = format!("expected {}", invalid.expected);
                errors.push(Violation::at(format!("/http_hosts/{place}"), expected));
            }
        }
    }
    if body.http_hosts.len() > MAX_HTTP_HOSTS {
        let expected = format!("expected at most {MAX_HTTP_HOSTS} hosts");
        errors = vec![Violation::at("/http_hosts", expected)];
    }
    if errors.is_empty() {
        Ok(Settings { http_hosts })
    } else {
        Err(Problem::invalid_request(errors))
    }
}
