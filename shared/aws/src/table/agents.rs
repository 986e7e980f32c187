//! Reading agents and their versions.

use tdev_domain::{Agent, AgentName, AgentVersion, Capability, TenantId, VersionNumber};

use super::page::Listing;
use super::{Page, PageRequest, Table, keys};
use crate::Result;

impl Table {
    /// The agent with this name, deleted or not.
    pub async fn agent(&self, tenant: &TenantId, name: &AgentName) -> Result<Option<Agent>> {
        self.entity("read an agent", &keys::agent(tenant, name))
            .await
    }

    /// A tenant's active agents by name: all of them, or those with `capability`.
    pub async fn agents(
        &self,
        tenant: &TenantId,
        capability: Option<&Capability>,
        page: &PageRequest,
    ) -> Result<Page<Agent>> {
        const OPERATION: &str = "list agents";
        let listing = Listing {
            operation: OPERATION,
            partition: keys::agents(tenant, capability),
            prefix: None,
            descending: false,
            after: page.cursor::<AgentName>(OPERATION)?.map(String::from),
            limit: page.limit,
        };
        self.list(listing, |agent: &Agent| agent.name.clone()).await
    }

    /// All of a tenant's active agents by name, however many pages they take.
    pub async fn all_agents(&self, tenant: &TenantId) -> Result<Vec<Agent>> {
        let mut agents = Vec::new();
        let mut page = PageRequest {
            limit: u32::MAX,
            after: None,
        };
        loop {
            let listed = self.agents(tenant, None, &page).await?;
            agents.extend(listed.items);
            page.after = listed.next;
            if page.after.is_none() {
                return Ok(agents);
            }
        }
    }

    /// A version of an agent, if it was ever admitted.
    pub async fn version(
        &self,
        tenant: &TenantId,
        name: &AgentName,
        version: VersionNumber,
    ) -> Result<Option<AgentVersion>> {
        self.entity(
            "read an agent version",
            &keys::version(tenant, name, version),
        )
        .await
    }

    /// An agent's versions, the newest first.
    pub async fn versions(
        &self,
        tenant: &TenantId,
        name: &AgentName,
        page: &PageRequest,
    ) -> Result<Page<AgentVersion>> {
        const OPERATION: &str = "list agent versions";
        let after = page.cursor::<VersionNumber>(OPERATION)?;
        let listing = Listing {
            operation: OPERATION,
            partition: keys::versions(tenant, name),
            prefix: Some(keys::VERSION),
            descending: true,
            after: after.map(|version| keys::version(tenant, name, version).sk),
            limit: page.limit,
        };
        self.list(listing, |version: &AgentVersion| version.version)
            .await
    }
}
