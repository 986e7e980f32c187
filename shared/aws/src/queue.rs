//! Sending to an SQS queue.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use serde::Serialize;

use crate::{Error, Result, SdkConfig};

const OPERATION: &str = "send a message";

/// A queue to send to.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue with this URL.
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            url: url.into(),
        }
    }

    /// Sends `message` as JSON, with string `attributes` (name, value), of which none may be
    /// empty.
    pub async fn send(
        &self,
        message: &(impl Serialize + Sync),
        attributes: &[(&str, &str)],
    ) -> Result<()> {
        let body = serde_json::to_string(message).map_err(|e| Error::rejected(OPERATION, e))?;
        self.send_raw(&body, attributes).await
    }

    /// Sends `body` as it is, for example a message on its way to a dead-letter queue.
    pub async fn send_raw(&self, body: &str, attributes: &[(&str, &str)]) -> Result<()> {
        let mut request = self.client.send_message().queue_url(&self.url);
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*value)
                .build()
                .map_err(|e| Error::rejected(OPERATION, e))?;
            request = request.message_attributes(*name, value);
        }
        request
            .message_body(body)
            .send()
            .await
            .map_err(|e| Error::from_sdk(OPERATION, e))?;
        Ok(())
    }
}
