//! Where a tenant's next task comes in the queue.
//!
//! A process that a tenant sends one task after the other to reserves their places in blocks (see
//! [`ArrivalBlock`]), and does not ask again for a moment how much the tenant may send.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lru::LruCache;
use tdev_aws::{Result, Table};
use tdev_domain::order::FairShare;
use tdev_domain::{Arrival, ArrivalBlock, TenantId};

/// How many tenants a process keeps at hand.
const TENANTS: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// For how long it does not ask again how much a tenant may send.
const FRESH_FOR: Duration = Duration::from_secs(2);

/// What a process knows of the tenants whose tasks it accepts.
#[derive(Debug)]
pub(crate) struct Places {
    shares: Mutex<LruCache<TenantId, (Instant, FairShare)>>,
    blocks: Mutex<LruCache<TenantId, ArrivalBlock>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            shares: Mutex::new(LruCache::new(TENANTS)),
            blocks: Mutex::new(LruCache::new(TENANTS)),
        }
    }
}

impl Places {
    /// The place of a task that arrives at `now`.
    ///
    /// # Errors
    /// As of [`Table::reserve_arrivals`].
    pub(crate) async fn next(
        &self,
        table: &Table,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Arrival> {
        let more = match lock(&self.blocks).get_mut(tenant) {
            None => 0,
            Some(block) => match block.take(now) {
                Some(place) => return Ok(place),
                None => block.more(now),
            },
        };
        let share = self.share(table, tenant).await?;
        let (place, block) = table.reserve_arrivals(tenant, &share, more, now).await?;
        lock(&self.blocks).put(tenant.clone(), block);
        Ok(place)
    }

    /// How much the tenant may send. The policy beside it is of no concern, and not parsed.
    pub(crate) async fn share(&self, table: &Table, tenant: &TenantId) -> Result<FairShare> {
        let known = lock(&self.shares).get(tenant).copied();
        if let Some((read_at, share)) = known
            && read_at.elapsed() < FRESH_FOR
        {
            return Ok(share);
        }
        let read_at = Instant::now();
        let routing = table.routing::<serde_json::Value>(tenant).await?;
        let share = routing.fair_share;
        lock(&self.shares).put(tenant.clone(), (read_at, share));
        Ok(share)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use tdev_testing::FakeAws;

    use super::*;

    /// How many reads and writes it takes to find places for so many tasks that come a millisecond
    /// apart.
    async fn requests(tasks: i64) -> (usize, usize) {
        let aws = FakeAws::in_memory();
        let table = Table::new(&aws.config(), "platform");
        let tenant: TenantId = "acme".parse().unwrap();
        let places = Places::default();
        for n in 0..tasks {
            let now = Timestamp::UNIX_EPOCH + n.milliseconds();
            places.next(&table, &tenant, now).await.unwrap();
        }
        let of = |operation| aws.requests_of(operation).len();
        (of("DynamoDB.GetItem"), of("DynamoDB.PutItem"))
    }

    #[tokio::test]
    async fn a_busy_tenants_places_cost_a_sixteenth_and_a_quiet_ones_as_much_as_before() {
        assert_eq!(requests(1).await, (2, 1));
        // 1, 2, 4, 8 and then 16 at a time; the share is read once.
        assert_eq!(requests(15).await, (5, 4));
        assert_eq!(requests(79).await, (9, 8));
    }
}
