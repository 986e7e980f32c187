//! A plan as a picture.

mod layout;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use tdev_domain::{StepId, StepStateName, WorkflowName};

use crate::definition::{DependencyKind, Kind, Wait, Work};
use crate::plan::{Plan, PlanStep};

/// A plan's graph, with all that is shown of it. Written as JSON it is for others to draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// The workflow.
    pub name: WorkflowName,
    /// The steps, in topological order.
    pub nodes: Vec<DrawnNode>,
    /// What depends on what.
    pub edges: Vec<DrawnEdge>,
}

/// A step, as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrawnNode {
    /// Its identifier.
    pub id: StepId,
    /// The name of its kind.
    pub kind: &'static str,
    /// What it does, in a word or two: the agent's name, a number of seconds.
    pub detail: String,
    /// Where it stands, if a run is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StepStateName>,
}

/// A dependency, as it is drawn: from the first step to the one that waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrawnEdge {
    /// The step that is waited for.
    pub from: StepId,
    /// The step that waits.
    pub to: StepId,
    /// Of which kind.
    pub kind: DependencyKind,
    /// The condition under which a choice goes this way, or `otherwise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The places of both ends among the nodes.
    #[serde(skip)]
    ends: (usize, usize),
}

impl Drawing {
    /// The graph of `plan`, whose steps stand as `statuses` says, if it is a run's.
    #[must_use]
    pub fn new(plan: &Plan, statuses: &BTreeMap<StepId, StepStateName>) -> Self {
        let nodes = plan
            .steps()
            .iter()
            .map(|step| DrawnNode {
                id: step.id.clone(),
                kind: step.kind.name(),
                detail: detail(step),
                status: statuses.get(&step.id).copied(),
            })
            .collect();
        let mut edges = Vec::new();
        for (from, step) in (0..).zip(plan.steps()) {
            let labels = labels(step);
            for edge in plan.dependants(from) {
                let to = plan.step(edge.step);
                edges.push(DrawnEdge {
                    from: step.id.clone(),
                    to: to.id.clone(),
                    kind: edge.kind,
                    label: labels.get(&to.id).map(ToString::to_string),
                    ends: (crate::plan::at(from), crate::plan::at(edge.step)),
                });
            }
        }
        Self {
            name: plan.name.clone(),
            nodes,
            edges,
        }
    }
}

fn detail(step: &PlanStep) -> String {
    match &step.kind {
        Kind::Agent(agent) => agent.name.to_string(),
        Kind::Workflow(workflow) => workflow.name.to_string(),
        Kind::Task(task) => task
            .capability
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        Kind::Map(map) => match &map.work {
            Work::Agent(agent) => format!("each: {}", agent.name),
            Work::Workflow(workflow) => format!("each: {}", workflow.name),
            Work::Task(_) => "each: a task".to_owned(),
        },
        Kind::Wait(Wait::Seconds(seconds)) => format!("{seconds} s"),
        Kind::Wait(Wait::Until(_)) | Kind::Choice(_) | Kind::Approval(_) => String::new(),
    }
}

/// What stands at the edges from a choice: by step, the first way that leads to it.
fn labels(step: &PlanStep) -> HashMap<&StepId, &str> {
    let mut labels = HashMap::new();
    if let Kind::Choice(choice) = &step.kind {
        for branch in &choice.branches {
            for target in &branch.then {
                labels.entry(target).or_insert(branch.when.as_str());
            }
        }
        for target in &choice.otherwise {
            labels.entry(target).or_insert("otherwise");
        }
    }
    labels
}

/// `text`, cut where it is longer than `most` characters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// The colour of a step that stands so, as fill and line.
const fn colours(status: Option<StepStateName>) -> (&'static str, &'static str) {
    use StepStateName as S;
    match status {
        None => ("#f6f8fa", "#57606a"),
        Some(S::Pending) => ("#ffffff", "#8c959f"),
        Some(S::Running) => ("#ddf4ff", "#0969da"),
        Some(S::Paused | S::Waiting | S::AwaitingApproval) => ("#fff8c5", "#9a6700"),
        Some(S::Completed) => ("#dafbe1", "#1a7f37"),
        Some(S::Failed) => ("#ffebe9", "#cf222e"),
        Some(S::Skipped) => ("#eaeef2", "#8c959f"),
        Some(S::Cancelled) => ("#fbefff", "#8250df"),
    }
}

#[cfg(test)]
mod tests;
