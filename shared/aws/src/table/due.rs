//! Invocations that need looking after.

use jiff::Timestamp;
use tdev_domain::{Invalid, InvocationId, TenantId};

use super::index::{Index, IndexQuery};
use super::item::{self, Item};
use super::keys::{AGENDA, AGENDA_AT, PK};
use super::{Page, PageRequest, Table, keys};
use crate::{Error, Result};

const OPERATION: &str = "find due invocations";

/// Over how many partitions of the agenda invocations are spread.
pub const DUE_SHARDS: u8 = 4;

/// What due times are rounded up to, in seconds.
const GRAIN: i64 = 10;

/// The largest page.
const MAX_LIMIT: u32 = 1_000;

/// An invocation that was due when the index was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueInvocation {
    /// The owner.
    pub tenant: TenantId,
    /// The invocation.
    pub id: InvocationId,
}

impl Table {
    /// The invocations of one shard (0 to [`DUE_SHARDS`] − 1) that have been due for up to ten
    /// seconds or longer at `now`, and some that will be within a minute: the record has the time.
    /// What has just changed may be missing, or still there.
    pub async fn due_invocations(
        &self,
        shard: u8,
        now: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<DueInvocation>> {
        let partition = keys::due(shard);
        let after = page.after.as_deref();
        let query = IndexQuery {
            operation: OPERATION,
            index: Index::Agenda,
            until: Some(format!("{:012}", now.as_second().max(0))),
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
            limit: Some(page.limit.clamp(1, MAX_LIMIT) as usize),
        };
        let (items, last) = self.query_index(query).await?;
        let items = items.iter().map(decode).collect::<Result<_>>()?;
        let next = last.as_ref().map(cursor).transpose()?;
        Ok(Page { items, next })
    }
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
