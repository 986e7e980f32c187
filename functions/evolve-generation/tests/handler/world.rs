//! A deployment over a fake AWS, with an agent, a problem and an evolution.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evolve_generation::{Config, Deps, HeldOut, SANDBOX_WORKER, handle};
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::{Artifacts, Objects, ProblemPart, Table};
use tdev_domain::evolution::{
    Evolution, EvolutionDraft, EvolutionId, EvolveAnswer, EvolveRequest, JudgeKind, Next,
    ProblemParts, ProblemRecord, Step, Trigger,
};
use tdev_domain::{
    Agent, AgentKind, AgentVersion, ArtifactDigest, Limits, Manifest, ManifestDraft, Quality,
    Registration, Source, State, TenantId, VersionNumber,
};
use tdev_evolution::problem::Problem;
use tdev_lambda::Error;
use tdev_testing::{FakeAws, Response};

/// An agent that is to learn to double.
pub(crate) const AGENT: &str = r#"def get_capabilities():
    return {"name": "doubler", "capabilities": ["numbers.scale"]}


# EVOLVE-BLOCK-START
def scale(x: float) -> float:
    return x
# EVOLVE-BLOCK-END


def execute(input):
    return scale(input)
"#;

/// What stands in the cases that are held out, and nowhere else.
pub(crate) const SECRET: &str = "731246895";

pub(crate) struct World {
    pub(crate) aws: FakeAws,
    pub(crate) table: Table,
    pub(crate) objects: Objects,
    pub(crate) id: EvolutionId,
}

pub(crate) fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

pub(crate) fn settings(generations: u32) -> Value {
    json!({
        "population": 16,
        "islands": {"count": 1},
        "budget": {"generations": generations, "target": 0.0},
    })
}

/// The problem of [`AGENT`].
fn doubling() -> Value {
    let case = |x: f64| json!({"input": x, "output": x + x});
    let train: Vec<_> = (1..=12).map(|n| case(f64::from(n) + 0.5)).collect();
    let secret: f64 = SECRET.parse().unwrap();
    let held_out = [case(secret), case(-3.25), case(40.0)];
    json!({
        "name": "double",
        "judge": {
            "kind": "cases",
            "metric": {"kind": "absolute"},
            "cases": train,
            "held_out": {"cases": held_out},
        },
    })
}

impl World {
    /// With an evolution under those settings.
    pub(crate) async fn new(settings: Value) -> Self {
        Self::of(AGENT, &doubling(), settings).await
    }

    /// With an evolution of that agent by that problem, which is named `double`.
    pub(crate) async fn of(agent: &str, problem: &Value, settings: Value) -> Self {
        let aws = FakeAws::in_memory();
        let config = aws.config();
        let world = Self {
            table: Table::new(&config, "platform"),
            objects: Objects::new(&config, "artifacts"),
            id: EvolutionId::generate(),
            aws,
        };
        world.admit(agent).await;
        let problem_digest = world.pose(problem).await;
        let draft = EvolutionDraft {
            tenant: tenant(),
            agent: "doubler".parse().unwrap(),
            base: VersionNumber::FIRST,
            problem: "double".parse().unwrap(),
            problem_digest,
            seed: 7,
            settings,
            policy: json!({}),
            approval_seconds: 60,
            schedule: None,
            trigger: Trigger::Request,
        };
        let evolution = Evolution::accept(world.id.clone(), draft, Timestamp::now());
        world.table.put_evolution(&evolution).await.unwrap();
        world.aws.forget_requests();
        world
    }

    async fn admit(&self, agent: &str) {
        let now = Timestamp::now();
        let source = Source::from_bytes(agent.as_bytes()).unwrap();
        let artifacts = Artifacts::new(&self.aws.config(), "artifacts");
        let artifact = artifacts.put(&source).await.unwrap();
        let (name, bytes) = ("doubler".parse().unwrap(), 100);
        let draft = ManifestDraft::default();
        let mut registration = Registration::accept(tenant(), name, artifact, bytes, draft, now);
        self.table.put_registration(&registration).await.unwrap();
        for state in [State::Analysing, State::Probing] {
            registration = registration.advance(state, "because", now).unwrap();
            self.table.put_registration(&registration).await.unwrap();
        }
        let version = AgentVersion {
            tenant: tenant(),
            agent: registration.agent.clone(),
            version: Agent::next_version(None),
            kind: AgentKind::Code,
            artifact: registration.artifact.clone(),
            bytes,
            manifest: Manifest {
                description: "Doubles.".to_owned(),
                capabilities: vec!["numbers.scale".parse().unwrap()],
                utterances: Vec::new(),
                examples: Vec::new(),
                input_schema: None,
                output_schema: None,
                tools: std::collections::BTreeSet::new(),
                limits: Limits::default(),
            },
            quality: Quality {
                score: 90,
                parts: Vec::new(),
            },
            findings: Vec::new(),
            registration: registration.id.clone(),
            created_at: now,
        };
        let state = State::Active {
            version: version.version,
        };
        let active = registration.advance(state, "because", now).unwrap();
        self.table.admit(&active, &version, None).await.unwrap();
    }

