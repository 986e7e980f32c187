//! What the function is called with: a batch of the `task` queue, or a question.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tdev_domain::{RouteRequest, RouteResponse};

/// What the function is called with.
#[derive(Debug)]
pub enum Event {
    /// Messages of the `task` queue.
    Batch(SqsEvent),
    /// A question, asked directly.
    Request(RouteRequest),
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        if event.get("Records").is_some() {
            serde_json::from_value(event).map(Self::Batch)
        } else {
            serde_json::from_value(event).map(Self::Request)
        }
        .map_err(D::Error::custom)
    }
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Which messages shall come again.
    Batch(SqsBatchResponse),
    /// The answer to a question.
    Response(RouteResponse),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn batches_and_questions_are_told_apart() {
        let batch = json!({"Records": [{"messageId": "m", "body": "{}"}]});
        let parsed = serde_json::from_value::<Event>(batch).unwrap();
        assert!(matches!(parsed, Event::Batch(batch) if batch.records.len() == 1));

        let question = json!({"action": "explain", "tenant": "acme", "text": "x", "input": null});
        let parsed = serde_json::from_value::<Event>(question.clone()).unwrap();
        assert!(matches!(parsed, Event::Request(_)));

        let mut unknown = question;
        unknown["action"] = json!("run");
        assert!(serde_json::from_value::<Event>(unknown).is_err());
    }
}
