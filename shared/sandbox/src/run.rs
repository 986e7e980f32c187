//! A run of an agent: its turns, its tool calls, its end.

mod answer;
mod end;

use std::collections::BTreeMap;
use std::time::Duration;

use monty::{FunctionCall, ResolveFutures, RunProgress};
use monty_types::{
    ExcType, ExtFunctionResult, MontyException, MontyObject, NameLookupResult, PrintWriter,
    ResourceLimits, ResourceTracker,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tdev_domain::{AgentFailure, FailureKind, Limits, LogLine, Tool, limits};

use crate::json::{self, Unfit};
use crate::memory::{self, Panicked};
use crate::transcript::{Full, Transcript};
use crate::wrapper;
use crate::{Program, failure};

pub(crate) use self::answer::ANSWER_TOO_LARGE;
use self::answer::{NO_ANSWER, raise, told, told_later};
pub(crate) use self::end::ended;

/// A run that ended, one way or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the function returned, or how it failed.
    pub outcome: Result<Value, AgentFailure>,
    /// How long it ran, in microseconds, time spent waiting for tools left out.
    pub run_us: u64,
    /// What it logged and printed, in order.
    pub logs: Vec<LogLine>,
}

impl Run {
    /// A run that failed before it had done anything.
    pub(crate) fn failed(failure: AgentFailure) -> Self {
        Self {
            outcome: Err(failure),
            run_us: 0,
            logs: Vec::new(),
        }
    }
}

/// A tool that an agent called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Which tool.
    pub tool: Tool,
    /// Every parameter by name, defaults filled in: `{"message": …, "fields": {…}}` for `log`,
    /// `{}` for `now`, `{"signal": …, "timeout": null}` for `wait_for` without a time-out.
    pub args: Value,
}

/// Why a tool has no answer. The agent sees it as a `RuntimeError`, which it may catch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// What happened, for the agent's author.
    pub message: String,
}

impl ToolError {
    /// A tool failed with `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Answers the tool calls of a run.
///
/// `log` is recorded in [`Run::logs`] before the host hears of it; its answer is ignored by most
/// agents and should be null.
pub trait Host {
    /// Does what the call asks for.
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError>;
}

/// How far a run has come.
#[derive(Debug)]
pub enum Progress {
    /// It ended.
    Ended(Run),
    /// It waits for the answer to a tool call, or to several calls of agents.
    Suspended(Suspended),
}

/// A run that waits for the answer to a tool call, or to the calls of agents that it has made and
/// now awaits.
///
/// It can be kept, written as bytes ([`Self::to_snapshot`]), and resumed in another process.
#[derive(Debug)]
pub struct Suspended {
    pub(crate) session: Session,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) state: Box<Paused>,
}

/// The interpreter, where it can go no further.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Paused {
    /// At a call.
    Call(FunctionCall),
    /// Where it awaits calls that were made before.
    Futures(ResolveFutures),
}

impl Suspended {
    /// The calls that want an answer: one of a tool, or all the calls of agents that are awaited at
    /// this time, in the order in which they were made.
    pub fn calls(&self) -> &[ToolCall] {
        &self.calls
    }

    /// What the run may use.
    pub fn limits(&self) -> &Limits {
        &self.session.usage.limits
    }

    /// How long it has run, in microseconds, time spent waiting for tools left out.
    pub fn run_us(&self) -> u64 {
        micros(self.session.usage.run_time)
    }

    /// Gives the answers, in the order of the calls, and lets the run go on to its next tool call
    /// or its end. An answer that is lacking is an error to the agent.
    pub fn resume(self, answers: Vec<Result<Value, ToolError>>) -> Progress {
        let mut session = self.session;
        let mut answers = answers.into_iter();
        let mut next = || match answers.next() {
            Some(answer) => answer.map_err(|error| error.message),
            None => Err(NO_ANSWER.to_owned()),
        };
        match *self.state {
            Paused::Call(state) => {
                let answer = told(next());
                session.advance(|print| Ok(state.resume(answer, print)))
            }
            Paused::Futures(state) => {
                session
                    .given
                    .extend(awaited(&state).into_iter().map(|id| (id, next())));
                session.advance(|_| Ok(Ok(RunProgress::ResolveFutures(state))))
            }
        }
    }
}

/// The calls that are awaited, in the order in which they were made; the interpreter knows none.
fn awaited(state: &ResolveFutures) -> Vec<u32> {
    let mut ids = state.pending_call_ids().to_vec();
    ids.sort_unstable();
    ids
}

/// What the interpreter came to in one turn, unless the turn could not begin.
pub(crate) type Step<T> = Result<Result<T, MontyException>, AgentFailure>;

