//! The store as a process sees it.

use std::sync::Arc;

use jiff::Timestamp;
use tdev_aws::{
    DataKeys, Due, InvocationFilter, InvocationSummary, InvocationWrites, Objects, Page,
    PageRequest, Queue, Result, SdkConfig, Table, Watermark,
};
use tdev_domain::{
    Effect, Invocation, InvocationChange, InvocationId, Place, RunId, RunMessage, StepMessage,
    TenantId,
};
use tdev_invocation::WakeUp;

use crate::key_ring::KeyRing;
use crate::{TenantJournal, TenantRuns};

/// The longest that SQS holds a message back, in seconds.
const MAX_DELAY: u16 = 900;

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name of the platform's table.
    pub table: String,
    /// The name of the bucket.
    pub bucket: String,
    /// The id or ARN of the KMS key that data keys are wrapped by; `None` for a process that has
    /// no business with snapshots.
    pub key: Option<String>,
    /// The URL of the `step` queue.
    pub step_queue_url: String,
}

/// The store of all tenants' invocations. Clones share what they hold.
#[derive(Debug, Clone)]
pub struct Journals(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) table: Table,
    pub(crate) objects: Objects,
    pub(crate) keys: Option<KeyRing>,
    queue: Queue,
}

impl Journals {
    /// Built once per process.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: &Config) -> Self {
        let keys = config.key.as_ref().map(|key| DataKeys::new(sdk, key));
        Self(Arc::new(Shared {
            table: Table::new(sdk, &config.table),
            objects: Objects::new(sdk, &config.bucket),
            keys: keys.map(KeyRing::new),
            queue: Queue::new(sdk, &config.step_queue_url),
        }))
    }

    /// The engine's seam to the invocations of `tenant`.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> TenantJournal {
        TenantJournal::new(Arc::clone(&self.0), tenant.clone())
    }

    /// The seam of the engine of runs to those of `tenant`.
    #[must_use]
    pub fn runs_of(&self, tenant: &TenantId) -> TenantRuns {
        TenantRuns::new(Arc::clone(&self.0), tenant.clone())
    }

    /// Sends the message that calls a worker, to arrive when the wake-up is due.
    ///
    /// Nothing is sent for what is further off than the queue can hold a message back (900
    /// seconds): the keeper finds it when its time comes.
    pub async fn wake(&self, tenant: &TenantId, wake: &WakeUp, now: Timestamp) -> Result<()> {
        let Some(delay) = delay(wake.at, now) else {
            return Ok(());
        };
        let message = StepMessage {
            tenant: tenant.clone(),
            invocation: wake.invocation.clone(),
        };
        self.0.queue.send_after(&message, delay, &[]).await
    }

    /// Sends the message that calls a worker for a run, or for one of its steps, to arrive then.
    ///
    /// Nothing is sent for what is further off than the queue can hold a message back, as by
    /// [`Self::wake`].
    pub async fn wake_run(
        &self,
        tenant: &TenantId,
        run: RunId,
        place: Option<Place>,
        at: Timestamp,
    ) -> Result<()> {
        let Some(delay) = delay(at, Timestamp::now()) else {
            return Ok(());
        };
        let message = RunMessage {
            tenant: tenant.clone(),
            run,
            place,
        };
        self.0.queue.send_after(&message, delay, &[]).await
    }

    /// What stands on one shard of the agenda; see [`Table::due`].
    pub async fn due(
        &self,
        shard: u8,
        watermark: &Watermark,
        until: Timestamp,
        limit: u32,
    ) -> Result<Page<Due>> {
        let table = &self.0.table;
        table.due(shard, watermark, until, limit).await
    }

    /// The invocation with this id, if the tenant has one, by a strongly consistent read.
    pub async fn invocation(
        &self,
        tenant: &TenantId,
        id: &InvocationId,
    ) -> Result<Option<Invocation>> {
        self.0.table.invocation(&self.0.objects, tenant, id).await
    }

    /// Those of these invocations that there are and can be read, as they are or were a moment ago;
    /// see [`Table::glance_at_invocations`].
    pub async fn glance_at_invocations(
        &self,
        invocations: impl IntoIterator<Item = (&TenantId, &InvocationId)>,
    ) -> Result<Vec<Invocation>> {
        let objects = &self.0.objects;
        self.0
            .table
            .glance_at_invocations(objects, invocations)
            .await
    }

    /// A tenant's invocations, the newest first; see [`Table::invocations`].
    pub async fn invocations(
        &self,
        tenant: &TenantId,
        filter: &InvocationFilter,
        page: &PageRequest,
    ) -> Result<Page<InvocationSummary>> {
        self.0.table.invocations(tenant, filter, page).await
    }

    /// A page of an invocation's ledger; see [`Table::effects`].
    pub async fn effects(
        &self,
        tenant: &TenantId,
        id: &InvocationId,
        page: &PageRequest,
    ) -> Result<Page<Effect>> {
        let objects = &self.0.objects;
        self.0.table.effects(objects, tenant, id, page).await
    }

    /// Makes changes ready to be written in one transaction with something else; see
    /// [`InvocationWrites`].
    pub async fn prepare(&self, changes: &[InvocationChange]) -> Result<InvocationWrites> {
        InvocationWrites::prepare(&self.0.objects, changes).await
    }
}

/// How many seconds a message is held back, rounded up; `None` if that is too long.
fn delay(at: Timestamp, now: Timestamp) -> Option<u16> {
    let milliseconds = at.duration_since(now).as_millis().max(0);
    let seconds = u16::try_from(milliseconds.div_euclid(1_000)).ok()?;
    let seconds = seconds + u16::from(milliseconds % 1_000 > 0);
    (seconds <= MAX_DELAY).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn a_message_is_held_back_for_up_to_fifteen_minutes() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (milliseconds, expected) in [
            (-5_000, Some(0)),
            (0, Some(0)),
            (1, Some(1)),
            (1_000, Some(1)),
            (899_001, Some(900)),
            (900_000, Some(900)),
            (900_001, None),
            (86_400_000, None),
        ] {
            let at = now + milliseconds.milliseconds();
            assert_eq!(delay(at, now), expected, "{milliseconds}");
        }
    }
}
