//! A run as a picture.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use tdev_domain::{StepId, StepStateName};
use tdev_run::Store;
use tdev_security::Principal;
use tdev_workflow::Drawing;
use utoipa::IntoParams;

use super::{find, identifier, workflow_of};
use crate::Deps;
use crate::extract::{Params, Segments};
use crate::problem::Problem;
use crate::problems;
use crate::workflow::{Format, GraphView, drawn};

/// How a run is drawn.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunGraphQuery {
    /// In which form, in place of what `Accept` says.
    #[param(schema_with = crate::schemas::graph_formats)]
    format: Option<String>,
}

problems!(RunGraphProblems, PRIVATE: InvalidParameter, RunNotFound);

/// Draw a run.
///
/// The graph of its workflow, with where each step stands. As JSON, as text for Mermaid or as SVG:
/// as the parameter `format` says, else as `Accept` prefers, else as JSON.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/graph",
    tag = "runs",
    operation_id = "drawRun",
    params(("id" = String, Path, description = "The run's identifier."), RunGraphQuery),
    responses(
        (status = 200, description = "The graph", content(
            (GraphView = "application/json"),
            (String = "text/vnd.mermaid"),
            (String = "image/svg+xml"),
        )),
        RunGraphProblems,
    ),
)]
pub(crate) async fn graph(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<RunGraphQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = Format::wanted(query.format.as_deref(), &headers)?;
    let run = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let workflow = workflow_of(&deps, &run).await?;
    let steps = deps
        .journals
        .runs_of(&run.tenant)
        .all_steps(&run.id)
        .await?;
    let plan = &workflow.plan;
    let planned = plan.steps().iter();
    let mut statuses: BTreeMap<StepId, StepStateName> = planned
        .map(|step| (step.id.clone(), StepStateName::Pending))
        .collect();
    let begun = steps.into_iter();
    statuses.extend(begun.map(|step| (step.id, step.state.name())));
    Ok(drawn(Drawing::new(plan, &statuses), format))
}
