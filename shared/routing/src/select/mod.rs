//! The choice of an agent for a task, with its reasons.
//!
//! Rules come first, then filters, then the score: P(agent | text) × the success posterior × the
//! load factor. A task is *directed* if it, or a rule, names a capability or an agent; then what
//! the text is about only orders the agents that can do it. Otherwise the text must be in scope,
//! and an agent must be likely enough to be meant: a task waits rather than go to the wrong agent
//! because the right one is busy.

mod decision;
mod rule;
mod strategy;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tdev_domain::breaker::Admission;
use tdev_domain::{AgentName, Capability, TenantId};

pub use decision::{Decision, Filter, Parts, Reason, Removed, Scope, Scored};
pub use rule::{Action, AppliedRule, Condition, Pattern, Rule};
pub use strategy::Strategy;

use crate::model::Prediction;
use decision::rounded;
use rule::Ruling;

/// The load above which an agent is passed over.
pub const MOST_LOAD: f32 = 0.8;

/// Successes and failures that an agent counts as having had before its first task: the prior of
/// its success is Beta(8, 2), with mean 0.8 and the weight of ten tasks.
pub const PRIOR: (f32, f32) = (8.0, 2.0);

/// What is to be routed.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Whose it is.
    pub tenant: &'a TenantId,
    /// What it says.
    pub text: &'a str,
    /// What the client wants the agent to be able to do.
    pub capability: Option<&'a Capability>,
    /// The agents that have tried it and failed.
    pub tried: &'a [AgentName],
    /// The number of the decision among those of the tenant, by which turns are taken.
    pub turn: u64,
}

/// An agent as the choice sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its owner.
    pub tenant: TenantId,
    /// Its name, which is its key in the model too.
    pub agent: AgentName,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// Whether the task's input satisfies its input schema.
    pub input_fits: bool,
    /// Whether its circuit lets a task through.
    pub admission: Admission,
    /// Tasks it is doing.
    pub in_flight: u32,
    /// Tasks it can do at once.
    pub capacity: u32,
    /// Tasks it did.
    pub succeeded: u32,
    /// Tasks it failed.
    pub failed: u32,
    /// Its share of turns.
    pub weight: u32,
    /// How long a task takes it on average, in milliseconds; 0 if it has done none.
    pub run_time_ms: f32,
}

impl Candidate {
    /// Tasks under way as a share of capacity; 1 for an agent without capacity.
    #[must_use]
    pub fn load(&self) -> f32 {
        if self.capacity == 0 {
            1.0
        } else {
            ratio(self.in_flight, self.capacity)
        }
    }

    /// The mean of the Beta posterior of its success.
    #[must_use]
    pub fn success(&self) -> f32 {
        let (successes, failures) = PRIOR;
        let successes = successes + count(self.succeeded);
        successes / (successes + failures + count(self.failed))
    }
}

/// How a tenant's tasks are routed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What goes before the score, in order.
    pub rules: Vec<Rule>,
    /// How one is chosen among the agents that fit.
    pub strategy: Strategy,
    /// How likely an agent must be meant to be given an undirected task.
    pub floor: Floor,
    /// Tasks that an agent can do at once, unless `agents` says otherwise.
    pub capacity: u32,
    /// What differs from agent to agent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<AgentName, Share>,
}

/// What one agent is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Share {
    /// Tasks it can do at once; absent for the policy's capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Its share of turns; absent for 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

impl Default for Policy {
    /// No rules, the best score, a capacity of 100.
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            strategy: Strategy::default(),
            floor: Floor::default(),
            capacity: 100,
            agents: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// Tasks that `agent` can do at once.
    #[must_use]
    pub fn capacity_of(&self, agent: &AgentName) -> u32 {
        let share = self.agents.get(agent);
        share
            .and_then(|share| share.capacity)
            .unwrap_or(self.capacity)
    }

    /// Its share of turns.
    #[must_use]
    pub fn weight_of(&self, agent: &AgentName) -> u32 {
        let share = self.agents.get(agent);
        share.and_then(|share| share.weight).unwrap_or(1)
    }
}

/// The least P(agent | text) with which an agent is given an undirected task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Floor(pub f32);

impl Default for Floor {
    fn default() -> Self {
        Self(0.1)
    }
}

