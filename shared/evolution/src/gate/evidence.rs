//! What is known of a candidate.

use serde::{Deserialize, Serialize};

use crate::Loss;
use crate::problem::{Baseline, Tolerance};

/// Everything that [`decide`](super::decide) looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What judged, and what should have.
    pub evaluator: Pinned,
    /// The mean losses in the search.
    pub train: Comparison,
    /// The mean losses on what the search never saw. None if it was not looked at: the evaluator
    /// is another, or there were enough looks.
    pub held_out: Option<Comparison>,
    /// The looks at what is held out.
    pub queries: Queries,
    /// On how many of the cases that are held out it fails.
    pub failures: Failures,
    /// The mean losses on other distributions.
    pub canaries: Vec<CanaryResult>,
    /// Whether outputs change as they must when inputs do.
    pub relations: Vec<RelationResult>,
    /// Whether it has the same losses again and again.
    pub repeats: Repeats,
    /// What it says it can do. None if it does not say.
    pub capabilities: Option<Capabilities>,
    /// How large it is.
    pub size: Size,
    /// What stands in its text.
    pub text: Text,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether agents' own sandbox has the same outputs. None if that has not been tried.
    pub sandbox_agrees: Option<bool>,
    /// The share of the tenant's tasks that the agent gets, 0 to 1. None if it is not known.
    pub traffic_share: Option<f64>,
    /// How the trivial does on what is held out, or in the search where that was not looked at.
    pub baselines: Vec<Baseline>,
    /// By how much a loss must be less to be an improvement.
    pub tolerance: Tolerance,
    /// The least mean loss that is possible, if that is proven.
    pub bound: Option<f64>,
}

/// Two digests of an evaluator, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// Of that which the run began with.
    pub pinned: String,
    /// Of that which judged now.
    pub observed: String,
}

/// Two mean losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The agent's.
    pub parent: Loss,
    /// The candidate's.
    pub candidate: Loss,
}

/// How often candidates of a run have been judged by what is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queries {
    /// How often so far.
    pub used: u32,
    /// How often they may be.
    pub allowed: u32,
}

/// Cases on which there is no output that could be judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// Of the agent.
    pub parent: u32,
    /// Of the candidate.
    pub candidate: u32,
}

/// A canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryResult {
    /// Its name.
    pub name: String,
    /// The mean losses.
    pub losses: Comparison,
}

/// A relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationResult {
    /// On how many cases it was tried.
    pub tried: u32,
    /// On how many it did not hold.
    pub broken: u32,
}

/// Evaluations of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    /// How many.
    pub evaluations: u32,
    /// How many of them differ from the first.
    pub different: u32,
}

/// What agents say they can do, and the tools they want.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// The candidate's that the agent has not, and that nobody has allowed.
    pub forbidden: Vec<String>,
    /// The candidate's that the agent has not, but that have been allowed.
    pub added: Vec<String>,
}

/// Sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Bytes of the whole candidate. None if it cannot be written as a source.
    pub bytes: Option<usize>,
    /// Nodes of its block.
    pub nodes: usize,
    /// Nodes of the agent's block.
    pub parent_nodes: usize,
}

/// String literals of the candidate's block that the agent's has not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// How many are also in the data of the problem.
    pub copied: u32,
    /// How many look like a way out of the sandbox, or like instructions to a reader.
    pub suspicious: u32,
}

/// Where a candidate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Whether its lineage is an unbroken chain.
    pub is_chained: bool,
    /// Whether it descends from an agent that is in quarantine.
    pub is_tainted: bool,
}

impl Evidence {
    /// Whether what is held out was looked at, and the candidate is better than everything
    /// trivial: that it was evolved can be said of such alone.
    pub fn beats_baselines(&self) -> bool {
        self.held_out.is_some_and(|losses| {
            let better = |baseline: &Baseline| losses.candidate < baseline.loss;
            self.baselines.iter().all(better)
        })
    }
}
