//! Queries of the two indexes.

use std::collections::HashMap;

use super::Table;
use super::item::{self, Item};
use super::keys::{AGENDA, AGENDA_AT, LISTED_AT, LISTING};
use crate::{Error, Result};

/// An index of the table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Index {
    Agenda,
    Listing,
}

impl Index {
    /// Its name, which is that of its hash key too.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Agenda => AGENDA,
            Self::Listing => LISTING,
        }
    }

    pub(super) const fn range(self) -> &'static str {
        match self {
            Self::Agenda => AGENDA_AT,
            Self::Listing => LISTED_AT,
        }
    }
}

/// What to read of an index.
#[derive(Debug)]
pub(super) struct IndexQuery {
    pub(super) operation: &'static str,
    pub(super) index: Index,
    pub(super) partition: String,
    /// The first range key that is wanted, if there is an `until`.
    pub(super) since: Option<String>,
    /// The last range key that is wanted.
    pub(super) until: Option<String>,
    /// What must hold of an item, and the values that it names.
    pub(super) filter: Option<(String, Item)>,
    pub(super) descending: bool,
    /// All four keys of the item to go on after.
    pub(super) after: Option<Item>,
    /// The most items to read; what the filter leaves out counts.
    pub(super) limit: Option<usize>,
}

impl Table {
    /// Reads once, which is a megabyte at most. Returns the items and, if the index was not read
    /// to the end, the keys of the last item that was read.
    pub(super) async fn query_index(&self, query: IndexQuery) -> Result<(Vec<Item>, Option<Item>)> {
        let mut condition = format!("{} = :partition", query.index.name());
        let mut values = HashMap::from([(":partition".to_owned(), item::string(query.partition))]);
        let range = query.index.range();
        if let Some(until) = query.until {
            condition = match query.since {
                Some(since) => {
                    values.insert(":since".to_owned(), item::string(since));
                    format!("{condition} AND {range} BETWEEN :since AND :until")
                }
                None => format!("{condition} AND {range} <= :until"),
            };
            values.insert(":until".to_owned(), item::string(until));
        }
        let (filter, named) = query.filter.unzip();
        values.extend(named.into_iter().flatten());
        let output = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(query.index.name())
            .key_condition_expression(condition)
            .set_filter_expression(filter)
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(!query.descending)
            .set_exclusive_start_key(query.after)
            .set_limit(query.limit.and_then(|limit| i32::try_from(limit).ok()))
            .send()
            .await
            .map_err(|e| Error::from_sdk(query.operation, e))?;
        Ok((output.items.unwrap_or_default(), output.last_evaluated_key))
    }
}
