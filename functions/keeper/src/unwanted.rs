//! Runs for tasks that have ended without them.
//!
//! Whoever gives a task to an agent puts the run first, and may be lost before the task knows. If
//! the task is called off in between, nobody else knows of the run, and nobody has called a worker
//! for it but this function would. So before it does, it asks the task.

use jiff::Timestamp;
use tdev_domain::{InvocationId, Task, TaskMessage, TenantId};
use tdev_invocation::Journal;
use tdev_lambda::Error;

use crate::handler::Deps;

impl Deps {
    /// Calls off a run that no worker ever had and whose task has ended without it; whether it is
    /// such a one.
    pub(crate) async fn is_unwanted(
        &self,
        tenant: &TenantId,
        id: &InvocationId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let journal = self.journals.of(tenant);
        let found = journal.glance(id).await.map_err(Error::internal)?;
        let never_run = found.filter(|run| run.token == 0);
        let Some(task) = never_run.and_then(|run| run.task) else {
            return Ok(false);
        };
        let found = self.table.task(tenant, &task).await?;
        if found.is_none_or(|task| wants(&task, id)) {
            return Ok(false);
        }
        tdev_invocation::cancel(id, &journal, now)
            .await
            .map_err(Error::internal)?;
        tracing::info!(%tenant, %task, invocation = %id, "called off: its task has ended");
        let tenant = tenant.clone();
        let ended = TaskMessage::Ended { tenant, task };
        self.tasks.send(&ended, &[]).await?;
        Ok(true)
    }
}

/// Whether the task has the run, or may yet take it.
fn wants(task: &Task, run: &InvocationId) -> bool {
    let mut attempts = task.attempts.iter();
    !task.status.state().is_final() || attempts.any(|attempt| attempt.invocation == *run)
}
