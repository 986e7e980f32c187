//! A client of the stack under test: the HTTP API as its users see it, and the local AWS beneath.
//!
//! `cargo local test` starts the stack and describes it in the environment; see [`Stack::from_env`].

pub mod process;

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use ureq::http::{Method, Request};

/// How long anything asynchronous may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The stack under test.
#[derive(Debug, Clone)]
pub struct Stack {
    api: String,
    endpoint: String,
    /// A key of the tenant `e2e-a`.
    pub key: String,
    /// A key of the tenant `e2e-b`.
    pub other_key: String,
    http: ureq::Agent,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: ureq::http::HeaderMap,
    /// The body: JSON, or else a string.
    pub body: Value,
}

impl Answer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The last part of a problem's `type`.
    pub fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.rsplit('/').next().unwrap_or_default()
    }
}

/// One request to the API, built up before it is sent.
#[derive(Debug)]
pub struct Call<'a> {
    stack: &'a Stack,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call<'_> {
    /// Shows this key instead of the first tenant's.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.headers.retain(|(name, _)| name != "authorization");
        if !key.is_empty() {
            self.headers
                .push(("authorization".to_owned(), format!("Bearer {key}")));
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().as_bytes())
    }

    /// Sends bytes of some type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: &[u8]) -> Self {
        self.headers
            .push(("content-type".to_owned(), content_type.to_owned()));
        body.clone_into(&mut self.body);
        self
    }

    /// Sends the request.
    pub fn send(self) -> Result<Answer> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("{}{}", self.stack.api, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = self.stack.http.run(request.body(self.body)?)?;
        let (parts, mut body) = response.into_parts();
        let text = body.read_to_string()?;
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }
}

impl Stack {
    /// The stack that the environment describes; an error names what is missing.
    pub fn from_env() -> Result<Self> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Ok(Self {
            api: variable("TDEV_E2E_API_URL")?
                .trim_end_matches('/')
                .to_owned(),
            endpoint: variable("TDEV_E2E_ENDPOINT")?
                .trim_end_matches('/')
                .to_owned(),
            key: variable("TDEV_E2E_API_KEY")?,
            other_key: variable("TDEV_E2E_OTHER_KEY")?,
            http: config.into(),
        })
    }

    /// The same stack, as the other tenant sees it.
    #[must_use]
    pub fn as_other(&self) -> Self {
        Self {
            key: self.other_key.clone(),
            other_key: self.key.clone(),
            ..self.clone()
        }
    }

    /// A request under the first tenant's key. What ends by itself is waited for, however slow
    /// the machine is.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call {
            stack: self,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
        .header("prefer", "wait=20")
        .key(&self.key)
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path).send()
    }

    /// `POST path` with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::POST, path).json(body).send()
    }

    /// Submits an agent and waits until its registration is settled.
    pub fn register(&self, name: &str, source: &str) -> Result<Value> {
        let accepted = self.post("/v1/agents", &json!({"name": name, "source": source}))?;
        if accepted.status != 202 {
            bail!(
                "registering {name} was answered {}: {}",
                accepted.status,
                accepted.body
            );
        }
        self.settled(accepted.header("location"))
    }

    /// Waits until the registration at `path` is settled, and returns it.
    pub fn settled(&self, path: &str) -> Result<Value> {
        self.eventually(&format!("{path} to settle"), || {
            let answer = self.get(path)?;
            let state = answer.body["state"]["name"].as_str().unwrap_or_default();
            Ok(matches!(state, "active" | "quarantined" | "rejected").then_some(answer.body))
        })
    }

    /// Asks again and again until there is an answer.
    pub fn eventually<T>(
        &self,
        what: &str,
        mut ask: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(answer) = ask()? {
                return Ok(answer);
            }
            if start.elapsed() > PATIENCE {
                bail!("waited {} s in vain for {what}", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Invokes a function directly, as an operator does, and returns its answer.
    pub fn invoke(&self, function: &str, request: &Value) -> Result<Value> {
        let text = self
            .http
            .post(format!(
                "{}/2015-03-31/functions/{function}/invocations",
                self.endpoint
            ))
            .header("authorization", &credential("lambda"))
            .send(request.to_string())?
            .body_mut()
            .read_to_string()?;
        serde_json::from_str(&text).with_context(|| format!("{function} answered {text}"))
    }

    /// Calls an operation of the local AWS that speaks the JSON protocol: `AmazonSQS.SendMessage`.
    pub fn aws(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let text = self
            .http
            .post(&self.endpoint)
            .header("authorization", &credential(service))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .send(body.to_string())?
            .body_mut()
            .read_to_string()?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("{target} answered {text}"))
    }
}

/// What tells the local AWS which service is meant; it checks no signature.
fn credential(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}

/// An output of the deployed template.
pub fn output(name: &str) -> Result<String> {
    variable(&format!("TDEV_E2E_OUTPUT_{name}"))
}

/// A variable of the environment that `cargo local test` sets.
pub fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; run `cargo local test`"))
}
