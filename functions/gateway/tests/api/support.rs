//! An API over a fake AWS, and what the tests do with it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use gateway::{Config, Deps, Origins, router};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::{Artifacts, Claim, Table};
use tdev_domain::{
    Agent, AgentName, AgentVersion, ApiKeyId, ArtifactDigest, Callee, Invocation,
    InvocationFailure, InvocationId, InvocationStatus, KeyRecord, Limits, Manifest, ManifestDraft,
    Quality, QualityPart, Registration, RunReport, Source, State, StepRequest, StepResponse,
    TenantId, VersionNumber,
};
use tdev_journal::Journals;
use tdev_security::ApiKey;
use tdev_testing::{FakeAws, Response};

pub(crate) use crate::calls::{Answer, Call, REQUEST_ID, stable};

/// The key in the sample events.
pub(crate) const SAMPLE_KEY: &str = "tdev_dev_thisisthesamplekeyforlocalevents8d68571d";

/// A source that is good enough to be accepted; nothing here runs it.
pub(crate) const SOURCE: &str =
    "def get_capabilities():\n    return {}\n\ndef execute(input):\n    return input\n";

/// The API, with the tenants `acme` and `globex`.
pub(crate) struct Api {
    pub(crate) aws: FakeAws,
    pub(crate) router: Router,
    pub(crate) table: Table,
    pub(crate) journals: Journals,
    pub(crate) key: String,
    pub(crate) other_key: String,
}

pub(crate) fn config() -> Config {
    Config {
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
        environment: "test".to_owned(),
        cors_allowed_origins: "https://app.example".parse::<Origins>().unwrap(),
    }
}

fn journal(config: &Config) -> tdev_journal::Config {
    tdev_journal::Config {
        table: config.table.clone(),
        bucket: config.artifacts_bucket.clone(),
        key: None,
        step_queue_url: config.step_queue_url.clone(),
    }
}

pub(crate) fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

pub(crate) fn agent_name(name: &str) -> AgentName {
    name.parse().unwrap()
}

impl Api {
    pub(crate) async fn new() -> Self {
        let aws = FakeAws::in_memory();
        let config = config();
        let api = Self {
            router: router(Deps::new(&aws.config(), &config), &config),
            table: Table::new(&aws.config(), &config.table),
            journals: Journals::new(&aws.config(), &journal(&config)),
            key: ApiKey::generate("test").unwrap().expose().to_owned(),
            other_key: ApiKey::generate("test").unwrap().expose().to_owned(),
            aws,
        };
        api.aws.on("AWSStepFunctions.StartExecution", |_| {
            Response::json(&json!({"executionArn": "arn", "startDate": 0}))
        });
        api.issue("acme", &api.key).await;
        api.issue("globex", &api.other_key).await;
        api.aws.forget_requests();
        api
    }

    /// Makes `key` one of `tenant`'s.
    pub(crate) async fn issue(&self, tenant: &str, key: &str) -> ApiKeyId {
        let record = KeyRecord {
            id: ApiKeyId::generate(),
            digest: key.parse::<ApiKey>().unwrap().digest(),
            tenant: self::tenant(tenant),
            label: "test".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
        };
        self.table.put_key(&record).await.unwrap();
        record.id
    }

    /// Admits the next version of `acme`'s agent `name`, as `register` would.
    pub(crate) async fn admit(&self, name: &str, manifest: Value) -> VersionNumber {
        self.admit_made_of(name, manifest, None).await
    }

    /// The same for an agent with this source, which is stored.
    pub(crate) async fn admit_source(&self, name: &str, source: &str) -> VersionNumber {
        let artifacts = Artifacts::new(&self.aws.config(), &config().artifacts_bucket);
        let source = Source::from_bytes(source.as_bytes()).unwrap();
        let artifact = artifacts.put(&source).await.unwrap();
        self.admit_made_of(name, json!({}), Some(artifact)).await
    }

    async fn admit_made_of(
        &self,
        name: &str,
        manifest: Value,
        artifact: Option<ArtifactDigest>,
    ) -> VersionNumber {
        let (tenant, name) = (tenant("acme"), agent_name(name));
        let current = self.table.agent(&tenant, &name).await.unwrap();
        let number = Agent::next_version(current.as_ref());
        let mut draft = json!({"description": "Counts words.", "capabilities": ["text.count"]});
        draft
            .as_object_mut()
            .unwrap()
            .extend(manifest.as_object().unwrap().clone());
        let draft: ManifestDraft = serde_json::from_value(draft).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let artifact =
            artifact.unwrap_or_else(|| ArtifactDigest::of(format!("{name} {number}").as_bytes()));
        let registration = self
            .submitted(
                &tenant,
                &name,
                &[
                    State::Analysing,
                    State::Probing,
                    State::Active { version: number },
                ],
            )
            .await;
        let version = AgentVersion {
            tenant,
            agent: name,
            version: number,
            kind: registration.kind,
            artifact,
            bytes: 80,
            manifest: Manifest::merge(draft, ManifestDraft::default()).unwrap(),
            quality: Quality::from_parts(vec![QualityPart {
                name: "documentation".to_owned(),
                points: 8,
                of: 10,
                reason: "it has a description".to_owned(),
            }]),
            findings: Vec::new(),
            registration: registration.id.clone(),
            created_at: now,
        };
        self.table
            .admit(&registration, &version, current.as_ref())
            .await
            .unwrap();
        number
    }

