//! How far what steps started has come, and calling it off.

use tdev_domain::{
    Cancelling, FailureKind, InvocationFailure, InvocationId, InvocationStatus, Rejection,
    RunStatus, StepError, StepErrorKind, TaskId, TaskStatus,
};
use tdev_invocation::Journal;
use tdev_run::{Progress, Unavailable, World};

use super::Runs;
use crate::tools::unavailable;

impl Runs<'_> {
    pub(super) async fn progress_of_task(&self, id: &TaskId) -> Result<Progress, Unavailable> {
        let found = self.deps.table.task(self.tenant, id).await;
        let Some(task) = found.map_err(unavailable)? else {
            return Ok(Progress::Absent);
        };
        let ended = |kind, message: String| Progress::Ended(Err(StepError::new(kind, message)));
        Ok(match &task.status {
            TaskStatus::Queued | TaskStatus::Waiting { .. } | TaskStatus::Running { .. } => {
                Progress::Running
            }
            TaskStatus::Completed { invocation } => {
                let journal = self.deps.journals.of(self.tenant);
                let found = journal.load(invocation).await?;
                found.map_or(Progress::Running, |found| of_invocation(&found.status))
            }
            TaskStatus::Failed { message, .. } => {
                ended(StepErrorKind::AgentFailed, message.clone())
            }
            TaskStatus::Rejected { reason } => {
                let reason = Rejection::as_str(*reason);
                ended(
                    StepErrorKind::NoAgent,
                    format!("no agent took it: {reason}"),
                )
            }
            TaskStatus::Cancelled => ended(StepErrorKind::Cancelled, "it was called off".into()),
        })
    }

    pub(super) async fn cancel_invocation(&self, id: &InvocationId) -> Result<(), Unavailable> {
        let journal = self.deps.journals.of(self.tenant);
        let cancelled = tdev_invocation::cancel(id, &journal, self.now()).await;
        // Who waits for it is whoever cancels it.
        cancelled.map(drop).map_err(unavailable)
    }

    pub(super) async fn cancel_task(&self, id: &TaskId) -> Result<(), Unavailable> {
        let table = &self.deps.table;
        let found = table.task(self.tenant, id).await.map_err(unavailable)?;
        let (next, invocation) = match found.map(|task| task.cancel(self.now())) {
            None | Some(Cancelling::Ended) => return Ok(()),
            Some(Cancelling::Cancelled(next)) => (next, None),
            Some(Cancelling::Requested(next, invocation)) => (next, Some(invocation)),
        };
        // If it has changed meanwhile, whoever looks after the run tries again.
        table.write_task(&next).await.map_err(unavailable)?;
        match invocation {
            Some(invocation) => self.cancel_invocation(&invocation).await,
            None => Ok(()),
        }
    }
}

pub(super) fn of_invocation(status: &InvocationStatus) -> Progress {
    let (kind, message) = match status {
        InvocationStatus::Queued
        | InvocationStatus::Running { .. }
        | InvocationStatus::Suspended { .. } => return Progress::Running,
        InvocationStatus::Completed { output } => return Progress::Ended(Ok(output.clone())),
        InvocationStatus::Cancelled => (StepErrorKind::Cancelled, "it was called off".to_owned()),
        InvocationStatus::Failed { failure } => match failure {
            InvocationFailure::Agent(failure) if failure.kind == FailureKind::TimedOut => {
                (StepErrorKind::TimedOut, failure.message.clone())
            }
            InvocationFailure::Agent(failure) => {
                (StepErrorKind::AgentFailed, failure.message.clone())
            }
            InvocationFailure::Unresumable { message } => (StepErrorKind::Stalled, message.clone()),
            InvocationFailure::Stalled { workers } => {
                let message = format!("{workers} workers were lost at the same place");
                (StepErrorKind::Stalled, message)
            }
        },
    };
    Progress::Ended(Err(StepError::new(kind, message)))
}

pub(super) fn of_run(status: &RunStatus) -> Progress {
    let (kind, message) = match status {
        RunStatus::Running | RunStatus::Stopping { .. } | RunStatus::Compensating { .. } => {
            return Progress::Running;
        }
        RunStatus::Completed { output } => return Progress::Ended(Ok(output.clone())),
        RunStatus::Failed { because, .. } => (StepErrorKind::RunFailed, because.to_string()),
        RunStatus::Cancelled { .. } => (StepErrorKind::Cancelled, "it was called off".to_owned()),
    };
    Progress::Ended(Err(StepError::new(kind, message)))
}
