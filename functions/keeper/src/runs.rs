//! What of the agenda concerns runs of workflows.

use jiff::Timestamp;
use tdev_domain::{
    Compensation, ErrorName, InvocationId, Part, Place, RunId, StepRecord, StepState, StepTry,
    TenantId, Work,
};
use tdev_lambda::Error;
use tdev_run::Store;

use crate::handler::{Deps, Sweep};

const SENT: Sweep = Sweep {
    invocations: 0,
    tasks: 0,
    runs: 1,
};

fn transient(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::caused_by(ErrorName::Transient, error)
}

impl Deps {
    /// Sends for a run that is to be looked after, if its time has come.
    pub(crate) async fn run(
        &self,
        tenant: &TenantId,
        run: RunId,
        now: Timestamp,
    ) -> Result<Sweep, Error> {
        let store = self.journals.runs_of(tenant);
        let postponed = tdev_run::postpone(&run, &store, now).await;
        if !postponed.map_err(transient)? {
            return Ok(Sweep::default());
        }
        tracing::info!(%tenant, %run, "sent for");
        self.journals.wake_run(tenant, run, None, now).await?;
        Ok(SENT)
    }

    /// Sends for a step whose time has come.
    pub(crate) async fn step(
        &self,
        tenant: &TenantId,
        run: RunId,
        place: Place,
        now: Timestamp,
    ) -> Result<Sweep, Error> {
        let is_due = |step: &StepRecord| step.due_at.is_some_and(|due| due <= now);
        self.send_if(tenant, run, place, is_due).await
    }

    /// Sends for a step that waits for an invocation which has ended, unless it knows.
    pub(crate) async fn tell_step(
        &self,
        tenant: &TenantId,
        waiter: StepTry,
        ended: InvocationId,
    ) -> Result<Sweep, Error> {
        let is_it =
            |work: &Work| matches!(work, Work::Agent { invocation, .. } if *invocation == ended);
        let waits = |step: &StepRecord| match (waiter.part, &step.compensation) {
            (Part::Work, _) => {
                let last = step.tries.last();
                step.state == StepState::Running && last.is_some_and(|last| is_it(&last.work))
            }
            (Part::Compensation, Some(Compensation::Running { work, .. })) => is_it(work),
            (Part::Compensation, _) => false,
        };
        let sent = self
            .send_if(tenant, waiter.run.clone(), waiter.place, waits)
            .await?;
        if sent == Sweep::default() {
            self.done.add(ended);
        }
        Ok(sent)
    }

    async fn send_if(
        &self,
        tenant: &TenantId,
        run: RunId,
        place: Place,
        is_called_for: impl Fn(&StepRecord) -> bool,
    ) -> Result<Sweep, Error> {
        let store = self.journals.runs_of(tenant);
        let found = store.steps(&run, &[place]).await.map_err(transient)?;
        if !found.first().is_some_and(is_called_for) {
            return Ok(Sweep::default());
        }
        tracing::info!(%tenant, %run, %place, "sent for");
        let (place, now) = (Some(place), Timestamp::now());
        self.journals.wake_run(tenant, run, place, now).await?;
        Ok(SENT)
    }
}
