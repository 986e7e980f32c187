//! What a tenant has of the agents and workflows that a definition names.

use futures_util::{StreamExt, TryStreamExt, stream};
use tdev_domain::{AgentStatus, TenantId};
use tdev_workflow::{AgentRef, Catalogue, Definition, Signature, WorkflowRef};

use crate::Deps;
use crate::problem::Problem;

/// How many agents are read at once.
const AGENTS_AT_ONCE: usize = 16;
/// How many workflows are read at once, whose definitions may be large.
const WORKFLOWS_AT_ONCE: usize = 4;

/// The agents and workflows that `definition` names, as far as they are there.
pub(super) async fn catalogue(
    deps: &Deps,
    tenant: &TenantId,
    definition: &Definition,
) -> Result<Catalogue, Problem> {
    let agents = definition.agents().into_iter().cloned();
    let agents: Vec<_> = agents.map(|agent| of_agent(deps, tenant, agent)).collect();
    let workflows = definition.workflows().into_iter().cloned();
    let workflows = workflows.map(|workflow| of_workflow(deps, tenant, workflow));
    let workflows: Vec<_> = workflows.collect();
    Ok(Catalogue {
        agents: stream::iter(agents)
            .buffer_unordered(AGENTS_AT_ONCE)
            .try_filter_map(async |found| Ok(found))
            .try_collect()
            .await?,
        workflows: stream::iter(workflows)
            .buffer_unordered(WORKFLOWS_AT_ONCE)
            .try_filter_map(async |found| Ok(found))
            .try_collect()
            .await?,
    })
}

async fn of_agent(
    deps: &Deps,
    tenant: &TenantId,
    agent: AgentRef,
) -> Result<Option<(AgentRef, Signature)>, Problem> {
    let found = deps.table.agent(tenant, &agent.name).await?;
    let Some(active) = found.filter(|found| found.status == AgentStatus::Active) else {
        return Ok(None);
    };
    let number = agent.version.unwrap_or(active.latest);
    let version = deps.table.version(tenant, &agent.name, number).await?;
    Ok(version.map(|version| {
        let signature = Signature {
            input_schema: version.manifest.input_schema,
            output_schema: version.manifest.output_schema,
        };
        (agent, signature)
    }))
}

async fn of_workflow(
    deps: &Deps,
    tenant: &TenantId,
    workflow: WorkflowRef,
) -> Result<Option<(WorkflowRef, Signature)>, Problem> {
    let found = deps.table.workflow(tenant, &workflow.name).await?;
    let Some(active) = found.filter(|found| !found.deleted) else {
        return Ok(None);
    };
    let digest = match workflow.version {
        None => active.definition,
        Some(number) => {
            let name = &workflow.name;
            let version = deps.table.workflow_version(tenant, name, number).await?;
            let Some(version) = version else {
                return Ok(None);
            };
            version.definition
        }
    };
    let runnable = deps.definitions.get(deps, tenant, &digest).await?;
    let signature = Signature {
        input_schema: runnable.definition.input_schema.clone(),
        // What a run gives is made by a template, and has no schema.
        output_schema: None,
    };
    Ok(Some((workflow, signature)))
}
