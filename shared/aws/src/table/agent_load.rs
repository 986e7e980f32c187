//! How busy a tenant's agents are, and how well they do.

use tdev_domain::{AgentLoad, AgentName, TenantId};

use super::page::Listing;
use super::{Condition, Table, Write, item, keys};
use crate::Result;

/// How many loads are read at a time.
const PAGE: u32 = 1_000;

impl Table {
    /// The load of an agent; that of an idle one if it was never given a task.
    pub async fn agent_load(&self, tenant: &TenantId, agent: &AgentName) -> Result<AgentLoad> {
        let key = keys::agent_load(tenant, agent);
        let load = self.entity("read an agent's load", &key).await?;
        Ok(load.unwrap_or_else(|| AgentLoad::idle(tenant.clone(), agent.clone())))
    }

    /// The loads of all agents of a tenant that were ever given a task, by name.
    pub async fn agent_loads(&self, tenant: &TenantId) -> Result<Vec<AgentLoad>> {
        let mut loads: Vec<AgentLoad> = Vec::new();
        loop {
            let listing = Listing {
                operation: "read the agents' loads",
                partition: keys::agent_loads(tenant),
                prefix: None,
                descending: false,
                after: loads.last().map(|last| last.agent.to_string()),
                limit: PAGE,
            };
            let page = self
                .list(listing, |load: &AgentLoad| load.agent.clone())
                .await?;
            loads.extend(page.items);
            if page.next.is_none() {
                return Ok(loads);
            }
        }
    }
}

/// The write of a load's next revision.
pub(super) fn put(operation: &'static str, load: &AgentLoad) -> Result<Write> {
    let key = keys::agent_load(&load.tenant, &load.agent);
    let item = item::encode(operation, &key, load, None)?;
    let condition = match load.revision.checked_sub(1) {
        None | Some(0) => Condition::absent(),
        Some(found) => Condition::revision(found),
    };
    Ok(Write::Put(item, Some(condition)))
}
