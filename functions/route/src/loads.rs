//! The loads of agents, as one batch of messages finds and changes them.
//!
//! All that a batch changes of an agent's load is one write, on condition of what was read. A
//! change is an element added to a set or taken from it, so it can be made again on what another
//! worker has left there, and made twice without harm.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use tdev_aws::Table;
use tdev_domain::breaker::BreakerPolicy;
use tdev_domain::{AgentLoad, AgentName, InvocationId, PutOff, RunOutcome, TenantId};
use tdev_lambda::Error;

use crate::handler::ATTEMPTS;
use crate::tenants::View;

/// How long a run is missed before it is taken to have never been started: far longer than a
/// worker may take from counting a run to starting it.
const PATIENCE: Duration = Duration::from_mins(10);

/// What becomes of an agent's load.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// The run is about to be started.
    Started(InvocationId),
    /// The run has ended so.
    Ended(InvocationId, RunOutcome),
    /// The run was looked for and not found.
    NotFound(InvocationId),
    /// The run was missed and is there.
    Found(InvocationId),
    /// The task waits for room.
    PassedOver(PutOff),
    /// The task was sent for.
    Called(PutOff),
}

#[derive(Debug)]
struct Made {
    change: Change,
    policy: BreakerPolicy,
    at: Timestamp,
    /// The message it is made for.
    message: usize,
}

impl Made {
    fn apply(&self, load: &AgentLoad) -> AgentLoad {
        match &self.change {
            Change::Started(run) => load.started(run, &self.policy, self.at),
            Change::Ended(run, outcome) => load.ended(run, *outcome, &self.policy, self.at),
            Change::NotFound(run) => load.not_found(run, PATIENCE, self.at),
            Change::Found(run) => load.found(run),
            Change::PassedOver(task) => load.passed_over(task),
            Change::Called(task) => load.called(task),
        }
    }

