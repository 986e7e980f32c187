//! What clients see of evolutions and problems.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tdev_aws::EvolutionSummary;
use tdev_domain::evolution::{
    Approval, Champion, Evolution, EvolutionId, Generation, Held, JudgeKind, ProblemName,
    ProblemRecord, Progress, Schedule, Spent, Status, StatusName, Trigger, Winner,
};
use tdev_domain::{AgentName, ArtifactDigest, VersionNumber};
use utoipa::ToSchema;

use crate::schemas::{evolution_states, judge_kinds};

/// An evolution in a listing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvolutionSummary)]
pub(crate) struct EvolutionSummaryView {
    /// Its identifier.
    #[schema(value_type = String)]
    id: EvolutionId,
    /// The agent.
    #[schema(value_type = String)]
    agent: AgentName,
    /// The version that it began with.
    #[schema(value_type = u32, minimum = 1)]
    base_version: VersionNumber,
    /// What candidates are judged by.
    #[schema(value_type = String)]
    problem: ProblemName,
    /// Where it stands.
    #[schema(schema_with = evolution_states)]
    status: StatusName,
    /// The last generation that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    generation: Option<u32>,
    /// The mean loss of the best candidate: 0 is exactly right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    best: Option<f64>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    ended_at: Option<Timestamp>,
}

impl From<EvolutionSummary> for EvolutionSummaryView {
    fn from(found: EvolutionSummary) -> Self {
        Self {
            id: found.id,
            agent: found.agent,
            base_version: found.base,
            problem: found.problem,
            status: found.status,
            generation: found.generation,
            best: found.best,
            created_at: found.created_at,
            ended_at: found.ended_at,
        }
    }
}

/// An evolution.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evolution)]
pub(crate) struct EvolutionView {
    /// Its identifier.
    #[schema(value_type = String)]
    id: EvolutionId,
    /// The agent.
    #[schema(value_type = String)]
    agent: AgentName,
    /// The version that it began with.
    #[schema(value_type = u32, minimum = 1)]
    base_version: VersionNumber,
    /// What candidates are judged by.
    #[schema(value_type = String)]
    problem: ProblemName,
    /// What stands for the problem as it was when the evolution began.
    #[schema(value_type = String)]
    problem_digest: ArtifactDigest,
    /// Where it stands.
    #[schema(schema_with = evolution_states)]
    status: StatusName,
    /// What else there is to say of where it stands: why it stopped, what a person is asked, why
    /// the winner was refused, which registration it has become.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    details: Option<Value>,
    /// What all randomness follows from.
    seed: u64,
    /// How the search goes about.
    #[schema(value_type = Object)]
    settings: Value,
    /// When a person is asked.
    #[schema(value_type = Object)]
    autonomy: Value,
    /// When the agent evolves again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    schedule: Option<Schedule>,
    /// What had it begun.
    #[schema(value_type = Object)]
    trigger: Trigger,
    /// How far it has come; absent before the first generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    progress: Option<ProgressView>,
    /// What it has taken.
    cost: CostView,
    /// The winner, once it was examined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    winner: Option<WinnerView>,
    /// What a person said to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    approval: Option<Approval>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Evolution> for EvolutionView {
    fn from(evolution: Evolution) -> Self {
        let Evolution {
            id,
            draft,
            status,
            progress,
            spent,
            winner,
            approval,
            created_at,
            updated_at,
            ..
        } = evolution;
        Self {
            id,
            agent: draft.agent,
            base_version: draft.base,
            problem: draft.problem,
            problem_digest: draft.problem_digest,
            status: status.name(),
            details: details(&status),
            seed: draft.seed,
            settings: draft.settings,
            autonomy: draft.policy,
            schedule: draft.schedule,
            trigger: draft.trigger,
            progress: progress.map(ProgressView::from),
            cost: spent.into(),
            winner: winner.map(WinnerView::from),
            approval,
            created_at,
            updated_at,
        }
    }
}

/// What a status carries, but for its name and what is between the platform and itself.
fn details(status: &Status) -> Option<Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(status) else {
        return None;
    };
    for inner in ["name", "token"] {
        members.remove(inner);
    }
    (!members.is_empty()).then_some(Value::Object(members))
}

