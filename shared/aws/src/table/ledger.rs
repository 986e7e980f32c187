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
                    let mut goes_on = more || place + 1 < count;
                    if !goes_on {
                        goes_on = !self.kept(tenant, id, after).await?.is_empty();
                    }
                    let next = after.filter(|_| goes_on);
                    return Ok(Page {
                        items: effects,
                        next: next.map(|number| number.to_string()),
                    });
                }
            }
            if !more {
                effects.extend(self.kept(tenant, id, after).await?);
                return Ok(Page {
                    items: effects,
                    next: None,
                });
            }
        }
    }

    /// The part of the ledger that the record itself keeps, unless it is not after `after`.
    async fn kept(
        &self,
        tenant: &TenantId,
        id: &InvocationId,
        after: Option<u32>,
    ) -> Result<Vec<Effect>> {
        let item = self.item(OPERATION, &keys::invocation(tenant, id)).await?;
        let kept = item.map(|item| invocation_item::kept_ledger(OPERATION, &item));
        let kept = kept.transpose()?.unwrap_or_default();
        let is_after = |first: &Effect| after.is_none_or(|after| first.number > after);
        Ok(if kept.first().is_some_and(is_after) {
            kept
        } else {
            Vec::new()
        })
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
