//! The tools `http_get` and `http_post`: requests to the hosts that a tenant has named.
//!
//! What is asked of a host is checked where it cannot be evaded: the host against the tenant's
//! list before each request, redirects included, and the address after the name was resolved, in
//! the resolver that the connection is made by.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tdev_domain::{EffectError, EffectErrorKind, EffectKey, Settings};
use ureq::config::Config;
use ureq::http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use ureq::http::uri::Scheme;
use ureq::http::{Method, Request, Response, StatusCode, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Error, Timeout};

/// What a request may take, redirects included: well within a lease.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The most bytes of a request's body.
const MAX_REQUEST_BYTES: usize = 128 * 1024;
/// The most bytes of a response's body. As JSON it must still be fit to be a tool's answer.
const MAX_RESPONSE_BYTES: u64 = 128 * 1024;
/// How many redirects of a `GET` are followed.
const MAX_REDIRECTS: usize = 5;
/// The most headers that an agent may set.
const MAX_HEADERS: usize = 32;
/// Headers that are not the agent's to set.
const RESERVED: [&str; 7] = [
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Whether requests may go to addresses that are not of the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// No: what a name resolves to must be public.
    Refused,
    /// Yes: for a network in which private addresses are meant to be reached.
    Allowed,
}

/// A text that is neither `refused` nor `allowed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 'refused' or 'allowed'")]
pub struct NotAPolicy;

impl FromStr for PrivateAddresses {
    type Err = NotAPolicy;

    fn from_str(text: &str) -> Result<Self, NotAPolicy> {
        match text {
            "refused" => Ok(Self::Refused),
            "allowed" => Ok(Self::Allowed),
            _ => Err(NotAPolicy),
        }
    }
}

/// A request that an agent makes, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct HttpRequest {
    method: Method,
    url: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Sends requests.
#[derive(Debug, Clone)]
pub(crate) struct Http(Agent);

impl Http {
    pub(crate) fn new(private: PrivateAddresses) -> Self {
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(TIME_LIMIT))
            .user_agent(concat!("t-developer/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = Guarded {
            resolver: DefaultResolver::default(),
            private,
        };
        Self(Agent::with_parts(config, DefaultConnector::new(), resolver))
    }

    /// Sends `request`, if `settings` allow it, under its idempotency key. Blocks.
    ///
    /// # Errors
    /// What the agent is told: that the host is not allowed, that it could not be reached, or, for
    /// a `POST`, that it is not known whether it was.
    pub(crate) fn send(
        &self,
        request: &HttpRequest,
        settings: &Settings,
        key: &EffectKey,
    ) -> Result<Value, EffectError> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            allowed(&url, settings)?;
            let response = self.once(request, &url, key)?;
            match redirection(request, &url, &response)? {
                Some(next) => url = next,
                None => return answer(response),
            }
        }
        Err(failed(format!(
            "it was redirected more than {MAX_REDIRECTS} times"
        )))
    }

    fn once(
        &self,
        request: &HttpRequest,
        url: &Uri,
        key: &EffectKey,
    ) -> Result<Response<Body>, EffectError> {
        let mut sent = Request::builder()
            .method(request.method.clone())
            .uri(url.clone())
            .header("idempotency-key", key.to_string());
        if url.host() == request.url.host() {
            for (name, value) in &request.headers {
                sent = sent.header(name, value);
            }
        }
        let sent = sent
            .body(request.body.clone())
            .map_err(|e| invalid(format!("the request cannot be made: {e}")))?;
        self.0
            .run(sent)
            .map_err(|error| unsent(&request.method, &error))
    }
}

/// Takes the arguments of a call apart.
///
/// # Errors
/// They make no sense; the message says which.
pub(crate) fn parse(method: Method, args: &Value) -> Result<HttpRequest, EffectError> {
    let url = args["url"]
        .as_str()
        .and_then(|text| text.parse::<Uri>().ok())
        .filter(is_web)
        .ok_or_else(|| invalid("url must be an http or https URL".to_owned()))?;
    let mut headers = headers(&args["headers"])?;
    let body = match &args["body"] {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        other => {
            headers
                .entry("content-type")
                .or_insert(HeaderValue::from_static("application/json"));
            other.to_string().into_bytes()
        }
    };
    if body.len() > MAX_REQUEST_BYTES {
        return Err(invalid(format!(
            "body must have at most {MAX_REQUEST_BYTES} bytes"
        )));
    }
    Ok(HttpRequest {
        method,
        url,
        headers,
        body,
    })
}

