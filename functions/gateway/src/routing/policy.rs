//! How a tenant wants its tasks routed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use tdev_domain::{AgentName, Routing};
use tdev_routing::select::{Floor, Policy, Rule, Share, Strategy};
use tdev_security::Principal;
use utoipa::ToSchema;

use crate::Deps;
use crate::extract::json;
use crate::problem::{Problem, Violation};
use crate::problems;
use crate::schemas::{agent_shares, routing_rules, strategies};

/// The most rules.
const MAX_RULES: usize = 100;
/// The most characters of a rule's identifier.
const MAX_RULE_ID_CHARS: usize = 64;
/// The most bytes of a rule's pattern.
const MAX_PATTERN_BYTES: usize = 1_000;
/// The most agents that something is said of.
const MAX_SHARES: usize = 1_000;
/// The most tasks that an agent may be said to do at once.
const MAX_CAPACITY: u32 = 100_000;
/// The largest share of turns.
const MAX_WEIGHT: u32 = 1_000;

/// How tasks are routed. What is left out is as by default.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = RoutingPolicy)]
pub(crate) struct PolicyBody {
    /// What goes before the score, in order. A rule applies `when` all that it says holds: the
    /// text matches a pattern, the task asks for a capability. It `then` pins an agent, denies
    /// one, requires a capability, or refuses the task.
    #[schema(schema_with = routing_rules)]
    rules: Vec<Rule>,
    /// How one is chosen among the agents that fit.
    #[schema(schema_with = strategies)]
    strategy: Strategy,
    /// How likely an agent must be meant to be given a task that names no capability.
    #[schema(value_type = f32, minimum = 0, maximum = 1, default = 0.1)]
    floor: Floor,
    /// Tasks that an agent can do at once, unless `agents` says otherwise.
    #[schema(maximum = 100_000)]
    capacity: u32,
    /// What differs from agent to agent.
    #[schema(schema_with = agent_shares)]
    agents: BTreeMap<AgentName, Share>,
}

impl Default for PolicyBody {
    fn default() -> Self {
        Policy::default().into()
    }
}

impl From<Policy> for PolicyBody {
    fn from(policy: Policy) -> Self {
        Self {
            rules: policy.rules,
            strategy: policy.strategy,
            floor: policy.floor,
            capacity: policy.capacity,
            agents: policy.agents,
        }
    }
}

impl From<PolicyBody> for Policy {
    fn from(body: PolicyBody) -> Self {
        Self {
            rules: body.rules,
            strategy: body.strategy,
            floor: body.floor,
            capacity: body.capacity,
            agents: body.agents,
        }
    }
}

problems!(PutProblems, POST: Conflict);

/// Change how tasks are routed.
///
/// The new policy takes the place of the old one as a whole; decisions heed it within seconds.
#[utoipa::path(
    put,
    path = "/v1/router/policy",
    tag = "routing",
    operation_id = "putRoutingPolicy",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = PolicyBody,
    responses((status = 200, description = "The policy as it is now", body = PolicyBody), PutProblems),
)]
pub(crate) async fn put(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<PolicyBody>, Problem> {
    let policy: PolicyBody = json(&headers, &body)?;
    let errors = violations(&policy);
    if !errors.is_empty() {
        return Err(Problem::invalid_request(errors));
    }
    let tenant = &principal.tenant;
    let current: Routing<Policy> = deps.table.routing(tenant).await?;
    let next = current.revised(policy.into(), current.fair_share, current.breaker);
    deps.table.put_routing(tenant, &next).await?;
    tracing::info!(revision = next.revision, "policy changed");
    Ok(Json(next.policy.into()))
}

fn violations(policy: &PolicyBody) -> Vec<Violation> {
    let mut errors = Vec::new();
    let mut expect = |holds: bool, pointer: String, expected: String| {
        if !holds {
            errors.push(Violation::at(pointer, format!("expected {expected}")));
        }
    };
    expect(
        policy.rules.len() <= MAX_RULES,
        "/rules".to_owned(),
        format!("at most {MAX_RULES} rules"),
    );
    let mut ids = BTreeSet::new();
    for (place, rule) in policy.rules.iter().enumerate().take(MAX_RULES) {
        let fits = (1..=MAX_RULE_ID_CHARS).contains(&rule.id.chars().count());
        expect(
            fits && ids.insert(rule.id.as_str()),
            format!("/rules/{place}/id"),
            format!("1 to {MAX_RULE_ID_CHARS} characters, other than those of the rules before"),
        );
        let pattern = rule.when.pattern.clone().map(String::from);
        expect(
            pattern.is_none_or(|pattern| pattern.len() <= MAX_PATTERN_BYTES),
            format!("/rules/{place}/when/pattern"),
            format!("at most {MAX_PATTERN_BYTES} bytes"),
        );
    }
    expect(
        (0.0..=1.0).contains(&policy.floor.0),
        "/floor".to_owned(),
        "a number from 0 to 1".to_owned(),
    );
    expect(
        policy.capacity <= MAX_CAPACITY,
        "/capacity".to_owned(),
        format!("a whole number up to {MAX_CAPACITY}"),
    );
    expect(
        policy.agents.len() <= MAX_SHARES,
        "/agents".to_owned(),
        format!("at most {MAX_SHARES} agents"),
    );
    for (agent, share) in policy.agents.iter().take(MAX_SHARES) {
        expect(
            share.capacity.is_none_or(|tasks| tasks <= MAX_CAPACITY),
            format!("/agents/{agent}/capacity"),
            format!("a whole number up to {MAX_CAPACITY}"),
        );
        expect(
            share.weight.is_none_or(|w| (1..=MAX_WEIGHT).contains(&w)),
            format!("/agents/{agent}/weight"),
            format!("a whole number from 1 to {MAX_WEIGHT}"),
        );
    }
    errors
}
