//! Workflows in the languages of others.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_security::Principal;
use tdev_workflow::{Note, document_from_yaml, export_state_machine, import_serverless_workflow};
use utoipa::{IntoParams, ToSchema};

use super::read::wanted;
use super::register::{JSON_OR_YAML, invalid, text_of};
use crate::Deps;
use crate::extract::{Params, Segments, json, media_type, unsupported_media_type};
use crate::problem::Problem;
use crate::problems;

/// A workflow in another language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranslatedWorkflow)]
pub(crate) struct TranslatedView {
    /// The workflow.
    #[schema(value_type = Object)]
    definition: Value,
    /// What of it was left out, or means something else than it did.
    notes: Vec<NoteView>,
}

/// Something to know of a workflow that was translated.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranslationNote)]
struct NoteView {
    /// The place in what was translated, as a JSON pointer.
    pointer: String,
    /// What is to be known.
    message: String,
}

impl TranslatedView {
    fn new(definition: Value, notes: Vec<Note>) -> Self {
        let notes = notes
            .into_iter()
            .map(|Note { pointer, message }| NoteView { pointer, message });
        Self {
            definition,
            notes: notes.collect(),
        }
    }
}

problems!(ImportProblems, POST: UnsupportedMediaType, InvalidWorkflow);

/// Translate a document of the Serverless Workflow language.
///
/// The DSL 1.0 of the CNCF, as JSON or YAML, as far as there is an exact counterpart: `do`, `fork`,
/// `switch`, `for`, `wait`, `set`, `try` and calls of the function `agent`. Nothing is kept: what
/// is answered can be registered.
#[utoipa::path(
    post,
    path = "/v1/workflow-imports",
    tag = "workflows",
    operation_id = "importWorkflow",
    request_body(description = "The document", content(
        (Object = "application/json"),
        (String = "application/yaml"),
        (String = "text/yaml"),
    )),
    responses(
        (status = 200, description = "The definition", body = TranslatedView),
        ImportProblems,
    ),
)]
pub(crate) async fn import(
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<TranslatedView>, Problem> {
    let document = document(&headers, &body)?;
    let imported = import_serverless_workflow(&document).map_err(invalid)?;
    let definition = serde_json::to_value(&imported.definition);
    let definition = definition.map_err(|e| Problem::internal(&e))?;
    Ok(Json(TranslatedView::new(definition, imported.notes)))
}

/// The document, in the language that the headers say.
fn document(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    match media_type(headers).as_str() {
        "application/json" => json(headers, body),
        "application/yaml" | "text/yaml" => {
            let text = text_of(body)?;
            document_from_yaml(text).map_err(|problem| invalid(vec![problem]))
        }
        _ => Err(unsupported_media_type(JSON_OR_YAML)),
    }
}

/// Which version is translated.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// The version; the latest if it is left out.
    #[param(value_type = Option<u32>, minimum = 1)]
    version: Option<String>,
}

problems!(ExportProblems, PRIVATE:
    InvalidParameter, InvalidWorkflow, WorkflowNotFound, VersionNotFound, WorkflowDeleted);

/// Translate a workflow to the Amazon States Language.
///
/// For those who want Step Functions alone. Agents are called by the function that
/// `${InvokeAgent}` stands for, approvals requested by that of `${RequestApproval}`. A workflow
/// that no state machine can stand for is refused with what is in the way.
#[utoipa::path(
    get,
    path = "/v1/workflows/{name}/state-machine",
    tag = "workflows",
    operation_id = "exportWorkflow",
    params(("name" = String, Path, description = "The workflow's name."), ExportQuery),
    responses((status = 200, description = "The state machine", body = TranslatedView), ExportProblems),
)]
pub(crate) async fn export(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<ExportQuery>,
) -> Result<Json<TranslatedView>, Problem> {
    let version = wanted(&deps, &principal, &name, query.version.as_deref()).await?;
    let definitions = &deps.definitions;
    let found = definitions.get(&deps, &principal.tenant, &version.definition);
    let exported = export_state_machine(&found.await?.definition).map_err(invalid)?;
    Ok(Json(TranslatedView::new(
        exported.definition,
        exported.notes,
    )))
}
