//! What runs need beside the table: snapshots, and values too large for an item.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use lru::LruCache;
use tdev_domain::{ArtifactDigest, Invocation, TenantId};

use crate::{Error, Result, SdkConfig};

/// How many values a process remembers to be stored.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The bucket's objects under `snapshots/`, `values/` and `definitions/`.
///
/// | object | key | removed |
/// |---|---|---|
/// | snapshot | `snapshots/<tenant>/<invocation>/<token>-<effect>-<random>` | when the next one is stored, or the run ends |
/// | definition of a workflow | `definitions/<tenant>/<SHA-256 of its JSON>` | never |
/// | list of a map, by pages of 100 | `values/<tenant>/<run>/items/<step>/<page>` | by the bucket's lifecycle |
/// | value | `values/<tenant>/<invocation or run>/<SHA-256 of its JSON>` | by the bucket's lifecycle |
///
/// A worker that is lost between storing an object and referring to it leaves it behind. So the
/// bucket expires what is under `snapshots/` and `values/` [`Objects::EXPIRE_AFTER_DAYS`] days
/// after it was stored, which is as long as a ledger is kept.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
    /// The keys of values that were stored or read.
    stored: Arc<Mutex<LruCache<String, ()>>>,
}

#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("the value {0} is gone")]
    Gone(String),
    #[error("the value {0} has another digest")]
    Digest(String),
}

impl Objects {
    /// The age, in days, at which the bucket's lifecycle is to expire `snapshots/` and `values/`.
    pub const EXPIRE_AFTER_DAYS: u32 = 400;

    /// The objects in `bucket`.
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self::with(Client::new(config), bucket.into())
    }

    pub(crate) fn with(client: Client, bucket: String) -> Self {
        Self {
            client,
            bucket,
            stored: Arc::new(Mutex::new(LruCache::new(REMEMBERED))),
        }
    }

    /// Where a snapshot at `effect` lies that is taken under the lease of `invocation`, or before
    /// its first one. `salt` is random: two workers may begin the same run.
    #[must_use]
    pub fn snapshot_key(invocation: &Invocation, effect: u32, salt: u64) -> String {
        let Invocation {
            tenant, id, token, ..
        } = invocation;
        format!("snapshots/{tenant}/{id}/{token}-{effect}-{salt:016x}")
    }

    /// Stores `bytes` under `key`, in place of what was there.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/octet-stream")
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|e| Error::from_sdk("store an object", e))?;
        Ok(())
    }

    /// The object under `key`, if there is one.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        const OPERATION: &str = "read an object";
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        let object = match got {
            Ok(object) => object,
            Err(e) if e.code() == Some("NoSuchKey") => return Ok(None),
            Err(e) => return Err(Error::from_sdk(OPERATION, e)),
        };
        let body = object.body.collect().await.map_err(|e| Error::Transient {
            operation: OPERATION,
            source: e.into(),
        })?;
        Ok(Some(body.to_vec()))
    }

    /// Removes the object under `key`; that there is none is no error.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
            .map_err(|e| Error::from_sdk("remove an object", e))?;
        Ok(())
    }

    /// Stores a value's JSON and returns its digest. What this process knows to be stored is not
    /// stored again. `owner` is the invocation or the run whose value it is.
    pub(crate) async fn put_value(
        &self,
        tenant: &TenantId,
        owner: &(impl Display + Sync + ?Sized),
        json: String,
    ) -> Result<ArtifactDigest> {
        let digest = ArtifactDigest::of(json.as_bytes());
        let key = value_key(tenant, owner, &digest);
        if !self.stored().contains(&key) {
            self.put(&key, json.into_bytes()).await?;
            self.stored().put(key, ());
        }
        Ok(digest)
    }

    /// The JSON of the value with this digest.
    pub(crate) async fn value(
        &self,
        tenant: &TenantId,
        owner: &(impl Display + Sync + ?Sized),
        digest: &ArtifactDigest,
    ) -> Result<Vec<u8>> {
        const OPERATION: &str = "read a value";
        let key = value_key(tenant, owner, digest);
        let Some(json) = self.get(&key).await? else {
            return Err(Error::corrupt(OPERATION, Damage::Gone(key)));
        };
        if ArtifactDigest::of(&json) != *digest {
            return Err(Error::corrupt(OPERATION, Damage::Digest(key)));
        }
        self.stored().put(key, ());
        Ok(json)
    }

    fn stored(&self) -> MutexGuard<'_, LruCache<String, ()>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn value_key(
    tenant: &TenantId,
    owner: &(impl Display + ?Sized),
    digest: &ArtifactDigest,
) -> String {
    format!("values/{tenant}/{owner}/{digest}")
}
