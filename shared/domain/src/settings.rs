//! What a tenant has set for itself.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// The most hosts that a tenant may name.
pub const MAX_HTTP_HOSTS: usize = 100;

/// A tenant's settings. A tenant that has set nothing has the default ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The hosts that `http_get` and `http_post` may reach; none at first.
    pub http_hosts: BTreeSet<HttpHost>,
}

impl Settings {
    /// Whether agents may send requests to `host` (in lower case) on `port`.
    #[must_use]
    pub fn allow_http(&self, host: &str, port: u16) -> bool {
        self.http_hosts.iter().any(|known| known.covers(host, port))
    }
}

/// A host that agents may reach: `api.example.org`, `*.example.org` for all that end in it, either
/// with a port that is then the only one: `api.example.org:8443`. Without one it is 80 and 443.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub struct HttpHost {
    /// The name, or what names end in.
    name: String,
    /// Whether names that end in `name` are meant.
    below: bool,
    port: Option<u16>,
}

impl HttpHost {
    fn covers(&self, host: &str, port: u16) -> bool {
        let named = if self.below {
            host.strip_suffix(self.name.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            host == self.name
        };
        named
            && self
                .port
                .map_or(matches!(port, 80 | 443), |only| only == port)
    }
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

impl FromStr for HttpHost {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || {
            Invalid::new(
                "http_hosts",
                "a host name in lower case, such as api.example.org or *.example.org, with an optional port",
            )
        };
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| invalid())?)),
            None => (text, None),
        };
        let (name, below) = match name.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (name, false),
        };
        // A pattern must not cover a whole top-level domain.
        if !is_host_name(name) || (below && !name.contains('.')) || port == Some(0) {
            return Err(invalid());
        }
        Ok(Self {
            name: name.to_owned(),
            below,
            port,
        })
    }
}

impl TryFrom<Cow<'_, str>> for HttpHost {
    type Error = Invalid;

    fn try_from(text: Cow<'_, str>) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<HttpHost> for String {
    fn from(host: HttpHost) -> Self {
        host.to_string()
    }
}

impl fmt::Display for HttpHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.below {
            f.write_str("*.")?;
        }
        f.write_str(&self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str) -> Settings {
        Settings {
            http_hosts: BTreeSet::from([host.parse().unwrap()]),
        }
    }

    #[test]
    fn nothing_is_allowed_at_first() {
        assert!(!Settings::default().allow_http("example.org", 443));
    }

    #[test]
    fn a_host_covers_itself_or_what_is_below() {
        for (pattern, host, port, allowed) in [
            ("api.example.org", "api.example.org", 443, true),
            ("api.example.org", "api.example.org", 80, true),
            ("api.example.org", "api.example.org", 8443, false),
            ("api.example.org", "evil-api.example.org", 443, false),
            ("api.example.org", "example.org", 443, false),
            ("*.example.org", "api.example.org", 443, true),
            ("*.example.org", "a.b.example.org", 443, true),
            ("*.example.org", "example.org", 443, false),
            ("*.example.org", "evilexample.org", 443, false),
            ("*.example.org", ".example.org", 443, false),
            ("127.0.0.1:8080", "127.0.0.1", 8080, true),
            ("127.0.0.1:8080", "127.0.0.1", 80, false),
        ] {
            let found = settings(pattern).allow_http(host, port);
            assert_eq!(found, allowed, "{pattern} {host}:{port}");
        }
    }

    #[test]
    fn hosts_are_names() {
        for good in ["localhost", "a.example", "*.example.org:8443", "10.0.0.1"] {
            assert_eq!(good.parse::<HttpHost>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "*",
            "*.org",
            "A.example",
            "a..b",
            "a.example/x",
            "https://a.example",
            "a.example:",
            "a.example:0",
            "a.example:99999",
            "-a.example",
            "a b",
            "[::1]",
            "user@host",
        ] {
            assert!(bad.parse::<HttpHost>().is_err(), "{bad}");
        }
    }
}