    /// Stores the problem, and returns its digest.
    async fn pose(&self, problem: &Value) -> ArtifactDigest {
        let problem = Problem::parse(problem);
        let stored = problem
            .unwrap()
            .divide(Vec::new())
            .unwrap()
            .stored()
            .unwrap();
        let put = async |part, bytes| {
            let put = self.objects.put_problem_part(&tenant(), part, bytes).await;
            put.unwrap()
        };
        let parts = ProblemParts {
            definition: put(ProblemPart::Definition, stored.definition).await,
            train: put(ProblemPart::Train, stored.train).await,
            held_out: put(ProblemPart::HeldOut, stored.held_out).await,
        };
        let record = ProblemRecord {
            tenant: tenant(),
            name: "double".parse().unwrap(),
            description: String::new(),
            kind: JudgeKind::Cases,
            digest: parts.digest(),
            parts,
            train: 12,
            held_out: 3,
            created_at: Timestamp::now(),
            updated_at: Timestamp::now(),
            revision: 0,
        };
        self.table.put_problem(&record).await.unwrap();
        record.digest
    }

    pub(crate) fn function(&self, held_out: HeldOut) -> Deps {
        let config = Config {
            table: "platform".to_owned(),
            artifacts_bucket: "artifacts".to_owned(),
            time_budget_seconds: 600.try_into().unwrap(),
            held_out,
            memory_mb: 1769.try_into().unwrap(),
        };
        Deps::new(&self.aws.config(), &config, || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_evolve-generation"));
            command.arg(SANDBOX_WORKER);
            command
        })
    }

    pub(crate) async fn evolution(&self) -> Evolution {
        let found = self.table.evolution(&tenant(), &self.id).await.unwrap();
        found.expect("there is an evolution")
    }

    pub(crate) async fn generation(&self, leg: u32) -> Result<Step, Error> {
        let request = EvolveRequest::Generation {
            tenant: tenant(),
            evolution: self.id.clone(),
            leg,
        };
        step(handle(&self.function(HeldOut::Withheld), request).await)
    }

    pub(crate) async fn examine(&self, held_out: HeldOut) -> Result<Step, Error> {
        let request = EvolveRequest::Examine {
            tenant: tenant(),
            evolution: self.id.clone(),
        };
        step(handle(&self.function(held_out), request).await)
    }

    /// Does what the state machine does, up to the gate.
    pub(crate) async fn search(&self) -> Result<Step, Error> {
        let mut step = self.generation(0).await?;
        loop {
            step = match step.next {
                Next::Generation => self.generation(0).await?,
                Next::Examine => self.examine(HeldOut::Readable).await?,
                _ => return Ok(step),
            };
        }
    }

    /// Everything that a search leaves and that follows from its seed.
    pub(crate) async fn remains(&self) -> Vec<String> {
        let evolution = self.evolution().await;
        let progress = evolution.progress.expect("a generation");
        let mut remains = vec![
            progress.checkpoint.to_string(),
            progress.lineage.to_string(),
            progress.generation.to_string(),
            format!("{:?}", evolution.winner),
        ];
        for generation in 0..=progress.generation {
            let lines = self.objects.lineage(&tenant(), &self.id, generation).await;
            remains.push(String::from_utf8(lines.unwrap().unwrap()).unwrap());
        }
        remains
    }

    /// The worker dies before its write of that number, from 0: nothing it asks for from then on
    /// is done. Returns how many writes were asked for so far.
    pub(crate) fn die_at(&self, write: usize) -> Arc<AtomicUsize> {
        let writes = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&writes);
        self.aws.intercept(move |request| {
            let is_write = [
                "S3.PutObject",
                "DynamoDB.PutItem",
                "DynamoDB.TransactWriteItems",
            ]
            .contains(&request.operation.as_str());
            let before = if is_write {
                seen.fetch_add(1, Ordering::SeqCst)
            } else {
                seen.load(Ordering::SeqCst)
            };
            let is_dead = before > write || (is_write && before == write);
            is_dead.then(|| Response::error(500, "InternalServerError", "the worker is gone"))
        });
        writes
    }
}

fn step(answer: Result<EvolveAnswer, Error>) -> Result<Step, Error> {
    answer.map(|answer| match answer {
        EvolveAnswer::Step(step) => step,
        EvolveAnswer::Shard(done) => panic!("a shard: {done:?}"),
    })
}

pub(crate) fn event(case: &str) -> EvolveRequest {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events/evolve-generation")
        .join(case)
        .with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
