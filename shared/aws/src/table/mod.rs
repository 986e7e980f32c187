//! The platform's state: one DynamoDB table.
//!
//! `keys` lays down where everything is, `item` how an entity becomes an item; the other modules
//! hold the operations, by entity. All reads but those of the two indexes, and those that are
//! called a glance, are strongly consistent: whoever was told that a write succeeded sees it,
//! whichever function they ask.

mod admission;
mod agent_load;
mod agents;
mod api_keys;
mod batch;
mod body;
mod champions;
mod dead_letters;
mod due;
mod evolutions;
mod idempotency;
mod index;
mod invocation_item;
mod invocation_listing;
mod invocations;
mod item;
mod keys;
mod ledger;
mod listing;
mod memory;
mod packed;
mod page;
mod problems;
mod registrations;
mod router;
mod run_steps;
mod runs;
mod settings;
mod step_cache;
mod tasks;
#[cfg(test)]
mod tests;
mod text;
mod workflows;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    self, AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde::de::DeserializeOwned;

use crate::error::{BoxError, Class};
use crate::{Error, Result, SdkConfig};
use item::Item;
use keys::Key;

pub use champions::{Rollback, RolledBack};
pub use due::{DUE_SHARDS, Due, DueInvocation, EARLY, Watermark};
pub use evolutions::{DueEvolution, EvolutionFilter, EvolutionSummary};
pub use idempotency::{Claim, StoredResponse};
pub use invocation_listing::{InvocationFilter, InvocationState, InvocationSummary};
pub use invocations::InvocationWrites;
pub use page::{Page, PageRequest};
pub use runs::{RunFilter, RunSummary};
pub use tasks::AgendaTask;
pub use workflows::{Registered, Workflow, WorkflowDraft};

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
        self.read(operation, key, true).await
    }

    /// Reads one item as it is, or was a moment ago, at half the price.
    async fn glance(&self, operation: &'static str, key: &Key) -> Result<Option<Item>> {
        self.read(operation, key, false).await
    }

    async fn read(
        &self,
        operation: &'static str,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<Item>> {
        let output = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(consistent)
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
        self.send(operation, writes)
            .await?
            .map_err(|e| transaction_error(operation, e))
    }

    /// The same, but says `false` if a condition does not hold.
    ///
    /// # Errors
    /// [`Error::Transient`] if another transaction was at one of the items.
    async fn transact_if(&self, operation: &'static str, writes: Vec<Write>) -> Result<bool> {
        match self.send(operation, writes).await? {
            Ok(()) => Ok(true),
            Err(error) if reasons(&error).contains(&"ConditionalCheckFailed") => Ok(false),
            Err(error) => Err(match transaction_error(operation, error) {
                Error::Conflict { operation, source } => Error::Transient { operation, source },
                error => error,
            }),
        }
    }

    async fn send(
        &self,
        operation: &'static str,
        writes: Vec<Write>,
    ) -> Result<Result<(), TransactionError>> {
        let writes = writes
            .into_iter()
            .map(|write| write.request(&self.name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Error::rejected(operation, e))?;
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await;
        Ok(sent.map(drop))
    }
}

type TransactionError = SdkError<TransactWriteItemsError, HttpResponse>;

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
    fn revision(revision: impl Into<u64>) -> Self {
        let revision: u64 = revision.into();
        let revision = AttributeValue::N(revision.to_string());
        Self {
            expression: "revision = :revision",
            values: Some(Item::from([(":revision".to_owned(), revision)])),
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

/// Why a transaction was cancelled, write by write; nothing if it failed otherwise.
fn reasons(error: &TransactionError) -> Vec<&str> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
            .cancellation_reasons()
            .iter()
            .filter_map(|reason| reason.code())
            .collect(),
        _ => Vec::new(),
    }
}

/// The most permanent of the reasons for which a transaction was cancelled decides.
fn transaction_error(operation: &'static str, error: TransactionError) -> Error {
    let Some(TransactWriteItemsError::TransactionCanceledException(_)) = error.as_service_error()
    else {
        return Error::from_sdk(operation, error);
    };
    let codes = reasons(&error);
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
