//! The function over a fake AWS, with a worker process of its own.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use tdev_aws::{Artifacts, Table};
use tdev_domain::{
    AgentFailure, AgentKind, AgentName, AgentVersion, ArtifactDigest, Callee, Invocation,
    InvocationChange, InvocationFailure, InvocationId, InvocationStatus, Limits, Manifest,
    ManifestDraft, Probe, Quality, Registration, Source, State, StepMessage, StepRequest,
    StepResponse, TenantId, Tool, VersionNumber,
};
use tdev_invocation::{Journal, accept};
use tdev_journal::Journals;
use tdev_testing::FakeAws;
use workflow_step::{Config, Deps, Event, PrivateAddresses, Response, SANDBOX_WORKER, handle};

/// The function, and what it works with.
pub(crate) struct Function {
    pub(crate) aws: FakeAws,
    pub(crate) deps: Deps,
    pub(crate) journals: Journals,
}

pub(crate) fn tenant() -> TenantId {
    "demo".parse().unwrap()
}

impl Function {
    pub(crate) fn new() -> Self {
        let aws = FakeAws::in_memory();
        let journal = tdev_journal::Config {
            table: "platform".to_owned(),
            bucket: "artifacts".to_owned(),
            key: Some("key".to_owned()),
            step_queue_url: "https://sqs/step".to_owned(),
        };
        let config = Config {
            journal: journal.clone(),
            task_queue_url: "https://sqs/task".to_owned(),
            event_bus: "bus".to_owned(),
            dead_letter_queue_url: "https://sqs/dead-letters".to_owned(),
            max_receives: 5.try_into().unwrap(),
            private_addresses: PrivateAddresses::Refused,
        };
        let deps = Deps::new(&aws.config(), &config, || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_workflow-step"));
            command.arg(SANDBOX_WORKER);
            command
        });
        let journals = Journals::new(&aws.config(), &journal);
        Self {
            aws,
            deps,
            journals,
        }
    }

    pub(crate) async fn store(&self, source: &str) -> ArtifactDigest {
        let source = Source::from_bytes(source.as_bytes()).unwrap();
        Artifacts::new(&self.aws.config(), "artifacts")
            .put(&source)
            .await
            .unwrap()
    }

    /// Admits an agent without tools whose `execute` does this.
    pub(crate) async fn admit(&self, name: &str, does: &str) {
        let source = format!(
            "def get_capabilities():\n    return {{}}\n\n\ndef execute(input):\n    {does}\n"
        );
        let artifact = self.store(&source).await;
        let (now, draft) = (Timestamp::now(), ManifestDraft::default());
        let agent: AgentName = name.parse().unwrap();
        let mut registration =
            Registration::accept(tenant(), agent.clone(), artifact, 100, draft, now);
        let table = Table::new(&self.aws.config(), "platform");
        table.put_registration(&registration).await.unwrap();
        for state in [State::Analysing, State::Probing] {
            registration = registration.advance(state, "because", now).unwrap();
            table.put_registration(&registration).await.unwrap();
        }
        let version = AgentVersion {
            tenant: tenant(),
            version: VersionNumber::FIRST,
            kind: AgentKind::Code,
            artifact: registration.artifact.clone(),
            bytes: registration.bytes,
            manifest: Manifest {
                description: "Does something.".to_owned(),
                capabilities: vec!["do.something".parse().unwrap()],
                utterances: Vec::new(),
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
            created_at: registration.created_at,
            agent,
        };
        let state = State::Active {
            version: version.version,
        };
        let active = registration.advance(state, "because", now).unwrap();
        table.admit(&active, &version, None).await.unwrap();
    }

    /// An invocation of an agent whose `execute` has this body, accepted and not begun.
    pub(crate) async fn accepted(&self, body: &str, tools: &[Tool], input: Value) -> StepMessage {
        let source =
            format!("def get_capabilities():\n    return {{}}\n\n\ndef execute(input):\n{body}");
        let artifact = self.store(&source).await;
        self.accept(InvocationId::generate(), artifact, tools, input)
            .await
    }

    pub(crate) async fn accept(
        &self,
        id: InvocationId,
        artifact: ArtifactDigest,
        tools: &[Tool],
        input: Value,
    ) -> StepMessage {
        let callee = Callee {
            agent: "agent".parse().unwrap(),
            version: VersionNumber::FIRST,
            artifact,
            tools: tools.iter().copied().collect::<BTreeSet<_>>(),
            limits: Limits::default(),
        };
        let record = accept(id.clone(), tenant(), callee, input, Timestamp::now());
        self.write(record).await;
        StepMessage {
            tenant: tenant(),
            invocation: id,
        }
    }

    pub(crate) async fn write(&self, record: Invocation) {
        let journal = self.journals.of(&record.tenant.clone());
        journal
            .commit(&[InvocationChange::to(record)])
            .await
            .unwrap();
    }

    pub(crate) async fn record(&self, message: &StepMessage) -> Invocation {
        let journal = self.journals.of(&message.tenant);
        journal.load(&message.invocation).await.unwrap().unwrap()
    }

    pub(crate) async fn ask(&self, request: StepRequest) -> StepResponse {
        let event = Event::Request(Box::new(request));
        match handle(&self.deps, event).await.unwrap() {
            Response::Request(response) => *response,
            Response::Messages(batch) => panic!("answered as a batch: {batch:?}"),
        }
    }

    pub(crate) async fn drive(&self, message: &StepMessage) -> Invocation {
        match self.ask(StepRequest::Drive(message.clone())).await {
            StepResponse::Drive {
                invocation: Some(record),
            } => *record,
            other => panic!("not driven: {other:?}"),
        }
    }

    pub(crate) async fn probe(&self, artifact: ArtifactDigest) -> StepResponse {
        self.ask(StepRequest::Probe(Box::new(Probe {
            tenant: tenant(),
            agent: "agent".parse().unwrap(),
            artifact,
            submitted: ManifestDraft::default(),
        })))
        .await
    }
}

pub(crate) fn event(case: &str) -> Event {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events/workflow-step")
        .join(case)
        .with_extension("json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn output(record: Invocation) -> Value {
    match record.status {
        InvocationStatus::Completed { output } => output,
        other => panic!("not completed: {other:?}"),
    }
}

pub(crate) fn failure(record: Invocation) -> AgentFailure {
    match record.status {
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } => failure,
        other => panic!("the agent has not failed: {other:?}"),
    }
}