fn is_web(url: &Uri) -> bool {
    let scheme = url.scheme();
    let web = scheme == Some(&Scheme::HTTP) || scheme == Some(&Scheme::HTTPS);
    // Credentials in a URL would end up in logs.
    web && url.authority().is_some_and(|a| !a.as_str().contains('@'))
}

fn headers(value: &Value) -> Result<HeaderMap, EffectError> {
    let refused = || {
        invalid(format!(
            "headers must be at most {MAX_HEADERS} names with strings, without {}",
            RESERVED.join(", ")
        ))
    };
    let given = match value {
        Value::Null => return Ok(HeaderMap::new()),
        Value::Object(given) if given.len() <= MAX_HEADERS => given,
        _ => return Err(refused()),
    };
    given
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_str(name).ok()?;
            let value = HeaderValue::from_str(value.as_str()?).ok()?;
            (!RESERVED.contains(&name.as_str())).then_some((name, value))
        })
        .collect::<Option<_>>()
        .ok_or_else(refused)
}

fn port(url: &Uri) -> u16 {
    let of_scheme = if url.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    };
    url.port_u16().unwrap_or(of_scheme)
}

fn allowed(url: &Uri, settings: &Settings) -> Result<(), EffectError> {
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    let port = port(url);
    if settings.allow_http(&host, port) {
        return Ok(());
    }
    Err(EffectError::new(
        EffectErrorKind::NotAllowed,
        format!("{host}:{port} is not among the tenant's http_hosts"),
    ))
}

/// Where a `GET` goes next. The answer to a `POST` is handed to the agent whatever it is.
fn redirection(
    request: &HttpRequest,
    from: &Uri,
    response: &Response<Body>,
) -> Result<Option<Uri>, EffectError> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(LOCATION);
    let Some(location) = location.filter(|_| redirects && request.method == Method::GET) else {
        return Ok(None);
    };
    let unusable = || failed("it was redirected to no http or https URL".to_owned());
    let location: Uri = location
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(unusable)?;
    let mut parts = location.into_parts();
    if parts.authority.is_none() {
        parts.authority = from.authority().cloned();
        parts.scheme = from.scheme().cloned();
    }
    Uri::from_parts(parts)
        .ok()
        .filter(is_web)
        .map(Some)
        .ok_or_else(unusable)
}

fn answer(mut response: Response<Body>) -> Result<Value, EffectError> {
    let status = response.status().as_u16();
    let headers: Map<String, Value> = response
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))))
        .collect();
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_RESPONSE_BYTES)
        .read_to_vec()
        .map_err(|error| match error {
            Error::BodyExceedsLimit(_) => failed(format!(
                "the response has more than {MAX_RESPONSE_BYTES} bytes"
            )),
            error => failed(format!("the response could not be read: {error}")),
        })?;
    let body = String::from_utf8_lossy(&body);
    Ok(json!({"status": status, "headers": headers, "body": body}))
}

/// What is known of a request that was not answered.
fn unsent(method: &Method, error: &Error) -> EffectError {
    let never_left = match error {
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::Other(_)
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    };
    if let Error::Other(other) = error
        && other.is::<NotPublic>()
    {
        return EffectError::new(EffectErrorKind::NotAllowed, other.to_string());
    }
    if never_left || *method == Method::GET {
        return failed(format!("no answer: {error}"));
    }
    EffectError::new(
        EffectErrorKind::OutcomeUnknown,
        format!("the request may have arrived: {error}"),
    )
}

fn failed(message: String) -> EffectError {
    EffectError::new(EffectErrorKind::Failed, message)
}

fn invalid(message: String) -> EffectError {
    EffectError::new(EffectErrorKind::InvalidArguments, message)
}

/// Resolves names to public addresses alone.
#[derive(Debug)]
struct Guarded {
    resolver: DefaultResolver,
    private: PrivateAddresses,
}

#[derive(Debug, thiserror::Error)]
#[error("the host has an address that is not of the public internet")]
struct NotPublic;

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        let all_public = addresses.iter().all(|address| is_public(address.ip()));
        match self.private {
            PrivateAddresses::Refused if !all_public => Err(Error::Other(Box::new(NotPublic))),
            _ => Ok(addresses),
        }
    }
}

/// Whether an address is reachable on the public internet (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_unspecified()
                || v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (18..20).contains(&b)))
        }
        // All that is global is in 2000::/3, and the ranges in it that embed an IPv4 address or
        // are for special purposes are of no use to agents.
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            first & 0xe000 == 0x2000
                && first != 0x2002
                && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
                && first != 0x3fff
        }
    }
}

#[cfg(test)]
mod tests;
