//! Problems: storing and finding what agents are judged by.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use tdev_aws::ProblemPart;
use tdev_domain::TenantId;
use tdev_domain::evolution::{ProblemParts, ProblemRecord};
use tdev_evolution::problem::{
    Case, Divided, ImportError, Layout, Mistake, Stored, from_csv, from_jsonl,
};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::find_problem;
use super::view::ProblemView;
use crate::Deps;
use crate::extract::{Params, Segments, json};
use crate::pagination::{Page, PageQuery, listing_failed, page_request};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;

/// The most bytes of a request that stores a problem: what a function can be called with, less
/// what the gateway adds to it.
pub(crate) const MAX_BODY_BYTES: usize = 4 << 20;
/// The most characters of a description.
const MAX_DESCRIPTION_CHARS: usize = 1_000;

/// Cases in another form than JSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "format", rename_all = "lowercase", deny_unknown_fields)]
#[schema(as = CasesImport)]
pub(crate) enum ImportRequest {
    /// JSON Lines: an object with `input`, `output` and perhaps `weight` on each.
    Jsonl {
        /// The lines.
        data: String,
    },
    /// CSV with a header (RFC 4180).
    Csv {
        /// The file.
        data: String,
        /// What its columns are: `inputs` and `outputs`, each with `name` and `type`, the `shape`
        /// of the input, and the column that has the `weight`.
        #[schema(value_type = Object)]
        layout: Layout,
    },
}

problems!(PutProblems, POST: InvalidProblem, Conflict);

/// Store a problem.
///
/// The body, of at most 4 MiB, is its definition, perhaps with a `description`, and with an
/// `import` of cases as CSV or JSON Lines. The platform divides the cases into those that
/// candidates are bred on and those that are held out for the gate; nobody can read the latter any
/// more, neither candidates nor by this API. Storing a name again replaces the problem (200);
/// evolutions that run go on with the one they began with.
#[utoipa::path(
    post,
    path = "/v1/problems",
    tag = "evolutions",
    operation_id = "storeProblem",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body(content = Object, description = "The definition: `name`, `judge`, and perhaps `budget`, `tolerance`, `bound`, `canaries`, `relations`, `capabilities`, `description` and `import`"),
    responses(
        (status = 200, description = "Replaced, or as it was", body = ProblemView),
        (status = 201, description = "Stored", body = ProblemView, headers(
            ("Location" = String, description = "The problem."),
        )),
        PutProblems,
    ),
)]
pub(crate) async fn put_problem(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut definition: Map<String, Value> = json(&headers, &body)?;
    let description = description(definition.remove("description"))?;
    let imported = imported(definition.remove("import"))?;
    let definition = Value::Object(definition);
    let parsed = tdev_evolution::problem::Problem::parse(&definition).map_err(invalid)?;
    let (name, kind) = (parsed.name().clone(), parsed.definition().judge.kind());
    let divided = parsed.divide(imported).map_err(invalid)?;
    let parts = put_parts(&deps, &principal.tenant, &divided).await?;
    let now = Timestamp::now();
    let count = |cases: &[Case]| u32::try_from(cases.len()).unwrap_or(u32::MAX);
    let record = ProblemRecord {
        tenant: principal.tenant,
        name,
        description,
        kind,
        digest: parts.digest(),
        parts,
        train: count(&divided.train),
        held_out: count(&divided.held_out),
        created_at: now,
        updated_at: now,
        revision: 0,
    };
    put_record(&deps, record).await
}

/// Stores the objects before the record that names them.
async fn put_parts(
    deps: &Deps,
    tenant: &TenantId,
    divided: &Divided,
) -> Result<ProblemParts, Problem> {
    let stored = divided.stored().map_err(|e| Problem::internal(&e))?;
    let put = |part, bytes| deps.objects.put_problem_part(tenant, part, bytes);
    Ok(ProblemParts {
        definition: put(ProblemPart::Definition, stored.definition).await?,
        train: put(ProblemPart::Train, stored.train).await?,
        held_out: put(ProblemPart::HeldOut, stored.held_out).await?,
    })
}

