use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tdev_domain::evolution::{Approval, EvolutionDraft, Next, Reason, StopReason, Trigger, Winner};
use tdev_domain::{
    Agent, AgentKind, AgentVersion, ApiKeyId, ArtifactDigest, Limits, Manifest, ManifestDraft,
    Quality, Registration, RegistrationId, Source, State, VersionNumber,
};
use tdev_lambda::env::Env;
use tdev_testing::{FakeAws, Logged, Response};

use super::*;

/// The source of the winner, and what a candidate might have put into it.
const WINNER: &str = "# winner: AKIA7PLANTED";

struct World {
    aws: FakeAws,
    deps: Deps,
    id: EvolutionId,
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn evidence(held_out: f64) -> Value {
    let losses = |candidate: f64| json!({"parent": 2.0, "candidate": candidate});
    json!({
        "evaluator": {"pinned": "a", "observed": "a"},
        "train": losses(held_out),
        "held_out": losses(held_out),
        "queries": {"used": 1, "allowed": 100},
        "failures": {"parent": 0, "candidate": 0},
        "canaries": [],
        "relations": [],
        "repeats": {"evaluations": gate::REPEATS, "different": 0},
        "capabilities": {"forbidden": [], "added": []},
        "size": {"bytes": 100, "nodes": 5, "parent_nodes": 5},
        "text": {"copied": 0, "suspicious": 0},
        "origin": {"is_chained": true, "is_tainted": false},
        "sandbox_agrees": true,
        "traffic_share": null,
        "baselines": [],
        "tolerance": {"absolute": 1e-9, "relative": 0.001},
        "bound": null,
    })
}

impl World {
    /// With an evolution whose winner has that loss on what is held out, the base having 2.
    async fn new(held_out: f64, policy: Value) -> Self {
        let aws = FakeAws::in_memory();
        aws.on("AWSStepFunctions.SendTaskSuccess", |_| {
            Response::json(&json!({}))
        });
        let config = Env::of([
            ("TABLE_NAME", "platform"),
            ("ARTIFACTS_BUCKET", "artifacts"),
            (
                "REGISTER_QUEUE_URL",
                "https://sqs.eu-central-1.amazonaws.com/1/register",
            ),
            ("EVENT_BUS", "bus"),
        ])
        .load(Config::read);
        let deps = Deps::new(&aws.config(), config.unwrap());
        let world = Self {
            aws,
            deps,
            id: EvolutionId::generate(),
        };
        let registration = world.accepted("# base").await;
        world.admit(&registration, None).await;
        world.accept(held_out, policy).await;
        world
    }

    async fn accepted(&self, source: &str) -> Registration {
        let source = Source::from_bytes(source.as_bytes()).unwrap();
        let artifact = self.deps.artifacts.put(&source).await.unwrap();
        let submitted = ManifestDraft {
            description: Some("As the client said.".to_owned()),
            ..ManifestDraft::default()
        };
        let name = "packer".parse().unwrap();
        let now = Timestamp::now();
        let registration = Registration::accept(tenant(), name, artifact, 6, submitted, now);
        let table = &self.deps.table;
        table.put_registration(&registration).await.unwrap();
        registration
    }

