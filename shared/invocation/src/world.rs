//! The seam to what an agent's tools reach.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tdev_domain::{AgentName, Answer, Call, Callee, EffectError, EffectKey, Invocation};

use crate::Unavailable;

/// What a tool call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Nothing more: it has been answered on the spot. So are reads of clock and randomness, the
    /// log, and calls whose arguments make no sense.
    Recorded(Answer),
    /// To be performed; may be repeated under the same key.
    Idempotent,
    /// To be performed; must not be repeated.
    AtMostOnce,
    /// To wait.
    Sleep(SignedDuration),
    /// To wait for a signal.
    WaitFor {
        /// Its name.
        signal: String,
        /// How long.
        timeout: SignedDuration,
    },
    /// To call another agent and wait for its answer.
    CallAgent {
        /// Which.
        agent: AgentName,
        /// With what.
        input: Value,
    },
}

/// The tools, the registry as far as agents call each other, and the clock.
pub trait World: Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// What `call` asks for. The kind of request depends on the call alone; only what is
    /// [`Recorded`](Request::Recorded) may be answered differently each time.
    fn request(&self, invocation: &Invocation, call: &Call) -> Request;

    /// Performs an effect under its idempotency key.
    ///
    /// What is idempotent may be performed again at any later time, even after effects that came
    /// after it, by a worker that has been overtaken and does not know it yet; that must change
    /// nothing. The key tells, or the number in it compared with the last one seen, or the fencing
    /// token in `invocation`.
    ///
    /// What is at most once and was interrupted is answered
    /// [`OutcomeUnknown`](tdev_domain::EffectErrorKind::OutcomeUnknown), by this or by the engine.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] makes the worker let go: the effect is repeated under another lease if it
    /// may be. What fails lastingly is to be an [`Answer::Error`].
    fn perform(
        &self,
        key: &EffectKey,
        invocation: &Invocation,
        call: &Call,
    ) -> impl Future<Output = Result<Answer, Unavailable>> + Send;

    /// The version to run when `caller` calls `agent`, or why it may not.
    fn callee(
        &self,
        caller: &Invocation,
        agent: &AgentName,
    ) -> impl Future<Output = Result<Result<Callee, EffectError>, Unavailable>> + Send;
}
