//! What workflows need beside the table: their definitions, and the lists that their maps go over.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tdev_domain::{ArtifactDigest, RunId, TenantId};

use crate::{Error, Objects, Result};

/// How many items of a list are one object.
const PAGE: usize = 100;
/// How many objects are stored at once.
const AT_ONCE: usize = 8;

#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("the definition {0} has another digest")]
    Digest(ArtifactDigest),
    #[error("item {1} of the list {0} is gone")]
    Gone(String, usize),
}

impl Objects {
    /// Stores a workflow's definition, which is never changed, and returns its digest.
    pub(crate) async fn put_definition(
        &self,
        tenant: &TenantId,
        json: String,
    ) -> Result<ArtifactDigest> {
        let digest = ArtifactDigest::of(json.as_bytes());
        let key = definition_key(tenant, &digest);
        self.put(&key, json.into_bytes()).await?;
        Ok(digest)
    }

    /// The definition with this digest, as JSON, if the tenant has one.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is not what was stored.
    pub async fn definition(
        &self,
        tenant: &TenantId,
        digest: &ArtifactDigest,
    ) -> Result<Option<Vec<u8>>> {
        let found = self.get(&definition_key(tenant, digest)).await?;
        match found {
            Some(json) if ArtifactDigest::of(&json) != *digest => Err(Error::corrupt(
                "read a definition",
                Damage::Digest(digest.clone()),
            )),
            found => Ok(found),
        }
    }

    /// Keeps the list that a map of a run goes over, in place of one that was kept.
    pub async fn keep_items(
        &self,
        tenant: &TenantId,
        run: &RunId,
        step: u32,
        items: &[Value],
    ) -> Result<()> {
        let mut pages = Vec::new();
        for (page, items) in items.chunks(PAGE).enumerate() {
            let json = serde_json::to_vec(items).map_err(|e| Error::rejected("keep a list", e))?;
            pages.push((page_key(tenant, run, step, page), json));
        }
        stream::iter(pages)
            .map(async |(key, json): (String, Vec<u8>)| self.put(&key, json).await)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// An item of a list that was kept, by its number from 0.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if there is no such item.
    pub async fn item(
        &self,
        tenant: &TenantId,
        run: &RunId,
        step: u32,
        item: u32,
    ) -> Result<Value> {
        const OPERATION: &str = "read an item of a list";
        let item = item as usize;
        let key = page_key(tenant, run, step, item / PAGE);
        let gone = |key| Error::corrupt(OPERATION, Damage::Gone(key, item));
        let Some(json) = self.get(&key).await? else {
            return Err(gone(key));
        };
        let page: Vec<Value> =
            serde_json::from_slice(&json).map_err(|e| Error::corrupt(OPERATION, e))?;
        page.into_iter().nth(item % PAGE).ok_or_else(|| gone(key))
    }
}

fn definition_key(tenant: &TenantId, digest: &ArtifactDigest) -> String {
    format!("definitions/{tenant}/{digest}")
}

fn page_key(tenant: &TenantId, run: &RunId, step: u32, page: usize) -> String {
    format!("values/{tenant}/{run}/items/{step}/{page}")
}
