//! A client of the local AWS: the few operations this command needs, over plain HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

/// The region everything local is in.
pub(crate) const REGION: &str = "us-east-1";

/// The access key the local AWS takes for the account's owner. It checks no signature.
pub(crate) const ACCESS_KEY: &str = "test";

/// The local AWS at one address.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    endpoint: String,
    http: ureq::Agent,
}

/// A line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEvent {
    /// When it was written, in milliseconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) message: String,
}

/// An HTTP client that hands back every status and never goes through a proxy.
pub(crate) fn http(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        .proxy(None)
        .build()
        .into()
}

impl Aws {
    /// The local AWS on a port of loopback.
    pub(crate) fn on(port: u16) -> Self {
        Self {
            endpoint: endpoint(port),
            http: http(Duration::from_mins(1)),
        }
    }

    /// Invokes a function and returns its answer. Fails with its own words if it fails.
    pub(crate) fn invoke(&self, function: &str, request: &Value) -> Result<Value> {
        let url = format!(
            "{}/2015-03-31/functions/{function}/invocations",
            self.endpoint
        );
        let mut response = self
            .http
            .post(url)
            .header("authorization", credential("lambda"))
            .send(request.to_string())
            .with_context(|| format!("{function} could not be invoked"))?;
        let text = response.body_mut().read_to_string()?;
        let failed = response.headers().contains_key("x-amz-function-error");
        if failed || !response.status().is_success() {
            bail!("{function} failed ({}): {text}", response.status());
        }
        serde_json::from_str(&text).with_context(|| format!("{function} answered {text}"))
    }

    /// The variables that a function is configured with.
    pub(crate) fn variables(&self, function: &str) -> Result<BTreeMap<String, String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Configuration {
            environment: Environment,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Environment {
            variables: BTreeMap<String, String>,
        }
        let url = format!(
            "{}/2015-03-31/functions/{function}/configuration",
            self.endpoint
        );
        let mut response = self
            .http
            .get(url)
            .header("authorization", credential("lambda"))
            .call()
            .context("the local AWS does not answer")?;
        let text = response.body_mut().read_to_string()?;
        let configuration: Configuration = serde_json::from_str(&text)
            .with_context(|| format!("{function} has no configuration: {text}"))?;
        Ok(configuration.environment.variables)
    }

    /// What a log group holds from `since` (milliseconds since 1970) on, the oldest first.
    pub(crate) fn log_events(&self, group: &str, since: i64) -> Result<Vec<LogEvent>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            events: Vec<LogEvent>,
            next_token: Option<String>,
        }
        let mut events = Vec::new();
        let mut request = json!({"logGroupName": group, "startTime": since});
        loop {
            let page: Page = self.logs("FilterLogEvents", &request)?;
            events.extend(page.events);
            match page.next_token {
                Some(token) => request["nextToken"] = token.into(),
                None => break,
            }
        }
        events.sort_by_key(|event| event.timestamp);
        Ok(events)
    }

    fn logs<T: serde::de::DeserializeOwned>(&self, operation: &str, body: &Value) -> Result<T> {
        let mut response = self
            .http
            .post(&self.endpoint)
            .header("authorization", credential("logs"))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Logs_20140328.{operation}"))
            .send(body.to_string())
            .context("the local AWS does not answer")?;
        let text = response.body_mut().read_to_string()?;
        if !response.status().is_success() {
            bail!("{operation} failed ({}): {text}", response.status());
        }
        serde_json::from_str(&text).with_context(|| format!("{operation} answered {text}"))
    }
}

/// The address of a local AWS.
pub(crate) fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Says which service is meant, and that the account's owner asks.
fn credential(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
