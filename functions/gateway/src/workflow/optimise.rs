//! What a workflow could do without.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{AgentName, StepId, VersionNumber};
use tdev_security::Principal;
use tdev_workflow::{Figures, FoundEdge, Repeated, Report, optimise as look};
use utoipa::{IntoParams, ToSchema};

use super::read::wanted;
use crate::Deps;
use crate::extract::{Params, Segments, choice};
use crate::problem::Problem;
use crate::problems;
use crate::schemas::dependency_kinds;

/// What is looked at, and whether it is applied.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OptimiseQuery {
    /// The version; the latest if it is left out.
    #[param(value_type = Option<u32>, minimum = 1)]
    version: Option<String>,
    /// The dependencies without which the definition is to be shown.
    #[param(schema_with = crate::schemas::applications)]
    apply: Option<String>,
}

/// What can be made simpler or faster.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowReport)]
pub(crate) struct ReportView {
    /// Dependencies that follow from others. Without them, every run goes as it does with them.
    redundant: Vec<DependencyView>,
    /// Dependencies that make a step wait for another one whose output neither it nor anything
    /// else behind it looks at. Whether the order matters for what the agents do outside of the
    /// workflow, only its author knows.
    needless: Vec<DependencyView>,
    /// What is redundant once the needless dependencies are left out.
    redundant_without_needless: Vec<DependencyView>,
    /// Agents that are called more than once with the same inputs, as they are written, and so
    /// could share a cached output.
    repeated: Vec<RepeatedView>,
    /// How long a run takes at least as the workflow is.
    figures: FiguresView,
    /// The same without the needless dependencies.
    figures_without_needless: FiguresView,
    /// The definition without these dependencies; absent unless `apply` asks for it. To keep it,
    /// register it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    definition: Option<Value>,
}

/// A dependency of one step on another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundDependency)]
struct DependencyView {
    /// The step that waits.
    #[schema(value_type = String)]
    step: StepId,
    /// The step it waits for.
    #[schema(value_type = String)]
    on: StepId,
    /// Of which kind.
    #[schema(schema_with = dependency_kinds)]
    kind: &'static str,
}

/// An agent that is called more than once with the same inputs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RepeatedCall)]
struct RepeatedView {
    /// The agent.
    #[schema(value_type = String)]
    agent: AgentName,
    /// Its version; absent if it is the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, nullable = false)]
    version: Option<VersionNumber>,
    /// The steps that call it.
    #[schema(value_type = Vec<String>)]
    steps: Vec<StepId>,
}

/// The bounds of a run's time if nothing waits for a worker. A step counts with its
/// `expected_seconds`, else as a second, and a wait as long as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowFigures)]
pub(crate) struct FiguresView {
    /// A longest chain of steps that wait for each other.
    #[schema(value_type = Vec<String>)]
    critical_path: Vec<StepId>,
    /// How many seconds the chain takes: no run is shorter.
    critical_seconds: f64,
    /// How many seconds all steps take one after the other.
    total_seconds: f64,
    /// By how much running steps at once can make a run faster.
    speed_up_bound: f64,
}

problems!(OptimiseProblems, PRIVATE:
    InvalidParameter, WorkflowNotFound, VersionNotFound, WorkflowDeleted);

/// Look for what a workflow could do without.
#[utoipa::path(
    get,
    path = "/v1/workflows/{name}/optimise",
    tag = "workflows",
    operation_id = "optimiseWorkflow",
    params(("name" = String, Path, description = "The workflow's name."), OptimiseQuery),
    responses((status = 200, description = "What was found", body = ReportView), OptimiseProblems),
)]
pub(crate) async fn optimise(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<OptimiseQuery>,
) -> Result<Json<ReportView>, Problem> {
    let applications = [("redundant", false), ("all", true)];
    let also_needless = choice("apply", query.apply.as_deref(), applications)?;
    let version = wanted(&deps, &principal, &name, query.version.as_deref()).await?;
    let definitions = &deps.definitions;
    let found = definitions.get(&deps, &principal.tenant, &version.definition);
    let found = found.await?;
    let report = look(&found.plan, &BTreeMap::new());
    let definition = also_needless
        .map(|also_needless| serde_json::to_value(report.apply(&found.definition, also_needless)))
        .transpose()
        .map_err(|e| Problem::internal(&e))?;
    Ok(Json(ReportView {
        definition,
        ..report.into()
    }))
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            redundant: dependencies(report.redundant),
            needless: dependencies(report.needless),
            redundant_without_needless: dependencies(report.redundant_without_needless),
            repeated: report.repeated.into_iter().map(Into::into).collect(),
            figures: report.figures.into(),
            figures_without_needless: report.figures_without_needless.into(),
            definition: None,
        }
    }
}

/// What was found, as the API shows it.
fn dependencies(found: Vec<FoundEdge>) -> Vec<DependencyView> {
    let view = |edge: FoundEdge| DependencyView {
        step: edge.step,
        on: edge.on,
        kind: edge.kind.as_str(),
    };
    found.into_iter().map(view).collect()
}

impl From<Repeated> for RepeatedView {
    fn from(repeated: Repeated) -> Self {
        Self {
            agent: repeated.agent.name,
            version: repeated.agent.version,
            steps: repeated.steps,
        }
    }
}

impl From<Figures> for FiguresView {
    fn from(figures: Figures) -> Self {
        Self {
            critical_path: figures.critical_path,
            critical_seconds: figures.critical_seconds,
            total_seconds: figures.total_seconds,
            speed_up_bound: figures.speed_up_bound,
        }
    }
}
