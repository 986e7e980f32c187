//! What is learned from a task.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Task, TaskStatus};
use crate::{AgentName, Invalid, TaskId, TenantId};

/// What a client says of where its task went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// Whether it went to the right agent, or was rightly rejected.
    pub correct: bool,
    /// If not: the agent it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentName>,
    /// If not: whether it was for none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub none: bool,
}

/// Whom a text is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// This agent.
    For(AgentName),
    /// Not this agent.
    NotFor(AgentName),
    /// None of the agents.
    ForNone,
}

/// Where a lesson comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LessonOrigin {
    /// An agent did the task.
    Outcome,
    /// A client said so.
    Feedback,
}

/// What one task taught.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// The owner.
    pub tenant: TenantId,
    /// The task.
    pub task: TaskId,
    /// Its text.
    pub text: String,
    /// Whom it is for.
    pub verdict: Verdict,
    /// How that is known.
    pub origin: LessonOrigin,
    /// When it became known.
    pub at: Timestamp,
}

impl Task {
    /// What its completion teaches: its text is for the agent that did it. That an agent failed
    /// says nothing about the text.
    #[must_use]
    pub fn outcome(&self, now: Timestamp) -> Option<Lesson> {
        match (&self.status, self.attempts.last()) {
            (TaskStatus::Completed { .. }, Some(attempt)) if !self.text.is_empty() => {
                Some(self.lesson(
                    Verdict::For(attempt.agent.clone()),
                    LessonOrigin::Outcome,
                    now,
                ))
            }
            _ => None,
        }
    }

    /// What a client's word teaches.
    ///
    /// # Errors
    ///
    /// If it contradicts itself, or there is nothing it could be about.
    pub fn taught(&self, feedback: &Feedback, now: Timestamp) -> Result<Lesson, Invalid> {
        if self.text.is_empty() {
            return Err(Invalid::new("task", "a task with a text"));
        }
        let chosen = match &self.status {
            TaskStatus::Rejected { .. } => None,
            _ => Some(self.attempts.last().map(|attempt| attempt.agent.clone())),
        };
        let undecided = || Invalid::new("task", "a task that was given to an agent or rejected");
        let verdict = match (feedback.correct, &feedback.agent, feedback.none) {
            (true, None, false) => match chosen {
                None => Verdict::ForNone,
                Some(agent) => Verdict::For(agent.ok_or_else(undecided)?),
            },
            (false, Some(agent), false) => Verdict::For(agent.clone()),
            (false, None, true) => Verdict::ForNone,
            (false, None, false) => {
                let needed = || Invalid::new("agent", "the agent that a rejected task was for");
                Verdict::NotFor(chosen.ok_or_else(needed)?.ok_or_else(undecided)?)
            }
            _ => {
                return Err(Invalid::new(
                    "feedback",
                    "`correct`, or else one of `agent` and `none` or neither",
                ));
            }
        };
        Ok(self.lesson(verdict, LessonOrigin::Feedback, now))
    }

    fn lesson(&self, verdict: Verdict, origin: LessonOrigin, at: Timestamp) -> Lesson {
        Lesson {
            tenant: self.tenant.clone(),
            task: self.id.clone(),
            text: self.text.clone(),
            verdict,
            origin,
            at,
        }
    }
}
