//! What an agent can ask of the platform.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A host function an agent may call, if its manifest names it and its tenant may use it.
///
/// What may become of a call when the worker is lost is its class:
///
/// - **recorded**: answered on the spot and touches nothing; a replay gets the same answer;
/// - **idempotent**: repeated under the effect's key, which changes nothing the second time;
/// - **at most once**: never repeated; an agent whose call was interrupted is told so;
/// - **waits**: no worker is held; the run goes on when what it waits for has come.
///
/// A call that fails raises a `RuntimeError`, which the agent may catch; one whose arguments do not
/// fit the signature raises a `TypeError` and asks nothing of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// `log(message, **fields)`: writes a line to the run's log; a message that is no string is
    /// written as `str` has it. Returns `None`. Recorded.
    Log,
    /// `now()`: returns the time as an RFC 3339 string in UTC. Recorded.
    Now,
    /// `random()`: returns a float, at least 0 and less than 1. Recorded.
    Random,
    /// `sleep(seconds)`: goes on after so many seconds, which may be a fraction or months.
    /// Returns `None`. Waits.
    Sleep,
    /// `wait_for(signal, timeout=None)`: goes on when the invocation is sent the signal of this
    /// name, and returns what the signal carries; one that came earlier and was not waited for
    /// counts. Fails after `timeout` seconds, or a day. Waits.
    WaitFor,
    /// `call_agent(name, input=None)`: runs the tenant's agent of this name on `input` and returns
    /// its output. Fails if it fails. Waits.
    ///
    /// In an agent that imports `asyncio` it is a coroutine function: `await call_agent(…)` in an
    /// `async def`, and `await asyncio.gather(call_agent(…), …)` runs up to nine at once. If more
    /// are gathered, or if one would exceed another limit, all fail and none is run. The other
    /// tools stay as they are there, and cannot be gathered.
    CallAgent,
    /// `remember(key, value, ttl=None)`: keeps a JSON value under a key of the agent's own, for
    /// all its versions and runs, in place of what was there; for `ttl` seconds, or until it is
    /// forgotten. Returns `None`. Idempotent.
    Remember,
    /// `recall(key, default=None)`: returns what is kept under the key, else `default`.
    /// Idempotent.
    Recall,
    /// `forget(key)`: removes what is kept under the key, if anything is. Returns `None`.
    /// Idempotent.
    Forget,
    /// `emit(event, detail=None)`: publishes an event of this name, with a JSON value as detail,
    /// on the platform's bus. Returns `None`. Idempotent: the event carries the effect's key, by
    /// which a consumer knows a repetition.
    Emit,
    /// `http_get(url, headers=None)`: fetches a URL that the tenant's policy allows, and returns
    /// the response as a dict, whatever its status. Fails if there is none. Idempotent.
    HttpGet,
    /// `http_post(url, body=None, headers=None, idempotent=False)`: posts a JSON value to a URL
    /// that the tenant's policy allows, with the effect's key as `Idempotency-Key` header, and
    /// returns the response as [`HttpGet`](Self::HttpGet) does. At most once; idempotent if the
    /// agent says that the server takes two requests with one key for one.
    HttpPost,
    /// `llm(prompt, **options)`: returns what a model answers to the prompt. Fails as
    /// `model_not_configured` where there is none. At most once: each answer is paid for, and no
    /// two are the same.
    Llm,
}

impl Tool {
    /// Every tool there is.
    pub const ALL: [Self; 13] = [
        Self::Log,
        Self::Now,
        Self::Random,
        Self::Sleep,
        Self::WaitFor,
        Self::CallAgent,
        Self::Remember,
        Self::Recall,
        Self::Forget,
        Self::Emit,
        Self::HttpGet,
        Self::HttpPost,
        Self::Llm,
    ];

    /// The function's name in Python.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Now => "now",
            Self::Random => "random",
            Self::Sleep => "sleep",
            Self::WaitFor => "wait_for",
            Self::CallAgent => "call_agent",
            Self::Remember => "remember",
            Self::Recall => "recall",
            Self::Forget => "forget",
            Self::Emit => "emit",
            Self::HttpGet => "http_get",
            Self::HttpPost => "http_post",
            Self::Llm => "llm",
        }
    }

    /// The function's parameters as Python writes them. Their names are those of a call's
    /// arguments; one with `**` is an object of what else was given.
    #[must_use]
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Log => &["message", "**fields"],
            Self::Now | Self::Random => &[],
            Self::Sleep => &["seconds"],
            Self::WaitFor => &["signal", "timeout=None"],
            Self::CallAgent => &["name", "input=None"],
            Self::Remember => &["key", "value", "ttl=None"],
            Self::Recall => &["key", "default=None"],
            Self::Forget => &["key"],
            Self::Emit => &["event", "detail=None"],
            Self::HttpGet => &["url", "headers=None"],
            Self::HttpPost => &["url", "body=None", "headers=None", "idempotent=False"],
            Self::Llm => &["prompt", "**options"],
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tool {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|tool| tool.as_str() == text)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::as_str).join(", ");
                Invalid::new("tools", format!("one of the platform's tools ({known})"))
            })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_tool_is_written_by_the_name_that_agents_call() {
        for tool in Tool::ALL {
            assert_eq!(serde_json::to_value(tool).unwrap(), tool.as_str());
            assert_eq!(tool.as_str().parse(), Ok(tool));
        }
        let distinct: BTreeSet<_> = Tool::ALL.into();
        assert_eq!(distinct.len(), Tool::ALL.len());
        assert!("fly".parse::<Tool>().is_err());
    }
}
