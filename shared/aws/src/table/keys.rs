//! Where everything is in the table.
//!
//! | entity | `PK` | `SK` | read by |
//! |---|---|---|---|
//! | API key, by digest | `KEY#<digest>` | `KEY` | authenticating a request |
//! | API key, by tenant | `TENANT#<tenant>#KEYS` | `<key id>` | listing a tenant's keys, revoking one |
//! | registration | `TENANT#<tenant>#REGISTRATION#<id>` | `REGISTRATION` | polling it, working on it |
//! | agent | `TENANT#<tenant>#AGENT#<name>` | `AGENT` | calling it, moving it on |
//! | agent version | `TENANT#<tenant>#AGENT#<name>` | `VERSION#<number, 10 digits>` | calling it, listing an agent's versions |
//! | agent, listed | `TENANT#<tenant>#AGENTS` | `<name>` | listing a tenant's agents by name |
//! | agent, listed by capability | `TENANT#<tenant>#CAPABILITY#<capability>` | `<name>` | listing the agents that can do something |
//! | idempotent request | `TENANT#<tenant>#IDEMPOTENCY#<key>` | `IDEMPOTENCY` | answering a repeated request as the first time |
//! | invocation | `TENANT#<tenant>#INVOCATION#<id>` | `INVOCATION` | running it, polling it |
//! | ledger of an invocation | `TENANT#<tenant>#INVOCATION#<id>` | `EFFECT#<number, 10 digits>`, the first of the effects in it | replaying the run, showing its effects |
//! | last effect on memory | `TENANT#<tenant>#INVOCATION#<id>` | `MEMORY` | refusing to repeat one |
//! | memory of an agent | `TENANT#<tenant>#MEMORY#<agent>` | `<key>` | the agent's own tools |
//! | task | `TENANT#<tenant>#TASKS` | `<task id>` | routing it, polling it, listing a tenant's tasks |
//! | dead letter | `TENANT#<tenant>#DEAD_LETTERS` | `<task id>` | listing the tasks that were given up |
//! | lesson | `TENANT#<tenant>#LESSONS` | `<task id>` | training the tenant's model |
//! | arrivals | `TENANT#<tenant>#ARRIVALS` | `ARRIVALS` | numbering a tenant's tasks and sharing out places |
//! | load of an agent | `TENANT#<tenant>#LOADS` | `<name>` | choosing an agent |
//! | how tasks are routed | `TENANT#<tenant>#ROUTING` | `ROUTING` | choosing an agent |
//! | pointer to a model | `TENANT#<tenant>#ROUTER` | `ROUTER` | choosing an agent, training the next model |
//! | watermark of the keeper | `KEEPER` | `<sweep>#DUE#<shard>` | going on where the sweep before has ended |
//! | workflow | `TENANT#<tenant>#WORKFLOW#<name>` | `WORKFLOW` | running it, registering its next version |
//! | workflow version | `TENANT#<tenant>#WORKFLOW#<name>` | `VERSION#<number, 10 digits>` | running it, listing a workflow's versions |
//! | workflow, listed | `TENANT#<tenant>#WORKFLOWS` | `<name>` | listing a tenant's workflows by name |
//! | output of a step, cached | `TENANT#<tenant>#STEP_CACHE#<digest of agent, version and input>` | `STEP_CACHE` | using it again |
//! | run of a workflow | `TENANT#<tenant>#RUN#<id>` | `RUN` | moving it on, polling it |
//! | step of a run | `TENANT#<tenant>#RUN#<id>` | `STEP#<step, 10 digits>` | moving the run on, showing it |
//! | item of a map | `TENANT#<tenant>#RUN#<id>` | `ITEM#<step, 10 digits>#<item, 10 digits>` | moving the run on, showing it |
//! | who has a place in a run, or a map | `TENANT#<tenant>#RUN#<id>` | `GATE#<how often it was resumed, 10 digits>`; of a map then `#<step, 10 digits>#<part, 10 digits>` | beginning the next step when one ends |
//! | meeting in a run | `TENANT#<tenant>#RUN#<id>` | `MEET#<name>` | knowing the last of those that a step waits for |
//! | problem | `TENANT#<tenant>#PROBLEMS` | `<name>` | evolving agents by it, listing a tenant's problems |
//! | looks at held-out cases | `TENANT#<tenant>#LOOKS` | `<digest of the problem>` | looking at them, and not too often |
//! | evolution | `TENANT#<tenant>#EVOLUTION#<id>` | `EVOLUTION` | moving it on, showing it |
//! | generation | `TENANT#<tenant>#EVOLUTION#<id>` | `GENERATION#<number, 10 digits>` | showing how the search went |
//! | champion | `TENANT#<tenant>#CHAMPIONS#<agent>` | `VERSION#<number, 10 digits>` | showing what evolutions made, finding what descends from a version |
//! | settings of a tenant | `TENANT#<tenant>#SETTINGS` | `SETTINGS` | changing them, agents' tools |
//! | (nothing) | `HEALTH` | `HEALTH` | the health check, which expects no item |
//!
//! Whatever a tenant owns has the tenant in its `PK`, so no query can cross from one tenant to
//! another; identifiers have no `#`, so no key can be read in two ways. An API key alone is also
//! found without its tenant, since it is what tells the tenant. Listed agents are full copies,
//! written in the transaction that writes the agent, so that a listing is one query and needs no
//! index. `expires_at` (epoch seconds) is the table's TTL attribute.
//!
//! Two indexes hold the few items that have their keys. They are read eventually consistent.
//!
//! | index | hash | range | projects | read by |
//! |---|---|---|---|---|
//! | `agenda` | `agenda` | `agenda_at` | the keys | the keeper: what is to be done, and when |
//! | `listing` | `listing` | `listed_at` | what a list shows | listing a tenant's invocations and runs |
//!
//! An invocation has `agenda` = `DUE#<shard, 0 to 3>` and `agenda_at` = seconds in 12 digits,
//! rounded up to tens: a whole number of minutes after it was accepted, and up to a minute before
//! its `due_at`, so that most runs do not move in the index before their end. Nor do they leave it
//! then: the entry expires with the item, and the keeper, which knows by its watermark what it has
//! seen to, passes over it. From the first write after its acceptance it has `listing` =
//! `TENANT#<tenant>#INVOCATIONS` and `listed_at` = `<created_at in microseconds, 16 digits>#<id>`;
//! of the listed attributes only its status changes, and what is queued is listed as running, to
//! be told apart by its record. One listing per tenant serves every question, by filter: agents and states are few,
//! and a filtered megabyte holds thousands of invocations.
//!
//! A run, a step of one and an item of a map are on the same agenda while they have a `due_at`,
//! rounded up to tens of seconds; their keys tell them from invocations. A run is listed like an
//! invocation, under `TENANT#<tenant>#RUNS`.
//!
//! An evolution that is to be looked after has `agenda` = `EVOLUTIONS` and `agenda_at` = the seconds
//! of its `due_at`, rounded up, in 12 digits. It is listed under `TENANT#<tenant>#EVOLUTIONS`.
//!
//! A queued task has `agenda` = `TASKS` and `agenda_at` = its place in the queue, so the index is
//! the queue. One that waits has `agenda` = `TASKS#DUE` and `agenda_at` = the seconds of its
//! `due_at`, rounded up, in 12 digits. One that an agent has is not on the agenda: the agent's run
//! is.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use tdev_domain::{
    AgentName, ApiKeyId, ArtifactDigest, Capability, GateKey, InvocationId, KeyDigest, Place,
    RegistrationId, RunId, TaskId, TenantId, VersionNumber, WorkflowName,
};

