//! Evolutions: searches over versions of an agent.
//!
//! ```text
//!            paused
//!              ▲ │
//!              │ ▼                              a person
//!  accepted ► running ──► examining ──► awaiting approval
//!                             │                 │
//!                             ├────► promoting ◄┘
//!                             ▼          ▼
//!                         finished    promoted
//! ```
//!
//! Until it is being promoted an evolution can be cancelled, and at any point it can fail; both,
//! like `finished` and `promoted`, are final. Each generation is stored before the record says that
//! it was made, so whoever takes over from a lost worker makes the same generation again.
//!
//! An evolution with a [`Schedule`] is followed by another one, whose identifier follows from its
//! own. The schedule is the last one's: to call that off ends it.

mod champion;
mod problem;
mod request;
mod schedule;
mod status;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use champion::{Champion, Held, Winner, descendants, previous};
pub use problem::{JudgeKind, ProblemParts, ProblemRecord};
pub use request::{
    EvolveAnswer, EvolveRequest, Next, PromoteRequest, Shard, ShardDone, Step, TriggerRequest,
    TriggerResponse,
};
pub use schedule::{Baseline, Degradation, Measure, Schedule, Trigger, WATCH_EVERY};
pub use status::{Ending, IllegalTransition, Reason, Status, StatusName, StopReason};

use crate::id::{digits_of, is_prefixed_uuid, is_slug, text_id};
use crate::{AgentName, ApiKeyId, ArtifactDigest, CallId, RegistrationId, TenantId, VersionNumber};

text_id! {
    /// An evolution: `evo_` and 32 hexadecimal digits.
    EvolutionId, "evolution",
    "evo_ followed by 32 hexadecimal digits",
    |text| is_prefixed_uuid(text, "evo_")
}

text_id! {
    /// A problem's name, unique within its tenant.
    ProblemName, "problem",
    "1 to 63 characters: lower-case letters and digits, in words joined by '-', starting with a letter",
    |text| is_slug(text, &['-'], 63)
}

impl EvolutionId {
    /// The identifier of the evolution that `call` makes: always the same one.
    #[must_use]
    pub fn made_by(call: CallId) -> Self {
        Self(format!("evo_{call}"))
    }

    /// A new identifier; later ones sort after earlier ones.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("evo_{}", Uuid::now_v7().simple()))
    }

    /// The identifier of the evolution that follows this one by its schedule: always the same.
    #[must_use]
    pub fn following(&self) -> Self {
        Self(format!("evo_{}", digits_of(&format_args!("{self}/next"))))
    }
}

impl RegistrationId {
    /// The identifier of the registration by which an evolution's winner is promoted: always the
    /// same.
    #[must_use]
    pub fn promoting(evolution: &EvolutionId) -> Self {
        let digits = digits_of(&format_args!("{evolution}/promotion"));
        Self::of_digits(&digits)
    }
}

/// What a client asks for, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvolutionDraft {
    /// The owner.
    pub tenant: TenantId,
    /// The agent to evolve.
    pub agent: AgentName,
    /// The version to begin with.
    pub base: VersionNumber,
    /// What candidates are judged by.
    pub problem: ProblemName,
    /// What stands for the problem as it is now.
    pub problem_digest: ArtifactDigest,
    /// What all randomness follows from. It takes the place of the settings' own.
    pub seed: u64,
    /// How the search goes about, as the search takes it.
    pub settings: Value,
    /// When a person is asked, as the gate takes it.
    pub policy: Value,
    /// For how many seconds a person who is asked may take for the answer.
    pub approval_seconds: u32,
    /// When the agent is to evolve again.
    pub schedule: Option<Schedule>,
    /// What had it begun.
    pub trigger: Trigger,
}

/// How far a search has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The last generation that was made; 0 is the first.
    pub generation: u32,
    /// SHA-256 of its checkpoint.
    pub checkpoint: ArtifactDigest,
    /// SHA-256 over the lineage up to it.
    pub lineage: ArtifactDigest,
    /// How many times a candidate was evaluated on all its cases.
    pub evaluations: u64,
    /// The mean loss of the best candidate.
    pub best: f64,
    /// The mean of the candidates' mean losses, of those that did not fail.
    pub mean: f64,
    /// The share of candidates that behave like no other.
    pub diversity: f64,
}

