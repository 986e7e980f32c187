//! Requests to the API, and its answers.

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

/// The identifier that every [`Call`] carries, so that answers can be compared.
pub(crate) const REQUEST_ID: &str = "test-request";

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

/// A request to the API, built up before it is sent.
pub(crate) struct Call {
    router: Router,
    request: http::request::Builder,
    key: Option<String>,
    body: Body,
}

impl Call {
    /// A request to `router` that shows `key`.
    pub(crate) fn new(router: &Router, method: Method, path: &str, key: &str) -> Self {
        Self {
            router: router.clone(),
            request: Request::builder()
                .method(method)
                .uri(path)
                .header("x-request-id", REQUEST_ID),
            key: Some(key.to_owned()),
            body: Body::empty(),
        }
    }

    /// Shows this key, or none.
    pub(crate) fn key(mut self, key: Option<&str>) -> Self {
        self.key = key.map(str::to_owned);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    pub(crate) async fn send(self) -> Answer {
        let mut request = self.request;
        if let Some(key) = self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(self.body).unwrap();
        let response = self.router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|e| panic!("{} is not JSON: {e}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The last part of the problem's type, once the answer is found to be a sound problem.
    pub(crate) fn problem(&self) -> String {
        let document = self.json();
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{document}"
        );
        assert_eq!(document["status"], self.status.as_u16(), "{document}");
        assert_eq!(
            document["instance"],
            self.header("x-request-id"),
            "{document}"
        );
        assert!(
            !document["detail"].as_str().unwrap().is_empty(),
            "{document}"
        );
        assert!(!self.text.contains("internal.host"), "{document}");
        document["type"]
            .as_str()
            .unwrap()
            .strip_prefix("/problems/")
            .unwrap()
            .to_owned()
    }

    /// Status, the headers that say something, and the body, without what differs between runs.
    pub(crate) fn snapshot(&self) -> Value {
        let names = [
            "accept",
            "allow",
            "content-type",
            "idempotency-replayed",
            "location",
            "retry-after",
            "www-authenticate",
        ];
        let headers: Map<String, Value> = names
            .into_iter()
            .filter(|name| self.headers.contains_key(*name))
            .map(|name| (name.to_owned(), stable(name, self.header(name).into())))
            .collect();
        let body = if self.text.is_empty() {
            Value::Null
        } else {
            stable("", self.json())
        };
        json!({"status": self.status.as_u16(), "headers": headers, "body": body})
    }
}

/// `value` with times, durations and generated identifiers replaced.
pub(crate) fn stable(key: &str, value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let value = stable(&key, value);
                (key, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(|item| stable(key, item)).collect(),
        Value::String(_) if matches!(key, "at" | "until") || key.ends_with("_at") => {
            "[time]".into()
        }
        Value::String(_) if key == "by" => "[id]".into(),
        Value::String(text) => without_identifiers(text).into(),
        Value::Number(_) if key == "total_us" => "[µs]".into(),
        other => other,
    }
}

fn without_identifiers(mut text: String) -> String {
    for prefix in ["reg_", "inv_", "task_", "run_"] {
        let found = text.find(prefix).map(|at| at..at + prefix.len() + 32);
        if let Some(place) = found.filter(|place| text.get(place.clone()).is_some()) {
            text.replace_range(place, "[id]");
        }
    }
    text
}
