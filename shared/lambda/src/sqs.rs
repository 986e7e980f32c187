//! Batches of SQS messages, of which none is ever lost.
//!
//! Each message ends in exactly one of three ways. *Done*: it was handled, and SQS deletes it.
//! *Retried*: it failed in a way that passes, is reported as a batch item failure, and SQS
//! delivers it again. *Dead-lettered*: it can never succeed, or had its last chance; it is put on
//! the dead-letter queue with its reason beside it and then counts as done. If that queue does
//! not take it, it is retried, and when its receives are used up SQS itself moves it.
//!
//! The event source mapping must have `ReportBatchItemFailures` on, and the queue's
//! `maxReceiveCount` must not be below the number of receives given here.

use std::num::NonZeroU32;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use serde::de::DeserializeOwned;
use tdev_domain::ErrorName;
use tracing::Instrument;
use tracing::field::Empty;

use crate::Error;
use crate::runtime::guarded;
use crate::telemetry::{self, names};

/// The most characters of a reason.
const MAX_REASON_CHARS: usize = 1_000;

/// A message on its way to the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The body, as it was received.
    pub body: String,
    /// The name of the error.
    pub error_name: ErrorName,
    /// Why, in public words; fit for a message attribute.
    pub reason: String,
    /// The identifier under which it was received.
    pub source_message_id: String,
    /// How often it had been received, this time included.
    pub receive_count: u32,
}

impl DeadLetter {
    /// The message attributes that tell whoever looks at the queue what happened.
    #[must_use]
    pub fn attributes(&self) -> [(&'static str, String); 4] {
        [
            ("ErrorName", self.error_name.to_string()),
            ("Reason", self.reason.clone()),
            ("SourceMessageId", self.source_message_id.clone()),
            ("ReceiveCount", self.receive_count.to_string()),
        ]
    }
}

/// Where messages go that cannot be handled.
pub trait DeadLetterQueue {
    /// Stores `letter` durably; only then may it be deleted from its own queue.
    fn send(&self, letter: &DeadLetter) -> impl Future<Output = Result<(), Error>> + Send;
}

impl DeadLetterQueue for tdev_aws::Queue {
    async fn send(&self, letter: &DeadLetter) -> Result<(), Error> {
        let attributes = letter.attributes();
        let attributes = attributes
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        Ok(self.send_raw(&letter.body, &attributes).await?)
    }
}

/// Handles the messages of a batch in order, each parsed as an `M`.
///
/// `max_receives` is the number of deliveries after which a failure that passes counts as final.
/// A handler must bear seeing the same message again: SQS delivers at least once.
pub async fn process<M, F>(
    event: SqsEvent,
    dead_letters: &impl DeadLetterQueue,
    max_receives: NonZeroU32,
    handler: F,
) -> SqsBatchResponse
where
    M: DeserializeOwned,
    F: AsyncFn(M) -> Result<(), Error>,
{
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let receipt = Receipt::of(&message);
        let span = tracing::info_span!(
            "message",
            message_id = receipt.message_id,
            receive_count = receipt.receive_count,
            tenant = Empty
        );
        let settled = async {
            let result = match parse(message.body.as_deref()) {
                // Boxed, since what awaits AWS is large.
                Ok(message) => guarded(Box::pin(handler(message))).await,
                Err(error) => Err(error),
            };
            settle(result, &receipt, message.body, dead_letters, max_receives).await
        };
        if settled.instrument(span).await == Settled::Retried {
            // A message without an identifier cannot be named; the empty one makes SQS deliver
            // the whole batch again.
            response.add_failure(receipt.message_id);
        }
    }
    response
}

/// What is known of a delivery.
struct Receipt {
    message_id: String,
    receive_count: u32,
}

impl Receipt {
    fn of(message: &SqsMessage) -> Self {
        let receive_count = message.attributes.get("ApproximateReceiveCount");
        Self {
            message_id: message.message_id.clone().unwrap_or_default(),
            receive_count: receive_count.and_then(|n| n.parse().ok()).unwrap_or(1),
        }
    }
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Done,
    Retried,
    DeadLettered,
}

fn parse<M: DeserializeOwned>(body: Option<&str>) -> Result<M, Error> {
    serde_json::from_str(body.unwrap_or_default()).map_err(|error| {
        Error::invalid_input(format!(
            "the message is not one this queue carries: {error}"
        ))
    })
}

async fn settle(
    result: Result<(), Error>,
    receipt: &Receipt,
    body: Option<String>,
    dead_letters: &impl DeadLetterQueue,
    max_receives: NonZeroU32,
) -> Settled {
    let Err(error) = result else {
        metrics::counter!(names::MESSAGES_SUCCEEDED).increment(1);
        return Settled::Done;
    };
    let (name, chain) = (error.name(), error.chain());
    if error.is_retryable() && receipt.receive_count < max_receives.get() {
        tracing::warn!(error_name = %name, error = chain, "message failed; it will come again");
        metrics::counter!(names::MESSAGES_RETRIED).increment(1);
        return Settled::Retried;
    }
    let letter = DeadLetter {
        body: body.unwrap_or_default(),
        error_name: name,
        reason: attribute_text(error.public_message()),
        source_message_id: attribute_text(&receipt.message_id),
        receive_count: receipt.receive_count,
    };
    match guarded(dead_letters.send(&letter)).await {
        Ok(()) => {
            tracing::error!(error_name = %name, error = chain, "message dead-lettered");
            let name = name.as_str();
            metrics::counter!(names::MESSAGES_DEAD_LETTERED, telemetry::ERROR_NAME => name)
                .increment(1);
            Settled::DeadLettered
        }
        Err(refusal) => {
            tracing::error!(
                error_name = %name,
                error = chain,
                dead_letter_error = refusal.chain(),
                "message failed and the dead-letter queue refused it; it will come again"
            );
            metrics::counter!(names::MESSAGES_RETRIED).increment(1);
            Settled::Retried
        }
    }
}

/// `text` as SQS takes it for an attribute: not empty, not long, and none but XML's characters.
fn attribute_text(text: &str) -> String {
    let fit = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        other => other,
    };
    let text: String = text.chars().take(MAX_REASON_CHARS).map(fit).collect();
    if text.is_empty() {
        "none".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
