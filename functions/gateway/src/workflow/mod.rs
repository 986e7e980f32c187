//! Workflows: registering, finding and deleting them.
//!
//! A definition is checked against the agents and workflows that the tenant has, and kept under
//! the next version of its name, which never changes.

mod catalogue;
mod graph;
mod interchange;
mod optimise;
mod read;
mod register;
mod runnable;
mod view;

use tdev_aws::Workflow;
use tdev_domain::{TenantId, VersionNumber, WorkflowName, WorkflowVersion};

use crate::Deps;
use crate::problem::{Problem, ProblemType};

pub(crate) use graph::{__path_graph, Format, GraphView, drawn, graph};
pub(crate) use interchange::{__path_export, __path_import, export, import};
pub(crate) use optimise::{__path_optimise, optimise};
pub(crate) use read::{
    __path_delete, __path_get, __path_list, __path_versions, delete, get, list, versions,
};
pub(crate) use register::{__path_register, register};
pub(crate) use runnable::{Runnable, Runnables};

/// The workflow of this name, deleted or not.
async fn find(deps: &Deps, tenant: &TenantId, name: &str) -> Result<Workflow, Problem> {
    // A name that no workflow can have is the name of no workflow.
    let found = match name.parse::<WorkflowName>() {
        Ok(name) => deps.table.workflow(tenant, &name).await?,
        Err(_) => None,
    };
    found.ok_or_else(not_found)
}

/// The workflow of this name, unless it was deleted.
pub(crate) async fn find_active(
    deps: &Deps,
    tenant: &TenantId,
    name: &str,
) -> Result<Workflow, Problem> {
    let found = find(deps, tenant, name).await?;
    if found.deleted {
        let detail = format!("`{}` was deleted.", found.name);
        return Err(Problem::new(ProblemType::WorkflowDeleted, detail));
    }
    Ok(found)
}

/// A version of `workflow`.
pub(crate) async fn find_version(
    deps: &Deps,
    workflow: &Workflow,
    number: VersionNumber,
) -> Result<WorkflowVersion, Problem> {
    let Workflow { tenant, name, .. } = workflow;
    let found = deps.table.workflow_version(tenant, name, number).await?;
    found.ok_or_else(|| no_such_version(workflow))
}

fn not_found() -> Problem {
    Problem::new(
        ProblemType::WorkflowNotFound,
        "There is no workflow of this name.",
    )
}

fn no_such_version(workflow: &Workflow) -> Problem {
    Problem::new(
        ProblemType::VersionNotFound,
        format!(
            "`{}` has no version of this number; the newest is {}.",
            workflow.name, workflow.latest
        ),
    )
}

fn location(name: &WorkflowName) -> String {
    format!("/v1/workflows/{name}")
}
