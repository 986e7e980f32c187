//! Judging where a task went.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{AgentName, AgentStatus, Feedback, Invalid, TaskId, TenantId, Verdict};
use tdev_security::Principal;
use utoipa::ToSchema;

use super::{find, identifier};
use crate::Deps;
use crate::extract::{Segments, given, json};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;
use crate::routing::retrain;
use crate::schemas::verdicts;

/// What a client says of where its task went.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackRequest {
    /// Whether it went to the right agent, or was rightly rejected.
    correct: bool,
    /// If not: the agent it was for, or `null` if it was for none. If it is left out, all that is
    /// said is that the agent was the wrong one.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    agent: Option<Value>,
}

/// What was learned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lesson)]
pub(crate) struct LessonView {
    /// The task.
    #[schema(value_type = String)]
    task: TaskId,
    /// Whom its text is for: an agent, any but this agent, or none.
    #[schema(schema_with = verdicts)]
    verdict: &'static str,
    /// The agent; absent if it is for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    agent: Option<AgentName>,
}

problems!(FeedbackProblems, POST: TaskNotFound, NothingToJudge);

/// Judge where a task went.
///
/// The tenant's routing learns from it within seconds. The last word on a task takes the place of
/// those before, and of what the outcome had taught.
#[utoipa::path(
    post,
    path = "/v1/tasks/{id}/feedback",
    tag = "tasks",
    operation_id = "judgeTask",
    params(
        ("id" = String, Path, description = "The task's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = FeedbackRequest,
    responses((status = 200, description = "What was learned", body = LessonView), FeedbackProblems),
)]
pub(crate) async fn feedback(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<LessonView>, Problem> {
    let request: FeedbackRequest = json(&headers, &body)?;
    let task = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let feedback = judged(&deps, &task.tenant, request).await?;
    let taught = task.taught(&feedback, Timestamp::now());
    let lesson = taught.map_err(|invalid| refused(&invalid))?;
    deps.table.put_lesson(&lesson).await?;
    retrain(&deps, &lesson.tenant).await;
    tracing::info!(task = %lesson.task, "judged");
    let (verdict, agent) = match lesson.verdict {
        Verdict::For(agent) => ("for", Some(agent)),
        Verdict::NotFor(agent) => ("not_for", Some(agent)),
        Verdict::ForNone => ("for_none", None),
    };
    Ok(Json(LessonView {
        task: lesson.task,
        verdict,
        agent,
    }))
}

/// The client's word, once the agent it names is known to be one.
async fn judged(
    deps: &Deps,
    tenant: &TenantId,
    request: FeedbackRequest,
) -> Result<Feedback, Problem> {
    let (agent, none) = match request.agent {
        None => (None, false),
        Some(Value::Null) => (None, true),
        Some(Value::String(name)) => (Some(agent(deps, tenant, &name).await?), false),
        Some(_) => return Err(no_such_agent()),
    };
    Ok(Feedback {
        correct: request.correct,
        agent,
        none,
    })
}

async fn agent(deps: &Deps, tenant: &TenantId, name: &str) -> Result<AgentName, Problem> {
    let name: AgentName = name.parse().map_err(|_| no_such_agent())?;
    match deps.table.agent(tenant, &name).await? {
        Some(agent) if agent.status == AgentStatus::Active => Ok(name),
        _ => Err(no_such_agent()),
    }
}

fn no_such_agent() -> Problem {
    Problem::invalid_request([Violation::at(
        "/agent",
        "expected one of the tenant's agents",
    )])
}

fn refused(invalid: &Invalid) -> Problem {
    match invalid.field.as_ref() {
        "task" => Problem::new(
            ProblemType::NothingToJudge,
            format!("Only {} can be judged.", invalid.expected),
        ),
        "agent" => Problem::invalid_request([Violation::of_member(invalid)]),
        _ => {
            let expected = "expected no `agent` where `correct` is true";
            Problem::invalid_request([Violation::at("/agent", expected)])
        }
    }
}
