//! The outside world: a server that remembers what it was asked to do, by idempotency key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use crate::boundary::Boundaries;
use tdev_tests::process::{Request, Response, serve};

/// What came under one key.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) body: String,
    /// How many requests there were. All but the first changed nothing.
    pub(crate) requests: usize,
    /// Whether they were all the same.
    pub(crate) consistent: bool,
    answer: String,
}

impl Recorded {
    /// What a `POST` is known by: the first word of its body.
    pub(crate) fn label(&self) -> &str {
        self.body.split(' ').next().unwrap_or_default()
    }
}

/// The server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<BTreeMap<String, Recorded>>>);

impl Recorder {
    /// Starts it, and returns its port.
    pub(crate) fn start(&self, boundaries: Arc<Boundaries>) -> Result<u16> {
        let recorder = self.clone();
        let port = serve(move |request| {
            let place = format!("HTTP {}", request.method);
            let recorder = recorder.clone();
            boundaries.pass(&place, move || recorder.record(&request))
        })?;
        Ok(port)
    }

    /// Takes all that was recorded since the last time, by key.
    pub(crate) fn collect(&self) -> BTreeMap<String, Recorded> {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut recorded)
    }

    fn record(&self, request: &Request) -> Response {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let answer = match request.target.split_once('/') {
            Some((_, path)) if request.method == "GET" => looked_up(path, &recorded),
            _ => body.clone(),
        };
        let found = recorded
            .entry(request.header("idempotency-key").to_owned())
            .or_insert_with(|| Recorded {
                method: request.method.clone(),
                body: body.clone(),
                requests: 0,
                consistent: true,
                answer,
            });
        found.requests += 1;
        found.consistent &= found.body == body && found.method == request.method;
        Response::of(200, found.answer.clone())
    }
}

/// `seen/<label>`: whether there was such a `POST`. `filler/<n>`: so many characters.
fn looked_up(path: &str, recorded: &BTreeMap<String, Recorded>) -> String {
    match path.split_once('/') {
        Some(("seen", label)) => {
            let posted = |one: &Recorded| one.method == "POST" && one.label() == label;
            let answer = if recorded.values().any(posted) {
                "yes"
            } else {
                "no"
            };
            answer.to_owned()
        }
        Some(("filler", length)) => "x".repeat(length.parse().unwrap_or(0)),
        _ => path.to_owned(),
    }
}
