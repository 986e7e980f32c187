//! API keys: found by digest to authenticate a request, and listed by tenant.

use tdev_domain::{ApiKeyId, KeyDigest, KeyRecord, TenantId};

use super::page::Listing;
use super::{Condition, Page, PageRequest, Table, Write, item, keys};
use crate::{Error, Result};

impl Table {
    /// Stores a new key.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is a key with this digest or this id.
    pub async fn put_key(&self, record: &KeyRecord) -> Result<()> {
        const OPERATION: &str = "store an API key";
        let lookup = keys::api_key(&record.digest);
        let listed = keys::listed_api_key(&record.tenant, &record.id);
        let writes = vec![
            Write::Put(
                item::encode(OPERATION, &lookup, record, None)?,
                Some(Condition::absent()),
            ),
            Write::Put(
                item::encode(OPERATION, &listed, record, None)?,
                Some(Condition::absent()),
            ),
        ];
        self.transact(OPERATION, writes).await
    }

    /// The key with this digest, if it was issued and has not been revoked.
    pub async fn key(&self, digest: &KeyDigest) -> Result<Option<KeyRecord>> {
        self.entity("read an API key", &keys::api_key(digest)).await
    }

    /// A tenant's keys, the oldest first.
    pub async fn keys(&self, tenant: &TenantId, page: &PageRequest) -> Result<Page<KeyRecord>> {
        const OPERATION: &str = "list API keys";
        let listing = Listing {
            operation: OPERATION,
            partition: keys::api_keys(tenant),
            prefix: None,
            descending: false,
            after: page.cursor::<ApiKeyId>(OPERATION)?.map(String::from),
            limit: page.limit,
        };
        self.list(listing, |record: &KeyRecord| record.id.clone())
            .await
    }

    /// Revokes a key at once and for good; `false` if the tenant has no such key.
    pub async fn revoke_key(&self, tenant: &TenantId, id: &ApiKeyId) -> Result<bool> {
        const OPERATION: &str = "revoke an API key";
        let listed = keys::listed_api_key(tenant, id);
        let Some(record) = self.entity::<KeyRecord>(OPERATION, &listed).await? else {
            return Ok(false);
        };
        let lookup = keys::api_key(&record.digest);
        let writes = vec![
            Write::Delete(listed, Some(Condition::present())),
            Write::Delete(lookup, None),
        ];
        match self.transact(OPERATION, writes).await {
            Ok(()) => Ok(true),
            // Somebody else is revoking it, and may be done by now.
            Err(e @ Error::Conflict { .. }) => {
                let listed = keys::listed_api_key(tenant, id);
                match self.item(OPERATION, &listed).await? {
                    None => Ok(false),
                    Some(_) => Err(e),
                }
            }
            Err(e) => Err(e),
        }
    }
}
