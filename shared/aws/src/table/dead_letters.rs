//! Tasks that were given up, until someone redrives them.

use serde::{Deserialize, Serialize};
use tdev_domain::{DeadLetter, TaskId, TenantId};

use super::page::Listing;
use super::{Page, PageRequest, Table, Write, item, keys};
use crate::{Error, Result};

/// How long a dead letter is kept, in seconds: as long as its task.
const KEPT_FOR: i64 = 30 * 24 * 60 * 60;

/// A dead letter as it is stored.
#[derive(Serialize, Deserialize)]
struct Row {
    id: TaskId,
    body: String,
}

impl Table {
    /// A tenant's tasks that were given up, the newest first. One is redriven by
    /// [`Table::redrive_task`].
    pub async fn dead_letters(
        &self,
        tenant: &TenantId,
        page: &PageRequest,
    ) -> Result<Page<DeadLetter>> {
        const OPERATION: &str = "list dead letters";
        let listing = Listing {
            operation: OPERATION,
            partition: keys::dead_letters(tenant),
            prefix: None,
            descending: true,
            after: page.cursor::<TaskId>(OPERATION)?.map(String::from),
            limit: page.limit,
        };
        let rows = self.list(listing, |row: &Row| row.id.clone()).await?;
        let letters = rows
            .items
            .iter()
            .map(|row| serde_json::from_str(&row.body).map_err(|e| Error::corrupt(OPERATION, e)));
        Ok(Page {
            items: letters.collect::<Result<_>>()?,
            next: rows.next,
        })
    }
}

/// The write of a dead letter; there is at most one for a task.
pub(super) fn put(operation: &'static str, letter: &DeadLetter) -> Result<Write> {
    let body = serde_json::to_string(letter).map_err(|e| Error::rejected(operation, e))?;
    let id = letter.task.clone();
    let key = keys::dead_letter(&letter.tenant, &letter.task);
    let expires_at = letter.at.as_second() + KEPT_FOR;
    let item = item::encode(operation, &key, &Row { id, body }, Some(expires_at))?;
    Ok(Write::Put(item, None))
}
