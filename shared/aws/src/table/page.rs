//! Listings, a page at a time.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use tdev_domain::Invalid;

use super::Table;
use super::item::{self, Item};
use super::keys::{Key, PK, SK};
use crate::{Error, Result};

/// Which part of a listing is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The most items to return; 0 is taken as 1, and more than 1,000 as 1,000.
    pub limit: u32,
    /// Where to go on: the [`Page::next`] of the page before. `None` starts at the beginning.
    pub after: Option<String>,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the listing's order.
    pub items: Vec<T>,
    /// The [`PageRequest::after`] of the next page; `None` if this is the last.
    pub next: Option<String>,
}

/// The largest [`PageRequest::limit`].
const MAX_LIMIT: u32 = 1_000;

/// What to list.
pub(super) struct Listing<'a> {
    pub(super) operation: &'static str,
    pub(super) partition: String,
    /// What the sort keys of the wanted items begin with.
    pub(super) prefix: Option<&'a str>,
    pub(super) descending: bool,
    /// The sort key to go on after.
    pub(super) after: Option<String>,
    pub(super) limit: u32,
}

impl PageRequest {
    /// The place to go on from, parsed as the identifier that the listing is sorted by.
    pub(super) fn cursor<T: FromStr<Err = Invalid>>(
        &self,
        operation: &'static str,
    ) -> Result<Option<T>> {
        self.after
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|source| Error::Cursor { operation, source })
    }
}

impl Table {
    /// Reads one page of `listing`; `id` is what an entity is sorted by.
    pub(super) async fn list<T: DeserializeOwned, I: Display>(
        &self,
        listing: Listing<'_>,
        id: impl Fn(&T) -> I,
    ) -> Result<Page<T>> {
        let operation = listing.operation;
        let limit = listing.limit.clamp(1, MAX_LIMIT) as usize;
        let mut items = self.query(listing, limit).await?;
        // The service may also stop early, at a megabyte, and then says so.
        let more = items.0.len() > limit || items.1;
        items.0.truncate(limit);
        let entities = items
            .0
            .into_iter()
            .map(|item| item::decode(operation, item))
            .collect::<Result<Vec<T>>>()?;
        let next = entities
            .last()
            .filter(|_| more)
            .map(|last| id(last).to_string());
        Ok(Page {
            items: entities,
            next,
        })
    }

    /// One item more than `limit`, to know whether there is another page; and whether the service
    /// stopped before the end.
    pub(super) async fn query(
        &self,
        listing: Listing<'_>,
        limit: usize,
    ) -> Result<(Vec<Item>, bool)> {
        let mut query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(!listing.descending)
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .expression_attribute_values(":pk", item::string(&listing.partition));
        query = match listing.prefix {
            None => query.key_condition_expression(format!("{PK} = :pk")),
            Some(prefix) => query
                .key_condition_expression(format!("{PK} = :pk AND begins_with({SK}, :prefix)"))
                .expression_attribute_values(":prefix", item::string(prefix)),
        };
        if let Some(after) = listing.after {
            let start = Key {
                pk: listing.partition,
                sk: after,
            };
            query = query.set_exclusive_start_key(Some(start.attributes()));
        }
        let output = query
            .send()
            .await
            .map_err(|e| Error::from_sdk(listing.operation, e))?;
        let more = output.last_evaluated_key.is_some();
        Ok((output.items.unwrap_or_default(), more))
    }
}
