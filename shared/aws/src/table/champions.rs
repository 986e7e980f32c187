//! Versions that evolutions made, and going back from them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tdev_domain::evolution::{Champion, Held, StatusName, descendants, previous};
use tdev_domain::{Agent, AgentName, AgentStatus, CallId, TenantId, VersionNumber};

use super::evolutions::EvolutionFilter;
use super::page::Listing;
use super::text::Text;
use super::{Page, PageRequest, Table, item, keys};
use crate::Result;

/// How many champions or evolutions are read at a time.
const PAGE: u32 = 1_000;

/// How an agent is to go back to an earlier version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rollback {
    /// The version to go back to; the newest one below the latest that is not held, if absent.
    pub to: Option<VersionNumber>,
    /// Whether the latest version was found to be harmful: then it and all that evolutions made of
    /// it are held, and the searches that began with one of them are called off.
    pub quarantine: bool,
}

/// What became of going back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolledBack {
    /// The agent answers with an earlier version.
    Moved {
        /// The agent as it is now.
        agent: Agent,
        /// The version that it answered with before.
        from: VersionNumber,
        /// The versions that are held now and were not before.
        held: Vec<VersionNumber>,
    },
    /// This very call has moved the agent already, which is as it is here.
    MovedBefore(Agent),
    /// There is no such agent, or it is deleted.
    NoAgent,
    /// There is no such version to go back to, or it is held.
    NoVersion,
}

impl Table {
    /// The versions that evolutions made of an agent, the newest first.
    pub async fn champions(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        page: &PageRequest,
    ) -> Result<Page<Champion>> {
        const OPERATION: &str = "list champions";
        let after = page.cursor::<VersionNumber>(OPERATION)?;
        let listing = Listing {
            operation: OPERATION,
            partition: keys::champions(tenant, agent),
            prefix: None,
            descending: true,
            after: after.map(|version| keys::champion(tenant, agent, version).sk),
            limit: page.limit,
        };
        let version = |row: &Text<Champion>| row.body.version;
        let page = self.list(listing, version).await?;
        Ok(Page {
            items: page.items.into_iter().map(|row| row.body).collect(),
            next: page.next,
        })
    }

    /// The champion that is this version of an agent, if an evolution made it.
    pub async fn champion(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        version: VersionNumber,
    ) -> Result<Option<Champion>> {
        let key = keys::champion(tenant, agent, version);
        let row: Option<Text<_>> = self.entity("read a champion", &key).await?;
        Ok(row.map(|row| row.body))
    }

    /// All of them.
    async fn all_champions(&self, tenant: &TenantId, agent: &AgentName) -> Result<Vec<Champion>> {
        let mut champions = Vec::new();
        let mut page = PageRequest {
            limit: PAGE,
            after: None,
        };
        loop {
            let listed = self.champions(tenant, agent, &page).await?;
            champions.extend(listed.items);
            page.after = listed.next;
            if page.after.is_none() {
                return Ok(champions);
            }
        }
    }

    /// Points an agent to an earlier version. What is to be held is held before the pointer moves,
    /// so whoever repeats a call that was lost half-way does what is left of it.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if the agent, a champion or an evolution has changed since it was read.
    pub async fn roll_back(
        &self,
        tenant: &TenantId,
        name: &AgentName,
        how: Rollback,
        call: CallId,
        now: Timestamp,
    ) -> Result<RolledBack> {
        let current = self.agent(tenant, name).await?;
        let Some(current) = current.filter(|agent| agent.status == AgentStatus::Active) else {
            return Ok(RolledBack::NoAgent);
        };
        if current.moved_back_by == Some(call) {
            return Ok(RolledBack::MovedBefore(current));
        }
        let champions = self.all_champions(tenant, name).await?;
        let mut harmful = BTreeSet::new();
        if how.quarantine {
            harmful = descendants(&champions, current.latest);
            harmful.insert(current.latest);
        }
        let held = champions.iter().filter(|champion| champion.held.is_some());
        let mut unfit: BTreeSet<_> = held.map(|champion| champion.version).collect();
        unfit.extend(&harmful);
        let target = match how.to {
            Some(to) => Some(to).filter(|to| *to != current.latest && !unfit.contains(to)),
            None => previous(current.latest, &unfit),
        };
        let version = match target {
            Some(target) => self.version(tenant, name, target).await?,
            None => None,
        };
        let Some(version) = version else {
            return Ok(RolledBack::NoVersion);
        };
        let held = self.hold(&champions, &harmful, current.latest, now).await?;
        self.call_off(tenant, name, &harmful, now).await?;
        let next = Agent {
            moved_back_by: Some(call),
            ..current.pointing_to(&version, now)
        };
        self.move_pointer(&current, &next).await?;
        Ok(RolledBack::Moved {
            agent: next,
            from: current.latest,
            held,
        })
    }

    /// Holds those champions that are among `harmful`, and says which were not held before.
    async fn hold(
        &self,
        champions: &[Champion],
        harmful: &BTreeSet<VersionNumber>,
        ancestor: VersionNumber,
        since: Timestamp,
    ) -> Result<Vec<VersionNumber>> {
        const OPERATION: &str = "hold a champion";
        let mut versions = Vec::new();
        for champion in champions {
            if champion.held.is_some() || !harmful.contains(&champion.version) {
                continue;
            }
            let held = champion.held(Held { ancestor, since });
            let key = keys::champion(&held.tenant, &held.agent, held.version);
            let row = Text {
                revision: held.revision,
                body: held,
            };
            let item = item::encode(OPERATION, &key, &row, None)?;
            self.put_revision(OPERATION, &item, row.revision).await?;
            versions.push(row.body.version);
        }
        Ok(versions)
    }

    /// Calls off the searches that began with a version among `harmful`.
    async fn call_off(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        harmful: &BTreeSet<VersionNumber>,
        now: Timestamp,
    ) -> Result<()> {
        if harmful.is_empty() {
            return Ok(());
        }
        let filter = EvolutionFilter {
            agent: Some(agent.clone()),
            status: None,
        };
        let mut page = PageRequest {
            limit: PAGE,
            after: None,
        };
        loop {
            let listed = self.evolutions(tenant, &filter, &page).await?;
            let open = listed.items.into_iter().filter(|found| {
                found.status.may_become(StatusName::Cancelled) && harmful.contains(&found.base)
            });
            for found in open {
                let evolution = self.evolution(tenant, &found.id).await?;
                let cancelled = evolution.map(|evolution| evolution.cancelled(now));
                if let Some(Ok(cancelled)) = cancelled {
                    self.put_evolution(&cancelled).await?;
                }
            }
            page.after = listed.next;
            if page.after.is_none() {
                return Ok(());
            }
        }
    }
}
