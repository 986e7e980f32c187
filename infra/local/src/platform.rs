//! A client of the platform's HTTP API, as one of its users.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::aws;

/// The API and a key.
#[derive(Debug)]
pub(crate) struct Platform {
    api: String,
    key: String,
    http: ureq::Agent,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The `Location` header.
    pub(crate) location: Option<String>,
    /// The body: JSON, or else a string.
    pub(crate) body: Value,
}

impl Platform {
    pub(crate) fn new(api: &str, key: &str) -> Self {
        Self {
            api: api.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            http: aws::http(Duration::from_mins(1)),
        }
    }

    /// Whether the key is good.
    pub(crate) fn is_admitted(&self) -> bool {
        self.get("/v1/agents?limit=1")
            .is_ok_and(|answer| answer.status == 200)
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        let request = self.http.get(format!("{}{path}", self.api));
        let response = request
            .header("authorization", format!("Bearer {}", self.key))
            .call();
        read(path, response)
    }

    /// Posts JSON. What ends by itself is waited for, however slow the machine is.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let request = self.http.post(format!("{}{path}", self.api));
        let response = request
            .header("authorization", format!("Bearer {}", self.key))
            .header("prefer", "wait=20")
            .send_json(body);
        read(path, response)
    }

    /// Posts YAML.
    pub(crate) fn post_yaml(&self, path: &str, body: &str) -> Result<Answer> {
        let request = self.http.post(format!("{}{path}", self.api));
        let response = request
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/yaml")
            .send(body);
        read(path, response)
    }
}

type Response = ureq::http::Response<ureq::Body>;

fn read(path: &str, response: Result<Response, ureq::Error>) -> Result<Answer> {
    let mut response = response.with_context(|| format!("{path} could not be reached"))?;
    let text = response.body_mut().read_to_string()?;
    let location = response
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok());
    Ok(Answer {
        status: response.status().as_u16(),
        location: location.map(str::to_owned),
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    })
}
