//! Which agent a task goes to: decided from what is known, without any effect.

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{AgentLoad, AgentName, Capability, Rejection, TenantId};
use tdev_routing::model::Scratch;
use tdev_routing::select::{self, Candidate, Decision, Reason};

use crate::Routable;
use crate::tenants::View;

/// What is to be routed.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Whose it is.
    pub tenant: &'a TenantId,
    /// What routing reads; empty if it says nothing.
    pub text: &'a str,
    /// What the agent would be called with.
    pub input: &'a Value,
    /// What the agent is to be able to do.
    pub capability: Option<&'a Capability>,
    /// The agents that failed it.
    pub tried: &'a [AgentName],
    /// Its number among the tenant's tasks.
    pub turn: u64,
}

/// What a decision comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The task goes to this agent.
    Give(AgentName),
    /// The agents that fit are busy, or rest.
    Busy,
    /// The tenant has no model yet that could tell which agent the text is for.
    NoModel,
    /// The task is for none.
    TurnAway(Rejection),
}

/// Decides which of the tenant's agents `subject` goes to.
#[must_use]
pub fn decide(subject: &Subject<'_>, view: &View, now: Timestamp) -> Decision {
    let candidates: Vec<Candidate> = view
        .agents
        .values()
        .map(|routable| candidate(subject, view, routable, now))
        .collect();
    let mut scratch = Scratch::new();
    let prediction = match (&view.model, subject.text) {
        (None, _) | (_, "") => None,
        (Some(model), text) => Some(model.snapshot.predict(text, &mut scratch)),
    };
    let task = select::Task {
        tenant: subject.tenant,
        text: subject.text,
        capability: subject.capability,
        tried: subject.tried,
        turn: subject.turn,
    };
    select::decide(
        &task,
        prediction.as_ref(),
        &candidates,
        &view.routing.policy,
    )
}

fn candidate(subject: &Subject<'_>, view: &View, routable: &Routable, now: Timestamp) -> Candidate {
    let version = &routable.version;
    let policy = &view.routing.policy;
    let load = view.load(&version.agent);
    Candidate {
        tenant: version.tenant.clone(),
        agent: version.agent.clone(),
        capabilities: version.manifest.capabilities.clone(),
        input_fits: routable.takes(subject.input),
        admission: load.breaker.admission(now),
        in_flight: load.tasks(),
        capacity: policy.capacity_of(&version.agent).min(AgentLoad::MOST),
        succeeded: load.succeeded,
        failed: load.failed,
        weight: policy.weight_of(&version.agent),
        run_time_ms: milliseconds(load.mean_run_ms),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a mean needs no more than f32"
)]
const fn milliseconds(mean: f64) -> f32 {
    mean as f32
}

/// What `decision` on `subject` comes to.
///
/// Without a model nothing is known of what a text is for. A task that names neither a capability
/// nor falls under a rule that directs it waits for the first model, rather than go to an agent at
/// random.
#[must_use]
pub fn outcome(subject: &Subject<'_>, view: &View, decision: &Decision) -> Outcome {
    let directed = subject.capability.is_some() || decision.directed_by_rule();
    let unreadable = view.model.is_none() && !subject.text.is_empty() && !directed;
    match (&decision.chosen, decision.reason) {
        (_, Reason::Refused) => Outcome::TurnAway(Rejection::Refused),
        _ if unreadable => Outcome::NoModel,
        (Some(agent), _) => Outcome::Give(agent.clone()),
        (None, Reason::Unavailable) => Outcome::Busy,
        (None, Reason::OutOfScope) => Outcome::TurnAway(Rejection::OutOfScope),
        (None, _) => Outcome::TurnAway(Rejection::NoneFits),
    }
}