/// What an evolution has taken so far. What a lost worker did since its last generation is not
/// counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Seconds of worker time.
    pub seconds: f64,
    /// Dollars, by the list price of that time.
    pub dollars: f64,
}

/// A person's answer to whether the winner shall be promoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Yes or no.
    pub approved: bool,
    /// The key they showed.
    pub by: ApiKeyId,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One search over versions of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evolution {
    /// Its identifier.
    pub id: EvolutionId,
    /// What was asked for.
    #[serde(flatten)]
    pub draft: EvolutionDraft,
    /// Where it stands.
    pub status: Status,
    /// How far the search has come; absent before the first generation.
    pub progress: Option<Progress>,
    /// What it has taken.
    pub spent: Spent,
    /// The winner, once it was examined.
    pub winner: Option<Winner>,
    /// What a person said to it.
    pub approval: Option<Approval>,
    /// How often it was resumed, or handed to another execution of the state machine.
    pub resumed: u32,
    /// How many executions of the state machine were begun for it: one for each time that it was
    /// to run.
    pub executions: u32,
    /// Counts the writes, from 0; each is made on condition of the count it read.
    pub revision: u64,
    /// When it is to be looked after: to be begun, or to be followed by another one.
    pub due_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One generation on record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// The owner.
    pub tenant: TenantId,
    /// The evolution.
    pub evolution: EvolutionId,
    /// How far the search had come with it.
    pub progress: Progress,
    /// What it took.
    pub spent: Spent,
    /// What else the search says of it: by operator, by size, its alarms.
    pub statistics: Value,
    /// When it was made.
    pub at: Timestamp,
}

impl Evolution {
    /// An evolution that has just been accepted.
    #[must_use]
    pub fn accept(id: EvolutionId, draft: EvolutionDraft, now: Timestamp) -> Self {
        Self {
            id,
            draft,
            status: Status::Running,
            progress: None,
            spent: Spent::default(),
            winner: None,
            approval: None,
            resumed: 0,
            executions: 0,
            revision: 0,
            due_at: Some(now),
            created_at: now,
            updated_at: now,
        }
    }

