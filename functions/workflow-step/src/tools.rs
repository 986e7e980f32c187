//! The tools, as an invocation reaches them: what each call asks for, and how it is done.
//!
//! | tool | class | under the same key |
//! |---|---|---|
//! | `log`, `now`, `random` | recorded | – |
//! | `llm` | recorded, as there is no model it could ask | – |
//! | `sleep`, `wait_for`, `call_agent` | waits | – |
//! | `recall`, `http_get` | idempotent | reads again |
//! | `remember`, `forget` | idempotent | changes nothing the second time |
//! | `emit` | idempotent | the same event, with the same `idempotency_key`, once more |
//! | `http_post` | at most once | not repeated, unless the agent says `idempotent=True` |

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tdev_domain::{
    AgentName, AgentStatus, Answer, Call, Callee, EffectError, EffectErrorKind, EffectKey,
    Invocation, Tool,
};
use tdev_invocation::{Request, Unavailable, World};
use ureq::http::Method;

use crate::handler::Deps;
use crate::http;

/// The source of the events that agents emit.
const EVENT_SOURCE: &str = "tdev.agent";
/// The longest that an agent may sleep or wait, in seconds: 90 days.
const MAX_WAIT_SECONDS: f64 = 90.0 * 24.0 * 60.0 * 60.0;
/// How long `wait_for` waits if the agent does not say: a day.
const DEFAULT_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// The most characters of a signal's name, an event's type or a key of the memory.
const MAX_NAME_CHARS: usize = 128;
/// The most bytes of a remembered value or an event's detail, as JSON.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// The tools of one delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tools<'a>(pub(crate) &'a Deps);

impl World for Tools<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn request(&self, _: &Invocation, call: &Call) -> Request {
        requested(call, self.now()).unwrap_or_else(|error| Request::Recorded(Answer::Error(error)))
    }

    async fn perform(
        &self,
        key: &EffectKey,
        invocation: &Invocation,
        call: &Call,
    ) -> Result<Answer, Unavailable> {
        let done = match call.tool.parse() {
            Ok(Tool::Remember) => self.remember(key, invocation, call).await,
            Ok(Tool::Forget) => self.forget(key, invocation, call).await,
            Ok(Tool::Recall) => self.recall(invocation, call).await,
            Ok(Tool::Emit) => self.emit(key, invocation, call).await,
            Ok(Tool::HttpGet) => self.http(Method::GET, key, invocation, call).await,
            Ok(Tool::HttpPost) => self.http(Method::POST, key, invocation, call).await,
            _ => Ok(Err(invalid("this tool has no outside effect"))),
        };
        Ok(match done? {
            Ok(value) => Answer::Value(value),
            Err(error) => Answer::Error(error),
        })
    }

    async fn callee(
        &self,
        caller: &Invocation,
        agent: &AgentName,
    ) -> Result<Result<Callee, EffectError>, Unavailable> {
        let table = &self.0.table;
        let tenant = &caller.tenant;
        let found = table.agent(tenant, agent).await.map_err(unavailable)?;
        let active = found.filter(|found| found.status == AgentStatus::Active);
        let version = match active {
            Some(active) => table
                .version(tenant, agent, active.latest)
                .await
                .map_err(unavailable)?,
            None => None,
        };
        Ok(version.as_ref().map(Callee::from).ok_or_else(|| {
            EffectError::new(
                EffectErrorKind::Failed,
                format!("there is no agent '{agent}'"),
            )
        }))
    }
}

/// What a tool came to, unless a service did not answer.
type Done = Result<Result<Value, EffectError>, Unavailable>;

