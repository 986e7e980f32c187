//! Finding runs that are counted as under way and are not.
//!
//! A worker that is lost between counting a run and starting it leaves one, if the attempt is then
//! made by another agent or not at all. It does harm only where it makes an agent look busy; so
//! that is where it is looked for: a run of each busy agent, in each batch that finds it busy, of
//! which nearly all are there.

use jiff::Timestamp;
use tdev_domain::{AgentLoad, InvocationId, TaskMessage, TenantId};
use tdev_invocation::Journal;
use tdev_lambda::Error;
use tdev_routing::select::MOST_LOAD;

use crate::batch::Batch;
use crate::give::unavailable;
use crate::loads::Change;
use crate::queue::log_unsent;
use crate::tenants::View;

impl Batch<'_> {
    /// Looks for a run of each of the tenant's busy agents, unless this batch has done so.
    pub(crate) async fn audit(
        &mut self,
        message: usize,
        tenant: &TenantId,
        view: &View,
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.audited.contains(tenant) {
            return Ok(());
        }
        self.audited.push(tenant.clone());
        for agent in view.agents.keys() {
            let load = view.load(agent);
            let capacity = view.routing.policy.capacity_of(agent);
            if let Some(run) = suspect(&load, capacity, now) {
                self.look_for(message, &load, run).await?;
            }
        }
        Ok(())
    }

    async fn look_for(
        &mut self,
        message: usize,
        load: &AgentLoad,
        id: InvocationId,
    ) -> Result<(), Error> {
        let (tenant, agent) = (&load.tenant, &load.agent);
        let journal = self.deps.journals.of(tenant);
        let mut found = journal.glance(&id).await.map_err(unavailable)?;
        if found.is_none() {
            found = journal.load(&id).await.map_err(unavailable)?;
        }
        let Some(run) = found else {
            tracing::warn!(%agent, invocation = %id, "a run is counted that is not there");
            return self
                .change(message, tenant, agent, Change::NotFound(id))
                .await;
        };
        if load
            .missing
            .as_ref()
            .is_some_and(|missed| missed.invocation == id)
        {
            self.change(message, tenant, agent, Change::Found(id))
                .await?;
        }
        if let Some(task) = run.task.filter(|_| run.status.is_final()) {
            let tenant = tenant.clone();
            let ended = TaskMessage::Ended { tenant, task };
            if let Err(error) = self.deps.task_queue.send(&ended, &[]).await {
                log_unsent(error);
            }
        }
        Ok(())
    }
}

/// The run of a busy agent that is looked for: the one that is missed, or any.
fn suspect(load: &AgentLoad, capacity: u32, now: Timestamp) -> Option<InvocationId> {
    if f64::from(load.tasks()) <= f64::from(capacity) * f64::from(MOST_LOAD) {
        return None;
    }
    if let Some(missing) = &load.missing {
        return Some(missing.invocation.clone());
    }
    let nanoseconds = usize::try_from(now.subsec_nanosecond()).unwrap_or_default();
    let which = nanoseconds % load.in_flight.len().max(1);
    let flight = load.in_flight.iter().nth(which)?;
    flight.invocation().ok()
}
