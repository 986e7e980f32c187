//! Durable invocations: one delivery takes one as far as it goes.

use jiff::{SignedDuration, Timestamp};
use tdev_domain::{ErrorName, Invocation, ReplayResult, RunMessage, StepMessage, TaskMessage};
use tdev_invocation::{
    Delivery, Journal, MachineError, Outcome, Refusal, Replay, Waiter, WakeUp, drive,
};
use tdev_lambda::Error;

use crate::handler::Deps;
use crate::machine::Sandbox;
use crate::run;
use crate::tools::Tools;

/// How long a delivery may go on before it leaves the rest to another one. What it is in the
/// middle of then, a turn of the interpreter and a tool, still fits into the function's timeout.
const TURN: SignedDuration = SignedDuration::from_secs(15);

/// Brings the invocation as far as it goes, and tells whoever is to go on after it. Returns the
/// record as it was left, unless another worker has it.
pub(crate) async fn advance(
    deps: &Deps,
    message: &StepMessage,
) -> Result<Option<Invocation>, Error> {
    let StepMessage { tenant, invocation } = message;
    tdev_lambda::record_tenant(tenant);
    let journal = deps.journals.of(tenant);
    let mut machine = Sandbox::of(deps).await;
    let yield_at = Timestamp::now()
        .saturating_add(TURN)
        .map_err(Error::internal)?;
    let delivery = drive(invocation, &journal, &Tools(deps), &mut machine, yield_at).await;
    drop(machine);
    let Delivery { outcome, record } =
        delivery.map_err(|error| Error::caused_by(ErrorName::Transient, error))?;
    tracing::info!(%invocation, ?outcome, "advanced");
    follow(deps, message, outcome, record.as_ref()).await?;
    Ok(record)
}

/// Sends what an outcome calls for. None of it need arrive: the keeper makes up for what does not.
async fn follow(
    deps: &Deps,
    message: &StepMessage,
    outcome: Outcome,
    record: Option<&Invocation>,
) -> Result<(), Error> {
    match outcome {
        Outcome::Settled { waiter } => tell(deps, message, waiter).await,
        Outcome::Suspended { wakes } => {
            for wake in &wakes {
                call(deps, message, wake).await?;
            }
            Ok(())
        }
        Outcome::Yielded { wake } => call(deps, message, &wake).await,
        // The first delivery may have been lost after the end and before whoever waits was told.
        Outcome::NotClaimable {
            why: Refusal::Ended,
            ..
        } => tell(deps, message, record.and_then(Waiter::of)).await,
        // It came too early, as a message does that could not be delayed for long enough.
        Outcome::NotClaimable {
            why: Refusal::Waiting,
            retry_at: Some(at),
        } => {
            let invocation = message.invocation.clone();
            call(deps, message, &WakeUp { invocation, at }).await
        }
        Outcome::NotClaimable { .. } | Outcome::Fenced => Ok(()),
    }
}

async fn call(deps: &Deps, message: &StepMessage, wake: &WakeUp) -> Result<(), Error> {
    let journals = &deps.journals;
    Ok(journals
        .wake(&message.tenant, wake, Timestamp::now())
        .await?)
}

async fn tell(deps: &Deps, message: &StepMessage, waiter: Option<Waiter>) -> Result<(), Error> {
    match waiter {
        None => Ok(()),
        Some(Waiter::Invocation(wake)) => call(deps, message, &wake).await,
        Some(Waiter::Task(task)) => {
            let ended = TaskMessage::Ended {
                tenant: message.tenant.clone(),
                task,
            };
            Ok(deps.tasks.send(&ended, &[]).await?)
        }
        Some(Waiter::Step(step)) => {
            let message = RunMessage {
                tenant: message.tenant.clone(),
                run: step.run,
                place: Some(step.place),
            };
            Box::pin(run::advance(deps, &message)).await
        }
    }
}

/// The record as it stands.
pub(crate) async fn record(
    deps: &Deps,
    message: &StepMessage,
) -> Result<Option<Invocation>, Error> {
    let journal = deps.journals.of(&message.tenant);
    let found = journal.load(&message.invocation).await;
    found.map_err(|error| Error::caused_by(ErrorName::Transient, error))
}

/// Runs an invocation that has ended again from its ledger.
pub(crate) async fn replay(deps: &Deps, message: &StepMessage) -> Result<ReplayResult, Error> {
    tdev_lambda::record_tenant(&message.tenant);
    let Some(invocation) = record(deps, message).await? else {
        return Ok(ReplayResult::Unknown);
    };
    if !invocation.status.is_final() {
        return Ok(ReplayResult::NotEnded);
    }
    let journal = deps.journals.of(&message.tenant);
    let ledger = journal
        .ledger(&invocation.id)
        .await
        .map_err(|error| Error::caused_by(ErrorName::Transient, error))?;
    let mut machine = Sandbox::of(deps).await;
    match tdev_invocation::replay(&invocation, &ledger, &mut machine).await {
        Ok(Replay::Identical) => Ok(ReplayResult::Identical),
        Ok(Replay::Diverged {
            number,
            recorded,
            found,
        }) => Ok(ReplayResult::Diverged {
            number,
            recorded,
            found,
        }),
        Err(MachineError::Snapshot(message)) => Err(Error::invalid_input(message)),
        Err(MachineError::Unavailable(error)) => Err(Error::caused_by(ErrorName::Transient, error)),
    }
}