    /// Its next revision.
    fn revised(&self, now: Timestamp) -> Self {
        Self {
            revision: self.revision + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Moves on to `next`, if the table of transitions allows it. The result has the next
    /// revision; the caller writes it on condition of this one's.
    pub fn advance(&self, next: Status, now: Timestamp) -> Result<Self, IllegalTransition> {
        let (from, to) = (self.status.name(), next.name());
        if !from.may_become(to) {
            return Err(IllegalTransition { from, to });
        }
        let mut moved = self.revised(now);
        moved.status = next;
        if to == StatusName::Cancelled {
            moved.due_at = None;
        }
        Ok(moved)
    }

    /// After it was paused.
    pub fn paused(&self, now: Timestamp) -> Result<Self, IllegalTransition> {
        self.advance(Status::Paused, now)
    }

    /// After it was resumed: it is to be begun again.
    pub fn resumed(&self, now: Timestamp) -> Result<Self, IllegalTransition> {
        let mut next = self.advance(Status::Running, now)?;
        next.resumed += 1;
        next.due_at = Some(now);
        Ok(next)
    }

    /// After it was handed to another execution of the state machine, which is to be begun;
    /// nothing while it does not run.
    #[must_use]
    pub fn relayed(&self, now: Timestamp) -> Option<Self> {
        (self.status == Status::Running).then(|| {
            let mut next = self.revised(now);
            next.resumed += 1;
            next.due_at = Some(now);
            next
        })
    }

    /// After a client called it off.
    pub fn cancelled(&self, now: Timestamp) -> Result<Self, IllegalTransition> {
        self.advance(Status::Cancelled, now)
    }

    /// Whether it runs and no execution of the state machine was begun for that.
    #[must_use]
    pub fn is_to_begin(&self) -> bool {
        self.status == Status::Running && self.executions <= self.resumed
    }

    /// The name of the execution of the state machine that makes it run: another one each time
    /// that it was resumed.
    #[must_use]
    pub fn execution(&self) -> String {
        format!("{}-{}", self.id, self.resumed)
    }

    /// After that execution was begun.
    #[must_use]
    pub fn begun(&self, now: Timestamp) -> Self {
        let mut next = self.revised(now);
        next.executions = self.resumed + 1;
        next.due_at = self.look_at(now);
        next
    }

    /// After it was looked at and nothing was to be done.
    #[must_use]
    pub fn postponed(&self, now: Timestamp) -> Self {
        let mut next = self.revised(now);
        let soonest = now.checked_add(WATCH_EVERY).unwrap_or(now);
        next.due_at = self.look_at(now).map(|at| at.max(soonest));
        next
    }

    fn look_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.draft.schedule?.look_at(self.created_at, now)
    }

    /// After another generation was made, which took `spent`; nothing while it does not run, or
    /// if the generation is not the one after the last.
    #[must_use]
    pub fn progressed(&self, progress: Progress, spent: Spent, now: Timestamp) -> Option<Self> {
        let next = self.next_generation();
        if self.status != Status::Running || progress.generation != next {
            return None;
        }
        let mut next = self.revised(now);
        next.progress = Some(progress);
        next.spent.seconds += spent.seconds;
        next.spent.dollars += spent.dollars;
        Some(next)
    }

    /// The number of the generation to make next.
    #[must_use]
    pub fn next_generation(&self) -> u32 {
        let last = self.progress.as_ref();
        last.map_or(0, |progress| progress.generation + 1)
    }

    /// After its winner was examined; nothing unless that is what it waits for.
    #[must_use]
    pub fn examined(&self, winner: Winner, now: Timestamp) -> Option<Self> {
        let is_waiting = matches!(self.status, Status::Examining { .. }) && self.winner.is_none();
        is_waiting.then(|| {
            let mut next = self.revised(now);
            next.winner = Some(winner);
            next
        })
    }

    /// After the state machine said by which token it waits for an answer; nothing unless there
    /// is a question.
    #[must_use]
    pub fn asked(&self, token: String, now: Timestamp) -> Option<Self> {
        let Status::AwaitingApproval { reasons, .. } = &self.status else {
            return None;
        };
        let mut next = self.revised(now);
        next.status = Status::AwaitingApproval {
            reasons: reasons.clone(),
            token: Some(token),
        };
        Some(next)
    }

    /// After a person answered; nothing unless they were asked and did not answer before.
    #[must_use]
    pub fn answered(&self, approval: Approval, now: Timestamp) -> Option<Self> {
        let is_asked = matches!(self.status, Status::AwaitingApproval { .. });
        (is_asked && self.approval.is_none()).then(|| {
            let mut next = self.revised(now);
            next.approval = Some(approval);
            next
        })
    }

    /// By which the state machine is to be told that a person has answered, or that the question
    /// is off; absent while it does not wait.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.status {
            Status::AwaitingApproval { token, .. } => token.as_deref(),
            _ => None,
        }
    }

    /// The evolution that follows this one by its schedule, from `base` on and with the problem
    /// as it is now. It has the schedule.
    #[must_use]
    pub fn followed_by(
        &self,
        base: VersionNumber,
        problem_digest: ArtifactDigest,
        trigger: Trigger,
        now: Timestamp,
    ) -> Self {
        let draft = EvolutionDraft {
            base,
            problem_digest,
            seed: self.draft.seed.wrapping_add(1),
            trigger,
            ..self.draft.clone()
        };
        Self::accept(self.id.following(), draft, now)
    }

    /// After the one that follows it was stored.
    #[must_use]
    pub fn handed_over(&self, now: Timestamp) -> Self {
        let mut next = self.revised(now);
        next.due_at = None;
        next
    }
}

#[cfg(test)]
mod tests;
