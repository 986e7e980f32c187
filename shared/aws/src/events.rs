//! Putting events on a bus.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Map, Value};

use crate::error::Class;
use crate::{Error, Result, SdkConfig};

const OPERATION: &str = "put an event";

/// The detail's field that tells a repetition of an event from another event.
const IDEMPOTENCY_KEY: &str = "idempotency_key";

/// An EventBridge bus.
#[derive(Debug, Clone)]
pub struct Events {
    client: Client,
    bus: String,
}

impl Events {
    /// The bus with this name or ARN.
    pub fn new(config: &SdkConfig, bus: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            bus: bus.into(),
        }
    }

    /// Puts an event on the bus. A bus delivers at least once, and so does this: every delivery
    /// of one event has the same `idempotency_key` in its detail, in place of any that `detail`
    /// has.
    ///
    /// # Errors
    /// [`Error::Transient`] if the bus is throttling or failing, [`Error::Rejected`] if it does
    /// not take such an event, for example because it is too large.
    pub async fn put(
        &self,
        source: &str,
        detail_type: &str,
        idempotency_key: &str,
        mut detail: Map<String, Value>,
    ) -> Result<()> {
        detail.insert(IDEMPOTENCY_KEY.to_owned(), idempotency_key.into());
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(source)
            .detail_type(detail_type)
            .detail(Value::Object(detail).to_string())
            .build();
        let output = self
            .client
            .put_events()
            .entries(entry)
            .send()
            .await
            .map_err(|e| Error::from_sdk(OPERATION, e))?;
        if output.failed_entry_count == 0 {
            return Ok(());
        }
        let refused = output.entries().iter().find_map(|entry| entry.error_code());
        let code = refused.unwrap_or_default();
        let class = match code {
            "" | "InternalException" | "InternalFailure" | "ThrottlingException" => {
                Class::Transient
            }
            _ => Class::Rejected,
        };
        let source = format!("the bus reported {code:?}");
        Err(class.error(OPERATION, source.into()))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
    use aws_sdk_eventbridge::types::PutEventsResultEntry;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use serde_json::json;

    use super::*;

    async fn put(rule: &Rule) -> Result<()> {
        let events = Events {
            client: mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, &[rule]),
            bus: "tdev".to_owned(),
        };
        let detail = json!({"n": 1.0, "idempotency_key": "forged"});
        let detail = detail.as_object().cloned().unwrap();
        events.put("tdev.agent", "counted", "inv_1/2", detail).await
    }

    #[tokio::test]
    async fn an_event_bears_its_key() {
        let rule = mock!(Client::put_events)
            .match_requests(|request| {
                let [entry] = request.entries() else {
                    return false;
                };
                entry.event_bus_name() == Some("tdev")
                    && entry.source() == Some("tdev.agent")
                    && entry.detail_type() == Some("counted")
                    && entry.detail() == Some(r#"{"n":1.0,"idempotency_key":"inv_1/2"}"#)
            })
            .then_output(|| PutEventsOutput::builder().build());
        put(&rule).await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_refused_entry_is_an_error_though_the_request_succeeded() {
        for (code, retryable) in [
            ("ThrottlingException", true),
            ("InternalFailure", true),
            ("MalformedDetail", false),
            ("NotAuthorizedForSourceException", false),
        ] {
            let rule = mock!(Client::put_events).then_output(move || {
                let entry = PutEventsResultEntry::builder().error_code(code).build();
                PutEventsOutput::builder()
                    .failed_entry_count(1)
                    .entries(entry)
                    .build()
            });
            let error = put(&rule).await.unwrap_err();
            assert_eq!(error.name().is_retryable(), retryable, "{error:?}");
        }
    }
}
