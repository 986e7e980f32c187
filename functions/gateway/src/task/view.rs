//! Tasks as the API shows them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tdev_domain::retry::Failure;
use tdev_domain::{
    AgentName, Attempt, Capability, InvocationId, Task, TaskId, TaskState, TaskStatus,
    VersionNumber,
};
use utoipa::ToSchema;

use super::draft::RetryBody;
use crate::routing::DecisionView;
use crate::schemas::{faults, task_reasons, task_states};

/// How many characters of a text a listing shows.
const TEXT_SHOWN: usize = 200;

/// Something a client wants done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskView {
    /// Its identifier.
    #[schema(value_type = String, example = "task_0199c0de0199c0de0199c0de0199c0de")]
    id: TaskId,
    /// Where it stands.
    status: TaskStatusView,
    /// What routing reads; empty if it says nothing.
    text: String,
    /// What the agent is called with; left out of the answer to its submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    /// What the agent must be able to do; absent if that was not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    capability: Option<Capability>,
    /// How urgent it is: from 1, the least, to 10.
    #[schema(minimum = 1, maximum = 10)]
    priority: u8,
    /// When it is to be done; absent if that was not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    deadline: Option<Timestamp>,
    /// How often it is tried.
    retry: RetryBody,
    /// Who tried it, in order.
    attempts: Vec<AttemptView>,
    /// The last decision on where it goes, with the likeliest of the agents; absent until the
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecisionView>, nullable = false)]
    decision: Option<Value>,
    /// Whether it is to be cancelled when the agent that has it has ended.
    cancel_requested: bool,
    /// When it came how far.
    timing: TaskTimingView,
}

/// Where a task stands. `completed`, `rejected`, `cancelled` and `failed` are final, but one that
/// has failed can be redriven.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskStatus)]
pub(crate) struct TaskStatusView {
    /// The state.
    #[schema(schema_with = task_states)]
    name: TaskState,
    /// The agent's run; absent unless `running` or `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    invocation: Option<InvocationId>,
    /// When it goes back to its place in the queue; absent unless `waiting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    until: Option<Timestamp>,
    /// What the agent returned; absent unless `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    /// Why it is for no agent (`rejected`) or was given up (`failed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = task_reasons)]
    reason: Option<&'static str>,
    /// The last failure; absent unless `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
}

/// One agent's try at a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// The agent.
    #[schema(value_type = String)]
    agent: AgentName,
    /// Its version.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// Its run.
    #[schema(value_type = String)]
    invocation: InvocationId,
    /// When it was given the task.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it was done with it; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
    /// Why it did not do it; absent if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<AttemptFailureView>,
}

/// Why an attempt came to nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptFailure)]
pub(crate) struct AttemptFailureView {
    /// Whose fault it was.
    #[schema(schema_with = faults)]
    fault: &'static str,
    /// What happened.
    message: String,
}

/// When a task came how far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskTiming)]
#[expect(
    clippy::struct_field_names,
    reason = "points in time are named so everywhere"
)]
pub(crate) struct TaskTimingView {
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it ended; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
}

/// A task as a listing shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskSummary)]
pub(crate) struct TaskSummaryView {
    /// Its identifier.
    #[schema(value_type = String)]
    id: TaskId,
    /// Where it stands.
    #[schema(schema_with = task_states)]
    status: TaskState,
    /// The first 200 characters of what routing reads.
    text: String,
    /// How urgent it is.
    #[schema(minimum = 1, maximum = 10)]
    priority: u8,
    /// The agent that tried it last; absent if none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    agent: Option<AgentName>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl TaskView {
    /// The task with its input and, if it is completed, the output of the run that completed it.
    pub(super) fn whole(mut task: Task, output: Option<Value>) -> Self {
        let input = task.input.take();
        let mut view = Self::brief(task);
        view.input = Some(input);
        view.status.output = output;
        view
    }

    /// The task without what the client has just sent itself.
    pub(super) fn brief(task: Task) -> Self {
        let ended = task.status.state().is_final();
        Self {
            id: task.id,
            status: task.status.into(),
            text: task.text,
            input: None,
            capability: task.capability,
            priority: task.priority.get(),
            deadline: task.deadline,
            retry: task.retry.into(),
            attempts: attempts(task.attempts),
            decision: task.decision,
            cancel_requested: task.cancel_requested,
            timing: TaskTimingView {
                created_at: task.created_at,
                updated_at: task.updated_at,
                ended_at: ended.then_some(task.updated_at),
            },
        }
    }
}

pub(super) fn attempts(attempts: Vec<Attempt>) -> Vec<AttemptView> {
    attempts.into_iter().map(AttemptView::from).collect()
}

impl From<TaskStatus> for TaskStatusView {
    fn from(status: TaskStatus) -> Self {
        let mut view = Self {
            name: status.state(),
            invocation: None,
            until: None,
            output: None,
            reason: None,
            message: None,
        };
        match status {
            TaskStatus::Queued | TaskStatus::Cancelled => {}
            TaskStatus::Running { invocation } | TaskStatus::Completed { invocation } => {
                view.invocation = Some(invocation);
            }
            TaskStatus::Waiting { until } => view.until = Some(until),
            TaskStatus::Rejected { reason } => view.reason = Some(reason.as_str()),
            TaskStatus::Failed { reason, message } => {
                view.reason = Some(reason.as_str());
                view.message = Some(message);
            }
        }
        view
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let failure = attempt.failure.map(|failure| AttemptFailureView {
            fault: match failure.failure {
                Failure::Agent => "agent",
                Failure::Platform(_) => "platform",
            },
            message: failure.message,
        });
        Self {
            agent: attempt.agent,
            version: attempt.version,
            invocation: attempt.invocation,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            failure,
        }
    }
}

impl From<Task> for TaskSummaryView {
    fn from(task: Task) -> Self {
        Self {
            status: task.status.state(),
            text: task.text.chars().take(TEXT_SHOWN).collect(),
            priority: task.priority.get(),
            agent: task.attempts.into_iter().next_back().map(|last| last.agent),
            id: task.id,
            created_at: task.created_at,
            updated_at: task.updated_at,
        }
    }
}