pub(super) const PK: &str = "PK";
pub(super) const SK: &str = "SK";
pub(super) const EXPIRES_AT: &str = "expires_at";
/// The index of what is to be done; its hash key is called the same.
pub(super) const AGENDA: &str = "agenda";
pub(super) const AGENDA_AT: &str = "agenda_at";
/// The index of what is listed; its hash key is called the same.
pub(super) const LISTING: &str = "listing";
pub(super) const LISTED_AT: &str = "listed_at";
/// What the `SK` of every part of a ledger begins with.
pub(super) const EFFECT: &str = "EFFECT#";
/// What the `SK` of every step begins with.
pub(super) const STEP: &str = "STEP#";
/// What the `SK` of every item of a map begins with.
pub(super) const ITEM: &str = "ITEM#";
/// What every version's `SK` begins with.
pub(super) const VERSION: &str = "VERSION#";

/// An item's primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(super) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

pub(super) fn health() -> Key {
    Key::new("HEALTH".to_owned(), "HEALTH")
}

pub(super) fn api_key(digest: &KeyDigest) -> Key {
    Key::new(format!("KEY#{digest}"), "KEY")
}

pub(super) fn api_keys(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#KEYS")
}

pub(super) fn listed_api_key(tenant: &TenantId, id: &ApiKeyId) -> Key {
    Key::new(api_keys(tenant), id.as_str())
}

