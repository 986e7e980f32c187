//! Calling an agent.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tdev_domain::{
    AgentFailure, AgentName, Completed, Execute, ExecuteResult, FailureKind, LogLine, Outcome,
    StepRequest, StepResponse, VersionNumber, limits,
};
use tdev_security::Principal;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::agents::find_agent;
use crate::callable::Callable;
use crate::extract::{Params, Segments, json};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;

/// How long the worker may take, a cold start included; API Gateway gives up at 30 seconds.
const PATIENCE: Duration = Duration::from_secs(25);

/// What to call an agent with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeRequest {
    /// The input: at most 262,144 bytes as JSON, nested at most 64 deep.
    input: Value,
}

/// The parameters of a call.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvokeQuery {
    /// The version to call, in place of the one the agent answers under.
    #[param(value_type = Option<u32>, minimum = 1)]
    version: Option<String>,
}

/// What an agent answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvokeResponse {
    /// The agent.
    #[schema(value_type = String, example = "text-statistics")]
    agent: AgentName,
    /// The version that answered.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
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
    /// Running it.
    run_us: u64,
    /// The whole call, as the gateway saw it.
    total_us: u64,
}

/// A line that an agent logged or printed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLine)]
pub(crate) struct LogLineView {
    /// The text.
    message: String,
    /// The keyword arguments of `log`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    fields: Map<String, Value>,
}

impl From<LogLine> for LogLineView {
    fn from(LogLine { message, fields }: LogLine) -> Self {
        Self { message, fields }
    }
}

problems!(InvokeProblems, POST:
    AgentNotFound, VersionNotFound, AgentDeleted, InputTooLarge, InvalidInput,
    AgentInvalidSource, AgentRaised, AgentTimedOut, AgentOutOfMemory, AgentRecursionTooDeep,
    AgentTooManyToolCalls, AgentTooMuchLogged, AgentOutputNotJson, AgentOutputTooLarge,
    AgentOutputInvalid, AgentForbidden, AgentInterpreter, AgentSchemaInvalid, WorkerDied,
    WorkerTimedOut);

/// Call an agent.
///
/// The input is checked against the agent's schema, the agent run to its end, and its output
/// checked in the same way. A failure of the agent itself is a 424 with what it logged.
#[utoipa::path(
    post,
    path = "/v1/agents/{name}/invoke",
    tag = "invocation",
    operation_id = "invokeAgent",
    params(
        ("name" = String, Path, description = "The agent's name."),
        InvokeQuery,
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = InvokeRequest,
    responses((status = 200, description = "What the agent answered", body = InvokeResponse), InvokeProblems),
)]
pub(crate) async fn invoke(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(name): Segments<String>,
    Params(query): Params<InvokeQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<InvokeResponse>, Problem> {
    let started = Instant::now();
    let wanted = wanted_version(&query)?;
    let InvokeRequest { input } = json(&headers, &body)?;
    check_size(&input)?;
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    let number = wanted.unwrap_or(agent.latest);
    let callable = deps.callables.get(&deps, &agent, number).await?;
    check_input(&callable, &input)?;
    let result = run(&deps, &callable, input).await?;
    answer(&callable, result, started)
}

fn wanted_version(query: &InvokeQuery) -> Result<Option<VersionNumber>, Problem> {
    query
        .version
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|invalid| Problem::invalid_parameters([Violation::of_parameter(&invalid)]))
}

fn check_size(input: &Value) -> Result<(), Problem> {
    let (bytes, depth) = (json_bytes(input), json_depth(input));
    if bytes > limits::MAX_INPUT_BYTES {
        let limit = limits::MAX_INPUT_BYTES;
        return Err(Problem::new(
            ProblemType::InputTooLarge,
            format!("The input has {bytes} bytes as JSON; the limit is {limit}."),
        )
        .with("bytes", bytes)
        .with("limit", limit));
    }
    if depth > limits::MAX_JSON_DEPTH {
        let limit = limits::MAX_JSON_DEPTH;
        return Err(Problem::new(
            ProblemType::InputTooLarge,
            format!("The input nests {depth} deep; the limit is {limit}."),
        )
        .with("depth", depth)
        .with("limit", limit));
    }
    Ok(())
}

fn check_input(callable: &Callable, input: &Value) -> Result<(), Problem> {
    let violations = callable.input_violations(input);
    if violations.is_empty() {
        return Ok(());
    }
    let version = &callable.version;
    Err(Problem::new(
        ProblemType::InvalidInput,
        format!(
            "The input breaks the input schema of `{}`, version {}.",
            version.agent, version.version
        ),
    )
    .with_errors(violations))
}

