//! An interpreter of scripts, and a world that counts.

use std::collections::BTreeSet;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_domain::{
    AgentName, Answer, ArtifactDigest, Call, Callee, EffectError, EffectKey, Invocation,
    InvocationChange, Limits, VersionNumber,
};
use tdev_invocation::{Journal, Machine, MachineError, Request, Turn, Unavailable, World, signal};
use tdev_journal::TenantJournal;

/// Makes one call after the other and returns all the answers.
///
/// Its input is the script: `{"calls": [["tool", args], …]}`, where a list of such pairs stands for
/// calls that are made at once. Its snapshots are as large as the
/// input's `padding` says, and cannot be compressed.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    calls: Vec<Vec<Call>>,
    padding: usize,
    answers: Vec<Answer>,
}

impl Scripted {
    fn load(&mut self, invocation: &Invocation, answers: Vec<Answer>) {
        let calls = invocation.input["calls"].as_array();
        let call = |call: &Value| Call {
            tool: call[0].as_str().unwrap().to_owned(),
            args: call[1].clone(),
        };
        let calls = calls.into_iter().flatten().map(|step| match &step[0] {
            Value::String(_) => vec![call(step)],
            _ => step.as_array().unwrap().iter().map(call).collect(),
        });
        self.calls = calls.collect();
        let padding = invocation.input["padding"].as_u64().unwrap_or_default();
        self.padding = usize::try_from(padding).unwrap();
        self.answers = answers;
    }

    fn turn(&self) -> Turn {
        let mut made = 0;
        for calls in &self.calls {
            if made == self.answers.len() {
                return Turn::Called(calls.clone());
            }
            made += calls.len();
        }
        Turn::Ended(Ok(json!(self.answers)))
    }
}

impl Machine for Scripted {
    async fn start(&mut self, invocation: &Invocation) -> Result<Turn, MachineError> {
        self.load(invocation, Vec::new());
        Ok(self.turn())
    }

    async fn restore(
        &mut self,
        invocation: &Invocation,
        snapshot: Vec<u8>,
    ) -> Result<(), MachineError> {
        let answers = serde_json::from_slice(&snapshot[self_described(&snapshot)..]);
        self.load(invocation, answers.unwrap());
        Ok(())
    }

    async fn snapshot(&mut self) -> Result<Vec<u8>, MachineError> {
        // xorshift: nothing that a compressor could find.
        let mut state = 0x9e37_79b9_u32;
        let mut bytes = u32::try_from(self.padding).unwrap().to_le_bytes().to_vec();
        bytes.extend((0..self.padding).map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[1]
        }));
        bytes.extend(serde_json::to_vec(&self.answers).unwrap());
        Ok(bytes)
    }

    async fn answer(&mut self, answers: &[Answer]) -> Result<Turn, MachineError> {
        self.answers.extend_from_slice(answers);
        Ok(self.turn())
    }
}

/// Where the padding of a snapshot ends.
fn self_described(snapshot: &[u8]) -> usize {
    let (padding, _) = snapshot.split_first_chunk().unwrap();
    4 + usize::try_from(u32::from_le_bytes(*padding)).unwrap()
}

/// What happens while an effect is performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    /// Somebody sends a signal.
    Signal,
    /// Another worker takes the invocation.
    Overtake,
    /// The worker is lost before it can say so.
    Die,
}

/// Tools that count, and a clock that stands still.
#[derive(Debug)]
pub(crate) struct Hands {
    journal: TenantJournal,
    pub(crate) now: Timestamp,
    pub(crate) meanwhile: Mutex<Vec<(u32, Meanwhile)>>,
    /// The keys of the effects that were performed.
    pub(crate) performed: Mutex<Vec<String>>,
}

impl Hands {
    pub(crate) fn new(journal: TenantJournal, now: Timestamp) -> Self {
        Self {
            journal,
            now,
            meanwhile: Mutex::default(),
            performed: Mutex::default(),
        }
    }

    pub(crate) fn performed(&self) -> Vec<String> {
        self.performed.lock().unwrap().clone()
    }

    /// What is to happen at this effect, the first time.
    fn disturbance(&self, number: u32) -> Option<Meanwhile> {
        let mut meanwhile = self.meanwhile.lock().unwrap();
        let place = meanwhile.iter().position(|(at, _)| *at == number)?;
        Some(meanwhile.remove(place).1)
    }
}

pub(crate) fn callee(agent: &str) -> Callee {
    Callee {
        agent: agent.parse().unwrap(),
        version: VersionNumber::FIRST,
        artifact: ArtifactDigest::of(agent.as_bytes()),
        tools: BTreeSet::new(),
        limits: Limits::default(),
    }
}

impl World for Hands {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn request(&self, _: &Invocation, call: &Call) -> Request {
        let seconds = || SignedDuration::from_secs(call.args.as_i64().unwrap_or(60));
        match call.tool.as_str() {
            "remember" => Request::Idempotent,
            "post" => Request::AtMostOnce,
            "sleep" => Request::Sleep(seconds()),
            "wait_for" => Request::WaitFor {
                signal: "go".to_owned(),
                timeout: seconds(),
            },
            "call_agent" => Request::CallAgent {
                agent: "child".parse().unwrap(),
                input: call.args.clone(),
            },
            _ => Request::Recorded(Answer::Value(call.args.clone())),
        }
    }

    async fn perform(
        &self,
        key: &EffectKey,
        invocation: &Invocation,
        call: &Call,
    ) -> Result<Answer, Unavailable> {
        self.performed.lock().unwrap().push(key.to_string());
        match self.disturbance(key.number) {
            None => {}
            Some(Meanwhile::Signal) => {
                let payload = json!({"sent": 1.0});
                let id = &invocation.id;
                let sent = signal(id, None, "go", payload, &self.journal, self.now).await;
                sent.unwrap();
            }
            Some(Meanwhile::Overtake) => {
                let mut found = self.journal.load(&invocation.id).await?.unwrap();
                found.revision += 1;
                found.token += 1;
                let change = InvocationChange::to(found);
                self.journal.commit(&[change]).await.unwrap();
            }
            Some(Meanwhile::Die) => return Err(Unavailable("the worker is lost".into())),
        }
        Ok(Answer::Value(json!({"did": call.args})))
    }

    async fn callee(
        &self,
        _: &Invocation,
        agent: &AgentName,
    ) -> Result<Result<Callee, EffectError>, Unavailable> {
        Ok(Ok(callee(agent.as_str())))
    }
}

/// A script as an input.
pub(crate) fn script(padding: usize, calls: &[(&str, Value)]) -> Value {
    json!({"padding": padding, "calls": calls})
}