pub(super) fn registration(tenant: &TenantId, id: &RegistrationId) -> Key {
    Key::new(format!("TENANT#{tenant}#REGISTRATION#{id}"), "REGISTRATION")
}

fn agent_partition(tenant: &TenantId, name: &AgentName) -> String {
    format!("TENANT#{tenant}#AGENT#{name}")
}

pub(super) fn agent(tenant: &TenantId, name: &AgentName) -> Key {
    Key::new(agent_partition(tenant, name), "AGENT")
}

pub(super) fn version(tenant: &TenantId, name: &AgentName, version: VersionNumber) -> Key {
    Key::new(
        agent_partition(tenant, name),
        format!("{VERSION}{:010}", version.get()),
    )
}

pub(super) fn versions(tenant: &TenantId, name: &AgentName) -> String {
    agent_partition(tenant, name)
}

/// The partition of a listing: of all the tenant's agents, or of those with a capability.
pub(super) fn agents(tenant: &TenantId, capability: Option<&Capability>) -> String {
    match capability {
        None => format!("TENANT#{tenant}#AGENTS"),
        Some(capability) => format!("TENANT#{tenant}#CAPABILITY#{capability}"),
    }
}

pub(super) fn listed_agent(
    tenant: &TenantId,
    capability: Option<&Capability>,
    name: &AgentName,
) -> Key {
    Key::new(agents(tenant, capability), name.as_str())
}

pub(super) fn idempotency(tenant: &TenantId, key: &str) -> Key {
    Key::new(format!("TENANT#{tenant}#IDEMPOTENCY#{key}"), "IDEMPOTENCY")
}

pub(super) fn settings(tenant: &TenantId) -> Key {
    Key::new(format!("TENANT#{tenant}#SETTINGS"), "SETTINGS")
}

pub(super) fn invocation_partition(tenant: &TenantId, id: &InvocationId) -> String {
    format!("TENANT#{tenant}#INVOCATION#{id}")
}

pub(super) fn invocation(tenant: &TenantId, id: &InvocationId) -> Key {
    Key::new(invocation_partition(tenant, id), "INVOCATION")
}

/// The tenant and the invocation of a key that [`invocation`] made.
pub(super) fn parse_invocation(pk: &str) -> Option<(TenantId, InvocationId)> {
    let (tenant, id) = pk.strip_prefix("TENANT#")?.split_once("#INVOCATION#")?;
    Some((tenant.parse().ok()?, id.parse().ok()?))
}

/// The part of a ledger that begins with the effect `number`.
pub(super) fn effects(tenant: &TenantId, id: &InvocationId, number: u32) -> Key {
    let sk = format!("{EFFECT}{number:010}");
    Key::new(invocation_partition(tenant, id), sk)
}

pub(super) fn memory_mark(tenant: &TenantId, id: &InvocationId) -> Key {
    Key::new(invocation_partition(tenant, id), "MEMORY")
}

pub(super) fn memory(tenant: &TenantId, agent: &AgentName, key: &str) -> Key {
    Key::new(format!("TENANT#{tenant}#MEMORY#{agent}"), key)
}

/// The listing of a tenant's invocations.
pub(super) fn invocations(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#INVOCATIONS")
}

pub(super) fn workflow_partition(tenant: &TenantId, name: &WorkflowName) -> String {
    format!("TENANT#{tenant}#WORKFLOW#{name}")
}

pub(super) fn workflow(tenant: &TenantId, name: &WorkflowName) -> Key {
    Key::new(workflow_partition(tenant, name), "WORKFLOW")
}

pub(super) fn workflow_version(
    tenant: &TenantId,
    name: &WorkflowName,
    version: VersionNumber,
) -> Key {
    Key::new(
        workflow_partition(tenant, name),
        format!("{VERSION}{:010}", version.get()),
    )
}

/// The partition of a tenant's listed workflows.
pub(super) fn workflows(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#WORKFLOWS")
}

pub(super) fn listed_workflow(tenant: &TenantId, name: &WorkflowName) -> Key {
    Key::new(workflows(tenant), name.as_str())
}

pub(super) fn cached_step(tenant: &TenantId, digest: &ArtifactDigest) -> Key {
    Key::new(format!("TENANT#{tenant}#STEP_CACHE#{digest}"), "STEP_CACHE")
}

pub(super) fn run_partition(tenant: &TenantId, id: &RunId) -> String {
    format!("TENANT#{tenant}#RUN#{id}")
}

pub(super) fn run(tenant: &TenantId, id: &RunId) -> Key {
    Key::new(run_partition(tenant, id), "RUN")
}

