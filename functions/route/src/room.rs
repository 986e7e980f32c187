//! Tasks that wait for an agent to have room again.
//!
//! A task that is put off comes back when its own time has come, half a second to half a minute
//! later. So that no agent is idle for as long while tasks wait for it, the most urgent of them are
//! remembered in its load, which is read and written at the end of each of its runs in any case:
//! then as many of them as there is room for go back to their places in the queue. All this is a
//! hint. What is forgotten, or comes too late, is made up for by the task's own time.

use jiff::Timestamp;
use tdev_domain::breaker::Admission;
use tdev_domain::{AgentLoad, AgentName, PutOff, Task, TaskState, TenantId};
use tdev_lambda::Error;
use tdev_routing::select::MOST_LOAD;

use crate::batch::Batch;
use crate::loads::Change;
use crate::queue::place;

/// By how many of the agents that fit a task is remembered.
const REMEMBERED_BY: usize = 3;

impl Batch<'_> {
    /// Remembers a task that was put off with the agents that it waits for, likeliest first.
    pub(crate) async fn remember(&mut self, message: usize, task: &Task, awaited: &[AgentName]) {
        let put_off = PutOff::from(task);
        for agent in awaited.iter().take(REMEMBERED_BY) {
            let (tenant, table) = (&task.tenant, &self.deps.table);
            let remembered = match self.loads.read(table, tenant, agent).await {
                Ok(load) if load.passed_over(&put_off) == load => Ok(()),
                Ok(_) => {
                    let change = Change::PassedOver(put_off.clone());
                    self.change(message, tenant, agent, change).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = remembered {
                tracing::warn!(task = %task.id, %agent, error = error.chain(), "not remembered");
            }
        }
    }

    /// Puts tasks that wait for `agent` in the queue again, as many as it has room for, the most
    /// urgent first.
    pub(crate) async fn call_waiting(
        &mut self,
        message: usize,
        tenant: &TenantId,
        agent: &AgentName,
    ) {
        if let Err(error) = self.try_to_call(message, tenant, agent).await {
            tracing::warn!(%agent, error = error.chain(), "waiting tasks are left to their time");
        }
    }

    async fn try_to_call(
        &mut self,
        message: usize,
        tenant: &TenantId,
        agent: &AgentName,
    ) -> Result<(), Error> {
        let load = self.loads.read(&self.deps.table, tenant, agent).await?;
        if load.waiting.is_empty() {
            return Ok(());
        }
        let view = self.deps.tenants.view(tenant).await?;
        let capacity = view.routing.policy.capacity_of(agent);
        let mut room = room(&load, capacity, Timestamp::now());
        for put_off in &load.waiting {
            if room == 0 {
                break;
            }
            room -= u32::from(self.call(message, tenant, put_off).await?);
            let called = Change::Called(put_off.clone());
            self.change(message, tenant, agent, called).await?;
        }
        Ok(())
    }

    /// Puts a task in the queue again if it still waits, and says whether it did.
    async fn call(
        &mut self,
        message: usize,
        tenant: &TenantId,
        put_off: &PutOff,
    ) -> Result<bool, Error> {
        let table = &self.deps.table;
        let waits = |task: &Task| {
            task.revision == put_off.revision && task.status.state() == TaskState::Waiting
        };
        let Some(task) = table.task(tenant, &put_off.task).await?.filter(waits) else {
            return Ok(false);
        };
        let next = task.requeued(Timestamp::now()).map_err(Error::internal)?;
        match table.write_task(&next).await {
            Ok(()) => {
                tracing::info!(task = %next.id, "there is room for it");
                self.permit(message, place(&next));
                Ok(true)
            }
            Err(tdev_aws::Error::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// How many more tasks an agent may be given before it is passed over.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a u32 is one"
)]
fn room(load: &AgentLoad, capacity: u32, now: Timestamp) -> u32 {
    let capacity = capacity.min(AgentLoad::MOST);
    // One is given as long as the load is not above the share.
    let most = match capacity {
        0 => 0,
        _ => (f64::from(capacity) * f64::from(MOST_LOAD)).floor() as u32 + 1,
    };
    let room = most.saturating_sub(load.tasks());
    match load.breaker.admission(now) {
        Admission::Pass => room,
        Admission::Probe => room.min(1),
        Admission::Refuse { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use tdev_domain::InvocationId;
    use tdev_domain::breaker::{Breaker, BreakerPolicy};

    use super::*;

    #[test]
    fn there_is_room_up_to_the_share_of_capacity_and_for_one_probe() {
        let idle = AgentLoad::idle("acme".parse().unwrap(), "weather".parse().unwrap());
        let (policy, now) = (BreakerPolicy::default(), Timestamp::UNIX_EPOCH);
        let of = |capacity, tasks| {
            let load = (0..tasks).fold(idle.clone(), |load, _| {
                load.started(&InvocationId::generate(), &policy, now)
            });
            room(&load, capacity, now)
        };
        let expected = [
            (0, 0, 0),
            (1, 0, 1),
            (1, 1, 0),
            (5, 0, 5),
            (5, 4, 1),
            (5, 9, 0),
        ];
        for (capacity, tasks, left) in expected {
            assert_eq!(of(capacity, tasks), left, "{tasks} of {capacity}");
        }
        assert_eq!((of(10, 0), of(10, 9)), (9, 0));

        let until = Timestamp::from_second(60).unwrap();
        let resting = AgentLoad {
            breaker: Breaker::Open { until },
            ..idle
        };
        assert_eq!(room(&resting, 10, now), 0);
        assert_eq!(room(&resting, 10, until), 1);
    }
}
