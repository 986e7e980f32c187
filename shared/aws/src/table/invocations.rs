//! Records of invocations, and the one way to write them.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use tdev_domain::{Invocation, InvocationChange, InvocationId, TenantId};

use super::batch::Reading;
use super::item::Item;
use super::{Condition, Put, Table, Write, invocation_item, keys};
use crate::{Error, Objects, Result};

const READ: &str = "read an invocation";
const WRITE: &str = "write invocations";

/// How many values that are stored beside invocations are waited for at once.
const AT_ONCE: usize = 8;

/// The most writes in a transaction.
const MAX_WRITES: usize = 100;

/// Changes of invocations, ready to be written: large values are stored already, beside the items.
#[derive(Debug)]
pub struct InvocationWrites(Vec<Write>);

impl InvocationWrites {
    /// Makes `changes` ready, for [`Table::write_invocations`] or as a part of another
    /// transaction.
    ///
    /// Stores what is too large for the items in `objects`. If the changes are then not written,
    /// it lies there until the bucket's lifecycle removes it.
    pub async fn prepare(objects: &Objects, changes: &[InvocationChange]) -> Result<Self> {
        let mut writes = Vec::new();
        for change in changes {
            let record = &change.record;
            let mut item = invocation_item::encode(WRITE, objects, record).await?;
            let effects = &change.ledger;
            let is_kept = record.status.is_final()
                && !effects.is_empty()
                && invocation_item::keep_ledger(WRITE, &mut item, effects)?;
            let condition = match record.revision.checked_sub(1) {
                None => Condition::absent(),
                Some(found) => Condition::revision(found),
            };
            writes.push(Write::Put(item, Some(condition)));
            if let Some(first) = effects.first()
                && !is_kept
            {
                let item =
                    invocation_item::encode_addition(WRITE, objects, record, first.number, effects);
                writes.push(Write::Put(item.await?, Some(Condition::absent())));
            }
        }
        Ok(Self(writes))
    }

    /// The writes, to which others may be added.
    pub(super) fn into_writes(self) -> Vec<Write> {
        self.0
    }
}

impl Table {
    /// The invocation with this id, if the tenant has one.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a value that was stored beside it is gone or damaged, too.
    pub async fn invocation(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        id: &InvocationId,
    ) -> Result<Option<Invocation>> {
        let item = self.item(READ, &keys::invocation(tenant, id)).await?;
        decoded(objects, item).await
    }

    /// The same by a read that is not consistent: as it is or was a moment ago.
    ///
    /// # Errors
    /// As [`Self::invocation`].
    pub async fn glance_at_invocation(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        id: &InvocationId,
    ) -> Result<Option<Invocation>> {
        let item = self.glance(READ, &keys::invocation(tenant, id)).await?;
        decoded(objects, item).await
    }

    /// Those of these invocations that there are, by reads that are not consistent, in no order.
    /// One that cannot be read is left out: whoever asks for it alone is told why.
    pub async fn glance_at_invocations(
        &self,
        objects: &Objects,
        invocations: impl IntoIterator<Item = (&TenantId, &InvocationId)>,
    ) -> Result<Vec<Invocation>> {
        // A batch that names an item twice is refused.
        let invocations: BTreeSet<_> = invocations.into_iter().collect();
        let keys = invocations
            .into_iter()
            .map(|(tenant, id)| keys::invocation(tenant, id));
        let items = self.items(READ, keys, Reading::Glance).await?;
        let found = stream::iter(items)
            .map(|item| invocation_item::decode(READ, objects, item))
            .buffer_unordered(AT_ONCE)
            .filter_map(async |decoded| decoded.ok());
        Ok(found.collect().await)
    }

    /// Writes all the changes or none.
    ///
    /// A single record is written by a plain conditional write, which costs half of a transaction.
    ///
    /// # Errors
    /// [`Error::Conflict`] if a record is not of the expected revision; nothing was written. After
    /// [`Error::Transient`] it is not known whether it was.
    pub async fn write_invocations(&self, writes: InvocationWrites) -> Result<()> {
        let mut writes = writes.into_writes();
        if writes.len() > MAX_WRITES {
            let message = format!("a transaction has at most {MAX_WRITES} writes");
            return Err(Error::rejected(WRITE, message));
        }
        let single = if writes.len() == 1 {
            writes.pop()
        } else {
            None
        };
        match single {
            Some(Write::Put(item, Some(condition))) => {
                match self.put_if(WRITE, &item, condition).await? {
                    Put::Written => Ok(()),
                    Put::Refused { error, .. } => Err(error),
                }
            }
            other => {
                writes.extend(other);
                self.transact(WRITE, writes).await
            }
        }
    }
}

async fn decoded(objects: &Objects, item: Option<Item>) -> Result<Option<Invocation>> {
    match item {
        Some(item) => invocation_item::decode(READ, objects, item).await.map(Some),
        None => Ok(None),
    }
}
