//! Decisions on where tasks go, as the API shows them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::schemas::{decision_reasons, filters, rule_actions, strategies};

/// Which agent a task goes to, if any, and everything that spoke for and against.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Decision)]
pub(crate) struct DecisionView {
    /// The agent; `null` for none.
    #[schema(required)]
    chosen: Option<String>,
    /// What settled it. It is none now (`unavailable`: those that fit are at capacity, or failed
    /// too often of late) or none ever (`refused`, `out_of_scope`, `none_fits`).
    #[schema(schema_with = decision_reasons)]
    reason: String,
    /// The tenant's strategy.
    #[schema(schema_with = strategies)]
    strategy: String,
    /// How likely the decision is right, as far as the model can tell; 1 where a rule or the
    /// filters left no choice.
    confidence: f64,
    /// Whether the text is for any agent; absent where it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<ScopeView>,
    /// The rules that applied, in order.
    rules: Vec<AppliedRuleView>,
    /// The agents that fit, highest score first.
    candidates: Vec<CandidateView>,
    /// The others, each with the first filter that removed it.
    removed: Vec<RemovedView>,
    /// How many of either are left out.
    #[serde(default)]
    omitted: usize,
}

/// Whether a text is for any agent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Scope)]
pub(crate) struct ScopeView {
    /// How likely that is.
    probability: f64,
    /// Below what probability it counts as for none.
    threshold: f64,
}

/// A rule that applied.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AppliedRule)]
pub(crate) struct AppliedRuleView {
    /// The rule.
    id: String,
    /// What it did.
    #[schema(schema_with = rule_actions)]
    then: Value,
}

/// An agent that fits. Its score is the product of the other three.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Candidate)]
pub(crate) struct CandidateView {
    /// The agent.
    agent: String,
    /// The score.
    score: f64,
    /// How likely the text is for it; an equal share where the text says nothing.
    fit: f64,
    /// How likely it succeeds, from what it has done so far.
    success: f64,
    /// How free it is: 1 when idle, a half when full.
    load: f64,
}

/// An agent that does not fit.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RemovedCandidate)]
pub(crate) struct RemovedView {
    /// The agent.
    agent: String,
    /// The first filter that removed it.
    #[schema(schema_with = filters)]
    filter: String,
    /// How likely the text is for it; absent where it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fit: Option<f64>,
}
