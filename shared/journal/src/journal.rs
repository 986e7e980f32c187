//! The engine's seam to the invocations of one tenant.
//!
//! The futures of requests are kilobytes long; boxed, they do not make the engine's so.

use std::sync::Arc;

use tdev_aws::{Error, InvocationWrites, Objects};
use tdev_domain::{Effect, Invocation, InvocationChange, InvocationId, Stored, TenantId};
use tdev_invocation::{CommitError, FetchError, Journal, Unavailable};

use crate::envelope::{self, Context, Sealed};
use crate::journals::Shared;
use crate::key_ring::KeyRing;

/// The most bytes of a sealed snapshot that are kept in the record.
const INLINE_BYTES: usize = 8 * 1024;

/// The invocations of one tenant, as the engine knows them.
#[derive(Debug, Clone)]
pub struct TenantJournal {
    shared: Arc<Shared>,
    tenant: TenantId,
}

/// This process was given no key.
#[derive(Debug, thiserror::Error)]
#[error("no key is configured to seal snapshots with")]
struct NoKey;

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Unavailable {
    Unavailable(Box::new(error))
}

impl TenantJournal {
    pub(crate) fn new(shared: Arc<Shared>, tenant: TenantId) -> Self {
        Self { shared, tenant }
    }

    fn keys(&self) -> Result<&KeyRing, Unavailable> {
        self.shared.keys.as_ref().ok_or_else(|| unavailable(NoKey))
    }

    async fn write(&self, changes: &[InvocationChange]) -> tdev_aws::Result<()> {
        let writes = InvocationWrites::prepare(&self.shared.objects, changes).await?;
        self.shared.table.write_invocations(writes).await
    }

    /// Removes what no record refers to any more. What stays behind expires.
    async fn remove_superseded(&self, changes: &[InvocationChange]) {
        for change in changes {
            if let Some(Stored::Object(key)) = &change.superseded
                && let Err(error) = self.shared.objects.delete(key).await
            {
                tracing::warn!(
                    key,
                    error = &error as &dyn std::error::Error,
                    "a superseded snapshot stays behind"
                );
            }
        }
    }

    async fn seal(
        &self,
        invocation: &Invocation,
        effect: u32,
        snapshot: Vec<u8>,
    ) -> Result<Stored, Unavailable> {
        let key = self
            .keys()?
            .to_seal(&self.tenant)
            .await
            .map_err(unavailable)?;
        let context = Context::of(invocation, effect);
        let sealed = envelope::seal(key.plain.as_bytes(), &key.wrapped, &context, &snapshot)
            .map_err(unavailable)?;
        if sealed.len() <= INLINE_BYTES {
            return Ok(Stored::Inline(sealed));
        }
        let salt = getrandom::u64().map_err(unavailable)?;
        let place = Objects::snapshot_key(invocation, effect, salt);
        let put = self.shared.objects.put(&place, sealed).await;
        put.map(|()| Stored::Object(place)).map_err(unavailable)
    }

    async fn open(&self, invocation: &Invocation, stored: &Stored) -> Result<Vec<u8>, FetchError> {
        let unreadable = |error: &dyn std::error::Error| FetchError::Unreadable(error.to_string());
        let bytes = self.sealed(invocation, stored).await?;
        let sealed = Sealed::parse(&bytes).map_err(|e| unreadable(&e))?;
        let key = match self.keys()?.to_open(&self.tenant, sealed.wrapped).await {
            Ok(key) => key,
            Err(error @ Error::Corrupt { .. }) => return Err(unreadable(&error)),
            Err(error) => return Err(unavailable(error).into()),
        };
        let effect = invocation
            .pending
            .as_ref()
            .map_or(0, |pending| pending.number);
        let context = Context::of(invocation, effect);
        sealed
            .open(key.as_bytes(), &context)
            .map_err(|e| unreadable(&e))
    }

    /// The bytes that were stored, sealed as they are.
    async fn sealed(
        &self,
        invocation: &Invocation,
        stored: &Stored,
    ) -> Result<Vec<u8>, FetchError> {
        let key = match stored {
            Stored::Inline(bytes) => return Ok(bytes.clone()),
            Stored::Object(key) => key,
        };
        if let Some(bytes) = self.shared.objects.get(key).await.map_err(unavailable)? {
            return Ok(bytes);
        }
        // It is removed as soon as a record that refers to another one is written.
        let current = self.load(&invocation.id).await?;
        if current.is_some_and(|current| current.snapshot.as_ref() == Some(stored)) {
            return Err(FetchError::Unreadable("the snapshot is gone".to_owned()));
        }
        Err(unavailable(Overtaken).into())
    }
}

/// Another worker has gone on meanwhile.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot has been superseded")]
struct Overtaken;

impl Journal for TenantJournal {
    async fn load(&self, id: &InvocationId) -> Result<Option<Invocation>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let found = table.invocation(objects, &self.tenant, id);
        Box::pin(found).await.map_err(unavailable)
    }

    async fn glance(&self, id: &InvocationId) -> Result<Option<Invocation>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let seen = table.glance_at_invocation(objects, &self.tenant, id);
        Box::pin(seen).await.map_err(unavailable)
    }

    async fn commit(&self, changes: &[InvocationChange]) -> Result<(), CommitError> {
        match Box::pin(self.write(changes)).await {
            Ok(()) => {
                Box::pin(self.remove_superseded(changes)).await;
                Ok(())
            }
            Err(Error::Conflict { .. }) => Err(CommitError::Conflict),
            Err(error) => Err(unavailable(error).into()),
        }
    }

    async fn ledger(&self, id: &InvocationId) -> Result<Vec<Effect>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let ledger = table.ledger(objects, &self.tenant, id);
        Box::pin(ledger).await.map_err(unavailable)
    }

    async fn keep(
        &self,
        invocation: &Invocation,
        effect: u32,
        snapshot: Vec<u8>,
    ) -> Result<Stored, Unavailable> {
        Box::pin(self.seal(invocation, effect, snapshot)).await
    }

    async fn fetch(&self, invocation: &Invocation, stored: &Stored) -> Result<Vec<u8>, FetchError> {
        Box::pin(self.open(invocation, stored)).await
    }
}
