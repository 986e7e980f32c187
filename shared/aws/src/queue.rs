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
        self.send_after(message, 0, attributes).await
    }

    /// The same, to be delivered when `delay` seconds have passed; SQS allows 900 at most.
    pub async fn send_after(
        &self,
        message: &(impl Serialize + Sync),
        delay: u16,
        attributes: &[(&str, &str)],
    ) -> Result<()> {
        let body = serde_json::to_string(message).map_err(|e| Error::rejected(OPERATION, e))?;
        self.send_body(&body, delay, attributes).await
    }

    /// Sends `body` as it is, for example a message on its way to a dead-letter queue.
    pub async fn send_raw(&self, body: &str, attributes: &[(&str, &str)]) -> Result<()> {
        self.send_body(body, 0, attributes).await
    }

    async fn send_body(&self, body: &str, delay: u16, attributes: &[(&str, &str)]) -> Result<()> {
        let mut request = self.client.send_message().queue_url(&self.url);
        if delay > 0 {
            request = request.delay_seconds(i32::from(delay));
        }
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

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::operation::send_message::{SendMessageError, SendMessageOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;
    use tdev_domain::{RegisterMessage, RegistrationId};

    use super::*;

    fn queue(rule: &Rule) -> Queue {
        Queue {
            client: mock_client!(aws_sdk_sqs, RuleMode::MatchAny, &[rule]),
            url: "https://queue".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_message_is_sent_as_json_with_its_attributes() {
        let message = RegisterMessage {
            tenant: "acme".parse().unwrap(),
            registration: RegistrationId::generate(),
        };
        let body = format!(
            r#"{{"tenant":"acme","registration":"{}"}}"#,
            message.registration
        );
        let rule = mock!(Client::send_message)
            .match_requests(move |request| {
                let attributes = request.message_attributes().unwrap();
                request.queue_url() == Some("https://queue")
                    && request.message_body() == Some(&body)
                    && attributes.len() == 1
                    && attributes["tenant"].data_type() == "String"
                    && attributes["tenant"].string_value() == Some("acme")
            })
            .then_output(|| SendMessageOutput::builder().build());
        queue(&rule)
            .send(&message, &[("tenant", "acme")])
            .await
            .unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_message_may_be_held_back() {
        for (delay, expected) in [(0, None), (1, Some(1)), (900, Some(900))] {
            let rule = mock!(Client::send_message)
                .match_requests(move |request| request.delay_seconds() == expected)
                .then_output(|| SendMessageOutput::builder().build());
            queue(&rule).send_after(&"x", delay, &[]).await.unwrap();
            assert_eq!(rule.num_calls(), 1);
        }
    }

    #[tokio::test]
    async fn a_message_that_is_too_long_is_rejected_for_good() {
        let rule = mock!(Client::send_message).then_error(|| {
            let code = "InvalidParameterValue";
            SendMessageError::generic(ErrorMetadata::builder().code(code).build())
        });
        let error = queue(&rule).send_raw("x", &[]).await.unwrap_err();
        assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
        assert!(!error.name().is_retryable());
    }
}
