//! Workflows as the API shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tdev_aws::Workflow;
use tdev_domain::{ArtifactDigest, StepId, VersionNumber, WorkflowName, WorkflowVersion};
use tdev_workflow::{FoundEdge, Plan, Report};
use utoipa::ToSchema;

use super::location;
use super::optimise::FiguresView;
use crate::schemas::warning_codes;

/// The most warnings that are shown.
const MAX_WARNINGS: usize = 100;

/// One version of a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowVersion)]
pub(crate) struct VersionView {
    /// The workflow's name, unique within the tenant.
    #[schema(value_type = String, example = "digest-documents")]
    name: WorkflowName,
    /// The version's number.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// What it is for; empty if its author did not say.
    description: String,
    /// How many steps it has.
    steps: u32,
    /// The SHA-256 of the definition, in hexadecimal.
    #[schema(value_type = String)]
    digest: ArtifactDigest,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A version of a workflow, with its definition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workflow)]
pub(crate) struct WorkflowView {
    #[serde(flatten)]
    version: VersionView,
    /// The definition, without what is as by default.
    #[schema(value_type = Object)]
    definition: Value,
    /// Where more is told of it.
    links: LinksView,
}

/// Where more is told of a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowLinks)]
pub(crate) struct LinksView {
    /// The workflow itself.
    #[serde(rename = "self")]
    this: String,
    /// Its versions.
    versions: String,
    /// The workflow as a picture.
    graph: String,
    /// What it could do without.
    optimise: String,
    /// Its runs: to start one, and after `/v1/runs?workflow=` to list them.
    runs: String,
}

/// A workflow as a listing shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowSummary)]
pub(crate) struct SummaryView {
    /// Its name.
    #[schema(value_type = String)]
    name: WorkflowName,
    /// Its latest version.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// What that is for; empty if its author did not say.
    description: String,
    /// How many steps that has.
    steps: u32,
    /// When its first version was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its latest version was registered.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A version of a workflow that was registered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisteredWorkflow)]
pub(crate) struct RegisteredView {
    #[serde(flatten)]
    pub(super) version: VersionView,
    /// What could be left out of the definition; at most 100.
    pub(super) warnings: Vec<WarningView>,
}

/// What a valid definition comes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowPlan)]
pub(crate) struct PlanView {
    /// The workflow's name.
    #[schema(value_type = String)]
    name: WorkflowName,
    /// How many steps it has.
    steps: u32,
    /// How many steps do what: `{"agent": 3, "map": 1}`.
    kinds: BTreeMap<&'static str, u32>,
    /// How many dependencies all steps have together.
    dependencies: usize,
    /// How many steps depend on nothing, and so begin at once.
    roots: usize,
    /// How long a run may take, in seconds.
    deadline_seconds: u64,
    /// How long a run takes at least.
    figures: FiguresView,
    /// What could be left out of the definition; at most 100.
    warnings: Vec<WarningView>,
}

/// Something in a definition that could be left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowWarning)]
pub(crate) struct WarningView {
    /// What it is: a dependency that follows from others.
    #[schema(schema_with = warning_codes)]
    code: &'static str,
    /// The step that waits.
    #[schema(value_type = String)]
    step: StepId,
    /// The step it waits for.
    #[schema(value_type = String)]
    on: StepId,
    /// The same in words.
    message: String,
}

impl From<WorkflowVersion> for VersionView {
    fn from(version: WorkflowVersion) -> Self {
        Self {
            name: version.name,
            version: version.version,
            description: version.description,
            steps: version.steps,
            digest: version.definition,
            created_at: version.created_at,
        }
    }
}

impl WorkflowView {
    /// The version with its definition.
    pub(super) fn new(version: WorkflowVersion, definition: Value) -> Self {
        let this = location(&version.name);
        Self {
            version: version.into(),
            definition,
            links: LinksView {
                versions: format!("{this}/versions"),
                graph: format!("{this}/graph"),
                optimise: format!("{this}/optimise"),
                runs: format!("{this}/runs"),
                this,
            },
        }
    }
}

impl From<Workflow> for SummaryView {
    fn from(workflow: Workflow) -> Self {
        Self {
            name: workflow.name,
            version: workflow.latest,
            description: workflow.description,
            steps: workflow.steps,
            created_at: workflow.created_at,
            updated_at: workflow.updated_at,
        }
    }
}

impl PlanView {
    /// What `plan` comes to, of which `report` tells.
    pub(super) fn new(plan: &Plan, report: Report) -> Self {
        let mut kinds = BTreeMap::new();
        for step in plan.steps() {
            *kinds.entry(step.kind.name()).or_insert(0) += 1;
        }
        Self {
            name: plan.name.clone(),
            steps: plan.len(),
            kinds,
            dependencies: plan.steps().iter().map(|s| s.dependencies.len()).sum(),
            roots: plan.roots().len(),
            deadline_seconds: plan.deadline_seconds,
            warnings: warnings(report.redundant),
            figures: report.figures.into(),
        }
    }
}

/// What is said of dependencies that follow from others.
pub(super) fn warnings(redundant: Vec<FoundEdge>) -> Vec<WarningView> {
    let warning = |FoundEdge { step, on, .. }| WarningView {
        code: "redundant_dependency",
        message: format!("{step} waits for {on} in any case, by its other dependencies"),
        step,
        on,
    };
    redundant
        .into_iter()
        .take(MAX_WARNINGS)
        .map(warning)
        .collect()
}
