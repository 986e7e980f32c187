//! What a user says a problem is.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tdev_domain::evolution::JudgeKind;

use super::{Case, Metric, Relation};

/// A problem as it is sent and stored. [`Problem`](super::Problem) is one that has been checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name, in kebab case.
    pub name: String,
    /// What judges a candidate.
    pub judge: Judge,
    /// What one case may take.
    #[serde(default)]
    pub budget: CaseBudget,
    /// By how much a mean loss must be less to be an improvement.
    #[serde(default)]
    pub tolerance: Tolerance,
    /// The least mean loss that anybody can have, if that is proven. What has less has found a
    /// hole in the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// Further distributions on which a candidate must not be worse.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canaries: Vec<Canary>,
    /// How outputs must change when inputs do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
    /// The capabilities that a candidate may have beside those of the agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
}

/// What judges a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Judge {
    /// Inputs with the outputs that are expected.
    Cases {
        /// The function that is called: `execute` with the input, or a function of the block with
        /// the input's items as its arguments.
        #[serde(default = "execute")]
        function: String,
        /// How far an output is from the expected one.
        metric: Metric,
        /// The cases, or some of them; others may be imported.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cases: Vec<Case>,
        /// The cases that are used at promotion alone.
        #[serde(default)]
        held_out: HeldOut,
    },
    /// A simulation that the platform has, by its name.
    Simulation {
        /// Its name, such as `online-bin-packing`.
        simulation: String,
        /// What it takes.
        #[serde(default)]
        parameters: Json,
    },
    /// Another agent, which scores outputs.
    Agent {
        /// Its name.
        agent: String,
        /// Its version: a later one does not take its place.
        version: u32,
        /// The function of the candidate that is called, as for `cases`.
        #[serde(default = "execute")]
        function: String,
        /// The inputs, or some of them; others may be imported. Expected outputs are not looked at.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cases: Vec<Case>,
        /// The cases that are used at promotion alone.
        #[serde(default)]
        held_out: HeldOut,
    },
}

/// Which cases are kept from the search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HeldOut {
    /// This share of all of them, drawn by the platform.
    Share(f64),
    /// These.
    Cases(Vec<Case>),
}

/// What one case may take; as [`tdev_program::Budget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaseBudget {
    /// Units of fuel, 10,000 to 10,000,000.
    pub fuel: u64,
    /// Bytes of memory, 65,536 to 16,777,216.
    pub memory: usize,
}

/// By how much a loss must be less to be an improvement: by more than
/// `absolute + relative × loss`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tolerance {
    /// In units of the loss.
    pub absolute: f64,
    /// As a share of the loss that is to be improved on.
    pub relative: f64,
}

/// A further distribution on which a candidate must not be worse than the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Its name.
    pub name: String,
    /// Its cases, where cases or an agent judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<Case>,
    /// Its parameters, where a simulation judges.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub parameters: Json,
}

impl Judge {
    /// Which of them it is.
    pub fn kind(&self) -> JudgeKind {
        match self {
            Self::Cases { .. } => JudgeKind::Cases,
            Self::Simulation { .. } => JudgeKind::Simulation,
            Self::Agent { .. } => JudgeKind::Agent,
        }
    }
}

fn execute() -> String {
    super::EXECUTE.to_owned()
}

impl Default for HeldOut {
    fn default() -> Self {
        Self::Share(0.3)
    }
}

impl Default for CaseBudget {
    fn default() -> Self {
        Self {
            fuel: 1_000_000,
            memory: 4 << 20,
        }
    }
}

impl From<CaseBudget> for tdev_program::Budget {
    fn from(budget: CaseBudget) -> Self {
        Self {
            fuel: budget.fuel,
            memory: budget.memory,
        }
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            absolute: 1e-9,
            relative: 0.001,
        }
    }
}

impl Tolerance {
    /// Whether `candidate` is better than `parent` by more than the tolerance.
    pub fn is_improvement(self, parent: f64, candidate: f64) -> bool {
        parent - candidate > self.absolute + self.relative * parent
    }

    /// Whether `candidate` is worse than `parent` by more than the tolerance.
    pub fn is_worse(self, parent: f64, candidate: f64) -> bool {
        candidate - parent > self.absolute + self.relative * parent
    }
}
