//! Registering a workflow.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_aws::{Registered, WorkflowDraft};
use tdev_domain::TenantId;
use tdev_security::Principal;
use tdev_workflow::{Code, Definition, Plan, optimise, validate};
use utoipa::{IntoParams, ToSchema};

use super::catalogue::catalogue;
use super::location;
use super::view::{PlanView, RegisteredView, warnings};
use crate::Deps;
use crate::callable::compile_schema;
use crate::extract::{Params, flag, media_type, unsupported_media_type};
use crate::problem::{Problem, ProblemType};
use crate::problems;

/// The parameters of a registration.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegisterQuery {
    /// Whether the definition is only checked, and nothing kept.
    #[param(value_type = Option<bool>, default = false)]
    dry_run: Option<String>,
}

/// What a registration comes to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = WorkflowRegistration)]
pub(crate) enum RegisterAnswer {
    /// The version that there is now.
    Version(RegisteredView),
    /// The plan of a definition that was only checked.
    Plan(PlanView),
}

problems!(RegisterProblems, ONCE: UnsupportedMediaType, InvalidWorkflow, Conflict);

/// Register a workflow.
///
/// The definition, of at most 4 MiB, is checked against the agents and workflows that there are,
/// and becomes the next version of its name. If the latest version has the same definition the
/// answer is that one (200). With `dry_run=true` it is only checked, and the answer (200) is what
/// the plan comes to.
#[utoipa::path(
    post,
    path = "/v1/workflows",
    tag = "workflows",
    operation_id = "registerWorkflow",
    params(
        RegisterQuery,
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body(description = "The definition", content(
        (Object = "application/json"),
        (String = "application/yaml"),
        (String = "text/yaml"),
    )),
    responses(
        (status = 200, description = "The version that there is, or with `dry_run` the plan", body = RegisterAnswer),
        (status = 201, description = "Registered", body = RegisteredView, headers(
            ("Location" = String, description = "The workflow."),
        )),
        RegisterProblems,
    ),
)]
pub(crate) async fn register(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Params(query): Params<RegisterQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let dry_run = flag("dry_run", query.dry_run.as_deref())?.unwrap_or(false);
    let tenant = principal.tenant;
    let definition = parse(&headers, &body)?;
    let plan = check(&deps, &tenant, &definition).await?;
    if dry_run {
        let view = PlanView::new(&plan, optimise(&plan, &BTreeMap::new()));
        return Ok(Json(RegisterAnswer::Plan(view)).into_response());
    }
    let draft = WorkflowDraft {
        tenant,
        name: definition.name.clone(),
        description: definition.description.clone().unwrap_or_default(),
        steps: plan.len(),
        definition: definition.to_json(),
    };
    let now = Timestamp::now();
    let registered = deps.table.register_workflow(&deps.objects, &draft, now);
    let (status, version) = match registered.await? {
        Registered::New(version) => (StatusCode::CREATED, version),
        Registered::Known(version) => (StatusCode::OK, version),
    };
    tracing::info!(workflow = %version.name, version = %version.version, "registered");
    let place = [(LOCATION, location(&version.name))];
    let report = optimise(&plan, &BTreeMap::new());
    let answer = RegisterAnswer::Version(RegisteredView {
        version: version.into(),
        warnings: warnings(report.redundant),
    });
    Ok((status, place, Json(answer)).into_response())
}

/// The media types of definitions and documents.
pub(super) const JSON_OR_YAML: &str = "application/json, application/yaml, text/yaml";

/// The definition, in the language that the headers say.
fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Definition, Problem> {
    let parse = match media_type(headers).as_str() {
        "application/json" => Definition::from_json,
        "application/yaml" | "text/yaml" => Definition::from_yaml,
        _ => {
            return Err(unsupported_media_type(JSON_OR_YAML));
        }
    };
    let text = text_of(body)?;
    parse(text).map_err(|problem| invalid(vec![problem]))
}

/// The body as text.
pub(super) fn text_of(body: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(body).map_err(|error| {
        let place = error.valid_up_to();
        let message = format!("the definition is not UTF-8 from byte {place} on");
        invalid(vec![wrong(Code::Malformed, "", message)])
    })
}

/// The plan of `definition`, if everything is right with it.
async fn check(deps: &Deps, tenant: &TenantId, definition: &Definition) -> Result<Plan, Problem> {
    let known = catalogue(deps, tenant, definition).await?;
    let plan = validate(definition, &known).map_err(invalid)?;
    // The schema is used by this process, which cannot use each that is well-formed.
    if let Some(schema) = &plan.input_schema
        && let Err(error) = compile_schema(schema)
    {
        let pointer = format!("/input_schema{}", error.instance_path());
        let message = error.masked().to_string();
        return Err(invalid(vec![wrong(Code::InvalidSchema, pointer, message)]));
    }
    Ok(plan)
}

fn wrong(code: Code, pointer: impl Into<String>, message: String) -> tdev_workflow::Problem {
    tdev_workflow::Problem {
        code,
        pointer: pointer.into(),
        message,
        excerpt: None,
    }
}

pub(super) fn invalid(problems: Vec<tdev_workflow::Problem>) -> Problem {
    let detail = match problems.len() {
        1 => "There is something wrong with the definition.".to_owned(),
        count => format!("There are {count} things wrong with the definition."),
    };
    Problem::new(ProblemType::InvalidWorkflow, detail).with("errors", problems)
}
