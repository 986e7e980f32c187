use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::ToSpan;
use serde_json::Value;
use tdev_domain::evolution::{
    Baseline, Ending, EvolutionDraft, JudgeKind, Measure, ProblemParts, ProblemRecord, Status,
    StopReason,
};
use tdev_domain::{
    AgentKind, AgentLoad, AgentVersion, ArtifactDigest, Limits, Manifest, ManifestDraft, Quality,
    Registration, State, VersionNumber,
};
use tdev_lambda::env::Env;
use tdev_testing::{FakeAws, Response};

use super::*;

struct World {
    aws: FakeAws,
    deps: Deps,
}

fn tenant() -> TenantId {
    "demo".parse().unwrap()
}

impl World {
    /// A deployment with an agent and a problem. Step Functions knows each name once.
    async fn new() -> Self {
        let aws = FakeAws::in_memory();
        let config = Env::of([
            ("TABLE_NAME", "platform"),
            (
                "EVOLUTION_STATE_MACHINE_ARN",
                "arn:aws:states:eu-central-1:1:stateMachine:e",
            ),
        ])
        .load(Config::read);
        let deps = Deps::new(&aws.config(), config.unwrap());
        let known = Arc::new(Mutex::new(BTreeSet::new()));
        aws.on("AWSStepFunctions.StartExecution", move |request| {
            let name = request.json()["name"].as_str().unwrap().to_owned();
            if known.lock().unwrap().insert(name) {
                Response::json(&json!({"executionArn": "arn", "startDate": 0}))
            } else {
                Response::error(400, "ExecutionAlreadyExists", "there is one")
            }
        });
        let world = Self { aws, deps };
        world.admit().await;
        let digest = ArtifactDigest::of(b"problem");
        let problem = ProblemRecord {
            tenant: tenant(),
            name: "weibull".parse().unwrap(),
            description: String::new(),
            kind: JudgeKind::Simulation,
            digest: digest.clone(),
            parts: ProblemParts {
                definition: digest.clone(),
                train: digest.clone(),
                held_out: digest,
            },
            train: 0,
            held_out: 0,
            created_at: Timestamp::now(),
            updated_at: Timestamp::now(),
            revision: 0,
        };
        world.deps.table.put_problem(&problem).await.unwrap();
        world
    }

