//! What is known of the agents and workflows that a definition names.

use std::collections::HashMap;

use serde_json::Value;

use crate::definition::{AgentRef, Definition, Kind, Work, WorkflowRef};

/// The agents and workflows that there are, as far as a definition names them.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// The agents. What is not in here is not there.
    pub agents: HashMap<AgentRef, Signature>,
    /// The workflows. What is not in here is not there.
    pub workflows: HashMap<WorkflowRef, Signature>,
}

/// What something takes and gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signature {
    /// JSON Schema of the input; `None` admits everything.
    pub input_schema: Option<Value>,
    /// JSON Schema of the output; `None` admits everything.
    pub output_schema: Option<Value>,
}

impl Definition {
    /// The agents it names, each once, compensations included.
    #[must_use]
    pub fn agents(&self) -> Vec<&AgentRef> {
        let mut agents: Vec<_> = self
            .steps
            .iter()
            .flat_map(|step| {
                let agent = match &step.kind {
                    Kind::Agent(agent) => Some(agent),
                    Kind::Map(map) => match &map.work {
                        Work::Agent(agent) => Some(agent),
                        _ => None,
                    },
                    _ => None,
                };
                agent
                    .into_iter()
                    .chain(step.compensate_with.as_ref().map(|c| &c.agent))
            })
            .collect();
        agents.sort();
        agents.dedup();
        agents
    }

    /// The workflows it names, each once.
    #[must_use]
    pub fn workflows(&self) -> Vec<&WorkflowRef> {
        let mut workflows: Vec<_> = self
            .steps
            .iter()
            .filter_map(|step| match &step.kind {
                Kind::Workflow(workflow) => Some(workflow),
                Kind::Map(map) => match &map.work {
                    Work::Workflow(workflow) => Some(workflow),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        workflows.sort();
        workflows.dedup();
        workflows
    }
}