    /// The run that is about to be started.
    const fn starts(&self) -> Option<&InvocationId> {
        match &self.change {
            Change::Started(run) => Some(run),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Known {
    /// As it was read, or last written.
    stored: AgentLoad,
    /// With the changes that are yet to be written.
    load: AgentLoad,
    changes: Vec<Made>,
}

impl Known {
    fn of(stored: AgentLoad) -> Self {
        Self {
            load: stored.clone(),
            stored,
            changes: Vec::new(),
        }
    }

    fn make(&mut self, change: Made) {
        self.load = change.apply(&self.load);
        self.changes.push(change);
    }

    /// Makes the changes again on what is stored now, all but the starts that are not counted
    /// there: whether the agent can still be given these is to be decided anew.
    fn rebase(&mut self, stored: AgentLoad) -> BTreeSet<InvocationId> {
        let uncounted = |run: &&InvocationId| !stored.in_flight.contains(&(*run).into());
        let mut refused = BTreeSet::new();
        let mut changes = std::mem::take(&mut self.changes);
        changes.retain(|made| match made.starts().filter(uncounted) {
            Some(run) => {
                refused.insert(run.clone());
                false
            }
            None => true,
        });
        *self = Self::of(stored);
        for change in changes {
            self.make(change);
        }
        refused
    }
}

/// What could not be written.
#[derive(Debug)]
pub(crate) struct Unwritten {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// Whose load.
    pub(crate) agent: AgentName,
    /// The messages it was changed for.
    pub(crate) messages: BTreeSet<usize>,
    /// Why.
    pub(crate) error: Error,
}

/// The loads that a batch has looked at.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    known: BTreeMap<(TenantId, AgentName), Known>,
    /// The tenants of which all loads were read.
    read: BTreeSet<TenantId>,
}

impl Loads {
    /// Whether all loads of the tenant were read for this batch.
    pub(crate) fn has_all(&self, tenant: &TenantId) -> bool {
        self.read.contains(tenant)
    }

    /// Whether this load was read for this batch.
    pub(crate) fn has(&self, tenant: &TenantId, agent: &AgentName) -> bool {
        let id = (tenant.clone(), agent.clone());
        self.has_all(tenant) || self.known.contains_key(&id)
    }

    /// Puts what is known of the tenant's loads into `view`.
    pub(crate) fn show_in(&self, tenant: &TenantId, view: &mut View) {
        for ((owner, agent), known) in &self.known {
            if owner == tenant {
                view.loads.insert(agent.clone(), known.load.clone());
            }
        }
    }

    /// Reads a load, unless it was read before.
    pub(crate) async fn read(
        &mut self,
        table: &Table,
        tenant: &TenantId,
        agent: &AgentName,
    ) -> Result<AgentLoad, Error> {
        let id = (tenant.clone(), agent.clone());
        if let Some(known) = self.known.get(&id) {
            return Ok(known.load.clone());
        }
        let load = table.glance_at_agent_load(tenant, agent).await?;
        self.known.insert(id, Known::of(load.clone()));
        Ok(load)
    }

    /// Reads all loads of a tenant. Those that were changed stay as they are.
    pub(crate) async fn read_all(&mut self, table: &Table, tenant: &TenantId) -> Result<(), Error> {
        for load in table.agent_loads(tenant).await? {
            let id = (tenant.clone(), load.agent.clone());
            match self.known.get(&id) {
                Some(known) if !known.changes.is_empty() => {}
                _ => {
                    self.known.insert(id, Known::of(load));
                }
            }
        }
        self.read.insert(tenant.clone());
        Ok(())
    }

    /// Changes a load; [`Loads::write`] writes it.
    pub(crate) async fn change(
        &mut self,
        table: &Table,
        of: (&TenantId, &AgentName),
        change: Change,
        policy: BreakerPolicy,
        (message, at): (usize, Timestamp),
    ) -> Result<(), Error> {
        let (tenant, agent) = of;
        self.read(table, tenant, agent).await?;
        let Some(known) = self.known.get_mut(&(tenant.clone(), agent.clone())) else {
            return Err(Error::internal("the load was not read"));
        };
        let change = Made {
            change,
            policy,
            at,
            message,
        };
        if known.changes.is_empty() && change.apply(&known.load) == known.load {
            // What was read at a glance may be too old to tell that there is nothing to change.
            *known = Known::of(table.agent_load(tenant, agent).await?);
        }
        known.make(change);
        Ok(())
    }

    /// Takes back that `run` is about to be started, if that has not been written.
    pub(crate) fn take_back(&mut self, tenant: &TenantId, agent: &AgentName, run: &InvocationId) {
        if let Some(known) = self.known.get_mut(&(tenant.clone(), agent.clone())) {
            known.changes.retain(|made| made.starts() != Some(run));
            let changes = std::mem::take(&mut known.changes);
            known.load = known.stored.clone();
            for change in changes {
                known.make(change);
            }
        }
    }

    /// Writes what was changed. Returns the runs that are about to be started and were not
    /// written, since another worker has changed their agent's load: they are to be decided on
    /// anew. What else was changed of such a load is still to be written.
    pub(crate) async fn write(
        &mut self,
        table: &Table,
    ) -> Result<BTreeSet<InvocationId>, Box<Unwritten>> {
        let mut refused = BTreeSet::new();
        for ((tenant, agent), known) in &mut self.known {
            match write(table, known).await {
                Ok(runs) => refused.extend(runs),
                Err(error) => {
                    let changes = std::mem::take(&mut known.changes);
                    known.load = known.stored.clone();
                    return Err(Box::new(Unwritten {
                        tenant: tenant.clone(),
                        agent: agent.clone(),
                        messages: changes.iter().map(|made| made.message).collect(),
                        error,
                    }));
                }
            }
        }
        Ok(refused)
    }
}

/// Writes one load, if it was changed, or says which starts are to be decided on anew.
async fn write(table: &Table, known: &mut Known) -> Result<BTreeSet<InvocationId>, Error> {
    for _ in 0..ATTEMPTS {
        if known.load == known.stored {
            known.changes.clear();
            return Ok(BTreeSet::new());
        }
        let next = AgentLoad {
            revision: known.stored.revision + 1,
            ..known.load.clone()
        };
        match table.put_agent_load(&next).await {
            Ok(()) => *known = Known::of(next),
            Err(tdev_aws::Error::Conflict { .. }) => {
                let stored = table.agent_load(&next.tenant, &next.agent).await?;
                let refused = known.rebase(stored);
                if !refused.is_empty() {
                    return Ok(refused);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::new(
        tdev_domain::ErrorName::Transient,
        "the agent's load is being changed by others all the time",
    ))
}