/// Decides which agent `task` goes to.
///
/// `prediction` is what the tenant's model says of the text; without one (a task that is not text,
/// or no model yet) every agent fits equally well.
#[must_use]
pub fn decide(
    task: &Task<'_>,
    prediction: Option<&Prediction<'_>>,
    candidates: &[Candidate],
    policy: &Policy,
) -> Decision {
    let ruling = Ruling::of(&policy.rules, task);
    let directed = ruling.directed();
    let mut removed = Vec::new();
    let mut fitting = Vec::new();
    for candidate in candidates {
        let judged = Judged {
            candidate,
            fit: prediction.map_or(0.0, |p| p.probability_of(candidate.agent.as_str())),
        };
        match filter(task, candidate, &ruling) {
            Some(filter) => removed.push((judged, filter)),
            None => fitting.push(judged),
        }
    }
    let refused = if ruling.refused {
        Some(Reason::Refused)
    } else if !directed && prediction.is_some_and(|p| !p.is_in_scope()) {
        Some(Reason::OutOfScope)
    } else {
        None
    };
    if directed || prediction.is_none() {
        share_out(&mut fitting);
    }
    let floor = if directed || prediction.is_none() {
        0.0
    } else {
        policy.floor.0
    };
    if refused.is_none() {
        fitting.retain(|judged| {
            let likely = judged.fit >= floor;
            if !likely {
                removed.push((*judged, Filter::Unlikely));
            }
            likely
        });
    }
    let scored = score(fitting);
    let choice = match refused {
        Some(reason) => Err(reason),
        None => policy.strategy.choose(&scored, task.turn, directed),
    };
    let unavailable = unavailable(&removed, floor);
    let reason = match choice {
        Ok(_) if ruling.pinned.is_some() => Reason::Pinned,
        Ok(_) => policy.strategy.reason(),
        Err(Reason::NoneFits) if !unavailable.is_empty() => Reason::Unavailable,
        Err(reason) => reason,
    };
    let chosen = choice.ok().map(|index| scored[index]);
    Decision {
        chosen: chosen.map(|(candidate, _)| candidate.agent.clone()),
        reason,
        strategy: policy.strategy,
        confidence: rounded(confidence(
            reason,
            chosen.map(|(_, parts)| parts),
            prediction,
        )),
        scope: prediction.map(Scope::of),
        rules: ruling.applied,
        candidates: decision::ranked(&scored),
        removed: decision::named(&removed, prediction.is_some()),
        unavailable: match reason {
            Reason::Unavailable => unavailable,
            _ => Vec::new(),
        },
        omitted: 0,
    }
}

/// A candidate with P(agent | text).
#[derive(Debug, Clone, Copy)]
struct Judged<'c> {
    candidate: &'c Candidate,
    fit: f32,
}

/// The first filter that stands between the task and the candidate.
fn filter(task: &Task<'_>, candidate: &Candidate, ruling: &Ruling) -> Option<Filter> {
    let lacks = |capability| !candidate.capabilities.contains(capability);
    let is_other = |pinned: &AgentName| *pinned != candidate.agent;
    let wanted = task.capability.or(ruling.capability.as_ref());
    if candidate.tenant != *task.tenant {
        Some(Filter::Tenant)
    } else if ruling.denied.contains(&candidate.agent) {
        Some(Filter::Denied)
    } else if ruling.pinned.as_ref().is_some_and(is_other) {
        Some(Filter::NotPinned)
    } else if task.tried.contains(&candidate.agent) {
        Some(Filter::Tried)
    } else if wanted.is_some_and(lacks) {
        Some(Filter::Capability)
    } else if !candidate.input_fits {
        Some(Filter::Input)
    } else if matches!(candidate.admission, Admission::Refuse { .. }) {
        Some(Filter::Circuit)
    } else if candidate.load() > MOST_LOAD {
        Some(Filter::Capacity)
    } else {
        None
    }
}

/// Makes the fits sum to 1: in proportion to what they are, or evenly if the text says nothing.
fn share_out(fitting: &mut [Judged<'_>]) {
    let total: f32 = fitting.iter().map(|judged| judged.fit).sum();
    let evenly = 1.0 / count(u32::try_from(fitting.len()).unwrap_or(u32::MAX)).max(1.0);
    for judged in fitting {
        judged.fit = if total > 1e-6 {
            judged.fit / total
        } else {
            evenly
        };
    }
}

/// The candidates with their scores by part, best first.
fn score(fitting: Vec<Judged<'_>>) -> Vec<(&Candidate, Parts)> {
    let mut scored: Vec<_> = fitting
        .into_iter()
        .map(|Judged { candidate, fit }| {
            let parts = Parts {
                fit,
                success: candidate.success(),
                load: 1.0 - candidate.load() / 2.0,
            };
            (candidate, parts)
        })
        .collect();
    scored.sort_by(|(a, x), (b, y)| {
        let by_score = y.product().total_cmp(&x.product());
        by_score.then_with(|| a.agent.cmp(&b.agent))
    });
    scored
}

/// The agents that fit and only are busy, or rest, now, likeliest first.
fn unavailable(removed: &[(Judged<'_>, Filter)], floor: f32) -> Vec<AgentName> {
    let is_it = |(judged, filter): &&(Judged<'_>, Filter)| {
        matches!(filter, Filter::Circuit | Filter::Capacity) && judged.fit >= floor
    };
    let mut fitting: Vec<_> = removed.iter().filter(is_it).collect();
    fitting.sort_by(|(a, _), (b, _)| b.fit.total_cmp(&a.fit));
    let name = |(judged, _): &(Judged<'_>, Filter)| judged.candidate.agent.clone();
    fitting.into_iter().map(name).collect()
}

/// How likely the decision is right, as far as the model can tell.
fn confidence(reason: Reason, parts: Option<Parts>, prediction: Option<&Prediction<'_>>) -> f32 {
    match (reason, parts, prediction) {
        (Reason::OutOfScope, _, Some(prediction)) => 1.0 - prediction.in_scope,
        (Reason::Pinned, ..) | (_, None, _) => 1.0,
        (_, Some(parts), Some(prediction)) => parts.fit * prediction.in_scope,
        (_, Some(parts), None) => parts.fit,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than f32")]
const fn count(number: u32) -> f32 {
    number as f32
}

fn ratio(part: u32, whole: u32) -> f32 {
    count(part) / count(whole)
}

#[cfg(test)]
mod tests;
