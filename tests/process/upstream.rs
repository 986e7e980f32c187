//! The local AWS behind a proxy.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ureq::http::{self, HeaderName};

use super::http::{Request, Response};

/// Headers that belong to one connection, and not to what is sent over it.
const OF_THE_CONNECTION: [&str; 5] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "transfer-encoding",
];

/// Passes requests on.
#[derive(Debug, Clone)]
pub struct Upstream {
    client: ureq::Agent,
    endpoint: Arc<str>,
}

impl Upstream {
    /// What passes requests on to `endpoint`, and neither follows nor repeats anything.
    pub fn new(endpoint: impl Into<Arc<str>>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self {
            client: ureq::Agent::from(config),
            endpoint: endpoint.into(),
        }
    }

    /// Passes a request on, and returns what it is answered.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn forward(&self, request: &Request) -> Result<Response> {
        let mut outgoing = http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("{}{}", self.endpoint, request.target));
        for (name, value) in &request.headers {
            if !OF_THE_CONNECTION.contains(&name.as_str()) {
                outgoing = outgoing.header(name, value);
            }
        }
        let response = self.client.run(outgoing.body(request.body.as_slice())?)?;
        let (parts, mut body) = response.into_parts();
        let of_the_connection = |name: &HeaderName| OF_THE_CONNECTION.contains(&name.as_str());
        Ok(Response {
            status: parts.status.as_u16(),
            headers: parts
                .headers
                .iter()
                .filter(|(name, _)| !of_the_connection(name))
                .filter_map(|(name, value)| {
                    Some((name.to_string(), value.to_str().ok()?.to_owned()))
                })
                .collect(),
            body: body.read_to_vec()?,
        })
    }
}
