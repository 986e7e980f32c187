//! Invocations that need looking after.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tdev_domain::{Invalid, InvocationId, TenantId};

use super::index::{Index, IndexQuery};
use super::item::{self, Item};
use super::keys::{AGENDA, AGENDA_AT, PK};
use super::{Page, Table, keys};
use crate::{Error, Result};

const OPERATION: &str = "find due invocations";

/// Over how many partitions of the agenda invocations are spread.
pub const DUE_SHARDS: u8 = 4;

/// What due times are rounded up to, in seconds.
const GRAIN: i64 = 10;

/// How much earlier than its `due_at` a record stands on the agenda, at most.
pub const EARLY: SignedDuration = SignedDuration::from_secs(60);

/// The largest page.
const MAX_LIMIT: u32 = 1_000;

/// How far a shard of the agenda has been seen to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// What stands before is seen to.
    pub since: Timestamp,
    /// And so is what stands after, up to the end of the page that had this for its
    /// [`next`](Page::next).
    pub after: Option<String>,
}

impl Default for Watermark {
    /// Nothing is seen to.
    fn default() -> Self {
        Self {
            since: Timestamp::UNIX_EPOCH,
            after: None,
        }
    }
}

/// An invocation that was due when the index was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueInvocation {
    /// The owner.
    pub tenant: TenantId,
    /// The invocation.
    pub id: InvocationId,
}

impl Table {
    /// The invocations of one shard (0 to [`DUE_SHARDS`] − 1) that stand on the agenda from the
    /// watermark until `until`, the earliest first: at most `limit`, and what to go on after.
    ///
    /// They have been due for up to ten seconds or longer then, or will be within [`EARLY`]; the
    /// record has the time, and says whether they have ended. What has just changed may be
    /// missing, or still there.
    pub async fn due_invocations(
        &self,
        shard: u8,
        watermark: &Watermark,
        until: Timestamp,
        limit: u32,
    ) -> Result<Page<DueInvocation>> {
        let partition = keys::due(shard);
        let after = watermark.after.as_deref();
        let until = until.max(watermark.since);
        let query = IndexQuery {
            operation: OPERATION,
            index: Index::Agenda,
            since: Some(place(watermark.since)),
            until: Some(place(until)),
            filter: None,
            descending: false,
            after: after
                .map(|cursor| start(&partition, cursor))
                .transpose()
                .map_err(|source| Error::Cursor {
                    operation: OPERATION,
                    source,
                })?,
            partition,
            limit: Some(limit.clamp(1, MAX_LIMIT) as usize),
        };
        let (items, last) = self.query_index(query).await?;
        let items = items.iter().map(decode).collect::<Result<_>>()?;
        let next = last.as_ref().map(cursor).transpose()?;
        Ok(Page { items, next })
    }

    /// How far the agenda's shard has been seen to by the sweeps called `sweep`.
    pub async fn watermark(&self, sweep: &str, shard: u8) -> Result<Watermark> {
        let key = keys::watermark(sweep, shard);
        let found = self.entity("read a watermark", &key).await?;
        Ok(found.unwrap_or_default())
    }

    /// Stores how far it has been seen to, in place of what was stored.
    pub async fn put_watermark(&self, sweep: &str, shard: u8, watermark: &Watermark) -> Result<()> {
        const OPERATION: &str = "store a watermark";
        let key = keys::watermark(sweep, shard);
        let item = item::encode(OPERATION, &key, watermark, None)?;
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| Error::from_sdk(OPERATION, e))?;
        Ok(())
    }
}

/// Where a time is on the agenda.
fn place(at: Timestamp) -> String {
    format!("{:012}", at.as_second().max(0))
}

/// The attributes by which an invocation that is due then is found.
pub(super) fn attributes(id: &InvocationId, due_at: Timestamp) -> Item {
    let seconds = due_at.as_second().max(0);
    let exceeds = seconds % GRAIN != 0 || due_at.subsec_nanosecond() > 0;
    let rounded = (seconds / GRAIN + i64::from(exceeds)) * GRAIN;
    Item::from([
        (AGENDA.to_owned(), item::string(keys::due(shard_of(id)))),
        (AGENDA_AT.to_owned(), item::string(format!("{rounded:012}"))),
    ])
}

/// Identifiers end with random digits.
fn shard_of(id: &InvocationId) -> u8 {
    let last = id.as_str().bytes().last().unwrap_or_default();
    last % DUE_SHARDS
}

fn decode(item: &Item) -> Result<DueInvocation> {
    let pk = item::text(OPERATION, item, PK)?;
    let (tenant, id) = keys::parse_invocation(pk)
        .ok_or_else(|| Error::corrupt(OPERATION, format!("{pk} is no invocation")))?;
    Ok(DueInvocation { tenant, id })
}

/// `<agenda_at> <tenant> <invocation>`.
fn cursor(last: &Item) -> Result<String> {
    let due = decode(last)?;
    let at = item::text(OPERATION, last, AGENDA_AT)?;
    Ok(format!("{at} {} {}", due.tenant, due.id))
}

fn start(partition: &str, cursor: &str) -> Result<Item, Invalid> {
    let malformed = || Invalid::new("after", "what the page before ended with");
    let (at, key) = cursor.split_once(' ').ok_or_else(malformed)?;
    let (tenant, id) = key.split_once(' ').ok_or_else(malformed)?;
    let mut start = keys::invocation(&tenant.parse()?, &id.parse()?).attributes();
    start.insert(AGENDA.to_owned(), item::string(partition));
    start.insert(AGENDA_AT.to_owned(), item::string(at));
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_are_rounded_up_to_tens_of_seconds() {
        let id = InvocationId::generate();
        for (due_at, expected) in [
            ("1970-01-01T00:00:00Z", "000000000000"),
            ("1970-01-01T00:00:00.001Z", "000000000010"),
            ("1970-01-01T00:00:10Z", "000000000010"),
            ("1970-01-01T00:00:11Z", "000000000020"),
            ("2026-01-01T00:00:00Z", "001767225600"),
        ] {
            let attributes = attributes(&id, due_at.parse().unwrap());
            assert_eq!(attributes[AGENDA_AT], item::string(expected), "{due_at}");
        }
    }

    #[test]
    fn invocations_are_spread_over_all_shards() {
        let shards: std::collections::BTreeSet<u8> = (0..200)
            .map(|_| shard_of(&InvocationId::generate()))
            .collect();
        assert!(shards.into_iter().eq(0..DUE_SHARDS));
    }

    #[test]
    fn a_cursor_comes_back_as_the_keys_it_was_made_of() {
        let id = InvocationId::generate();
        let mut keys = keys::invocation(&"acme".parse().unwrap(), &id).attributes();
        keys.extend(attributes(&id, Timestamp::UNIX_EPOCH));
        let partition = keys::due(shard_of(&id));
        assert_eq!(start(&partition, &cursor(&keys).unwrap()), Ok(keys));
        for malformed in ["", "0", "0 acme", "0 acme inv_1", "0 ACME inv_1"] {
            assert!(start(&partition, malformed).is_err(), "{malformed}");
        }
    }
}