    /// Admits the registration as the next version, as `register` does.
    async fn admit(&self, registration: &Registration, current: Option<&Agent>) {
        let now = Timestamp::now();
        let mut registration = registration.clone();
        for state in [State::Analysing, State::Probing] {
            registration = registration.advance(state, "because", now).unwrap();
            let put = self.deps.table.put_registration(&registration);
            put.await.unwrap();
        }
        let version = AgentVersion {
            tenant: tenant(),
            agent: registration.agent.clone(),
            version: Agent::next_version(current),
            kind: AgentKind::Code,
            artifact: registration.artifact.clone(),
            bytes: 6,
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
        let admitted = self.deps.table.admit(&active, &version, current).await;
        admitted.unwrap();
    }

    async fn accept(&self, held_out: f64, policy: Value) {
        let now = Timestamp::now();
        let draft = EvolutionDraft {
            tenant: tenant(),
            agent: "packer".parse().unwrap(),
            base: VersionNumber::FIRST,
            problem: "weibull".parse().unwrap(),
            problem_digest: ArtifactDigest::of(b"problem"),
            seed: 1,
            settings: json!({}),
            policy,
            approval_seconds: 60,
            schedule: None,
            trigger: Trigger::Request,
        };
        let accepted = Evolution::accept(self.id.clone(), draft, now);
        self.put(&accepted).await;
        let stopped = StopReason::Plateau;
        let examining = accepted.advance(Status::Examining { stopped }, now);
        let examining = examining.unwrap();
        self.put(&examining).await;
        let keep = async |bytes| {
            let objects = &self.deps.objects;
            let kept = objects.put_champion(&tenant(), &self.id, bytes).await;
            kept.unwrap()
        };
        let winner = Winner {
            source: keep(WINNER.as_bytes().to_vec()).await,
            bytes: 22,
            loss: held_out,
            base_loss: 2.0,
            evidence: keep(evidence(held_out).to_string().into_bytes()).await,
        };
        self.put(&examining.examined(winner, now).unwrap()).await;
    }

    async fn put(&self, evolution: &Evolution) {
        self.deps.table.put_evolution(evolution).await.unwrap();
    }

    async fn evolution(&self) -> Evolution {
        let found = self.deps.table.evolution(&tenant(), &self.id).await;
        found.unwrap().expect("there is an evolution")
    }

    async fn ask(&self, action: &str) -> Result<Next, Error> {
        let mut request = json!({"action": action, "tenant": "acme", "evolution": self.id});
        match action {
            "ask" => request["token"] = json!("token"),
            "fail" => request["error"] = json!("States.Timeout"),
            _ => {}
        }
        let request = serde_json::from_value(request).unwrap();
        handle(&self.deps, request).await.map(|step| step.next)
    }

    async fn status(&self) -> Status {
        self.evolution().await.status
    }

    /// The kinds and keys of what was put on the bus, each once.
    fn said(&self) -> BTreeSet<(String, String)> {
        let requests = self.aws.requests_of("Events.PutEvents");
        let entries = requests.iter().map(|request| {
            let entry = request.json()["Entries"][0].clone();
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&entry["DetailType"]), text(&detail["idempotency_key"]))
        });
        entries.collect()
    }

    async fn agent(&self) -> Agent {
        let name = "packer".parse().unwrap();
        let found = self.deps.table.agent(&tenant(), &name).await.unwrap();
        found.unwrap()
    }

    /// What the state machine does from the gate on, with `register` coming by once.
    async fn promote(&self) -> Result<(), Error> {
        self.ask("decide").await?;
        self.ask("promote").await?;
        let id = RegistrationId::promoting(&self.id);
        let registration = self.deps.table.registration(&tenant(), &id).await?;
        if let Some(found) = registration.filter(|found| found.state == State::Accepted) {
            self.admit(&found, Some(&self.agent().await)).await;
        }
        self.ask("promote").await.map(drop)
    }
}

#[tokio::test]
async fn a_winner_becomes_the_next_version_by_registration() {
    let world = World::new(1.0, json!({})).await;
    assert_eq!(world.ask("decide").await.unwrap(), Next::Promote);
    assert_eq!(world.ask("promote").await.unwrap(), Next::Promote);
    let id = RegistrationId::promoting(&world.id);
    let registration = world.deps.table.registration(&tenant(), &id).await;
    let registration = registration.unwrap().unwrap();
    assert_eq!(registration.artifact, ArtifactDigest::of(WINNER.as_bytes()));
    let said = registration.submitted.description.as_deref();
    assert_eq!(said, Some("As the client said."));
    let sent = world.aws.requests_of("SQS.SendMessage");
    assert!(
        sent[0].json()["MessageBody"]
            .as_str()
            .unwrap()
            .contains(id.as_str())
    );

    world.admit(&registration, Some(&world.agent().await)).await;
    assert_eq!(world.ask("promote").await.unwrap(), Next::Over);
    assert_eq!(world.ask("promote").await.unwrap(), Next::Over);
    let version = VersionNumber::FIRST.next();
    assert_eq!(world.status().await, Status::Promoted { version });
    let name = "packer".parse().unwrap();
    let champion = world.deps.table.champion(&tenant(), &name, version).await;
    let champion = champion.unwrap().unwrap();
    assert_eq!(
        (champion.base, champion.evolution),
        (VersionNumber::FIRST, world.id.clone())
    );
    let key = format!("{}/promoted", world.id);
    assert_eq!(
        world.said(),
        BTreeSet::from([("EvolutionPromoted".to_owned(), key)])
    );
}

