//! What the gate decides on.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tdev_evolution::gate::Evidence;
use tdev_security::Principal;

use super::find;
use crate::Deps;
use crate::extract::Segments;
use crate::problem::{Problem, ProblemType};
use crate::problems;

problems!(EvidenceProblems, PRIVATE: EvolutionNotFound, EvidenceNotFound);

/// Read the evidence on an evolution's winner: what the gate decides on.
///
/// It is what was stored when the winner was examined, byte for byte, so that its SHA-256 is the
/// `evidence` of the evolution's `winner`. It has figures, names and digests; nothing of a case that
/// was held out stands in it.
#[utoipa::path(
    get,
    path = "/v1/evolutions/{id}/evidence",
    tag = "evolutions",
    operation_id = "getEvidence",
    params(("id" = String, Path, description = "The evolution's identifier.")),
    responses((status = 200, description = "The evidence", body = Object), EvidenceProblems),
)]
pub(crate) async fn evidence(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let evolution = find(&deps, &principal.tenant, &id).await?;
    let winner = evolution.winner.ok_or_else(|| {
        Problem::new(
            ProblemType::EvidenceNotFound,
            "The evolution's winner has not been examined.",
        )
    })?;
    let objects = &deps.objects;
    let stored = objects.champion(&principal.tenant, &evolution.id, &winner.evidence);
    let stored = stored.await?;
    // Nothing is shown but what evidence has: sources are stored beside it.
    serde_json::from_slice::<Evidence>(&stored).map_err(|e| Problem::internal(&e))?;
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((json, stored).into_response())
}
