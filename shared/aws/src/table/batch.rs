//! Reading many items at once.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::config::AsyncSleep;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Table;
use super::item::Item;
use super::keys::Key;
use crate::{Error, Result};

/// The most items that are read by one request.
const BATCH: usize = 100;
/// How many requests are waited for at once.
const AT_ONCE: usize = 8;
/// How often what a batch leaves unread is asked for again, as long as nothing of it is read.
const BATCH_TRIES: u32 = 6;
/// How long is waited before the first of these; twice as long before each further one.
const BATCH_PAUSE: Duration = Duration::from_millis(25);

/// How items are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// As they are.
    Consistent,
    /// As they are, or were a moment ago, for half of the price.
    Glance,
}

/// The service has read nothing of a batch, however often it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{0} items of a batch are left unread")]
struct LeftUnread(usize);

impl Table {
    /// Reads the items with these keys, of which none may be there twice; in no order. What does
    /// not exist is left out.
    pub(super) async fn items(
        &self,
        operation: &'static str,
        keys: impl Iterator<Item = Key>,
        reading: Reading,
    ) -> Result<Vec<Item>> {
        let keys: Vec<Item> = keys.map(|key| key.attributes()).collect();
        let batches = keys.chunks(BATCH);
        let batches: Vec<_> = batches
            .map(|keys| self.batch(operation, keys.to_vec(), reading))
            .collect();
        let items: Vec<Vec<Item>> = stream::iter(batches)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(items.into_iter().flatten().collect())
    }

    /// Reads at most [`BATCH`] items.
    async fn batch(
        &self,
        operation: &'static str,
        mut keys: Vec<Item>,
        reading: Reading,
    ) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut tries = 0;
        while !keys.is_empty() {
            let asked = keys.len();
            let request = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(matches!(reading, Reading::Consistent))
                .build()
                .map_err(|e| Error::rejected(operation, e))?;
            let output = self
                .client
                .batch_get_item()
                .request_items(&self.name, request)
                .send()
                .await
                .map_err(|e| Error::from_sdk(operation, e))?;
            let of_table = |mut tables: HashMap<String, _>| tables.remove(&self.name);
            items.extend(output.responses.and_then(of_table).unwrap_or_default());
            let unprocessed = output.unprocessed_keys.unwrap_or_default();
            let left = unprocessed.into_values().next();
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.len() == asked {
                tries += 1;
                if tries == BATCH_TRIES {
                    return Err(Error::Transient {
                        operation,
                        source: LeftUnread(asked).into(),
                    });
                }
                self.pause(BATCH_PAUSE * 2_u32.pow(tries - 1)).await;
            }
        }
        Ok(items)
    }

    async fn pause(&self, pause: Duration) {
        if let Some(sleep) = self.client.config().sleep_impl() {
            sleep.sleep(pause).await;
        }
    }
}
