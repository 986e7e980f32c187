use std::collections::BTreeSet;

use serde_json::json;
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{
    AgentKind, AgentName, ArtifactDigest, Feedback, Lesson, LessonOrigin, Limits, Manifest,
    ManifestDraft, Quality, Registration, State, TaskDraft, TaskId, Verdict,
};
use tdev_lambda::env::Env;
use tdev_routing::model::{Scratch, Snapshot};
use tdev_testing::FakeAws;

use super::*;

const WEATHER: [&str; 3] = ["will it rain tomorrow", "how cold is it", "any snow today"];
const MUSIC: [&str; 3] = ["play some jazz", "skip this song", "turn the volume up"];

fn deps(aws: &FakeAws) -> Deps {
    let config = Env::of([
        ("TABLE_NAME", "platform"),
        ("ARTIFACTS_BUCKET", "artifacts"),
        (
            "DEAD_LETTER_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/dead",
        ),
        ("MAX_RECEIVES", "5"),
    ])
    .load(Config::read);
    Deps::new(&aws.config(), config.unwrap())
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn name(name: &str) -> AgentName {
    name.parse().unwrap()
}

async fn admit(deps: &Deps, agent: &str, utterances: &[&str]) {
    let now = Timestamp::now();
    let artifact = ArtifactDigest::of(agent.as_bytes());
    let draft = ManifestDraft::default();
    let mut registration = Registration::accept(tenant(), name(agent), artifact, 100, draft, now);
    deps.table.put_registration(&registration).await.unwrap();
    for state in [State::Analysing, State::Probing] {
        registration = registration.advance(state, "because", now).unwrap();
        deps.table.put_registration(&registration).await.unwrap();
    }
    let version = AgentVersion {
        tenant: tenant(),
        agent: name(agent),
        version: Agent::next_version(None),
        kind: AgentKind::Code,
        artifact: registration.artifact.clone(),
        bytes: 100,
        manifest: Manifest {
            description: "Does something.".to_owned(),
            capabilities: vec!["do.something".parse().unwrap()],
            utterances: utterances.iter().map(|text| (*text).to_owned()).collect(),
            examples: Vec::new(),
            input_schema: None,
            output_schema: None,
            tools: BTreeSet::new(),
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
    deps.table.admit(&active, &version, None).await.unwrap();
}

fn lesson(text: &str, verdict: Verdict, origin: LessonOrigin) -> Lesson {
    Lesson {
        tenant: tenant(),
        task: TaskId::generate(),
        text: text.to_owned(),
        verdict,
        origin,
        at: Timestamp::now(),
    }
}

/// Delivers the tenant's message; whether it shall come again.
async fn deliver(deps: &Deps) -> bool {
    let body = json!({"tenant": "acme"}).to_string();
    let record = json!({"messageId": "m-1", "body": body});
    let batch = serde_json::from_value(json!({"Records": [record]})).unwrap();
    !handle(deps, batch).await.batch_item_failures.is_empty()
}

async fn pointer(deps: &Deps) -> RouterPointer {
    let pointer = deps.table.router(&tenant()).await.unwrap();
    pointer.expect("there is a model")
}

async fn snapshot(deps: &Deps) -> Snapshot {
    let model = pointer(deps).await.model;
    let bytes = deps.models.get(&tenant(), &model).await.unwrap();
    Snapshot::from_bytes(&bytes).unwrap()
}

/// A deployment with two agents and a model that knows them.
async fn trained() -> (FakeAws, Deps) {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    admit(&deps, "weather", &WEATHER).await;
    admit(&deps, "music", &MUSIC).await;
    assert!(!deliver(&deps).await);
    (aws, deps)
}

#[tokio::test]
async fn a_tenant_gets_a_model_of_its_agents() {
    let (_, deps) = trained().await;
    let found = pointer(&deps).await;
    assert_eq!((found.model.version, found.model.examples), (1, 6));
    let model = snapshot(&deps).await;
    assert_eq!(model.version(), 1);
    let mut scratch = Scratch::new();
    let best = model.predict("will it rain", &mut scratch).best().unwrap();
    assert_eq!(best.0.as_str(), "weather");
}

#[tokio::test]
async fn nothing_is_trained_when_nothing_has_changed() {
    let (aws, deps) = trained().await;
    let stored = aws.requests_of("S3.PutObject").len();
    let before = pointer(&deps).await;
    assert!(!deliver(&deps).await);
    assert_eq!(pointer(&deps).await, before);
    assert_eq!(aws.requests_of("S3.PutObject").len(), stored);

    admit(&deps, "invoices", &["which invoices are overdue"]).await;
    assert!(!deliver(&deps).await);
    let after = pointer(&deps).await;
    assert_eq!(
        (after.model.version, after.previous),
        (2, vec![before.model])
    );
    assert_eq!(snapshot(&deps).await.agents().len(), 3);
}

#[tokio::test]
async fn a_tenant_without_agents_gets_a_model_that_knows_none() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    assert!(!deliver(&deps).await);
    let model = snapshot(&deps).await;
    let mut scratch = Scratch::new();
    assert!(!model.predict("will it rain", &mut scratch).is_in_scope());
}

#[tokio::test]
async fn a_client_can_teach_it() {
    let (_, deps) = trained().await;
    let draft = TaskDraft {
        tenant: tenant(),
        text: "is it slippery".to_owned(),
        input: json!(null),
        capability: None,
        priority: Priority::NORMAL,
        deadline: None,
        retry: RetryPolicy::default(),
    };
    let share = FairShare::default();
    let admitted = deps
        .table
        .admit_task(&draft, &share, Timestamp::now())
        .await;
    let feedback = Feedback {
        correct: false,
        agent: Some(name("weather")),
        none: false,
    };
    let lesson = admitted.unwrap().taught(&feedback, Timestamp::now());
    deps.table.put_lesson(&lesson.unwrap()).await.unwrap();
    let likely = async || {
        let mut scratch = Scratch::new();
        let model = snapshot(&deps).await;
        model
            .predict("is it slippery", &mut scratch)
            .probability_of("weather")
    };
    let before = likely().await;
    assert!(!deliver(&deps).await);
    let after = likely().await;
    assert!(after > before && after > 0.5, "{before} to {after}");
}

#[tokio::test]
async fn a_model_that_someone_went_back_to_stays() {
    let (_, deps) = trained().await;
    admit(&deps, "invoices", &["which invoices are overdue"]).await;
    assert!(!deliver(&deps).await);
    let back = pointer(&deps).await.rolled_back(1).unwrap();
    deps.table.move_router(&back).await.unwrap();
    assert!(!deliver(&deps).await);
    assert_eq!(pointer(&deps).await, back);
    deps.table.move_router(&back.released()).await.unwrap();
    assert!(!deliver(&deps).await);
    assert_eq!(pointer(&deps).await.model.version, 3);
}

#[tokio::test]
async fn of_two_writers_one_wins_and_the_other_starts_over() {
    let (aws, deps) = trained().await;
    let rival = deps.table.router(&tenant()).await.unwrap().unwrap();
    admit(&deps, "invoices", &["which invoices are overdue"]).await;
    // Another writer moves the pointer while the model is being stored.
    let moved = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&moved);
    aws.on("DynamoDB.PutItem", move |_| {
        seen.store(true, std::sync::atomic::Ordering::SeqCst);
        tdev_testing::Response::refused(&json!(null))
    });
    assert!(deliver(&deps).await, "it comes again");
    assert!(moved.load(std::sync::atomic::Ordering::SeqCst));
    assert_eq!(pointer(&deps).await, rival);
    aws.restore("DynamoDB.PutItem");
    assert!(!deliver(&deps).await);
    assert_eq!(pointer(&deps).await.model.version, 2);
}

#[test]
fn a_clients_word_goes_before_outcomes_and_strangers_are_left_out() {
    let for_agent = |agent: &str| Verdict::For(name(agent));
    let lessons = [
        lesson("a", Verdict::NotFor(name("music")), LessonOrigin::Feedback),
        lesson("a", for_agent("music"), LessonOrigin::Outcome),
        lesson("b", for_agent("stranger"), LessonOrigin::Feedback),
        lesson("c", Verdict::ForNone, LessonOrigin::Feedback),
    ];
    let none = Examples::of(&[], &lessons).unwrap();
    assert_eq!(none.memory.iter().count(), 0);
    assert_eq!(none.memory.outside().collect::<Vec<_>>(), ["c"]);
    assert_eq!(none.count, 1);
    let other = Examples::of(&[], &lessons[..2]).unwrap();
    assert_ne!(none.digest, other.digest);
}

fn event(case: &str) -> SqsEvent {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../events/train-router/{case}.json"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test]
async fn the_sample_events_train_once_or_are_put_aside() {
    let aws = FakeAws::in_memory();
    let deps = deps(&aws);
    for (case, version, put_aside) in [
        ("ok", 1, 0),
        ("duplicate", 1, 0),
        ("malformed-unknown-field", 1, 1),
        ("malformed-tenant", 1, 2),
    ] {
        let response = handle(&deps, event(case)).await;
        assert!(response.batch_item_failures.is_empty(), "{case}");
        assert_eq!(pointer(&deps).await.model.version, version, "{case}");
        let letters = aws.requests_of("SQS.SendMessage").len();
        assert_eq!(letters, put_aside, "{case}");
    }
}
