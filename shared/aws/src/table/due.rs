//! Invocations, runs and steps that need looking after.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tdev_domain::{Invalid, InvocationId, Place, RunId, TenantId};

use super::index::{Index, IndexQuery};
use super::item::{self, Item};
use super::keys::{AGENDA, AGENDA_AT, PK, SK};
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

/// What was due when the index was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// An invocation.
    Invocation(DueInvocation),
    /// A run of a workflow, as a whole.
    Run {
        /// The owner.
        tenant: TenantId,
        /// The run.
        run: RunId,
    },
    /// A step of a run, or an item of a map.
    Step {
        /// The owner.
        tenant: TenantId,
        /// The run.
        run: RunId,
        /// The step.
        place: Place,
    },
}

impl Table {
    /// What stands on one shard (0 to [`DUE_SHARDS`] − 1) of the agenda from the watermark until
    /// `until`, the earliest first: at most `limit`, and what to go on after.
    ///
    /// They have been due for up to ten seconds or longer then, or will be within [`EARLY`]; the
    /// record has the time, and says whether they have ended. What has just changed may be
    /// missing, or still there.
    pub async fn due(
        &self,
        shard: u8,
        watermark: &Watermark,
        until: Timestamp,
        limit: u32,
    ) -> Result<Page<Due>> {
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
    on_agenda(shard_of(id.as_str(), None), due_at)
}

/// The attributes by which a run, or a step of it, that is due then is found.
pub(super) fn of_run(run: &RunId, place: Option<Place>, due_at: Timestamp) -> Item {
    on_agenda(shard_of(run.as_str(), place), due_at)
}

fn on_agenda(shard: u8, due_at: Timestamp) -> Item {
    let seconds = due_at.as_second().max(0);
    let exceeds = seconds % GRAIN != 0 || due_at.subsec_nanosecond() > 0;
    let rounded = (seconds / GRAIN + i64::from(exceeds)) * GRAIN;
    Item::from([
        (AGENDA.to_owned(), item::string(keys::due(shard))),
        (AGENDA_AT.to_owned(), item::string(format!("{rounded:012}"))),
    ])
}

/// Identifiers end with random digits. The steps of one run, which may be many, are spread.
fn shard_of(id: &str, place: Option<Place>) -> u8 {
    let last = id.bytes().last().unwrap_or_default();
    let [step, item] = match place {
        None => [0, 0],
        Some(Place { step, item }) => [step, item.unwrap_or_default()].map(|n| n.to_le_bytes()[0]),
    };
    last.wrapping_add(step).wrapping_add(item) % DUE_SHARDS
}

fn decode(item: &Item) -> Result<Due> {
    let [pk, sk] = [PK, SK].map(|name| item::text(OPERATION, item, name));
    let (pk, sk) = (pk?, sk?);
    if let Some((tenant, id)) = keys::parse_invocation(pk) {
        return Ok(Due::Invocation(DueInvocation { tenant, id }));
    }
    let (tenant, run, place) = keys::parse_run(pk, sk).ok_or_else(|| {
        Error::corrupt(
            OPERATION,
            format!("{pk} {sk} is no invocation, run or step"),
        )
    })?;
    Ok(match place {
        None => Due::Run { tenant, run },
        Some(place) => Due::Step { tenant, run, place },
    })
}

/// `<agenda_at> <tenant> <invocation>`, `<agenda_at> <tenant> <run>` or
/// `<agenda_at> <tenant> <run> <place>`.
fn cursor(last: &Item) -> Result<String> {
    let at = item::text(OPERATION, last, AGENDA_AT)?;
    Ok(match decode(last)? {
        Due::Invocation(DueInvocation { tenant, id }) => format!("{at} {tenant} {id}"),
        Due::Run { tenant, run } => format!("{at} {tenant} {run}"),
        Due::Step { tenant, run, place } => format!("{at} {tenant} {run} {place}"),
    })
}

fn start(partition: &str, cursor: &str) -> Result<Item, Invalid> {
    let malformed = || Invalid::new("after", "what the page before ended with");
    let (at, key) = cursor.split_once(' ').ok_or_else(malformed)?;
    let (tenant, key) = key.split_once(' ').ok_or_else(malformed)?;
    let tenant = tenant.parse()?;
    let key = if let Some((run, place)) = key.split_once(' ') {
        keys::step(&tenant, &run.parse()?, place.parse()?)
    } else if let Ok(run) = key.parse() {
        keys::run(&tenant, &run)
    } else {
        keys::invocation(&tenant, &key.parse()?)
    };
    let mut start = key.attributes();
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
            .map(|_| shard_of(InvocationId::generate().as_str(), None))
            .collect();
        assert!(shards.into_iter().eq(0..DUE_SHARDS));
    }

    #[test]
    fn the_steps_and_items_of_one_run_are_spread_over_all_shards() {
        let run = RunId::generate();
        let places: [fn(u32) -> Place; 2] = [Place::step, |n| Place::item(3, n)];
        for place in places {
            let shards: std::collections::BTreeSet<u8> = (0..u32::from(DUE_SHARDS))
                .map(|n| shard_of(run.as_str(), Some(place(n))))
                .collect();
            assert!(shards.into_iter().eq(0..DUE_SHARDS));
        }
    }

    #[test]
    fn a_cursor_comes_back_as_the_keys_it_was_made_of() {
        let id = InvocationId::generate();
        let mut keys = keys::invocation(&"acme".parse().unwrap(), &id).attributes();
        keys.extend(attributes(&id, Timestamp::UNIX_EPOCH));
        let partition = keys::due(shard_of(id.as_str(), None));
        assert_eq!(start(&partition, &cursor(&keys).unwrap()), Ok(keys));
        for malformed in ["", "0", "0 acme", "0 acme inv_1", "0 ACME inv_1"] {
            assert!(start(&partition, malformed).is_err(), "{malformed}");
        }
        let (tenant, run) = ("acme".parse().unwrap(), RunId::generate());
        for place in [None, Some(Place::step(7)), Some(Place::item(7, 5))] {
            let key = place.map_or_else(
                || keys::run(&tenant, &run),
                |place| keys::step(&tenant, &run, place),
            );
            let mut keys = key.attributes();
            keys.extend(of_run(&run, place, Timestamp::UNIX_EPOCH));
            let partition = keys::due(shard_of(run.as_str(), place));
            assert_eq!(start(&partition, &cursor(&keys).unwrap()), Ok(keys));
        }
        for malformed in [format!("0 acme {run} x"), format!("0 acme {id} 1")] {
            assert!(start(&partition, &malformed).is_err(), "{malformed}");
        }
    }
}