/// What a run carries from turn to turn beside the interpreter's state.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) program: Program,
    pub(crate) usage: Usage,
    /// Calls of agents that are to be awaited, by the interpreter's number.
    pub(crate) made: BTreeMap<u32, ToolCall>,
    /// Answers to such calls, until the interpreter has them. It gets one after the other and goes
    /// on with each as far as it comes, so that what happens next has the order of the calls.
    pub(crate) given: BTreeMap<u32, Result<Value, String>>,
    /// Bytes that the suspended run holds.
    pub(crate) held: usize,
}

/// What a run has used so far, and what it may use.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Usage {
    limits: Limits,
    transcript: Transcript,
    tool_calls: u32,
    run_time: Duration,
}

/// What becomes of a call to the host function.
enum Reply {
    Ask(ToolCall),
    /// It is asked for when it is awaited.
    AskLater(ToolCall),
    Answer(ExtFunctionResult),
    Abort(AgentFailure),
}

/// What there is for calls that are awaited.
enum Awaited {
    /// The answer to one of them.
    Given(u32, ExtFunctionResult),
    /// They are to be asked for.
    Calls(Vec<ToolCall>),
    /// They will never be answered.
    Nothing,
}

type BoxedStep = Box<dyn FnOnce(PrintWriter<'_>) -> Step<RunProgress>>;

impl Session {
    pub(crate) fn new(program: Program, limits: Limits) -> Self {
        let usage = Usage {
            limits,
            transcript: Transcript::default(),
            tool_calls: 0,
            run_time: Duration::ZERO,
        };
        Self {
            program,
            usage,
            made: BTreeMap::new(),
            given: BTreeMap::new(),
            held: 0,
        }
    }

    /// Takes `first` and the steps that follow from it, up to a tool call or the end.
    pub(crate) fn advance(
        mut self,
        first: impl FnOnce(PrintWriter<'_>) -> Step<RunProgress>,
    ) -> Progress {
        let mut progress = self.turn(first);
        loop {
            let next: BoxedStep = match progress {
                Ok(Ok(Ok(RunProgress::FunctionCall(state)))) => match self.receive(&state) {
                    Reply::Ask(call) => return self.suspend(vec![call], Paused::Call(state)),
                    Reply::AskLater(call) => {
                        self.made.insert(state.call_id, call);
                        Box::new(move |print| Ok(state.resume_pending(print)))
                    }
                    Reply::Answer(answer) => Box::new(move |print| Ok(state.resume(answer, print))),
                    Reply::Abort(why) => {
                        return self.abort(why, |stop, print| state.abort(stop, print));
                    }
                },
                Ok(Ok(Ok(RunProgress::NameLookup(state)))) => {
                    Box::new(move |print| Ok(state.resume(NameLookupResult::Undefined, print)))
                }
                Ok(Ok(Ok(RunProgress::OsCall(state)))) => {
                    let why = failure::forbidden(state.function_call.name());
                    return self.abort(why, |stop, print| state.abort(stop, print));
                }
                Ok(Ok(Ok(RunProgress::ResolveFutures(state)))) => match self.wait(&state) {
                    Awaited::Given(id, answer) => {
                        Box::new(move |print| Ok(state.resume(vec![(id, answer)], print)))
                    }
                    Awaited::Calls(calls) => return self.suspend(calls, Paused::Futures(state)),
                    Awaited::Nothing => {
                        let why = failure::endless_wait();
                        return self.abort(why, |stop, print| state.abort(stop, print));
                    }
                },
                Ok(Ok(Ok(RunProgress::Complete(object)))) => {
                    return self.end(Ok(Ok(Ok(object))));
                }
                Ok(Ok(Err(error))) => return self.end(Ok(Ok(Err(error)))),
                Ok(Err(why)) => return self.end(Ok(Err(why))),
                Err(panicked) => return self.end(Err(panicked)),
            };
            progress = self.turn(next);
        }
    }

    /// What there is for calls that are awaited.
    fn wait(&mut self, state: &ResolveFutures) -> Awaited {
        let ids = awaited(state);
        if let Some((id, answer)) = ids.iter().find_map(|id| self.given.remove_entry(id)) {
            return Awaited::Given(id, told_later(answer));
        }
        let calls: Vec<_> = ids.iter().filter_map(|id| self.made.remove(id)).collect();
        if calls.is_empty() {
            Awaited::Nothing
        } else {
            Awaited::Calls(calls)
        }
    }

    fn suspend(self, calls: Vec<ToolCall>, state: Paused) -> Progress {
        Progress::Suspended(Suspended {
            session: self,
            calls,
            state: Box::new(state),
        })
    }

    fn turn<T>(
        &mut self,
        step: impl FnOnce(PrintWriter<'_>) -> Step<T>,
    ) -> Result<Step<T>, Panicked> {
        let usage = &mut self.usage;
        let print = PrintWriter::Callback(&mut usage.transcript);
        let turn = memory::turn(&usage.limits, self.held, || step(print));
        usage.run_time += turn.elapsed;
        self.held = turn.held;
        turn.result
    }

    fn end(self, result: Result<Step<MontyObject>, Panicked>) -> Progress {
        Progress::Ended(ended(
            result,
            self.usage.run_time,
            self.usage.transcript,
            self.program.layout(),
            &self.usage.limits,
        ))
    }

    /// Ends the run where it is suspended, in a way no `except` sees, so that the line is known.
    fn abort(
        mut self,
        mut why: AgentFailure,
        abort: impl FnOnce(MontyException, PrintWriter<'_>) -> Result<RunProgress, MontyException>,
    ) -> Progress {
        let stop = MontyException::new(ExcType::RuntimeError, None);
        if let Ok(Ok(Err(error))) = self.turn(|print| Ok(abort(stop, print))) {
            why.line = failure::agent_line(error.traceback(), self.program.layout());
        }
        self.end(Ok(Err(why)))
    }

    fn receive(&mut self, state: &FunctionCall) -> Reply {
        let request = (state.function_name == wrapper::CALL && state.object_id.is_none())
            .then_some(state.args.as_slice());
        match request {
            Some([MontyObject::String(tool), MontyObject::String(message)])
                if tool == wrapper::RAISE =>
            {
                Reply::Answer(raise(ExcType::RuntimeError, message))
            }
            Some([MontyObject::String(tool), payload]) => match tool.parse() {
                Ok(tool) if self.program.layout().tools.contains(&tool) => {
                    self.tool_called(tool, payload)
                }
                // A stand-in for a global that is not bound (yet) passes the global's name.
                _ => Reply::Answer(ExtFunctionResult::NotFound(payload.to_string())),
            },
            _ => Reply::Answer(ExtFunctionResult::NotFound(state.function_name.clone())),
        }
    }

    fn tool_called(&mut self, tool: Tool, payload: &MontyObject) -> Reply {
        self.usage.tool_calls += 1;
        if self.usage.tool_calls > limits::MAX_TOOL_CALLS {
            return Reply::Abort(failure::new(
                FailureKind::TooManyToolCalls,
                &format!("called tools more than {} times", limits::MAX_TOOL_CALLS),
            ));
        }
        let args = match arguments(payload) {
            Ok(args) => args,
            Err(message) => {
                let message = format!("the arguments of '{tool}' are not JSON: {message}");
                return Reply::Answer(raise(ExcType::TypeError, &message));
            }
        };
        if tool == Tool::Log {
            let (message, fields) = log_arguments(&args);
            if self.usage.transcript.log(message, fields).is_err() {
                return Reply::Abort(Full::failure());
            }
        }
        let args = Value::Object(args);
        let call = ToolCall { tool, args };
        if tool == Tool::CallAgent && self.program.layout().awaits_agents {
            Reply::AskLater(call)
        } else {
            Reply::Ask(call)
        }
    }
}

/// The arguments that the wrapper has walked, as JSON.
fn arguments(payload: &MontyObject) -> Result<Map<String, Value>, String> {
    let MontyObject::Tuple(parts) = payload else {
        return Err("they were not checked".to_owned());
    };
    match parts.as_slice() {
        [MontyObject::Int(wrapper::BOUNDED), args] => {
            // The dict of the arguments is a level of its own.
            match json::from_object(args.clone(), limits::MAX_JSON_DEPTH + 1) {
                Ok(Value::Object(args)) => Ok(args),
                Ok(_) => Err("they are no dict".to_owned()),
                Err(Unfit::Deep) => Err("they nest too deep".to_owned()),
                Err(Unfit::NotJson(what)) => Err(format!("they contain {what}")),
            }
        }
        [MontyObject::Int(wrapper::NOT_JSON), what] => Err(format!("they contain {what}")),
        _ => Err("they are too large".to_owned()),
    }
}

fn log_arguments(args: &Map<String, Value>) -> (String, Map<String, Value>) {
    let message = args.get("message").and_then(Value::as_str);
    let fields = args.get("fields").and_then(Value::as_object);
    (
        message.unwrap_or_default().to_owned(),
        fields.cloned().unwrap_or_default(),
    )
}

/// The limits of a run as the interpreter takes them.
pub(crate) fn tracker(limits: &Limits) -> ResourceTracker {
    ResourceTracker::new(
        ResourceLimits::default()
            .max_duration(Duration::from_millis(limits.wall_time_ms.into()))
            .max_memory(usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX))
            .max_recursion_depth(limits::MAX_RECURSION as usize),
    )
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
