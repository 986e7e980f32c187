//! A batch of messages: first what has ended is settled, then tasks are taken, as many as there
//! are permits.
//!
//! What a batch changes of the agents' loads is written once per agent, between the decisions and
//! the gifts that they lead to: a decision sees what was settled and decided before it in the same
//! batch, and no run is started that is not counted. A message is acknowledged when all that was
//! done for it is written; one for which something could not be written comes again.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tdev_aws::AgendaTask;
use tdev_domain::{ErrorName, TaskMessage, TenantId};
use tdev_lambda::Error;

use crate::give::{Given, Planned};
use crate::handler::{ATTEMPTS, Deps};
use crate::loads::Loads;
use crate::queue::{Heads, Taken};

/// Permission to take the head of the queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permit {
    /// The message that it came with, by its place in the batch.
    pub(crate) message: usize,
}

/// A batch under way.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) deps: &'a Deps,
    pub(crate) loads: Loads,
    pub(crate) heads: Heads,
    pub(crate) permits: Vec<Permit>,
    /// The tenants whose busy agents were looked at.
    pub(crate) audited: Vec<TenantId>,
    results: Vec<Result<(), Error>>,
}

/// Works off the messages; what became of each, in their order.
pub(crate) async fn work_off(deps: &Deps, messages: &[TaskMessage]) -> Vec<Result<(), Error>> {
    let mut batch = Batch {
        deps,
        loads: Loads::default(),
        heads: Heads::default(),
        permits: Vec::new(),
        audited: Vec::new(),
        results: messages.iter().map(|_| Ok(())).collect(),
    };
    let worked_off = AssertUnwindSafe(batch.work_off(messages));
    match Box::pin(worked_off.catch_unwind()).await {
        Ok(()) => batch.results,
        // It is not known by which message. None is lost, and all are given up in the end.
        Err(_) => messages.iter().map(|_| Err(panicked())).collect(),
    }
}

fn panicked() -> Error {
    Error::new(ErrorName::Transient, "the worker panicked")
}

impl Batch<'_> {
    async fn work_off(&mut self, messages: &[TaskMessage]) {
        for (message, body) in messages.iter().enumerate() {
            let (tenant, task) = (body.tenant(), body.task());
            let settled = match body {
                TaskMessage::Permit { .. } => {
                    self.heads.hint(tenant, task);
                    self.permits.push(Permit { message });
                    Ok(())
                }
                TaskMessage::Retry { .. } => Box::pin(self.retry(message, tenant, task)).await,
                TaskMessage::Ended { .. } => Box::pin(self.settle(message, tenant, task)).await,
            };
            self.note(message, settled);
        }
        self.take_tasks().await;
        // What was taken back, or settled at once.
        self.write_loads(&mut Vec::new()).await;
    }

    /// Lets the queue's head be taken, by permission of the message, where this place shall be
    /// seen before the index shows it.
    pub(crate) fn permit(&mut self, message: usize, place: AgendaTask) {
        self.heads.place(place);
        self.permits.push(Permit { message });
    }

    /// A message that has failed fails for good.
    fn note(&mut self, message: usize, result: Result<(), Error>) {
        if let (Err(error), Some(slot)) = (result, self.results.get_mut(message)) {
            tracing::debug!(message, error = error.chain(), "comes again");
            *slot = Err(error);
        }
    }

    async fn take_tasks(&mut self) {
        for _ in 0..ATTEMPTS {
            let planned = self.plan().await;
            for planned in self.count(planned).await {
                let permit = planned.permit;
                match Box::pin(self.give(planned)).await {
                    Ok(Given::Moved) => {}
                    Ok(Given::Lost) => self.permits.push(permit),
                    Err(error) => self.note(permit.message, Err(error)),
                }
            }
            if self.permits.is_empty() {
                return;
            }
        }
        for permit in std::mem::take(&mut self.permits) {
            self.note(permit.message, Err(contended()));
        }
    }

    /// Takes heads of the queue, as many as there are permits, and decides on them. Those that go
    /// to no agent are moved on; the others are returned.
    async fn plan(&mut self) -> Vec<Planned> {
        let mut planned = Vec::new();
        while let Some(permit) = self.permits.pop() {
            let head = match self.next_head().await {
                Ok(Some(head)) => head,
                // The queue is empty.
                Ok(None) => {
                    self.permits.clear();
                    break;
                }
                Err(error) => {
                    self.note(permit.message, Err(error));
                    continue;
                }
            };
            match Box::pin(self.take(&head, permit)).await {
                Ok(Taken::Planned(task)) => planned.push(*task),
                Ok(Taken::Moved) => {}
                Ok(Taken::Gone) => self.permits.push(permit),
                Err(error) => self.note(permit.message, Err(error)),
            }
        }
        planned
    }

    /// Counts what is about to be started. Where another worker has changed the load of an agent,
    /// it is decided anew whether it goes there.
    async fn count(&mut self, mut planned: Vec<Planned>) -> Vec<Planned> {
        for _ in 0..ATTEMPTS {
            let again = self.write_loads(&mut planned).await;
            if again.is_empty() {
                return planned;
            }
            for task in again {
                let permit = task.permit;
                match Box::pin(self.route(task.task, permit)).await {
                    Ok(Taken::Planned(task)) => planned.push(*task),
                    Ok(Taken::Moved) => {}
                    Ok(Taken::Gone) => self.permits.push(permit),
                    Err(error) => self.note(permit.message, Err(error)),
                }
            }
            planned.sort_by_key(|planned| planned.task.virtual_deadline);
        }
        for planned in planned {
            self.loads
                .take_back(&planned.task.tenant, &planned.agent, &planned.run.id);
            self.note(planned.permit.message, Err(contended()));
        }
        Vec::new()
    }

    /// Writes the loads. Returns those of `planned` that are to be decided on anew; such as cannot
    /// be counted are left out.
    async fn write_loads(&mut self, planned: &mut Vec<Planned>) -> Vec<Planned> {
        let mut again = Vec::new();
        loop {
            match Box::pin(self.loads.write(&self.deps.table)).await {
                Ok(refused) => {
                    again.extend(planned.extract_if(.., |task| refused.contains(&task.run.id)));
                    return again;
                }
                Err(unwritten) => {
                    let is_of = |task: &mut Planned| {
                        task.task.tenant == unwritten.tenant && task.agent == unwritten.agent
                    };
                    let messages = unwritten.messages.iter().copied();
                    let dropped = planned
                        .extract_if(.., is_of)
                        .map(|task| task.permit.message);
                    let failed: Vec<usize> = messages.chain(dropped).collect();
                    for message in failed {
                        let error = Error::new(unwritten.error.name(), "a load was not written");
                        self.note(message, Err(error));
                    }
                    let error = unwritten.error.chain();
                    tracing::warn!(agent = %unwritten.agent, error, "a load was not written");
                }
            }
        }
    }
}

fn contended() -> Error {
    Error::new(
        ErrorName::Transient,
        "the agents' loads are being changed by others all the time",
    )
}
