//! What the workers of a simulation share: the store, the world, the clock.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_domain::{
    AgentName, Answer, ArtifactDigest, Call, Callee, Effect, EffectError, EffectErrorKind,
    EffectKey, Invocation, InvocationChange, InvocationId, Limits, Stored, Tool, VersionNumber,
};
use tdev_invocation::{CommitError, FetchError, Journal, Request, Unavailable, World};

use crate::store::Store;
use crate::{programs, python};

/// What goes wrong with one interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not done, and reported as failed.
    NotDone,
    /// It is done, and reported as failed.
    Done,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
    /// What the next interactions of workers run into, by how many there were before.
    pub(crate) faults: BTreeMap<usize, Fault>,
    pub(crate) interactions: usize,
    /// How often each effect was performed, with what was called.
    pub(crate) performed: BTreeMap<String, (Call, usize)>,
    drawn: u64,
    kept: u64,
}

/// A hold on the state, by a worker or by someone else.
#[derive(Debug, Clone)]
pub(crate) struct Hands {
    state: Arc<Mutex<State>>,
    worker: Option<usize>,
}

#[derive(Debug, thiserror::Error)]
#[error("injected")]
struct Injected;

fn injected() -> Unavailable {
    Unavailable(Box::new(Injected))
}

/// Lets the schedule decide who goes on, and whether.
async fn pause() {
    let mut paused = false;
    poll_fn(|_| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        Poll::Pending
    })
    .await;
}

pub(crate) fn callee(agent: &str) -> Callee {
    Callee {
        agent: agent.parse().unwrap(),
        version: VersionNumber::FIRST,
        artifact: ArtifactDigest::of(agent.as_bytes()),
        tools: Tool::ALL.into(),
        limits: Limits::default(),
    }
}

impl Hands {
    pub(crate) fn new() -> Self {
        let state = State {
            store: Store::default(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            faults: BTreeMap::new(),
            interactions: 0,
            performed: BTreeMap::new(),
            drawn: 0,
            kept: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            worker: None,
        }
    }

    pub(crate) fn of(&self, worker: usize) -> Self {
        Self {
            state: Arc::clone(&self.state),
            worker: Some(worker),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn interact<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, Unavailable> {
        pause().await;
        let result = {
            let mut state = self.state();
            let mut fault = None;
            if self.worker.is_some() {
                let number = state.interactions;
                state.interactions += 1;
                fault = state.faults.remove(&number);
            }
            match fault {
                Some(Fault::NotDone) => Err(injected()),
                Some(Fault::Done) => {
                    act(&mut state);
                    Err(injected())
                }
                None => Ok(act(&mut state)),
            }
        };
        pause().await;
        result
    }
}

impl Journal for Hands {
    async fn load(&self, id: &InvocationId) -> Result<Option<Invocation>, Unavailable> {
        self.interact(|state| state.store.rows.get(id).map(|row| row.record.clone()))
            .await
    }

    async fn glance(&self, id: &InvocationId) -> Result<Option<Invocation>, Unavailable> {
        self.interact(|state| state.store.glance(id)).await
    }

    async fn commit(&self, changes: &[InvocationChange]) -> Result<(), CommitError> {
        let worker = self.worker;
        let written = self
            .interact(|state| state.store.commit(worker, changes))
            .await?;
        if written {
            Ok(())
        } else {
            Err(CommitError::Conflict)
        }
    }

    async fn ledger(&self, id: &InvocationId) -> Result<Vec<Effect>, Unavailable> {
        self.interact(|state| state.store.rows[id].ledger.clone())
            .await
    }

    async fn keep(
        &self,
        invocation: &Invocation,
        effect: u32,
        snapshot: Vec<u8>,
    ) -> Result<Stored, Unavailable> {
        let place = format!("{}/{effect}", invocation.id);
        self.interact(|state| {
            state.kept += 1;
            let key = format!("{place}/{}", state.kept);
            state.store.objects.insert(key.clone(), snapshot);
            Stored::Object(key)
        })
        .await
    }

    async fn fetch(&self, _: &Invocation, stored: &Stored) -> Result<Vec<u8>, FetchError> {
        let Stored::Object(key) = stored else {
            panic!("nothing is kept inline")
        };
        // A worker that was overtaken may find it gone.
        self.interact(|state| state.store.objects.get(key).cloned())
            .await?
            .ok_or_else(|| injected().into())
    }
}

fn seconds(args: &Value, name: &str) -> SignedDuration {
    SignedDuration::from_secs(args[name].as_i64().unwrap())
}

impl World for Hands {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn request(&self, invocation: &Invocation, call: &Call) -> Request {
        let args = &call.args;
        let mut state = self.state();
        match call.tool.as_str() {
            _ if python::touches(invocation, call) => Request::Idempotent,
            "now" => Request::Recorded(Answer::Value(json!(state.now.as_second()))),
            "random" => {
                state.drawn += 1;
                Request::Recorded(Answer::Value(json!(state.drawn)))
            }
            "log" => Request::Recorded(Answer::Value(Value::Null)),
            "post" | "query" | "refuse" => Request::Idempotent,
            "charge" => Request::AtMostOnce,
            "sleep" => Request::Sleep(seconds(args, "seconds")),
            "wait_for" => Request::WaitFor {
                signal: args["signal"].as_str().unwrap().to_owned(),
                timeout: seconds(args, "timeout"),
            },
            "call_agent" if args["agent"] == "" => {
                let message = "an agent has a name";
                let error = EffectError::new(EffectErrorKind::InvalidArguments, message);
                Request::Recorded(Answer::Error(error))
            }
            "call_agent" => Request::CallAgent {
                // Scripts and the sandbox name it otherwise.
                agent: args
                    .get("agent")
                    .unwrap_or(&args["name"])
                    .as_str()
                    .unwrap()
                    .parse()
                    .unwrap(),
                input: args["input"].clone(),
            },
            other => panic!("{other}"),
        }
    }

    async fn perform(
        &self,
        key: &EffectKey,
        _: &Invocation,
        call: &Call,
    ) -> Result<Answer, Unavailable> {
        let number = key.number;
        let key = key.to_string();
        self.interact(|state| {
            let intent = &state.store.intents[&key];
            assert_eq!(intent.call, *call, "performed otherwise than intended");
            let performed = state.performed.entry(key).or_insert((call.clone(), 0));
            assert_eq!(performed.0, *call, "one key for two calls");
            performed.1 += 1;
            if call.tool == "refuse" {
                Answer::Error(EffectError::new(EffectErrorKind::Failed, "refused"))
            } else if call.tool == "now" {
                Answer::Value(json!(format!("receipt {number}")))
            } else {
                Answer::Value(call.args.clone())
            }
        })
        .await
    }

    async fn callee(
        &self,
        _: &Invocation,
        agent: &AgentName,
    ) -> Result<Result<Callee, EffectError>, Unavailable> {
        self.interact(|_| match programs::script(agent.as_str()) {
            Some(_) => Ok(callee(agent.as_str())),
            None => Err(EffectError::new(EffectErrorKind::Failed, "no such agent")),
        })
        .await
    }
}
