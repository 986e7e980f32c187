//! How long a client would like to wait (RFC 7240).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header of the request.
pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header of the answer, which says what was heeded.
pub(crate) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest wait, in seconds. One that asks for more gets as much.
pub(crate) const MAX_WAIT: u64 = 20;

/// How long to wait for a result before work goes on without the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preference {
    /// As long as is usual.
    Unstated,
    /// Not at all: `respond-async`.
    Async,
    /// So many seconds: `wait=N`.
    Wait(u64),
}

impl Preference {
    /// What `Prefer` says. What is not known, or makes no sense, is no preference; of two that
    /// contradict each other the first counts, and `wait` says how long `respond-async` allows.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let stated: Vec<(String, String)> = headers
            .get_all(PREFER)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|preference| preference.split(';').next())
            .map(|preference| {
                let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
                let value = value.trim().trim_matches('"').to_owned();
                (name.trim().to_ascii_lowercase(), value)
            })
            .collect();
        let first = |name: &str| stated.iter().find(|(stated, _)| stated == name);
        let seconds = first("wait").and_then(|(_, value)| value.parse::<u64>().ok());
        match seconds {
            Some(seconds) => Self::Wait(seconds.min(MAX_WAIT)),
            None if first("respond-async").is_some() => Self::Async,
            None => Self::Unstated,
        }
    }

    /// How long to wait, where `usual` is what is usual.
    pub(crate) const fn patience(self, usual: Duration) -> Duration {
        match self {
            Self::Unstated => usual,
            Self::Async => Duration::ZERO,
            Self::Wait(seconds) => Duration::from_secs(seconds),
        }
    }

    /// The preference as it was heeded.
    pub(crate) fn applied(self) -> Option<HeaderValue> {
        match self {
            Self::Unstated => None,
            Self::Async => Some(HeaderValue::from_static("respond-async")),
            Self::Wait(seconds) => HeaderValue::try_from(format!("wait={seconds}")).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(values: &[&'static str]) -> Preference {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_static(value));
        }
        Preference::of(&headers)
    }

    #[test]
    fn preferences_are_read_as_rfc_7240_writes_them() {
        for (values, expected) in [
            ([].as_slice(), Preference::Unstated),
            (&["respond-async"], Preference::Async),
            (&["Respond-Async; foo=\"bar\""], Preference::Async),
            (&["return=minimal, respond-async"], Preference::Async),
            (&["return=minimal", "respond-async"], Preference::Async),
            (&["wait=5"], Preference::Wait(5)),
            (&["wait = \"5\""], Preference::Wait(5)),
            (&["respond-async, wait=5"], Preference::Wait(5)),
            (&["wait=5, wait=9"], Preference::Wait(5)),
            (&["wait=0"], Preference::Wait(0)),
            (&["wait=3600"], Preference::Wait(20)),
            (&["wait=-1"], Preference::Unstated),
            (&["wait"], Preference::Unstated),
            (&["handling=strict"], Preference::Unstated),
        ] {
            assert_eq!(stated(values), expected, "{values:?}");
        }
    }

    #[test]
    fn what_was_heeded_is_said() {
        let usual = Duration::from_secs(1);
        for (values, patience, applied) in [
            ([].as_slice(), usual, None),
            (&["respond-async"], Duration::ZERO, Some("respond-async")),
            (&["wait=99"], Duration::from_secs(20), Some("wait=20")),
        ] {
            let preference = stated(values);
            assert_eq!(preference.patience(usual), patience);
            let found = preference.applied();
            assert_eq!(found.as_ref().map(|v| v.to_str().unwrap()), applied);
        }
    }
}