pub(super) fn step(tenant: &TenantId, run: &RunId, place: Place) -> Key {
    let Place { step, item } = place;
    let sk = match item {
        None => format!("{STEP}{step:010}"),
        Some(item) => format!("{ITEM}{step:010}#{item:010}"),
    };
    Key::new(run_partition(tenant, run), sk)
}

/// The tenant and the run of a key that [`run`] or [`step`] made, and the place in the latter case.
pub(super) fn parse_run(pk: &str, sk: &str) -> Option<(TenantId, RunId, Option<Place>)> {
    let (tenant, run) = pk.strip_prefix("TENANT#")?.split_once("#RUN#")?;
    let place = if sk == "RUN" {
        None
    } else if let Some(step) = sk.strip_prefix(STEP) {
        Some(Place::step(step.parse().ok()?))
    } else {
        let (step, item) = sk.strip_prefix(ITEM)?.split_once('#')?;
        Some(Place::item(step.parse().ok()?, item.parse().ok()?))
    };
    Some((tenant.parse().ok()?, run.parse().ok()?, place))
}

pub(super) fn gate(tenant: &TenantId, run: &RunId, key: GateKey) -> Key {
    let GateKey { resumed, map, part } = key;
    let sk = match map {
        None => format!("GATE#{resumed:010}"),
        Some(map) => format!("GATE#{resumed:010}#{map:010}#{part:010}"),
    };
    Key::new(run_partition(tenant, run), sk)
}

pub(super) fn meeting(tenant: &TenantId, run: &RunId, meeting: &str) -> Key {
    Key::new(run_partition(tenant, run), format!("MEET#{meeting}"))
}

/// The listing of a tenant's runs.
pub(super) fn runs(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#RUNS")
}

/// The agenda of invocations and runs, one of its shards.
pub(super) fn due(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// The agenda of tasks that are queued: the queue.
pub(super) const QUEUED_TASKS: &str = "TASKS";
/// The agenda of tasks that wait.
pub(super) const DUE_TASKS: &str = "TASKS#DUE";

pub(super) fn tasks(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#TASKS")
}

pub(super) fn task(tenant: &TenantId, id: &TaskId) -> Key {
    Key::new(tasks(tenant), id.as_str())
}

/// The tenant and the task of a key that [`task`] made.
pub(super) fn parse_task(pk: &str, sk: &str) -> Option<(TenantId, TaskId)> {
    let tenant = pk.strip_prefix("TENANT#")?.strip_suffix("#TASKS")?;
    Some((tenant.parse().ok()?, sk.parse().ok()?))
}

/// Where a task that is due then stands in its agenda.
pub(super) fn task_due_at(due_at: Timestamp) -> String {
    let exceeds = i64::from(due_at.subsec_nanosecond() > 0);
    format!("{:012}", (due_at.as_second() + exceeds).max(0))
}

pub(super) fn dead_letters(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#DEAD_LETTERS")
}

pub(super) fn dead_letter(tenant: &TenantId, task: &TaskId) -> Key {
    Key::new(dead_letters(tenant), task.as_str())
}

pub(super) fn lessons(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#LESSONS")
}

pub(super) fn lesson(tenant: &TenantId, task: &TaskId) -> Key {
    Key::new(lessons(tenant), task.as_str())
}

pub(super) fn arrivals(tenant: &TenantId) -> Key {
    Key::new(format!("TENANT#{tenant}#ARRIVALS"), "ARRIVALS")
}

pub(super) fn agent_loads(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#LOADS")
}

pub(super) fn agent_load(tenant: &TenantId, agent: &AgentName) -> Key {
    Key::new(agent_loads(tenant), agent.as_str())
}

pub(super) fn routing(tenant: &TenantId) -> Key {
    Key::new(format!("TENANT#{tenant}#ROUTING"), "ROUTING")
}

/// How far the agenda of invocations has been seen to, one of its shards.
pub(super) fn watermark(sweep: &str, shard: u8) -> Key {
    Key::new("KEEPER".to_owned(), format!("{sweep}#{}", due(shard)))
}

pub(super) fn router(tenant: &TenantId) -> Key {
    Key::new(format!("TENANT#{tenant}#ROUTER"), "ROUTER")
}

mod evolutions;
#[cfg(test)]
mod tests;

pub(super) use evolutions::{
    DUE_EVOLUTIONS, GENERATION, champion, champions, evolution, evolution_partition, evolutions,
    generation, looks, parse_evolution, problem, problems,
};