impl Tools<'_> {
    async fn remember(&self, key: &EffectKey, invocation: &Invocation, call: &Call) -> Done {
        let args = &call.args;
        let expires_at = args["ttl"].as_f64().and_then(|seconds| {
            let ttl = SignedDuration::try_from_secs_f64(seconds).ok()?;
            self.now().checked_add(ttl).ok()
        });
        let agent = &invocation.callee.agent;
        let name = text(args, "key");
        let (tenant, value, now) = (&invocation.tenant, &args["value"], self.now());
        self.0
            .table
            .remember(tenant, agent, name, value, expires_at, key, now)
            .await
            .map_err(unavailable)?;
        Ok(Ok(Value::Null))
    }

    async fn forget(&self, key: &EffectKey, invocation: &Invocation, call: &Call) -> Done {
        let agent = &invocation.callee.agent;
        let name = text(&call.args, "key");
        self.0
            .table
            .forget(&invocation.tenant, agent, name, key, self.now())
            .await
            .map_err(unavailable)?;
        Ok(Ok(Value::Null))
    }

    async fn recall(&self, invocation: &Invocation, call: &Call) -> Done {
        let agent = &invocation.callee.agent;
        let name = text(&call.args, "key");
        let found = self
            .0
            .table
            .recall(&invocation.tenant, agent, name, self.now())
            .await
            .map_err(unavailable)?;
        Ok(Ok(found.unwrap_or_else(|| call.args["default"].clone())))
    }

    async fn emit(&self, key: &EffectKey, invocation: &Invocation, call: &Call) -> Done {
        let detail = Map::from_iter([
            ("tenant".to_owned(), json!(invocation.tenant)),
            ("agent".to_owned(), json!(invocation.callee.agent)),
            ("invocation".to_owned(), json!(invocation.id)),
            ("detail".to_owned(), call.args["detail"].clone()),
        ]);
        let event = text(&call.args, "event");
        self.0
            .events
            .put(EVENT_SOURCE, event, &key.to_string(), detail)
            .await
            .map_err(unavailable)?;
        Ok(Ok(Value::Null))
    }

    async fn http(
        &self,
        method: Method,
        key: &EffectKey,
        invocation: &Invocation,
        call: &Call,
    ) -> Done {
        let request = match http::parse(method, &call.args) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error)),
        };
        let settings = self
            .0
            .table
            .settings(&invocation.tenant)
            .await
            .map_err(unavailable)?;
        let (http, key) = (self.0.http.clone(), key.clone());
        tokio::task::spawn_blocking(move || http.send(&request, &settings, &key))
            .await
            .map_err(unavailable)
    }
}

pub(crate) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Unavailable {
    Unavailable(Box::new(error))
}

/// What `call` asks for.
fn requested(call: &Call, now: Timestamp) -> Result<Request, EffectError> {
    let args = &call.args;
    let tool: Tool = call
        .tool
        .parse()
        .map_err(|_| invalid("there is no such tool"))?;
    let recorded = |value| Ok(Request::Recorded(Answer::Value(value)));
    match tool {
        Tool::Log => recorded(Value::Null),
        Tool::Now => recorded(json!(now.to_string())),
        Tool::Random => recorded(json!(random()?)),
        Tool::Llm => Err(EffectError::new(
            EffectErrorKind::ModelNotConfigured,
            "no model is configured",
        )),
        Tool::Sleep => Ok(Request::Sleep(seconds(args, "seconds")?)),
        Tool::WaitFor => Ok(Request::WaitFor {
            signal: name(args, "signal")?,
            timeout: match args["timeout"] {
                Value::Null => DEFAULT_WAIT,
                _ => seconds(args, "timeout")?,
            },
        }),
        Tool::CallAgent => Ok(Request::CallAgent {
            agent: text(args, "name")
                .parse()
                .map_err(|e: tdev_domain::Invalid| {
                    invalid(format!("name: expected {}", e.expected))
                })?,
            input: args["input"].clone(),
        }),
        Tool::Remember => {
            name(args, "key")?;
            fits(args, "value")?;
            if !args["ttl"].is_null() {
                seconds(args, "ttl")?;
            }
            Ok(Request::Idempotent)
        }
        Tool::Recall | Tool::Forget => name(args, "key").map(|_| Request::Idempotent),
        Tool::Emit => {
            name(args, "event")?;
            fits(args, "detail")?;
            Ok(Request::Idempotent)
        }
        Tool::HttpGet => http::parse(Method::GET, args).map(|_| Request::Idempotent),
        Tool::HttpPost => http::parse(Method::POST, args).map(|_| {
            if args["idempotent"] == json!(true) {
                Request::Idempotent
            } else {
                Request::AtMostOnce
            }
        }),
    }
}

/// A number from 0 to 1, 1 excluded, with 53 random bits.
fn random() -> Result<f64, EffectError> {
    let bits = getrandom::u64().map_err(|error| {
        EffectError::new(EffectErrorKind::Failed, format!("no randomness: {error}"))
    })?;
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let number = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    Ok(number)
}

fn text<'a>(args: &'a Value, field: &str) -> &'a str {
    args[field].as_str().unwrap_or_default()
}

fn name(args: &Value, field: &str) -> Result<String, EffectError> {
    let found = text(args, field);
    let fits = (1..=MAX_NAME_CHARS).contains(&found.chars().count());
    if fits && !found.contains(|c: char| c.is_control() || c == '#') {
        return Ok(found.to_owned());
    }
    Err(invalid(format!(
        "{field} must be a string of 1 to {MAX_NAME_CHARS} characters, without # and control characters"
    )))
}

