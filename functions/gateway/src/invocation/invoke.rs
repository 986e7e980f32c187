//! Calling an agent.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tdev_domain::{
    CallId, Callee, Invocation, InvocationChange, InvocationId, StepMessage, StepRequest,
    StepResponse,
};
use tdev_invocation::limits::MAX_TREE_EFFECTS;
use tdev_invocation::{CommitError, Journal, WakeUp, accept};
use tdev_security::Principal;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use super::answer::{InvokeResponse, answer};
use super::view::InvocationView;
use crate::Deps;
use crate::agents::find_agent;
use crate::callable::Callable;
use crate::extract::{Params, Segments, json, parameter};
use crate::input::check_size;
use crate::prefer::{self, Preference};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;

/// How long the client waits for the run to end, unless it prefers otherwise.
const PATIENCE: Duration = Duration::from_secs(1);

/// What to call an agent with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeRequest {
    /// The input: at most 262,144 bytes as JSON, nested at most 64 deep.
    input: Value,
    /// The most effects that the agent, and what it calls, may begin; those that are answered on
    /// the spot are not counted. 1,024 if it is left out.
    #[schema(minimum = 1, maximum = 1024)]
    max_effects: Option<u32>,
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

problems!(InvokeProblems, POST:
    AgentNotFound, VersionNotFound, AgentDeleted, InputTooLarge, InvalidInput,
    AgentInvalidSource, AgentRaised, AgentTimedOut, AgentOutOfMemory, AgentRecursionTooDeep,
    AgentTooManyToolCalls, AgentTooMuchLogged, AgentOutputNotJson, AgentOutputTooLarge,
    AgentOutputInvalid, AgentForbidden, AgentInterpreter, AgentSchemaInvalid, InvocationFailed);

/// Call an agent.
///
/// The input is checked against the agent's schema, and the call stored as an invocation: from then
/// on it runs to its end, whatever becomes of the connection or of the worker. If it ends within a
/// second the answer is what the agent returned, checked in the same way, or a 424 with how the
/// agent failed and what it logged. If it takes longer or waits for something, the answer is a 202
/// with the invocation, which tells of the rest.
///
/// `Prefer: wait=N` waits up to N seconds, 20 at most, and `Prefer: respond-async` not at all. After
/// a 503 the agent may run or may not.
#[utoipa::path(
    post,
    path = "/v1/agents/{name}/invoke",
    tag = "invocation",
    operation_id = "invokeAgent",
    params(
        ("name" = String, Path, description = "The agent's name."),
        InvokeQuery,
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
        ("Prefer" = Option<String>, Header, nullable = false, description = "`respond-async`, or `wait=N` with up to 20 seconds.", example = "wait=10"),
    ),
    request_body = InvokeRequest,
    responses(
        (status = 200, description = "What the agent answered", body = InvokeResponse, headers(
            ("Preference-Applied" = String, description = "The preference as it was heeded."),
        )),
        (status = 202, description = "The invocation, which goes on", body = InvocationView, headers(
            ("Location" = String, description = "The invocation, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
            ("Preference-Applied" = String, description = "The preference as it was heeded."),
        )),
        InvokeProblems,
    ),
)]
pub(crate) async fn invoke(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Extension(call): Extension<CallId>,
    Segments(name): Segments<String>,
    Params(query): Params<InvokeQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let wanted = parameter("version", query.version.as_deref())?;
    let InvokeRequest { input, max_effects } = json(&headers, &body)?;
    let budget = budget(max_effects)?;
    check_size(&input)?;
    let agent = find_agent(&deps, &principal.tenant, &name).await?;
    let number = wanted.unwrap_or(agent.latest);
    let callable = deps.callables.get(&deps, &agent, number).await?;
    check_input(&callable, &input)?;

    let record = store(&deps, &callable, call, input, budget).await?;
    let number = record.callee.version;
    let callable = if callable.version.version == number {
        callable
    } else {
        // The agent has moved on since the call was stored.
        deps.callables.get(&deps, &agent, number).await?
    };
    tracing::info!(invocation = %record.id, agent = %agent.name, version = %number, "called");
    let preference = Preference::of(&headers);
    let record = run(&deps, record, preference.patience(PATIENCE)).await;
    let mut response = answer(&callable, record, started)?;
    if let Some(applied) = preference.applied() {
        response.headers_mut().insert(prefer::APPLIED, applied);
    }
    Ok(response)
}