#[tokio::test]
async fn what_stands_in_a_winner_is_in_no_log() {
    let log = Logged::begin();
    let world = World::new(1.0, json!({})).await;
    Box::pin(world.promote()).await.unwrap();
    let refused = World::new(3.0, json!({})).await;
    assert_eq!(refused.ask("decide").await.unwrap(), Next::Over);
    let text = log.text();
    assert!(text.contains(world.id.as_str()), "it was listened to");
    assert!(text.contains("SendMessage"), "at every level");
    assert!(!text.contains("PLANTED"));
}

#[tokio::test]
async fn a_worker_that_dies_at_any_request_promotes_once() {
    for fatal in 0.. {
        let world = World::new(1.0, json!({})).await;
        let seen = Arc::new(Mutex::new(0));
        let count = Arc::clone(&seen);
        world.aws.intercept(move |request| {
            let is_ours = request.operation != "DynamoDB.GetItem";
            let mut seen = count.lock().unwrap();
            let at = *seen;
            *seen += u32::from(is_ours);
            let dies = is_ours && at == fatal;
            dies.then(|| Response::error(500, "InternalServerError", "gone"))
        });
        // `register` may be hit, too; it starts over like everybody.
        let died = tokio::spawn(async move {
            let died = Box::pin(world.promote()).await.is_err();
            (world, died)
        });
        let Ok((world, died)) = died.await else {
            continue;
        };
        world.aws.let_pass();
        Box::pin(world.promote()).await.unwrap();
        let version = VersionNumber::FIRST.next();
        assert_eq!(
            world.status().await,
            Status::Promoted { version },
            "{fatal}"
        );
        assert_eq!(world.agent().await.newest, version, "{fatal}");
        assert_eq!(world.said().len(), 1, "{fatal}");
        if !died {
            break;
        }
    }
}

#[tokio::test]
async fn what_is_no_better_ends_there() {
    let world = World::new(2.0, json!({})).await;
    assert_eq!(world.ask("decide").await.unwrap(), Next::Over);
    let Status::Finished(Ending::Refused { reasons }) = world.status().await else {
        panic!("{:?}", world.status().await);
    };
    assert_eq!(reasons[0].code, "no_improvement");
    assert_eq!(world.ask("decide").await.unwrap(), Next::Over);
    assert_eq!(world.said().len(), 1);
    assert_eq!(world.agent().await.latest, VersionNumber::FIRST);
}

#[tokio::test]
async fn an_agent_that_has_moved_on_is_left_alone() {
    let world = World::new(1.0, json!({})).await;
    let other = world.accepted("# other").await;
    world.admit(&other, Some(&world.agent().await)).await;
    assert_eq!(world.ask("decide").await.unwrap(), Next::Over);
    assert_eq!(world.status().await, Status::Finished(Ending::BaseMoved));
}

fn approval(approved: bool) -> Approval {
    Approval {
        approved,
        by: ApiKeyId::generate(),
        at: Timestamp::now(),
        reason: None,
    }
}