    /// A registration that went through `path`, all of it stored but the last step.
    pub(crate) async fn submitted(
        &self,
        tenant: &TenantId,
        name: &AgentName,
        path: &[State],
    ) -> Registration {
        let now = Timestamp::UNIX_EPOCH;
        let digest = ArtifactDigest::of(b"source");
        let draft = ManifestDraft::default();
        let mut registration =
            Registration::accept(tenant.clone(), name.clone(), digest, 80, draft, now);
        for state in path {
            self.table.put_registration(&registration).await.unwrap();
            registration = registration.advance(state.clone(), "because", now).unwrap();
        }
        registration
    }

    /// Has `workflow-step` drive every invocation to what `drive` makes of it.
    pub(crate) fn step_drives(&self, drive: impl Fn(&mut Invocation) + Send + Sync + 'static) {
        self.aws.on("Lambda.Invoke", move |request| {
            let StepRequest::Drive(message) = serde_json::from_slice(&request.body).unwrap() else {
                panic!("not asked to drive: {request:?}");
            };
            let mut record = accepted(&message.tenant, message.invocation);
            record.token = 1;
            record.revision = 2;
            record.due_at = None;
            drive(&mut record);
            let invocation = Some(Box::new(record));
            let answer = serde_json::to_value(StepResponse::Drive { invocation }).unwrap();
            Response::json(&answer)
        });
    }

    /// Has every invocation end with this output.
    pub(crate) fn step_returns(&self, output: &Value) {
        let output = output.clone();
        self.step_drives(move |record| {
            record.report = report();
            record.status = InvocationStatus::Completed {
                output: output.clone(),
            };
        });
    }

    /// Has every invocation fail in this way.
    pub(crate) fn step_fails(&self, failure: InvocationFailure) {
        self.step_drives(move |record| {
            record.report = report();
            record.status = InvocationStatus::Failed {
                failure: failure.clone(),
            };
        });
    }

    /// Has `operation` fail with this code, as the service would.
    pub(crate) fn fails(&self, operation: &str, status: u16, code: &'static str) {
        self.aws.on(operation, move |_| {
            Response::error(status, code, "secret.internal.host")
        });
    }

    /// After `before` more of them, one `operation` fails.
    pub(crate) fn fails_once(&self, before: usize, operation: &'static str) {
        let requests = AtomicUsize::new(0);
        self.aws.intercept(move |request| {
            let fails = request.operation == operation
                && requests.fetch_add(1, Ordering::Relaxed) == before;
            fails.then(|| Response::error(400, "ThrottlingException", "slow down"))
        });
    }

    /// Lets the time pass that a claim lasts whose gateway was lost.
    pub(crate) async fn outlive_claim(&self, key: &str, fingerprint: &str) {
        let (tenant, now) = (tenant("acme"), Timestamp::now());
        let later = now + jiff::SignedDuration::from_mins(2);
        let lease = std::time::Duration::ZERO;
        let claim = self.table.claim(&tenant, key, fingerprint, later, lease);
        if let Claim::Claimed(call) = claim.await.unwrap() {
            let left = self.table.leave(&tenant, key, fingerprint, call, now);
            left.await.unwrap();
        }
    }

    /// A request of the tenant `acme`.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call::new(&self.router, method, path, &self.key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }

    /// A `POST` with JSON, or with nothing if that is `null`.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let call = self.call(Method::POST, path);
        let call = if body.is_null() {
            call
        } else {
            call.json(&body)
        };
        call.send().await
    }
}

/// An invocation as it is accepted.
pub(crate) fn accepted(tenant: &TenantId, id: InvocationId) -> Invocation {
    let callee = Callee {
        agent: agent_name("word-count"),
        version: VersionNumber::FIRST,
        artifact: ArtifactDigest::of(b"source"),
        tools: BTreeSet::new(),
        limits: Limits::default(),
    };
    let input = json!({"text": "a b"});
    tdev_invocation::accept(id, tenant.clone(), callee, input, Timestamp::UNIX_EPOCH)
}

fn report() -> RunReport {
    let line = json!({"message": "counting", "fields": {"n": 1}});
    RunReport {
        logs: vec![serde_json::from_value(line).unwrap()],
        compile_us: 210,
        run_us: 45,
    }
}
