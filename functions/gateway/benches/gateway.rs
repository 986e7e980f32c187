//! What the gateway itself costs: `cargo bench -p gateway`.
//!
//! Requests go through the whole router, authentication and the SDK's serialisation and signing
//! included; AWS is faked below the SDK, so nothing waits for a network. The figures include what
//! the fake takes.

use std::error::Error;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use comfy_table::Table as Report;
use gateway::{Config, Deps, router};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::Table;
use tdev_domain::{
    Agent, AgentVersion, ApiKeyId, ArtifactDigest, KeyRecord, Limits, Manifest, ManifestDraft,
    Quality, Registration, State, TenantId, VersionNumber,
};
use tdev_security::ApiKey;
use tdev_testing::{FakeAws, Response};
use tower::ServiceExt;

const REQUESTS: usize = 5_000;
const WARM_UP: usize = 500;
const SOURCE: &str = include_str!("../../../shared/agents/src/text-statistics.py");

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A kind of request.
struct Case {
    name: &'static str,
    method: Method,
    path: &'static str,
    body: Value,
    expected: StatusCode,
}

fn cases() -> [Case; 4] {
    let agent = "/v1/agents/text-statistics";
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(20);
    [
        Case {
            name: "GET health",
            method: Method::GET,
            path: "/health",
            body: Value::Null,
            expected: StatusCode::OK,
        },
        Case {
            name: "GET agent",
            method: Method::GET,
            path: agent,
            body: Value::Null,
            expected: StatusCode::OK,
        },
        Case {
            name: "POST register",
            method: Method::POST,
            path: "/v1/agents",
            body: json!({"name": "text-statistics", "source": SOURCE}),
            expected: StatusCode::ACCEPTED,
        },
        Case {
            name: "POST invoke",
            method: Method::POST,
            path: "/v1/agents/text-statistics/invoke",
            body: json!({"input": {"text": text}}),
            expected: StatusCode::OK,
        },
    ]
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the table is what it is run for")]
async fn main() -> Result<()> {
    let aws = FakeAws::in_memory();
    let config = Config {
        table: "platform".to_owned(),
        artifacts_bucket: "artifacts".to_owned(),
        register_queue_url: "https://sqs.us-east-1.amazonaws.com/1/register".to_owned(),
        step_queue_url: "https://sqs.us-east-1.amazonaws.com/1/step".to_owned(),
        task_queue_url: "https://sqs.us-east-1.amazonaws.com/1/task".to_owned(),
        train_queue_url: "https://sqs.us-east-1.amazonaws.com/1/train".to_owned(),
        workflow_step_function: "workflow-step".to_owned(),
        route_function: "route".to_owned(),
        trigger_evolution_function: "trigger-evolution".to_owned(),
        run_state_machine: "arn:aws:states:us-east-1:1:stateMachine:run".to_owned(),
        environment: "bench".to_owned(),
        cors_allowed_origins: gateway::Origins::default(),
    };
    let key = ApiKey::generate("bench")?;
    seed(&Table::new(&aws.config(), &config.table), &key).await?;
    let output = json!({"words": 180, "sentences": 20, "reading_ease": 94.3, "commonest": []});
    aws.on("Lambda.Invoke", move |request| {
        Response::json(&completed(&request.json(), &output))
    });
    let router = router(Deps::new(&aws.config(), &config), &config);

    let mut report = Report::new();
    report.load_style(comfy_table::presets::ASCII_MARKDOWN);
    report.set_header(["request", "requests", "p50 µs", "p99 µs", "max µs"]);
    for case in cases() {
        let mut latencies = measure(&router, &aws, &key, &case).await?;
        latencies.sort_unstable();
        let at = |share: usize| latencies[(latencies.len() - 1) * share / 100].as_micros();
        report.add_row([
            case.name.to_owned(),
            REQUESTS.to_string(),
            at(50).to_string(),
            at(99).to_string(),
            at(100).to_string(),
        ]);
    }
    println!("{report}");
    Ok(())
}

/// What `workflow-step` answers when it is asked to drive an invocation, and it completes.
fn completed(request: &Value, output: &Value) -> Value {
    let at = Timestamp::UNIX_EPOCH;
    let record = json!({
        "id": request["invocation"],
        "tenant": request["tenant"],
        "callee": {
            "agent": "text-statistics",
            "version": 1,
            "artifact": ArtifactDigest::of(SOURCE.as_bytes()),
            "tools": [],
            "limits": Limits::default(),
        },
        "input": null,
        "status": {"name": "completed", "output": output},
        "pending": null,
        "snapshot": null,
        "next_effect": 1,
        "first_effect": 1,
        "signals": [],
        "parent": null,
        "task": null,
        "depth": 0,
        "children": 0,
        "budget": 1024,
        "report": {"logs": [], "compile_us": 0, "run_us": 5},
        "cancel_requested": false,
        "token": 1,
        "stalls": 1,
        "revision": 2,
        "due_at": null,
        "created_at": at,
        "updated_at": at,
    });
    json!({"action": "drive", "invocation": record})
}

/// How long each request takes, from the request as parsed to the answer's last byte.
async fn measure(
    router: &Router,
    aws: &FakeAws,
    key: &ApiKey,
    case: &Case,
) -> Result<Vec<Duration>> {
    let body = match &case.body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let mut latencies = Vec::with_capacity(REQUESTS);
    for n in 0..WARM_UP + REQUESTS {
        let request = Request::builder()
            .method(case.method.clone())
            .uri(case.path)
            .header("authorization", format!("Bearer {}", key.expose()))
            .header("content-type", "application/json")
            .body(Body::from(body.clone()))?;
        let started = Instant::now();
        let response = router.clone().oneshot(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        let latency = started.elapsed();
        if status != case.expected {
            return Err(format!("{} was answered {status}", case.name).into());
        }
        if n >= WARM_UP {
            latencies.push(latency);
        }
        aws.forget_requests();
    }
    Ok(latencies)
}

/// Stores a key and an active agent.
async fn seed(table: &Table, key: &ApiKey) -> Result<()> {
    let tenant: TenantId = "acme".parse()?;
    let now = Timestamp::UNIX_EPOCH;
    table
        .put_key(&KeyRecord {
            id: ApiKeyId::generate(),
            digest: key.digest(),
            tenant: tenant.clone(),
            label: "bench".to_owned(),
            created_at: now,
        })
        .await?;
    let name: tdev_domain::AgentName = "text-statistics".parse()?;
    let artifact = ArtifactDigest::of(SOURCE.as_bytes());
    let draft: ManifestDraft = serde_json::from_value(json!({
        "description": "Counts what a text is made of.",
        "capabilities": ["text.statistics"],
        "input_schema": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
        "output_schema": {"type": "object", "required": ["words", "sentences"]},
    }))?;
    let bytes = u32::try_from(SOURCE.len())?;
    let version = VersionNumber::FIRST;
    let mut registration = Registration::accept(tenant, name, artifact, bytes, draft.clone(), now);
    for state in [State::Analysing, State::Probing, State::Active { version }] {
        table.put_registration(&registration).await?;
        registration = registration.advance(state, "seeded", now)?;
    }
    let manifest = Manifest::merge(draft, ManifestDraft::default())
        .map_err(|problems| format!("{problems:?}"))?;
    let version = AgentVersion {
        tenant: registration.tenant.clone(),
        agent: registration.agent.clone(),
        version,
        kind: registration.kind,
        artifact: registration.artifact.clone(),
        bytes,
        manifest,
        quality: Quality::from_parts(Vec::new()),
        findings: Vec::new(),
        registration: registration.id.clone(),
        created_at: now,
    };
    let current: Option<&Agent> = None;
    table.admit(&registration, &version, current).await?;
    Ok(())
}
