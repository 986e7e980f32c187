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
