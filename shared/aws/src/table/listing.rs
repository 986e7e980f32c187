//! Pages of the index of what is listed.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use tdev_domain::Invalid;

use super::index::{Index, IndexQuery};
use super::item::{self, Item};
use super::keys::LISTED_AT;
use super::{Page, PageRequest, Table};
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
pub(super) struct IndexListing<F> {
    pub(super) operation: &'static str,
    pub(super) partition: String,
    /// What must hold of an entry, and the values that it names.
    pub(super) filter: Option<(String, Item)>,
    /// All four keys of the entry that a cursor names.
    pub(super) start: F,
}

impl Table {
    /// Reads one page. It may have fewer entries than are wanted, or none, and yet not be the
    /// last.
    pub(super) async fn list_index<F>(
        &self,
        listing: IndexListing<F>,
        page: &PageRequest,
    ) -> Result<Page<Item>>
    where
        F: Fn(&str) -> Result<Item, Invalid>,
    {
        let operation = listing.operation;
        let limit = page.limit.clamp(1, MAX_LIMIT) as usize;
        let cursor = |item: &Item| item::text(operation, item, LISTED_AT).map(str::to_owned);
        let mut next = page.after.clone();
        let mut items = Vec::new();
        for _ in 0..MAX_READS {
            let after = next.as_deref().map(&listing.start).transpose();
            let query = IndexQuery {
                operation,
                index: Index::Listing,
                partition: listing.partition.clone(),
                since: None,
                until: None,
                filter: listing.filter.clone(),
                descending: true,
                after: after.map_err(|source| Error::Cursor { operation, source })?,
                // One more, to know whether there is another page.
                limit: listing.filter.is_none().then_some(limit + 1 - items.len()),
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

/// When what stands there was created, in microseconds of the epoch, and what it is.
pub(super) fn parse_listed_at<I: FromStr<Err = Invalid>>(at: &str) -> Result<(i64, I), Invalid> {
    let malformed = || Invalid::new("after", "what the page before ended with");
    let (created, id) = at.split_once('#').ok_or_else(malformed)?;
    if created.len() != 16 || !created.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    Ok((created.parse().map_err(|_| malformed())?, id.parse()?))
}
