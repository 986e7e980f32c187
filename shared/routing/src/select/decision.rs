//! What was decided, and why.

use serde::{Deserialize, Serialize};
use tdev_domain::AgentName;

use super::{Action, AppliedRule, Candidate, Judged, Strategy};
use crate::model::Prediction;

/// Which agent a task goes to, if any, and everything that spoke for and against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The agent; `None` where none is to be given the task, now or ever.
    pub chosen: Option<AgentName>,
    /// What settled it.
    pub reason: Reason,
    /// The strategy of the tenant.
    pub strategy: Strategy,
    /// How likely the decision is right, as far as the model can tell; 1 where a rule or the
    /// filters left no choice.
    pub confidence: f64,
    /// Whether the text is for any agent; absent where the task has no text that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The rules that applied, in order.
    pub rules: Vec<AppliedRule>,
    /// The agents that fit, highest score first.
    pub candidates: Vec<Scored>,
    /// The others, each with the first filter that removed it.
    pub removed: Vec<Removed>,
    /// The agents to wait for, likeliest first, where [`Reason::Unavailable`] settled it. Not shown:
    /// the others say as much.
    #[serde(skip)]
    pub unavailable: Vec<AgentName>,
    /// How many of either [`Decision::abridged`] left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

impl Decision {
    /// Whether a rule named the agent, or what it must be able to do.
    #[must_use]
    pub fn directed_by_rule(&self) -> bool {
        let directs = |action: &Action| matches!(action, Action::Pin(_) | Action::Require(_));
        self.rules.iter().any(|rule| directs(&rule.then))
    }

    /// The decision with the `most` best candidates and the `most` likeliest of the others, for
    /// keeping beside each task.
    #[must_use]
    pub fn abridged(mut self, most: usize) -> Self {
        self.removed
            .sort_by(|a, b| b.fit.unwrap_or(0.0).total_cmp(&a.fit.unwrap_or(0.0)));
        let of = |length: usize| length.saturating_sub(most);
        self.omitted += of(self.candidates.len()) + of(self.removed.len());
        self.candidates.truncate(most);
        self.removed.truncate(most);
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What settled a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A rule named the agent.
    Pinned,
    /// It has the highest score.
    BestScore,
    /// It is the least loaded of those that fit about as well as the best.
    LeastConnections,
    /// It is its turn among those that fit about as well as the best.
    Turn,
    /// It would be done first, of those that fit about as well as the best.
    ShortestWait,
    /// None: a rule refuses such tasks.
    Refused,
    /// None: the text is for no agent.
    OutOfScope,
    /// None now: agents that fit are at capacity, or their circuits are open.
    Unavailable,
    /// None: no agent fits.
    NoneFits,
}

/// What the model says about whether the text is for any agent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// The calibrated probability that it is.
    pub probability: f64,
    /// The probability below which it counts as for none.
    pub threshold: f64,
}

impl Scope {
    pub(super) fn of(prediction: &Prediction<'_>) -> Self {
        Self {
            probability: rounded(prediction.in_scope),
            threshold: rounded(prediction.threshold),
        }
    }
}

/// An agent that fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Its name.
    pub agent: AgentName,
    /// The product of the parts.
    pub score: f64,
    /// P(agent | text), or an equal share where the text says nothing.
    pub fit: f64,
    /// The mean of the posterior of its success.
    pub success: f64,
    /// 1 when idle, ½ when full.
    pub load: f64,
}

/// The parts of a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// P(agent | text), or an equal share where the text says nothing.
    pub fit: f32,
    /// The mean of the posterior of its success.
    pub success: f32,
    /// 1 when idle, ½ when full.
    pub load: f32,
}

impl Parts {
    /// The score.
    #[must_use]
    pub fn product(self) -> f32 {
        self.fit * self.success * self.load
    }
}

/// An agent that does not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Removed {
    /// Its name.
    pub agent: AgentName,
    /// The first filter that removed it.
    pub filter: Filter,
    /// P(agent | text), where the text was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<f64>,
}

/// What stands between a task and an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// It belongs to another tenant.
    Tenant,
    /// A rule denies it the task.
    Denied,
    /// A rule names another agent.
    NotPinned,
    /// It has tried the task and failed.
    Tried,
    /// It lacks the capability.
    Capability,
    /// The input does not satisfy its schema.
    Input,
    /// Its circuit is open.
    Circuit,
    /// It is above 80 % of its capacity.
    Capacity,
    /// It is unlikely to be meant.
    Unlikely,
}

pub(super) fn ranked(scored: &[(&Candidate, Parts)]) -> Vec<Scored> {
    scored
        .iter()
        .map(|(candidate, parts)| Scored {
            agent: candidate.agent.clone(),
            score: rounded(parts.product()),
            fit: rounded(parts.fit),
            success: rounded(parts.success),
            load: rounded(parts.load),
        })
        .collect()
}

/// The removed, in the order given. Agents of other tenants are left out: that they exist is not
/// the client's to know.
pub(super) fn named(removed: &[(Judged<'_>, Filter)], text_was_read: bool) -> Vec<Removed> {
    removed
        .iter()
        .filter(|(_, filter)| *filter != Filter::Tenant)
        .map(|(judged, filter)| Removed {
            agent: judged.candidate.agent.clone(),
            filter: *filter,
            fit: text_was_read.then(|| rounded(judged.fit)),
        })
        .collect()
}

/// To four decimal places, for reading.
pub(super) fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}
