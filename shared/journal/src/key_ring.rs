//! The data keys of a process.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use tdev_aws::{DataKey, DataKeys, PlainKey};
use tdev_domain::TenantId;

/// How long a key is used to seal.
const SEALS_FOR: Duration = Duration::from_hours(1);
/// How often a key is used to seal. Nonces are random; at so few, that two of them should be the
/// same is out of the question.
const SEALS: u32 = 100_000;
/// How many tenants' keys to seal with are held.
const TENANTS: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// How many unwrapped keys are held.
const UNWRAPPED: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// The data keys that a process seals and opens with. One that is dropped is overwritten.
#[derive(Debug)]
pub(crate) struct KeyRing {
    keys: DataKeys,
    sealing: Mutex<LruCache<TenantId, Sealing>>,
    opening: Mutex<LruCache<(TenantId, Vec<u8>), PlainKey>>,
}

#[derive(Debug)]
struct Sealing {
    key: DataKey,
    made: Instant,
    seals: u32,
}

impl Sealing {
    fn is_worn(&self) -> bool {
        self.seals >= SEALS || self.made.elapsed() >= SEALS_FOR
    }
}

impl KeyRing {
    pub(crate) fn new(keys: DataKeys) -> Self {
        Self {
            keys,
            sealing: Mutex::new(LruCache::new(TENANTS)),
            opening: Mutex::new(LruCache::new(UNWRAPPED)),
        }
    }

    /// A key to make one seal with.
    pub(crate) async fn to_seal(&self, tenant: &TenantId) -> tdev_aws::Result<DataKey> {
        if let Some(key) = self.held(tenant) {
            return Ok(key);
        }
        let key = self.keys.generate(tenant).await?;
        let unwrapped = (tenant.clone(), key.wrapped.clone());
        lock(&self.opening).put(unwrapped, key.plain.clone());
        let sealing = Sealing {
            key: key.clone(),
            made: Instant::now(),
            seals: 1,
        };
        lock(&self.sealing).put(tenant.clone(), sealing);
        Ok(key)
    }

    fn held(&self, tenant: &TenantId) -> Option<DataKey> {
        let mut sealing = lock(&self.sealing);
        let held = sealing.get_mut(tenant).filter(|held| !held.is_worn())?;
        held.seals += 1;
        Some(held.key.clone())
    }

    /// The key that was wrapped so.
    pub(crate) async fn to_open(
        &self,
        tenant: &TenantId,
        wrapped: &[u8],
    ) -> tdev_aws::Result<PlainKey> {
        let place = (tenant.clone(), wrapped.to_vec());
        if let Some(key) = lock(&self.opening).get(&place) {
            return Ok(key.clone());
        }
        let key = self.keys.unwrap(tenant, wrapped).await?;
        lock(&self.opening).put(place, key.clone());
        Ok(key)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
