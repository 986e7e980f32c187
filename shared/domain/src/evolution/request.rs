//! What the functions that evolve agents are asked, and answer.
//!
//! The state machine of evolutions decides nothing: whatever it had done last, the answer says
//! what is [`Next`].

use serde::{Deserialize, Serialize};

use super::{Evolution, EvolutionId, Status};
use crate::{ArtifactDigest, TenantId};

/// What the state machine is to do next for an evolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Make the next generations.
    Generation,
    /// Make one generation in shards, and merge them.
    FanOut,
    /// Have another execution of the state machine go on.
    Relay,
    /// Examine the winner.
    Examine,
    /// Have the gate decide.
    Decide,
    /// Ask a person.
    Ask,
    /// Promote the winner, or look how far that is.
    Promote,
    /// Nothing.
    Over,
}

impl Next {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Generation,
        Self::FanOut,
        Self::Relay,
        Self::Examine,
        Self::Decide,
        Self::Ask,
        Self::Promote,
        Self::Over,
    ];

    /// The name as JSON has it: `fan_out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generation => "generation",
            Self::FanOut => "fan_out",
            Self::Relay => "relay",
            Self::Examine => "examine",
            Self::Decide => "decide",
            Self::Ask => "ask",
            Self::Promote => "promote",
            Self::Over => "over",
        }
    }
}

impl Evolution {
    /// What is to be done next for it.
    #[must_use]
    pub const fn next(&self) -> Next {
        match self.status {
            Status::Running => Next::Generation,
            Status::Examining { .. } if self.winner.is_none() => Next::Examine,
            Status::Examining { .. } => Next::Decide,
            Status::AwaitingApproval { .. } => Next::Ask,
            Status::Promoting { .. } => Next::Promote,
            Status::Paused
            | Status::Promoted { .. }
            | Status::Finished(_)
            | Status::Cancelled
            | Status::Failed { .. } => Next::Over,
        }
    }

    /// What the state machine is told.
    #[must_use]
    pub fn step(&self) -> Step {
        let mut step = Step::from(self.next());
        if step.next == Next::Ask {
            step.approval_seconds = Some(self.draft.approval_seconds);
        }
        step
    }
}

/// What an action came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is next.
    pub next: Next,
    /// The parts of the next generation, if it is to be made in parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Shard>,
    /// For how many seconds a person may be waited for, if one is to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_seconds: Option<u32>,
}

impl From<Next> for Step {
    fn from(next: Next) -> Self {
        Self {
            next,
            shards: Vec::new(),
            approval_seconds: None,
        }
    }
}

/// Some children of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// The generation that they are of.
    pub generation: u32,
    /// SHA-256 of the checkpoint of the one before.
    pub checkpoint: ArtifactDigest,
    /// The first child.
    pub from: u32,
    /// The child after the last.
    pub to: u32,
}

/// Children that were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardDone {
    /// Which.
    pub shard: Shard,
    /// SHA-256 of them, as they are stored.
    pub children: ArtifactDigest,
    /// How many seconds it took.
    pub seconds: f64,
}

/// What is asked of `evolve-generation`. `leg` says for the how-manieth time the evolution runs,
/// from 0: what is done for an earlier one is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum EvolveRequest {
    /// As many generations as fit into a while.
    Generation {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
        /// Which time it runs.
        leg: u32,
    },
    /// Some children of a generation.
    Shard {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
        /// Which.
        shard: Shard,
    },
    /// The generation that shards make up.
    Merge {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
        /// Which time it runs.
        leg: u32,
        /// All the shards of it.
        done: Vec<ShardDone>,
    },
    /// The evidence on the winner.
    Examine {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
    },
}

/// The answer to an [`EvolveRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvolveAnswer {
    /// To all but a shard.
    Step(Step),
    /// To a shard.
    Shard(ShardDone),
}

/// What is asked of `promote-champion`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum PromoteRequest {
    /// Judge the evidence.
    Decide {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
    },
    /// Wait for a person.
    Ask {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
        /// By which to tell of the answer.
        token: String,
    },
    /// Act on the answer; that there is none means that the time for it is over.
    Answer {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
    },
    /// Register the winner, or see what became of the registration.
    Promote {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
    },
    /// Record that the evolution cannot go on.
    Fail {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
        /// The name of the error.
        error: String,
    },
}

/// What is asked of `trigger-evolution`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum TriggerRequest {
    /// Look for all that is due.
    Sweep,
    /// Begin an evolution that was accepted or resumed.
    Begin {
        /// The owner.
        tenant: TenantId,
        /// The evolution.
        evolution: EvolutionId,
    },
}

/// What `trigger-evolution` has begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerResponse {
    /// The evolutions whose executions were begun.
    pub begun: Vec<EvolutionId>,
}