/// How far a search has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvolutionProgress)]
struct ProgressView {
    /// The last generation that was made; 0 is the first.
    generation: u32,
    /// How many times a candidate was evaluated on all its cases.
    evaluations: u64,
    /// The mean loss of the best candidate: 0 is exactly right.
    best: f64,
    /// The mean of the candidates' mean losses, of those that did not fail.
    mean: f64,
    /// The share of candidates that behave like no other.
    diversity: f64,
    /// SHA-256 of the checkpoint.
    #[schema(value_type = String)]
    checkpoint: ArtifactDigest,
    /// What the lineage's last record has for its hash.
    #[schema(value_type = String)]
    lineage: ArtifactDigest,
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> Self {
        Self {
            generation: progress.generation,
            evaluations: progress.evaluations,
            best: progress.best,
            mean: progress.mean,
            diversity: progress.diversity,
            checkpoint: progress.checkpoint,
            lineage: progress.lineage,
        }
    }
}

/// What an evolution has taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvolutionCost)]
struct CostView {
    /// Seconds of worker time.
    seconds: f64,
    /// Dollars, by the list price of that time.
    dollars: f64,
}

impl From<Spent> for CostView {
    fn from(spent: Spent) -> Self {
        Self {
            seconds: spent.seconds,
            dollars: spent.dollars,
        }
    }
}

/// The winner of a search.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvolutionWinner)]
struct WinnerView {
    /// SHA-256 of its source.
    #[schema(value_type = String)]
    source: ArtifactDigest,
    /// How many bytes its source has.
    bytes: u32,
    /// Its mean loss on the cases it was bred on.
    loss: f64,
    /// The base's mean loss on them.
    base_loss: f64,
    /// SHA-256 of the evidence on it.
    #[schema(value_type = String)]
    evidence: ArtifactDigest,
}

impl From<Winner> for WinnerView {
    fn from(winner: Winner) -> Self {
        Self {
            source: winner.source,
            bytes: winner.bytes,
            loss: winner.loss,
            base_loss: winner.base_loss,
            evidence: winner.evidence,
        }
    }
}

/// A generation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Generation)]
pub(crate) struct GenerationView {
    /// How far the search had come with it.
    #[serde(flatten)]
    progress: ProgressView,
    /// What it took.
    cost: CostView,
    /// What else the search says of it: by operator, by size, its alarms.
    #[schema(value_type = Object)]
    statistics: Value,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<Generation> for GenerationView {
    fn from(generation: Generation) -> Self {
        Self {
            progress: generation.progress.into(),
            cost: generation.spent.into(),
            statistics: generation.statistics,
            at: generation.at,
        }
    }
}

/// A version that an evolution made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Champion)]
pub(crate) struct ChampionView {
    /// The agent.
    #[schema(value_type = String)]
    agent: AgentName,
    /// The version.
    #[schema(value_type = u32, minimum = 1)]
    version: VersionNumber,
    /// The version that the search began with.
    #[schema(value_type = u32, minimum = 1)]
    base_version: VersionNumber,
    /// The evolution.
    #[schema(value_type = String)]
    evolution: EvolutionId,
    /// What it was promoted on.
    winner: WinnerView,
    /// When it was promoted.
    #[schema(value_type = String, format = DateTime)]
    promoted_at: Timestamp,
    /// Because of what it is not to answer calls any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    held: Option<Held>,
}

impl From<Champion> for ChampionView {
    fn from(champion: Champion) -> Self {
        Self {
            agent: champion.agent,
            version: champion.version,
            base_version: champion.base,
            evolution: champion.evolution,
            winner: champion.winner.into(),
            promoted_at: champion.promoted_at,
            held: champion.held,
        }
    }
}

/// A problem by which agents evolve.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EvolutionProblem)]
pub(crate) struct ProblemView {
    /// Its name.
    #[schema(value_type = String)]
    name: ProblemName,
    /// What it is for.
    description: String,
    /// What judges candidates.
    #[schema(schema_with = judge_kinds)]
    kind: JudgeKind,
    /// What stands for its definition and its cases.
    #[schema(value_type = String)]
    digest: ArtifactDigest,
    /// How many cases candidates are bred on.
    train: u32,
    /// How many are held out for the gate.
    held_out: u32,
    /// When it was first stored.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Its definition, without the cases; absent in a listing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    definition: Option<Value>,
}

impl From<ProblemRecord> for ProblemView {
    fn from(problem: ProblemRecord) -> Self {
        Self {
            name: problem.name,
            description: problem.description,
            kind: problem.kind,
            digest: problem.digest,
            train: problem.train,
            held_out: problem.held_out,
            created_at: problem.created_at,
            updated_at: problem.updated_at,
            definition: None,
        }
    }
}

impl ProblemView {
    /// The same with its definition.
    pub(super) fn with_definition(self, definition: Value) -> Self {
        Self {
            definition: Some(definition),
            ..self
        }
    }
}
