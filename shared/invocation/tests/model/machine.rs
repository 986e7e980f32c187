//! An interpreter of scripts: functions of the input and the answers so far.

use serde_json::Value;
use tdev_domain::{AgentFailure, Answer, Call, EffectError, EffectErrorKind, FailureKind};
use tdev_domain::{Invocation, Limits};
use tdev_invocation::{Machine, MachineError, Turn};

/// Why a script comes to no value.
pub(crate) enum Halt {
    /// It wants answers that it has not got.
    Call(Vec<Call>),
    /// It raised.
    Fail(AgentFailure),
}

pub(crate) type Script = fn(&mut Tape<'_>, &Value) -> Result<Value, Halt>;

/// The answers a script has had, dealt out in order.
pub(crate) struct Tape<'a>(std::slice::Iter<'a, Answer>);

impl Tape<'_> {
    pub(crate) fn call(&mut self, tool: &str, args: Value) -> Result<Answer, Halt> {
        let call = Call {
            tool: tool.to_owned(),
            args,
        };
        self.0.next().cloned().ok_or(Halt::Call(vec![call]))
    }

    /// The answers to calls that are made at once.
    pub(crate) fn at_once(&mut self, calls: Vec<Call>) -> Result<Vec<Answer>, Halt> {
        if self.0.len() > 0 {
            return Ok(self.0.by_ref().take(calls.len()).cloned().collect());
        }
        Err(Halt::Call(calls))
    }

    /// The answers to calls of agents that are made at once.
    pub(crate) fn gather(&mut self, calls: Vec<Value>) -> Result<Vec<Answer>, Halt> {
        let call = |args| Call {
            tool: "call_agent".to_owned(),
            args,
        };
        self.at_once(calls.into_iter().map(call).collect())
    }

    /// The values, the first error being raised.
    pub(crate) fn values(&mut self, calls: Vec<Value>) -> Result<Vec<Value>, Halt> {
        let answers = self.gather(calls)?.into_iter();
        let value = |answer| match answer {
            Answer::Value(value) => Ok(value),
            Answer::Error(error) => Err(raise(&error.message)),
        };
        answers.map(value).collect()
    }

    /// The value, an error being raised.
    pub(crate) fn value(&mut self, tool: &str, args: Value) -> Result<Value, Halt> {
        match self.call(tool, args)? {
            Answer::Value(value) => Ok(value),
            Answer::Error(error) => Err(raise(&error.message)),
        }
    }

    /// The value, or the error if it is of that kind; another one is raised.
    pub(crate) fn unless(
        &mut self,
        kind: EffectErrorKind,
        tool: &str,
        args: Value,
    ) -> Result<Result<Value, EffectError>, Halt> {
        match self.call(tool, args)? {
            Answer::Value(value) => Ok(Ok(value)),
            Answer::Error(error) if error.kind == kind => Ok(Err(error)),
            Answer::Error(error) => Err(raise(&error.message)),
        }
    }
}

pub(crate) fn raise(message: &str) -> Halt {
    Halt::Fail(AgentFailure::new(FailureKind::Raised, message))
}

/// Writes the format of its snapshots in front of them.
#[derive(Debug)]
pub(crate) struct Scripted {
    format: u8,
    agent: String,
    input: Value,
    answers: Vec<Answer>,
}

impl Scripted {
    /// An interpreter that reads and writes snapshots of `format`.
    pub(crate) fn new(format: u8) -> Self {
        Self {
            format,
            agent: String::new(),
            input: Value::Null,
            answers: Vec::new(),
        }
    }

    fn load(&mut self, invocation: &Invocation) {
        assert_eq!(invocation.callee.limits, Limits::default());
        invocation.callee.agent.as_str().clone_into(&mut self.agent);
        self.input = invocation.input.clone();
        self.answers.clear();
    }

    fn turn(&self) -> Turn {
        let script = crate::programs::script(&self.agent).unwrap();
        match script(&mut Tape(self.answers.iter()), &self.input) {
            Ok(output) => Turn::Ended(Ok(output)),
            Err(Halt::Fail(failure)) => Turn::Ended(Err(failure)),
            Err(Halt::Call(calls)) => Turn::Called(calls),
        }
    }
}

impl Machine for Scripted {
    async fn start(&mut self, invocation: &Invocation) -> Result<Turn, MachineError> {
        self.load(invocation);
        Ok(self.turn())
    }

    async fn restore(
        &mut self,
        invocation: &Invocation,
        snapshot: Vec<u8>,
    ) -> Result<(), MachineError> {
        self.load(invocation);
        let (format, answers) = snapshot.split_first().unwrap();
        if *format != self.format {
            let message = format!("the snapshot has format {format}");
            return Err(MachineError::Snapshot(message));
        }
        self.answers = serde_json::from_slice(answers).unwrap();
        assert!(matches!(self.turn(), Turn::Called(_)));
        Ok(())
    }

    async fn snapshot(&mut self) -> Result<Vec<u8>, MachineError> {
        let mut bytes = vec![self.format];
        serde_json::to_writer(&mut bytes, &self.answers).unwrap();
        Ok(bytes)
    }

    async fn answer(&mut self, answers: &[Answer]) -> Result<Turn, MachineError> {
        self.answers.extend_from_slice(answers);
        Ok(self.turn())
    }
}