fn seconds(args: &Value, field: &str) -> Result<SignedDuration, EffectError> {
    args[field]
        .as_f64()
        .filter(|seconds| (0.0..=MAX_WAIT_SECONDS).contains(seconds))
        .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| {
            invalid(format!(
                "{field} must be a number of seconds from 0 to {MAX_WAIT_SECONDS}"
            ))
        })
}

fn fits(args: &Value, field: &str) -> Result<(), EffectError> {
    if args[field].to_string().len() <= MAX_VALUE_BYTES {
        return Ok(());
    }
    Err(invalid(format!(
        "{field} must have at most {MAX_VALUE_BYTES} bytes as JSON"
    )))
}

fn invalid(message: impl Into<String>) -> EffectError {
    EffectError::new(EffectErrorKind::InvalidArguments, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(tool: &str, args: Value) -> Result<Request, EffectError> {
        let tool = tool.to_owned();
        requested(&Call { tool, args }, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn every_tool_has_its_class() {
        let url = json!({"url": "http://a.example/", "headers": null, "body": null});
        let answers = [
            ("log", json!({"message": "m", "fields": {}})),
            ("now", json!({})),
            ("random", json!({})),
        ];
        for (tool, args) in answers {
            let request = call(tool, args).unwrap();
            assert!(
                matches!(request, Request::Recorded(Answer::Value(_))),
                "{tool}"
            );
        }
        for (tool, args) in [
            ("remember", json!({"key": "k", "value": 1, "ttl": 60})),
            ("recall", json!({"key": "k", "default": null})),
            ("forget", json!({"key": "k"})),
            ("emit", json!({"event": "order.placed", "detail": {}})),
            ("http_get", url.clone()),
        ] {
            assert_eq!(call(tool, args), Ok(Request::Idempotent), "{tool}");
        }
        assert_eq!(call("http_post", url.clone()), Ok(Request::AtMostOnce));
        let mut repeatable = url;
        repeatable["idempotent"] = json!(true);
        assert_eq!(call("http_post", repeatable), Ok(Request::Idempotent));
        let day = call("wait_for", json!({"signal": "go", "timeout": null}));
        let wait = Request::WaitFor {
            signal: "go".to_owned(),
            timeout: DEFAULT_WAIT,
        };
        assert_eq!(day, Ok(wait));
        let nap = call("sleep", json!({"seconds": 1.5}));
        assert_eq!(nap, Ok(Request::Sleep(SignedDuration::from_millis(1_500))));
    }

    #[test]
    fn no_model_is_configured() {
        let error = call("llm", json!({"prompt": "hi", "options": {}})).unwrap_err();
        assert_eq!(error.kind, EffectErrorKind::ModelNotConfigured);
        assert!(error.to_string().starts_with("model_not_configured: "));
    }

    #[test]
    fn arguments_that_make_no_sense_are_named() {
        for (tool, args, field) in [
            ("sleep", json!({"seconds": "1"}), "seconds"),
            ("sleep", json!({"seconds": -1}), "seconds"),
            ("sleep", json!({"seconds": 1e9}), "seconds"),
            ("wait_for", json!({"signal": "", "timeout": 1}), "signal"),
            (
                "wait_for",
                json!({"signal": "a", "timeout": "x"}),
                "timeout",
            ),
            ("call_agent", json!({"name": "No Such", "input": 1}), "name"),
            (
                "remember",
                json!({"key": "a#b", "value": 1, "ttl": null}),
                "key",
            ),
            (
                "remember",
                json!({"key": "k", "value": "x".repeat(70_000), "ttl": null}),
                "value",
            ),
            (
                "remember",
                json!({"key": "k", "value": 1, "ttl": "x"}),
                "ttl",
            ),
            ("recall", json!({"key": 7}), "key"),
            ("emit", json!({"event": "", "detail": null}), "event"),
            ("http_get", json!({"url": "x"}), "url"),
        ] {
            let error = call(tool, args.clone()).unwrap_err();
            assert_eq!(
                error.kind,
                EffectErrorKind::InvalidArguments,
                "{tool} {args}"
            );
            assert!(error.message.starts_with(field), "{error}");
        }
    }

    #[test]
    fn random_numbers_are_below_one_and_differ() {
        let drawn: Vec<f64> = (0..100).map(|_| random().unwrap()).collect();
        assert!(drawn.iter().all(|n| (0.0..1.0).contains(n)));
        assert!(
            drawn
                .windows(2)
                .any(|pair| pair[0].to_bits() != pair[1].to_bits())
        );
    }
}
