//! Reading ledgers.

use tdev_domain::{Effect, Invalid, InvocationId, TenantId};

use super::page::Listing;
use super::{Page, PageRequest, Table, invocation_item, keys};
use crate::{Error, Objects, Result};

const OPERATION: &str = "read a ledger";

/// How many additions are read at once.
const PAGE: usize = 100;

impl Table {
    /// Effects of an invocation that are over, in order.
    ///
    /// A page ends with the addition that makes it `limit` effects long or longer, so it may have
    /// some more.
    pub async fn effects(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        id: &InvocationId,
        page: &PageRequest,
    ) -> Result<Page<Effect>> {
        let after = page.after.as_deref().map(str::parse::<u32>).transpose();
        let mut after = after.map_err(|_| Error::Cursor {
            operation: OPERATION,
            source: Invalid::new("after", "the number of an effect"),
        })?;
        let limit = page.limit.max(1) as usize;
        let mut effects = Vec::new();
        loop {
            let listing = Listing {
                operation: OPERATION,
                partition: keys::invocation_partition(tenant, id),
                prefix: Some(keys::EFFECT),
                descending: false,
                after: after.map(|number| keys::effects(tenant, id, number).sk),
                limit: 0,
            };
            let (items, more) = self.query(listing, PAGE.min(limit)).await?;
            let count = items.len();
            for (place, item) in items.iter().enumerate() {
                let added =
                    invocation_item::decode_addition(OPERATION, objects, tenant, id, item).await?;
                after = added.first().map(|effect| effect.number);
                effects.extend(added);
                if effects.len() >= limit {
                    let next = after.filter(|_| more || place + 1 < count);
                    return Ok(Page {
                        items: effects,
                        next: next.map(|number| number.to_string()),
                    });
                }
            }
            if !more {
                return Ok(Page {
                    items: effects,
                    next: None,
                });
            }
        }
    }

    /// The whole ledger of an invocation.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it has a gap, for example because its beginning has expired.
    pub async fn ledger(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        id: &InvocationId,
    ) -> Result<Vec<Effect>> {
        let all = PageRequest {
            limit: u32::MAX,
            after: None,
        };
        let effects = self.effects(objects, tenant, id, &all).await?.items;
        if (1..).zip(&effects).all(|(n, effect)| effect.number == n) {
            Ok(effects)
        } else {
            Err(Error::corrupt(OPERATION, "the ledger has a gap"))
        }
    }
}
