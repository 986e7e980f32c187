//! The platform's state: one DynamoDB table.
//!
//! `keys` lays down where everything is, `item` how an entity becomes an item; the other modules
//! hold the operations, by entity. All reads are strongly consistent: whoever was told that a
//! write succeeded sees it, whichever function they ask.

mod admission;
mod agents;
mod api_keys;
mod idempotency;
mod item;
mod keys;
mod page;
mod registrations;
#[cfg(test)]
mod tests;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{self, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use serde::de::DeserializeOwned;

use crate::error::{BoxError, Class};
use crate::{Error, Result, SdkConfig};
use item::Item;
use keys::Key;

pub use idempotency::{Claim, StoredResponse};
pub use page::{Page, PageRequest};

/// The table of the platform's state.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table with this name.
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
        }
    }

    /// Proves, by reading an item that is never there, that the table exists and may be read.
    pub async fn ping(&self) -> Result<()> {
        self.item("ping the table", &keys::health()).await?;
        Ok(())
    }

    /// Reads one item.
    async fn item(&self, operation: &'static str, key: &Key) -> Result<Option<Item>> {
        let output = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| Error::from_sdk(operation, e))?;
        Ok(output.item)
    }

    /// Reads one entity.
    async fn entity<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        key: &Key,
    ) -> Result<Option<T>> {
        self.item(operation, key)
            .await?
            .map(|item| item::decode(operation, item))
            .transpose()
    }

    /// Writes one item, if `condition` holds.
    async fn put_if(
        &self,
        operation: &'static str,
        item: &Item,
        condition: Condition,
    ) -> Result<Put> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item.clone()))
            .condition_expression(condition.expression)
            .set_expression_attribute_values(condition.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = put else {
            return Ok(Put::Written);
        };
        let Some(PutItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error()
        else {
            return Err(Error::from_sdk(operation, error));
        };
        // An attempt of ours may have succeeded and only its answer been lost.
        if refusal.item() == Some(item) {
            return Ok(Put::Written);
        }
        Ok(Put::Refused {
            stored: refusal.item().cloned(),
            error: Error::from_sdk(operation, error),
        })
    }

    /// Writes all of `writes` or none. The SDK gives the request a token, the same on each
    /// attempt, so that an attempt whose answer was lost is not taken for another writer's.
    async fn transact(&self, operation: &'static str, writes: Vec<Write>) -> Result<()> {
        let writes = writes
            .into_iter()
            .map(|write| write.request(&self.name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Error::rejected(operation, e))?;
        self.client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await
            .map_err(|e| transaction_error(operation, e))?;
        Ok(())
    }
}

/// What became of a conditional write of one item.
#[derive(Debug)]
enum Put {
    Written,
    /// The condition does not hold of what is stored, which may be nothing.
    Refused {
        stored: Option<Item>,
        error: Error,
    },
}

/// What must hold of the stored item for a write to go through.
#[derive(Debug)]
struct Condition {
    expression: &'static str,
    /// The values the expression names; `None` if it names none, as DynamoDB refuses an empty map.
    values: Option<Item>,
}

impl Condition {
    /// There is no item.
    fn absent() -> Self {
        Self {
            expression: "attribute_not_exists(PK)",
            values: None,
        }
    }

    /// There is an item.
    fn present() -> Self {
        Self {
            expression: "attribute_exists(PK)",
            values: None,
        }
    }

    /// There is an item and this is its `revision`.
    fn revision(revision: u32) -> Self {
        Self {
            expression: "revision = :revision",
            values: Some(Item::from([(
                ":revision".to_owned(),
                item::number(revision),
            )])),
        }
    }
}

/// One write of a transaction; without a condition it always goes through.
#[derive(Debug)]
enum Write {
    Put(Item, Option<Condition>),
    Delete(Key, Option<Condition>),
}

impl Write {
    fn request(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let write = TransactWriteItem::builder();
        let write = match self {
            Self::Put(item, condition) => {
                let (expression, values) = parts(condition);
                write.put(
                    types::Put::builder()
                        .table_name(table)
                        .set_item(Some(item))
                        .set_condition_expression(expression)
                        .set_expression_attribute_values(values)
                        .build()?,
                )
            }
            Self::Delete(key, condition) => {
                let (expression, values) = parts(condition);
                write.delete(
                    types::Delete::builder()
                        .table_name(table)
                        .set_key(Some(key.attributes()))
                        .set_condition_expression(expression)
                        .set_expression_attribute_values(values)
                        .build()?,
                )
            }
        };
        Ok(write.build())
    }
}

fn parts(condition: Option<Condition>) -> (Option<String>, Option<Item>) {
    condition.map_or((None, None), |c| (Some(c.expression.to_owned()), c.values))
}

/// A cancelled transaction gives its reasons write by write; the most permanent one decides.
fn transaction_error(
    operation: &'static str,
    error: SdkError<TransactWriteItemsError, HttpResponse>,
) -> Error {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return Error::from_sdk(operation, error);
    };
    let codes: Vec<&str> = cancelled
        .cancellation_reasons()
        .iter()
        .filter_map(|reason| reason.code())
        .collect();
    let class = if codes.contains(&"ValidationError")
        || codes.contains(&"ItemCollectionSizeLimitExceeded")
    {
        Class::Rejected
    } else if codes.contains(&"AccessDenied") {
        Class::Denied
    } else if codes.contains(&"ConditionalCheckFailed") || codes.contains(&"TransactionConflict") {
        Class::Conflict
    } else {
        Class::Transient
    };
    let source: BoxError = error.into();
    class.error(operation, source)
}
