//! What stands between a worker and the local AWS: it tells writes from reads, and can lose a
//! request or its acknowledgement together with the worker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use ureq::http::{self, HeaderName};

use crate::boundary::Boundaries;
use crate::http::{Request, Response, serve};

/// Headers that belong to one connection, and not to what is sent over it.
const OF_THE_CONNECTION: [&str; 5] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "transfer-encoding",
];

/// A message that a worker sent and the queue took.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) queue: String,
    pub(crate) body: String,
    /// How many seconds the queue is to hold it back.
    pub(crate) delay: u64,
}

/// The messages that were sent and have not been collected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<Vec<Sent>>>);

impl Outbox {
    /// Takes what was sent since the last time.
    pub(crate) fn collect(&self) -> Vec<Sent> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut sent)
    }

    fn add(&self, request: &Request) {
        let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        let sent = Sent {
            queue: text("QueueUrl"),
            body: text("MessageBody"),
            delay: message["DelaySeconds"].as_u64().unwrap_or(0),
        };
        let mut outbox = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.push(sent);
    }
}

/// Starts a proxy to the AWS at `endpoint`, and returns its port.
pub(crate) fn start(endpoint: String, boundaries: Arc<Boundaries>, outbox: Outbox) -> Result<u16> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(30)))
        .build();
    let http = ureq::Agent::from(config);
    let endpoint: Arc<str> = endpoint.into();
    let port = serve(move |request| {
        let (http, endpoint, outbox) = (http.clone(), Arc::clone(&endpoint), outbox.clone());
        let Some(place) = written_to(&request) else {
            return Some(forward(&http, &endpoint, &request));
        };
        boundaries.pass(&place.clone(), move || {
            let response = forward(&http, &endpoint, &request);
            if place == "AmazonSQS.SendMessage" && response.status == 200 {
                outbox.add(&request);
            }
            response
        })
    })?;
    Ok(port)
}

/// The operation, if it is not known to be one that changes nothing.
fn written_to(request: &Request) -> Option<String> {
    let target = request.header("x-amz-target");
    if target.is_empty() {
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        return (!reads).then(|| format!("S3 {}", request.method));
    }
    let (service, operation) = target.split_once('.').unwrap_or((target, ""));
    let reads = matches!(operation, "GetItem" | "BatchGetItem" | "Query");
    // A data key that is not used is no change of anything.
    (!reads && service != "TrentService").then(|| target.to_owned())
}

/// What AWS answers; where it does not, that it is not to be had.
fn forward(http: &ureq::Agent, endpoint: &str, request: &Request) -> Response {
    let answer = forwarded(http, endpoint, request);
    answer.unwrap_or_else(|error| Response::of(503, error.to_string()))
}

fn forwarded(http: &ureq::Agent, endpoint: &str, request: &Request) -> Result<Response> {
    let mut outgoing = http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("{endpoint}{}", request.target));
    for (name, value) in &request.headers {
        if !OF_THE_CONNECTION.contains(&name.as_str()) {
            outgoing = outgoing.header(name, value);
        }
    }
    let response = http.run(outgoing.body(request.body.as_slice())?)?;
    let (parts, mut body) = response.into_parts();
    let of_the_connection = |name: &HeaderName| OF_THE_CONNECTION.contains(&name.as_str());
    Ok(Response {
        status: parts.status.as_u16(),
        headers: parts
            .headers
            .iter()
            .filter(|(name, _)| !of_the_connection(name))
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect(),
        body: body.read_to_vec()?,
    })
}
