//! The vocabulary of the platform.
//!
//! Every other crate speaks in these types: identifiers that cannot be malformed, an agent's
//! [`Source`] that cannot be over-size, a [`Manifest`] that has been validated, and a
//! [`Registration`] whose state only moves along legal transitions. The crate is pure: it knows
//! neither AWS nor an async runtime, reads no clock and no environment.
//!
//! Values enter through a parser ([`std::str::FromStr`], [`TryFrom`] or serde) that names the
//! field and says what was expected; once built they need no further checks.

mod agent;
mod api_key;
pub mod breaker;
mod error;
pub mod evolution;
mod finding;
mod id;
mod invocation;
mod load;
mod manifest;
mod message;
pub mod order;
mod quality;
mod registration;
pub mod retry;
mod router;
mod run;
mod settings;
mod source;
mod step;
mod task;
mod tool;
mod workflow;

pub use agent::{Agent, AgentKind, AgentStatus, AgentVersion};
pub use api_key::KeyRecord;
pub use error::{ErrorName, Invalid};
pub use finding::{Finding, Severity};
pub use id::{
    AgentName, ApiKeyId, ArtifactDigest, CallId, Capability, InvocationId, KeyDigest,
    RegistrationId, TaskId, TenantId, VersionNumber,
};
pub use invocation::{
    Answer, Call, Callee, Effect, EffectClass, EffectError, EffectErrorKind, EffectKey, Invocation,
    InvocationChange, InvocationFailure, InvocationStatus, Pending, RunReport, Signal, Stage,
    Stored, Wait,
};
pub use load::{AgentLoad, Flight, Missing, PutOff, RunOutcome};
pub use manifest::{Example, Limits, LimitsDraft, Manifest, ManifestDraft, limits};
pub use message::{
    RegisterMessage, RunMessage, StepMessage, TaskMessage, TrainMessage, WakeMessage,
};
pub use quality::{Quality, QualityPart};
pub use registration::{
    AnalysisMethod, IllegalTransition, Registration, Release, Report, State, StateName, Transition,
};
pub use router::{
    MAX_PREVIOUS_MODELS, RouteRequest, RouteResponse, RouterModel, RouterPointer, Routing,
};
pub use run::{
    Compensation, Gate, GateKey, Joined, Latest, Part, Place, Run, RunState, RunStatus, StepError,
    StepErrorKind, StepRecord, StepState, StepStateName, StepTry, StopCause, Try, Uncompensated,
    Work, WorkflowVersion,
};
pub use settings::{HttpHost, MAX_HTTP_HOSTS, Settings};
pub use source::{MAX_AGENT_BYTES, Source, SourceError};
pub use step::{
    AgentFailure, Completed, ExampleResult, ExampleRun, FailureKind, Found, LogLine, Outcome,
    Probe, ProbeReport, RUN_STOPPING, ReplayResult, StepRequest, StepResponse,
};
pub use task::{
    Arrival, ArrivalBlock, Arrivals, Attempt, AttemptFailure, AttemptKey, Cancelling, DeadLetter,
    Feedback, IllegalTaskTransition, LEAD, Lesson, LessonOrigin, Rejection, Routed, Task,
    TaskDraft, TaskState, TaskStatus, Verdict,
};
pub use tool::Tool;
pub use workflow::{RunId, StepId, WorkflowName};