fn budget(max_effects: Option<u32>) -> Result<u32, Problem> {
    let budget = max_effects.unwrap_or(MAX_TREE_EFFECTS);
    if (1..=MAX_TREE_EFFECTS).contains(&budget) {
        Ok(budget)
    } else {
        let expected = format!("expected a whole number from 1 to {MAX_TREE_EFFECTS}");
        Err(Problem::invalid_request([Violation::at(
            "/max_effects",
            expected,
        )]))
    }
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

/// Stores the call. From here on it is run, whatever else happens. If whoever served it before was
/// lost before it could answer, it is returned as it stands.
async fn store(
    deps: &Deps,
    callable: &Callable,
    call: CallId,
    input: Value,
    budget: u32,
) -> Result<Invocation, Problem> {
    let version = &callable.version;
    let (id, now) = (InvocationId::made_by(call), Timestamp::now());
    let callee = Callee::from(version);
    let record = Invocation {
        budget,
        ..accept(id, version.tenant.clone(), callee, input, now)
    };
    let change = InvocationChange::to(record);
    let journal = deps.journals.of(&version.tenant);
    match journal.commit(std::slice::from_ref(&change)).await {
        Ok(()) => Ok(change.record),
        Err(CommitError::Unavailable(error)) => Err(error.into()),
        Err(error @ CommitError::Conflict) => {
            let found = journal.load(&change.record.id).await?;
            found.ok_or_else(|| Problem::internal(&error))
        }
    }
}

/// Has a worker take the run as far as it goes within `patience`, and returns the record as it
/// then stands, as far as that is known.
async fn run(deps: &Deps, record: Invocation, patience: Duration) -> Invocation {
    if record.status.is_final() {
        return record;
    }
    if patience.is_zero() {
        wake(deps, &record).await;
        return record;
    }
    let message = StepMessage {
        tenant: record.tenant.clone(),
        invocation: record.id.clone(),
    };
    let request = StepRequest::Drive(message);
    // Calling a worker by message is harmless if one has the run after all.
    match driven(patience, deps.workflow_step.invoke(&request)).await {
        Driven::So(driven) => return *driven,
        Driven::Lost(error) => {
            tracing::warn!(%error, invocation = %record.id, "the worker was lost");
            wake(deps, &record).await;
        }
        Driven::Not => {
            tracing::error!(invocation = %record.id, "workflow-step did not answer as it was asked");
            wake(deps, &record).await;
        }
        Driven::Slowly => {}
    }
    match deps.journals.invocation(&record.tenant, &record.id).await {
        Ok(Some(now)) => now,
        Ok(None) => record,
        Err(error) => {
            tracing::warn!(%error, invocation = %record.id, "the record was not read again");
            record
        }
    }
}

/// What became of the request to drive an invocation.
#[derive(Debug)]
enum Driven {
    /// The worker let go of it, and this is the record.
    So(Box<Invocation>),
    /// The worker still has it.
    Slowly,
    /// There was no answer, or an error.
    Lost(tdev_aws::Error),
    /// The answer was to another question.
    Not,
}

async fn driven(
    patience: Duration,
    answer: impl Future<Output = tdev_aws::Result<StepResponse>>,
) -> Driven {
    match timeout(patience, answer).await {
        Ok(Ok(StepResponse::Drive {
            invocation: Some(record),
        })) => Driven::So(record),
        Ok(Ok(_)) => Driven::Not,
        Ok(Err(error)) => Driven::Lost(error),
        Err(_) => Driven::Slowly,
    }
}

/// Calls a worker by message. If that fails, the keeper finds the invocation.
async fn wake(deps: &Deps, record: &Invocation) {
    let now = Timestamp::now();
    let wake = WakeUp {
        invocation: record.id.clone(),
        at: now,
    };
    if let Err(error) = deps.journals.wake(&record.tenant, &wake, now).await {
        tracing::warn!(%error, invocation = %record.id, "left to the keeper");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_waited_for_as_long_as_the_client_likes() {
        let slow = |seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(StepResponse::Drive { invocation: None })
        };
        let driven = async |seconds| driven(Duration::from_secs(2), slow(seconds)).await;
        assert!(matches!(driven(1).await, Driven::Not));
        assert!(matches!(driven(3).await, Driven::Slowly));
    }
}