#[tokio::test]
async fn a_person_is_asked_and_their_answer_acted_on() {
    for approved in [true, false] {
        let world = World::new(1.0, json!({"autonomy": "always-ask"})).await;
        assert_eq!(world.ask("decide").await.unwrap(), Next::Ask);
        let Status::AwaitingApproval { reasons, token } = world.status().await else {
            panic!("{:?}", world.status().await);
        };
        let codes: Vec<_> = reasons
            .iter()
            .map(|Reason { code, .. }| code.as_str())
            .collect();
        assert_eq!((codes, token), (vec!["always_ask"], None));
        world.ask("ask").await.unwrap();
        assert_eq!(world.evolution().await.token(), Some("token"));
        assert!(
            world
                .aws
                .requests_of("AWSStepFunctions.SendTaskSuccess")
                .is_empty()
        );
        let answered = world
            .evolution()
            .await
            .answered(approval(approved), Timestamp::now());
        world.put(&answered.unwrap()).await;
        let next = world.ask("answer").await.unwrap();
        let status = world.status().await;
        if approved {
            assert!(matches!(status, Status::Promoting { .. }), "{status:?}");
            assert_eq!(next, Next::Promote);
        } else {
            assert_eq!(status, Status::Finished(Ending::Rejected));
            assert_eq!(next, Next::Over);
        }
    }
}

#[tokio::test]
async fn an_answer_that_came_before_the_question_waited_is_heard() {
    let world = World::new(1.0, json!({"autonomy": "always-ask"})).await;
    world.ask("decide").await.unwrap();
    let answered = world
        .evolution()
        .await
        .answered(approval(true), Timestamp::now());
    world.put(&answered.unwrap()).await;
    world.ask("ask").await.unwrap();
    let told = world.aws.requests_of("AWSStepFunctions.SendTaskSuccess");
    assert_eq!(told[0].json()["taskToken"], "token");
    assert_eq!(world.ask("answer").await.unwrap(), Next::Promote);
}

#[tokio::test]
async fn who_is_not_answered_ends_without_a_promotion() {
    let world = World::new(1.0, json!({"autonomy": "always-ask"})).await;
    world.ask("decide").await.unwrap();
    world.ask("ask").await.unwrap();
    assert_eq!(world.ask("answer").await.unwrap(), Next::Over);
    assert_eq!(world.status().await, Status::Finished(Ending::Unanswered));
}

#[tokio::test]
async fn a_registration_that_is_not_admitted_is_the_end() {
    let world = World::new(1.0, json!({})).await;
    world.ask("decide").await.unwrap();
    world.ask("promote").await.unwrap();
    let registration = RegistrationId::promoting(&world.id);
    let found = world
        .deps
        .table
        .registration(&tenant(), &registration)
        .await;
    let mut found = found.unwrap().unwrap();
    for state in [State::Analysing, State::Quarantined] {
        found = found.advance(state, "because", Timestamp::now()).unwrap();
        world.deps.table.put_registration(&found).await.unwrap();
    }
    assert_eq!(world.ask("promote").await.unwrap(), Next::Over);
    let expected = Status::Finished(Ending::NotAdmitted { registration });
    assert_eq!(world.status().await, expected);
}

#[tokio::test]
async fn what_the_platform_cannot_go_on_with_has_failed() {
    let world = World::new(1.0, json!({"unknown": 1})).await;
    let error = world.ask("decide").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert_eq!(world.ask("fail").await.unwrap(), Next::Over);
    let error = "Internal".to_owned();
    assert_eq!(world.status().await, Status::Failed { error });
    assert_eq!(world.ask("fail").await.unwrap(), Next::Over);
}

#[tokio::test]
async fn the_sample_events_name_an_evolution_that_there_must_be() {
    let world = World::new(1.0, json!({})).await;
    for case in [
        "ok-decide",
        "ok-ask",
        "ok-answer",
        "ok-promote",
        "duplicate-promote",
        "ok-fail",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../events/promote-champion")
            .join(case)
            .with_extension("json");
        let request = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let error = handle(&world.deps, request).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidInput, "{case}");
    }
}