async fn put_record(deps: &Deps, record: ProblemRecord) -> Result<Response, Problem> {
    let current = deps.table.problem(&record.tenant, &record.name).await?;
    let place = format!("/v1/problems/{}", record.name);
    let (status, record) = match current {
        None => (StatusCode::CREATED, record),
        Some(current) => {
            let is_same =
                current.digest == record.digest && current.description == record.description;
            if is_same {
                return Ok(Json(ProblemView::from(current)).into_response());
            }
            (StatusCode::OK, current.revised(record))
        }
    };
    deps.table.put_problem(&record).await?;
    tracing::info!(problem = %record.name, digest = %record.digest, "stored");
    Ok((status, [(LOCATION, place)], Json(ProblemView::from(record))).into_response())
}

fn description(given: Option<Value>) -> Result<String, Problem> {
    let wrong = || {
        let expected = format!("expected a string of at most {MAX_DESCRIPTION_CHARS} characters");
        Problem::invalid_request([Violation::at("/description", expected)])
    };
    match given {
        None => Ok(String::new()),
        Some(Value::String(text)) if text.chars().count() <= MAX_DESCRIPTION_CHARS => Ok(text),
        Some(_) => Err(wrong()),
    }
}

fn imported(given: Option<Value>) -> Result<Vec<Case>, Problem> {
    let Some(given) = given else {
        return Ok(Vec::new());
    };
    let request = serde_path_to_error::deserialize::<_, ImportRequest>(&given);
    let request = request.map_err(|error| {
        let pointer = format!("/import{}", pointer_of(error.path()));
        Problem::invalid_request([Violation::at(pointer, error.inner().to_string())])
    })?;
    let cases = match &request {
        ImportRequest::Jsonl { data } => from_jsonl(data.as_bytes()),
        ImportRequest::Csv { data, layout } => from_csv(data.as_bytes(), layout),
    };
    cases.map_err(|error| {
        let place = match error {
            ImportError::Layout(_) | ImportError::NoColumn(_) => "/import/layout",
            _ => "/import/data",
        };
        Problem::invalid_request([Violation::at(place, error.to_string())])
    })
}

/// The place of an error as a JSON pointer.
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    let text = path.to_string();
    if text == "." {
        return String::new();
    }
    format!("/{}", text.replace(['.', '['], "/").replace(']', ""))
}

fn invalid(mut mistakes: Vec<Mistake>) -> Problem {
    for mistake in &mut mistakes {
        // Cases that were imported are counted, wherever in the text they stand.
        if let Some(number) = mistake.pointer.strip_prefix("/data/") {
            mistake.message = format!("case {number}: {}", mistake.message);
            "/import/data".clone_into(&mut mistake.pointer);
        }
    }
    let detail = match mistakes.len() {
        1 => "There is something wrong with the definition.".to_owned(),
        count => format!("There are {count} things wrong with the definition."),
    };
    Problem::new(ProblemType::InvalidProblem, detail).with("errors", mistakes)
}

problems!(ListProblems, PRIVATE: InvalidParameter);

/// List problems by name.
#[utoipa::path(
    get,
    path = "/v1/problems",
    tag = "evolutions",
    operation_id = "listProblems",
    params(PageQuery),
    responses((status = 200, description = "A page of problems", body = Page<ProblemView>), ListProblems),
)]
pub(crate) async fn list_problems(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<ProblemView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let found = deps.table.problems(&principal.tenant, &page).await;
    Ok(Json(Page::of(
        found.map_err(listing_failed)?,
        ProblemView::from,
    )))
}

problems!(GetProblems, PRIVATE: ProblemNotFound);

/// Read a problem with its definition, without its cases.
#[utoipa::path(
    get,
    path = "/v1/problems/{name}",
    tag = "evolutions",
    operation_id = "getProblem",
    params(("name" = String, Path, description = "The problem's name.")),
    responses((status = 200, description = "The problem", body = ProblemView), GetProblems),
)]
pub(crate) async fn get_problem(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
) -> Result<Json<ProblemView>, Problem> {
    let record = find_problem(&deps, &principal.tenant, &name).await?;
    let problem = definition_of(&deps, &record).await?;
    let definition = serde_json::to_value(problem.definition());
    let definition = definition.map_err(|e| Problem::internal(&e))?;
    Ok(Json(ProblemView::from(record).with_definition(definition)))
}

/// The definition of a problem on record.
pub(super) async fn definition_of(
    deps: &Deps,
    record: &ProblemRecord,
) -> Result<tdev_evolution::problem::Problem, Problem> {
    let digest = &record.parts.definition;
    let part = ProblemPart::Definition;
    let bytes = deps
        .objects
        .problem_part(&record.tenant, part, digest)
        .await?;
    Stored::problem(&bytes).map_err(|e| Problem::internal(&e))
}
