//! What stands between a worker and the local AWS: it tells writes from reads, and can lose a
//! request or its acknowledgement together with the worker.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::Value;
use tdev_tests::process::{Request, Response, Upstream, serve};

use crate::boundary::Boundaries;

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
    let upstream = Upstream::new(endpoint);
    let port = serve(move |request| {
        let (upstream, outbox) = (upstream.clone(), outbox.clone());
        let Some(place) = written_to(&request) else {
            return Some(forward(&upstream, &request));
        };
        boundaries.pass(&place.clone(), move || {
            let response = forward(&upstream, &request);
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
fn forward(upstream: &Upstream, request: &Request) -> Response {
    let answer = upstream.forward(request);
    answer.unwrap_or_else(|error| Response::of(503, error.to_string()))
}
