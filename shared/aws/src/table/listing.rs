//! Pages of the index of what is listed.

use std::fmt::Display;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use tdev_domain::Invalid;

use super::index::{Index, IndexQuery};
use super::item::{self, Item};
use super::keys::{Key, LISTED_AT, LISTING};
use super::{Page, PageRequest, Table};
use crate::error::BoxError;
use crate::{Error, Result};

/// The largest page.
const MAX_LIMIT: u32 = 1_000;

/// How many megabytes of the listing are read for a page of what a filter lets through.
const MAX_READS: usize = 4;

/// The attribute that a listing shows.
pub(super) const SUMMARY: &str = "summary";
/// The attributes that a listing is filtered by. What an index projects cannot be changed, so a
/// run has its workflow where an invocation has its agent.
pub(super) const AGENT: &str = "agent_name";
pub(super) const STATE: &str = "status_name";

/// What to list, from the newest on.
pub(super) struct IndexListing<'a, F> {
    pub(super) operation: &'static str,
    pub(super) partition: String,
    pub(super) wanted: Wanted<'a>,
    /// The key of the record with an identifier.
    pub(super) key: F,
}

/// Which entries are wanted; all of them by default.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted<'a> {
    /// Those with this [`AGENT`].
    pub(super) agent: Option<&'a str>,
    /// Those in this [`STATE`].
    pub(super) state: Option<&'a str>,
}

impl Wanted<'_> {
    /// What must hold of an entry, and the values that it names.
    fn expression(self) -> Option<(String, Item)> {
        let wanted = [(AGENT, ":agent", self.agent), (STATE, ":state", self.state)];
        let given = wanted.into_iter().filter_map(|(attribute, name, value)| {
            let condition = format!("{attribute} = {name}");
            Some((condition, (name.to_owned(), item::string(value?))))
        });
        let (conditions, values): (Vec<String>, Item) = given.unzip();
        (!conditions.is_empty()).then(|| (conditions.join(" AND "), values))
    }
}

impl<F> IndexListing<'_, F> {
    /// All four keys of the entry that a cursor names.
    fn start<I>(&self, cursor: &str) -> Result<Item, Invalid>
    where
        F: Fn(&I) -> Key,
        I: FromStr<Err = Invalid>,
    {
        let (_, id) = parse_listed_at(cursor)?;
        let mut start = (self.key)(&id).attributes();
        start.insert(LISTING.to_owned(), item::string(&self.partition));
        start.insert(LISTED_AT.to_owned(), item::string(cursor));
        Ok(start)
    }
}

impl Table {
    /// Reads one page. It may have fewer entries than are wanted, or none, and yet not be the
    /// last.
    pub(super) async fn list_index<F, I>(
        &self,
        listing: IndexListing<'_, F>,
        page: &PageRequest,
    ) -> Result<Page<Item>>
    where
        F: Fn(&I) -> Key,
        I: FromStr<Err = Invalid>,
    {
        let operation = listing.operation;
        let filter = listing.wanted.expression();
        let limit = page.limit.clamp(1, MAX_LIMIT) as usize;
        let cursor = |item: &Item| item::text(operation, item, LISTED_AT).map(str::to_owned);
        let mut next = page.after.clone();
        let mut items = Vec::new();
        for _ in 0..MAX_READS {
            let after = next.as_deref().map(|cursor| listing.start(cursor));
            let query = IndexQuery {
                operation,
                index: Index::Listing,
                partition: listing.partition.clone(),
                since: None,
                until: None,
                filter: filter.clone(),
                descending: true,
                after: after
                    .transpose()
                    .map_err(|source| Error::Cursor { operation, source })?,
                // One more, to know whether there is another page.
                limit: filter.is_none().then_some(limit + 1 - items.len()),
            };
            let (found, last) = self.query_index(query).await?;
            items.extend(found);
            next = last.as_ref().map(cursor).transpose()?;
            if items.len() > limit {
                items.truncate(limit);
                next = items.last().map(cursor).transpose()?;
                break;
            }
            if next.is_none() {
                break;
            }
        }
        Ok(Page { items, next })
    }
}

/// Where in its listing stands what was created then.
pub(super) fn listed_at(created_at: Timestamp, id: &impl Display) -> String {
    format!("{:016}#{id}", created_at.as_microsecond().max(0))
}

/// When what an entry stands for was created, `ns` nanoseconds after the microsecond that it is
/// listed by, and what it is.
pub(super) fn created<I: FromStr<Err = Invalid>>(
    operation: &'static str,
    item: &Item,
    ns: i32,
) -> Result<(Timestamp, I)> {
    let corrupt = |e: BoxError| Error::corrupt(operation, e);
    let at = item::text(operation, item, LISTED_AT)?;
    let (microsecond, id) = parse_listed_at(at).map_err(|e| corrupt(e.into()))?;
    let created = Timestamp::from_microsecond(microsecond).map_err(|e| corrupt(e.into()))?;
    let created = created.checked_add(SignedDuration::from_nanos(ns.into()));
    Ok((created.map_err(|e| corrupt(e.into()))?, id))
}

/// When what stands there was created, in microseconds of the epoch, and what it is.
fn parse_listed_at<I: FromStr<Err = Invalid>>(at: &str) -> Result<(i64, I), Invalid> {
    let malformed = || Invalid::new("after", "what the page before ended with");
    let (created, id) = at.split_once('#').ok_or_else(malformed)?;
    if created.len() != 16 || !created.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    Ok((created.parse().map_err(|_| malformed())?, id.parse()?))
}
