//! What is answered to a call.

use std::time::Instant;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use tdev_domain::{
    AgentFailure, AgentName, FailureKind, Invocation, InvocationFailure, InvocationId,
    InvocationStatus, VersionNumber,
};
use utoipa::ToSchema;

use super::location;
use super::view::{InvocationView, LogLineView, log_lines};
use crate::accepted::accepted;
use crate::callable::Callable;
use crate::problem::{Problem, ProblemType};

/// What an agent answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvokeResponse {
    /// The agent.
    #[schema(value_type = String, example = "text-statistics")]
    agent: AgentName,
    /// The version that answered.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// The invocation, which tells what the agent did.
    #[schema(value_type = String, example = "inv_0199c0de0199c0de0199c0de0199c0de")]
    invocation: InvocationId,
    /// What it returned.
    output: Value,
    /// What it took.
    timing: TimingView,
    /// What it logged and printed, in order.
    logs: Vec<LogLineView>,
}

/// What a call took, in microseconds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timing)]
#[expect(clippy::struct_field_names, reason = "a unit belongs to the name")]
pub(crate) struct TimingView {
    /// Compiling the source; 0 if the compiled form was at hand.
    compile_us: u64,
    /// Running it, time spent waiting for tools left out.
    run_us: u64,
    /// The whole call, as the gateway saw it.
    total_us: u64,
}

/// The answer to a call, of which `record` is known.
pub(super) fn answer(
    callable: &Callable,
    record: Invocation,
    started: Instant,
) -> Result<Response, Problem> {
    let Some(outcome) = outcome(callable, &record.status) else {
        let location = location(&record.id);
        return Ok(accepted(&location, InvocationView::brief(record)));
    };
    let version = &callable.version;
    let timing = TimingView {
        compile_us: record.report.compile_us,
        run_us: record.report.run_us,
        total_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    };
    let logs = log_lines(record.report.logs);
    let problem = match outcome {
        Ok(output) => {
            let answer = InvokeResponse {
                agent: version.agent.clone(),
                version: version.version,
                invocation: record.id,
                output,
                timing,
                logs,
            };
            return Ok(Json(answer).into_response());
        }
        Err(problem) => problem,
    };
    Err(problem
        .with("agent", &version.agent)
        .with("version", version.version)
        .with("invocation", record.id)
        .with("timing", timing)
        .with("logs", logs))
}

/// What the run returned, or why it returned nothing; `None` if it has not ended.
fn outcome(callable: &Callable, status: &InvocationStatus) -> Option<Result<Value, Problem>> {
    let failed = |detail: String| Err(Problem::new(ProblemType::InvocationFailed, detail));
    Some(match status {
        InvocationStatus::Completed { output } => {
            let violations = callable.output_violations(output);
            if violations.is_empty() {
                Ok(output.clone())
            } else {
                let detail = "What the agent returned breaks its own output schema.";
                Err(Problem::new(ProblemType::AgentOutputInvalid, detail).with_errors(violations))
            }
        }
        InvocationStatus::Failed { failure } => match failure {
            InvocationFailure::Agent(failure) => Err(failure_problem(failure)),
            InvocationFailure::Unresumable { message } => {
                failed(format!("The run could not be resumed: {message}."))
            }
            InvocationFailure::Stalled { workers } => {
                failed(format!("{workers} workers were lost at the same place."))
            }
        },
        InvocationStatus::Cancelled => failed("The invocation was called off.".to_owned()),
        InvocationStatus::Queued
        | InvocationStatus::Running { .. }
        | InvocationStatus::Suspended { .. } => return None,
    })
}

fn failure_problem(failure: &AgentFailure) -> Problem {
    let problem = Problem::new(failure_type(failure.kind), &failure.message);
    let problem = match &failure.exception {
        Some(exception) => problem.with("exception", exception),
        None => problem,
    };
    let problem = match &failure.line {
        Some(line) => problem.with("line", line),
        None => problem,
    };
    match &failure.excerpt {
        Some(excerpt) => problem.with("excerpt", excerpt),
        None => problem,
    }
}

const fn failure_type(kind: FailureKind) -> ProblemType {
    match kind {
        // A version was only admitted with a manifest, so a call never ends in the second.
        FailureKind::InvalidSource | FailureKind::InvalidManifest => {
            ProblemType::AgentInvalidSource
        }
        FailureKind::Raised => ProblemType::AgentRaised,
        FailureKind::TimedOut => ProblemType::AgentTimedOut,
        FailureKind::OutOfMemory => ProblemType::AgentOutOfMemory,
        FailureKind::RecursionTooDeep => ProblemType::AgentRecursionTooDeep,
        FailureKind::TooManyToolCalls => ProblemType::AgentTooManyToolCalls,
        FailureKind::TooMuchLogged => ProblemType::AgentTooMuchLogged,
        FailureKind::OutputNotJson => ProblemType::AgentOutputNotJson,
        FailureKind::OutputTooLarge => ProblemType::AgentOutputTooLarge,
        FailureKind::InputTooLarge => ProblemType::InputTooLarge,
        FailureKind::Forbidden => ProblemType::AgentForbidden,
        FailureKind::Interpreter => ProblemType::AgentInterpreter,
    }
}
