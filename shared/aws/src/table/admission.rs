//! Moving the pointer from a name to its latest version, and the listings with it.

use std::collections::BTreeSet;

use tdev_domain::{Agent, AgentStatus, AgentVersion, Capability, Registration};

use super::{Condition, Table, Write, item, keys, registrations};
use crate::Result;

impl Table {
    /// Admits `version`, all at once or not at all: the registration becomes active, the version
    /// exists, the agent points to it and is listed under its capabilities.
    ///
    /// `registration` has already been advanced to active; `current` is the agent as it was read,
    /// if there was one.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if the registration or the agent has changed
    /// since it was read, or the version exists.
    pub async fn admit(
        &self,
        registration: &Registration,
        version: &AgentVersion,
        current: Option<&Agent>,
    ) -> Result<()> {
        const OPERATION: &str = "admit an agent version";
        let version_key = keys::version(&version.tenant, &version.agent, version.version);
        let mut writes = vec![
            Write::Put(
                registrations::encode(OPERATION, registration)?,
                Some(registrations::condition(registration)),
            ),
            Write::Put(
                item::encode(OPERATION, &version_key, version, None)?,
                Some(Condition::absent()),
            ),
        ];
        let next = Agent::admitting(current, version);
        writes.extend(pointer(OPERATION, current, &next)?);
        self.transact(OPERATION, writes).await
    }

    /// Points `current` to another version, or marks it as deleted: writes `next` in its place.
    /// A deleted agent is in no listing; the pointer itself stays.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if the agent has changed since it was read.
    pub async fn move_pointer(&self, current: &Agent, next: &Agent) -> Result<()> {
        const OPERATION: &str = "move an agent's pointer";
        let writes = pointer(OPERATION, Some(current), next)?;
        self.transact(OPERATION, writes).await
    }
}

/// The writes that put `next` in the place of `current`.
fn pointer(operation: &'static str, current: Option<&Agent>, next: &Agent) -> Result<Vec<Write>> {
    let (tenant, name) = (&next.tenant, &next.name);
    let condition = current.map_or_else(Condition::absent, |agent| {
        Condition::revision(agent.revision)
    });
    let pointer = item::encode(operation, &keys::agent(tenant, name), next, None)?;
    let mut writes = vec![Write::Put(pointer, Some(condition))];
    let (before, after) = (current.map(listings).unwrap_or_default(), listings(next));
    for listing in &after {
        let key = keys::listed_agent(tenant, *listing, name);
        let entry = item::encode(operation, &key, next, None)?;
        writes.push(Write::Put(entry, None));
    }
    for listing in before.difference(&after) {
        let key = keys::listed_agent(tenant, *listing, name);
        writes.push(Write::Delete(key, None));
    }
    Ok(writes)
}

/// The listings an agent is in: that of all agents (`None`) and one per capability.
fn listings(agent: &Agent) -> BTreeSet<Option<&Capability>> {
    match agent.status {
        AgentStatus::Active => std::iter::once(None)
            .chain(agent.capabilities.iter().map(Some))
            .collect(),
        AgentStatus::Deleted => BTreeSet::new(),
    }
}