    async fn admit(&self) {
        let now = Timestamp::now();
        let draft = ManifestDraft::default();
        let artifact = ArtifactDigest::of(b"agent");
        let name = "packer".parse().unwrap();
        let mut registration = Registration::accept(tenant(), name, artifact, 5, draft, now);
        let table = &self.deps.table;
        table.put_registration(&registration).await.unwrap();
        for state in [State::Analysing, State::Probing] {
            registration = registration.advance(state, "because", now).unwrap();
            table.put_registration(&registration).await.unwrap();
        }
        let version = AgentVersion {
            tenant: tenant(),
            agent: registration.agent.clone(),
            version: VersionNumber::FIRST,
            kind: AgentKind::Code,
            artifact: registration.artifact.clone(),
            bytes: 5,
            manifest: Manifest {
                description: "Packs.".to_owned(),
                capabilities: vec!["pack.bins".parse().unwrap()],
                utterances: Vec::new(),
                examples: Vec::new(),
                input_schema: None,
                output_schema: None,
                tools: BTreeSet::new(),
                limits: Limits::default(),
            },
            quality: Quality {
                score: 80,
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
        table.admit(&active, &version, None).await.unwrap();
    }

    /// An evolution that was accepted so long ago.
    async fn accepted(&self, schedule: Option<Schedule>, ago: jiff::Span) -> Evolution {
        let draft = EvolutionDraft {
            tenant: tenant(),
            agent: "packer".parse().unwrap(),
            base: VersionNumber::FIRST,
            problem: "weibull".parse().unwrap(),
            problem_digest: ArtifactDigest::of(b"older"),
            seed: 1,
            settings: json!({}),
            policy: json!({}),
            approval_seconds: 60,
            schedule,
            trigger: Trigger::Request,
        };
        let at = Timestamp::now() - ago;
        let evolution = Evolution::accept(EvolutionId::generate(), draft, at);
        self.deps.table.put_evolution(&evolution).await.unwrap();
        evolution
    }

    /// The same, begun and ended.
    async fn ended(&self, schedule: Option<Schedule>, ago: jiff::Span) -> Evolution {
        let accepted = self.accepted(schedule, ago).await;
        let at = accepted.created_at;
        let mut evolution = accepted.begun(at);
        self.deps.table.put_evolution(&evolution).await.unwrap();
        for status in [
            Status::Examining {
                stopped: StopReason::Plateau,
            },
            Status::Finished(Ending::NoBetter),
        ] {
            evolution = evolution.advance(status, at).unwrap();
            self.deps.table.put_evolution(&evolution).await.unwrap();
        }
        evolution
    }

    async fn sweep(&self) -> Vec<EvolutionId> {
        let swept = handle(&self.deps, TriggerRequest::Sweep).await.unwrap();
        swept.begun
    }

    async fn find(&self, id: &EvolutionId) -> Evolution {
        let found = self.deps.table.evolution(&tenant(), id).await.unwrap();
        found.expect("there is such an evolution")
    }

    fn executions(&self) -> Vec<Value> {
        let requests = self.aws.requests_of("AWSStepFunctions.StartExecution");
        requests.iter().map(tdev_testing::Request::json).collect()
    }
}

fn every(hours: u32) -> Schedule {
    Schedule {
        every_hours: Some(hours),
        ..Schedule::default()
    }
}

#[tokio::test]
async fn what_was_accepted_is_begun_once() {
    let world = World::new().await;
    let evolution = world.accepted(None, 0.seconds()).await;
    let request = TriggerRequest::Begin {
        tenant: tenant(),
        evolution: evolution.id.clone(),
    };
    for expected in [1, 0] {
        let begun = handle(&world.deps, request.clone()).await.unwrap().begun;
        assert_eq!(begun.len(), expected);
    }
    assert_eq!(world.sweep().await, []);
    let executions = world.executions();
    assert_eq!(executions.len(), 1);
    assert_eq!(executions[0]["name"], evolution.execution());
    let input: Value = serde_json::from_str(executions[0]["input"].as_str().unwrap()).unwrap();
    let expected = json!({"tenant": "demo", "evolution": evolution.id, "leg": 0});
    assert_eq!(input, expected);

    let paused = world.find(&evolution.id).await.paused(Timestamp::now());
    let paused = paused.unwrap();
    world.deps.table.put_evolution(&paused).await.unwrap();
    let resumed = paused.resumed(Timestamp::now()).unwrap();
    world.deps.table.put_evolution(&resumed).await.unwrap();
    assert_eq!(world.sweep().await, [evolution.id]);
    assert_eq!(world.executions()[1]["name"], resumed.execution());
}

#[tokio::test]
async fn a_trigger_that_is_lost_is_made_up_for() {
    let world = World::new().await;
    let evolution = world.accepted(None, 0.seconds()).await;
    // The execution begins, and nobody lives to write that down.
    world.aws.intercept(|request| {
        let is_write = request.operation == "DynamoDB.PutItem";
        is_write.then(|| Response::error(500, "InternalServerError", "gone"))
    });
    handle(&world.deps, TriggerRequest::Sweep)
        .await
        .unwrap_err();
    world.aws.let_pass();
    assert!(world.find(&evolution.id).await.is_to_begin());
    assert_eq!(world.sweep().await, std::slice::from_ref(&evolution.id));
    let executions = world.executions();
    assert_eq!(executions.len(), 2);
    assert_eq!(executions[0]["name"], executions[1]["name"]);
    assert!(!world.find(&evolution.id).await.is_to_begin());
}

#[tokio::test]
async fn one_that_is_over_is_followed_when_it_is_time_and_once() {
    let world = World::new().await;
    let early = world.ended(Some(every(2)), 1.hours()).await;
    let late = world.ended(Some(every(2)), 3.hours()).await;
    assert_eq!(world.sweep().await, [late.id.following()]);
    assert_eq!(world.sweep().await, []);
    assert_eq!(world.find(&early.id).await.due_at, early.due_at);
    assert_eq!(world.find(&late.id).await.due_at, None);
    let next = world.find(&late.id.following()).await;
    assert_eq!(next.draft.trigger, Trigger::Schedule);
    assert_eq!(next.draft.problem_digest, ArtifactDigest::of(b"problem"));
    assert_eq!((next.draft.seed, next.executions), (2, 1));
    assert!(next.due_at.is_some(), "it has the schedule");
}

#[tokio::test]
async fn a_follower_that_was_stored_is_taken_as_it_is() {
    let world = World::new().await;
    let late = world.ended(Some(every(2)), 3.hours()).await;
    // It is stored; the next write is lost.
    let writes = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&writes);
    world.aws.intercept(move |request| {
        let mut seen = seen.lock().unwrap();
        *seen += u32::from(request.operation == "DynamoDB.PutItem");
        (*seen > 1).then(|| Response::error(500, "InternalServerError", "gone"))
    });
    handle(&world.deps, TriggerRequest::Sweep)
        .await
        .unwrap_err();
    world.aws.let_pass();
    let stored = world.find(&late.id.following()).await;
    let begun = world.sweep().await;
    assert!(begun.contains(&stored.id), "{begun:?}");
    let next = world.find(&stored.id).await;
    assert_eq!(next.created_at, stored.created_at);
    let names: BTreeSet<String> = world
        .executions()
        .iter()
        .map(|execution| execution["name"].to_string())
        .collect();
    assert_eq!(names.len(), 1, "one execution");
}

#[tokio::test]
async fn an_agent_that_became_worse_evolves_again() {
    let world = World::new().await;
    let schedule = Schedule {
        baseline: Some(Baseline {
            success_rate: Some(0.9),
            ..Baseline::default()
        }),
        ..Schedule::default()
    };
    let ended = world.ended(Some(schedule), 1.hours()).await;
    assert_eq!(world.sweep().await, [], "nothing is known of it");
    let load = AgentLoad {
        succeeded: 50,
        failed: 50,
        revision: 1,
        ..AgentLoad::idle(tenant(), "packer".parse().unwrap())
    };
    world.deps.table.put_agent_load(&load).await.unwrap();
    assert_eq!(world.sweep().await, [], "it is not looked at again at once");
    let due = Evolution {
        revision: 5,
        due_at: Some(Timestamp::now()),
        ..world.find(&ended.id).await
    };
    world.deps.table.put_evolution(&due).await.unwrap();
    assert_eq!(world.sweep().await, [ended.id.following()]);
    let trigger = world.find(&ended.id.following()).await.draft.trigger;
    let Trigger::Degradation(found) = trigger else {
        panic!("{trigger:?}");
    };
    assert_eq!((found.measure, found.found), (Measure::SuccessRate, 0.5));
}

#[tokio::test]
async fn the_sample_events_are_understood() {
    let world = World::new().await;
    for (case, understood) in [
        ("ok-sweep", true),
        ("ok-begin", false),
        ("duplicate-begin", false),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../events/trigger-evolution")
            .join(case)
            .with_extension("json");
        let request = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        match handle(&world.deps, request).await {
            Ok(_) => assert!(understood, "{case}"),
            // There is no such evolution.
            Err(error) => {
                assert!(!understood, "{case}");
                assert_eq!(error.name(), ErrorName::InvalidInput);
            }
        }
    }
}