/// Has `workflow-step` run the agent: this process never does.
async fn run(deps: &Deps, callable: &Callable, input: Value) -> Result<ExecuteResult, Problem> {
    let version = &callable.version;
    let request = StepRequest::Execute(Execute {
        tenant: version.tenant.clone(),
        agent: version.agent.clone(),
        version: version.version,
        artifact: version.artifact.clone(),
        tools: version.manifest.tools.clone(),
        limits: version.manifest.limits,
        input,
    });
    let response = timeout(PATIENCE, deps.workflow_step.invoke(&request)).await;
    match response {
        Ok(Ok(StepResponse::Execute(result))) => Ok(result),
        Ok(Ok(StepResponse::Probe(_))) => Err(Problem::internal(&WrongAnswer)),
        Ok(Err(error @ tdev_aws::Error::CalleeDied { .. })) => {
            tracing::error!(%error, agent = %version.agent, "the worker died");
            Err(Problem::new(
                ProblemType::WorkerDied,
                "The worker that ran the agent ended before it answered.",
            ))
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Problem::new(
            ProblemType::WorkerTimedOut,
            format!(
                "The worker did not answer within {} seconds.",
                PATIENCE.as_secs()
            ),
        )),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("workflow-step answered a question that it was not asked")]
struct WrongAnswer;

fn answer(
    callable: &Callable,
    result: ExecuteResult,
    started: Instant,
) -> Result<Json<InvokeResponse>, Problem> {
    let version = &callable.version;
    let timing = TimingView {
        compile_us: result.timing.compile_us,
        run_us: result.timing.run_us,
        total_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    };
    let logs: Vec<_> = result.logs.into_iter().map(LogLineView::from).collect();
    let failed = match result.outcome {
        Outcome::Completed(Completed { output }) => {
            let violations = callable.output_violations(&output);
            if violations.is_empty() {
                return Ok(Json(InvokeResponse {
                    agent: version.agent.clone(),
                    version: version.version,
                    output,
                    timing,
                    logs,
                }));
            }
            Problem::new(
                ProblemType::AgentOutputInvalid,
                "What the agent returned breaks its own output schema.",
            )
            .with_errors(violations)
        }
        Outcome::Failed(failure) => failure_problem(failure),
    };
    Err(failed
        .with("agent", &version.agent)
        .with("version", version.version)
        .with("timing", timing)
        .with("logs", logs))
}

fn failure_problem(failure: AgentFailure) -> Problem {
    let problem = Problem::new(failure_type(failure.kind), failure.message);
    let problem = match failure.exception {
        Some(exception) => problem.with("exception", exception),
        None => problem,
    };
    let problem = match failure.line {
        Some(line) => problem.with("line", line),
        None => problem,
    };
    match failure.excerpt {
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

/// Counts what is written and keeps none of it.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn json_bytes(value: &Value) -> usize {
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// How deep `value` nests: 0 for a scalar, 1 for a flat array or object.
fn json_depth(value: &Value) -> usize {
    let mut deepest = 0;
    let mut level = VecDeque::from([(value, 0)]);
    while let Some((value, depth)) = level.pop_front() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => {
                deepest = deepest.max(depth + 1);
                level.extend(items.iter().map(|item| (item, depth + 1)));
            }
            Value::Object(fields) => {
                deepest = deepest.max(depth + 1);
                level.extend(fields.values().map(|field| (field, depth + 1)));
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn depth_counts_arrays_and_objects() {
        for (value, depth) in [
            (json!(1), 0),
            (json!([]), 1),
            (json!({"a": 1}), 1),
            (json!({"a": [1, {"b": []}], "c": {}}), 4),
        ] {
            assert_eq!(json_depth(&value), depth, "{value}");
        }
    }

    #[test]
    fn the_limits_are_inclusive() {
        let text = |bytes: usize| Value::String("x".repeat(bytes - 2));
        assert!(check_size(&text(limits::MAX_INPUT_BYTES)).is_ok());
        assert!(check_size(&text(limits::MAX_INPUT_BYTES + 1)).is_err());
        let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert!(check_size(&nested(limits::MAX_JSON_DEPTH)).is_ok());
        assert!(check_size(&nested(limits::MAX_JSON_DEPTH + 1)).is_err());
    }
}
