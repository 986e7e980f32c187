//! One agent with a worker of its own, and all that the worker speaks to.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_aws::{Artifacts, SdkConfig, Table};
use tdev_domain::{
    AgentKind, AgentVersion, ArtifactDigest, Callee, Invocation, InvocationId, Limits, Manifest,
    ManifestDraft, Quality, Registration, Settings, Source, State, StepMessage, TenantId, Tool,
    VersionNumber,
};
use tdev_invocation::accept;
use tdev_journal::{Journals, TenantJournal};
use tokio::runtime::Runtime;

use crate::boundary::Boundaries;
use crate::corpus::{Specimen, input, source};
use crate::proxy::{self, Outbox};
use crate::recorder::Recorder;
use crate::stage::{Bus, Stage};
use crate::worker::{Heard, Worker};

/// One agent's part of the test.
pub(crate) struct Lane<'a> {
    pub(crate) specimen: &'a Specimen,
    pub(crate) stage: &'a Stage,
    pub(crate) runtime: Runtime,
    pub(crate) worker: Worker,
    pub(crate) boundaries: Arc<Boundaries>,
    pub(crate) outbox: Outbox,
    pub(crate) recorder: Recorder,
    pub(crate) bus: Bus,
    pub(crate) journal: TenantJournal,
    tenant: TenantId,
    artifact: ArtifactDigest,
    recorder_port: u16,
    runs: usize,
}

impl<'a> Lane<'a> {
    /// Sets everything up; the worker is not started yet.
    pub(crate) fn new(stage: &'a Stage, specimen: &'a Specimen) -> Result<Self> {
        let log =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{}.log", specimen.name));
        drop(std::fs::remove_file(&log));
        let mut worker = Worker::new(stage.program.clone(), log);
        let boundaries = Arc::new(Boundaries::of(worker.victim()));
        let (outbox, recorder) = (Outbox::default(), Recorder::default());
        let recorder_port = recorder.start(Arc::clone(&boundaries))?;
        let endpoint = stage.endpoint.clone();
        let proxy = proxy::start(endpoint, Arc::clone(&boundaries), outbox.clone())?;
        let name = stage.name();
        let bus = stage.bus(&name)?;
        let journal = &stage.journal;
        worker.configure([
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{proxy}")),
            ("TABLE_NAME", journal.table.clone()),
            ("ARTIFACTS_BUCKET", journal.bucket.clone()),
            ("KEY_ARN", journal.key.clone().unwrap_or_default()),
            ("STEP_QUEUE_URL", journal.step_queue_url.clone()),
            ("TASK_QUEUE_URL", stage.dead_letter_queue_url.clone()),
            ("EVENT_BUS", bus.name.clone()),
            ("DEAD_LETTER_QUEUE_URL", stage.dead_letter_queue_url.clone()),
            ("MAX_RECEIVES", "5".to_owned()),
            ("HTTP_PRIVATE_ADDRESSES", "allowed".to_owned()),
        ]);

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let tenant: TenantId = name.parse()?;
        let sdk = runtime.block_on(stage.sdk());
        let settings = Settings {
            http_hosts: BTreeSet::from([format!("127.0.0.1:{recorder_port}").parse()?]),
        };
        let table = Table::new(&sdk, &journal.table);
        runtime.block_on(table.put_settings(&tenant, &settings))?;
        for (name, body) in specimen.calls {
            runtime.block_on(register(&sdk, stage, &tenant, name, body))?;
        }
        let artifact = runtime.block_on(store(&sdk, stage, specimen.body))?;
        Ok(Self {
            specimen,
            stage,
            runtime,
            worker,
            boundaries,
            outbox,
            recorder,
            bus,
            journal: Journals::new(&sdk, journal).of(&tenant),
            tenant,
            artifact,
            recorder_port,
            runs: 0,
        })
    }

    /// A new invocation of the agent, under a name that no run before it had: what agents of one
    /// name remember is shared.
    pub(crate) fn invocation(&mut self) -> Result<Invocation> {
        self.runs += 1;
        let callee = Callee {
            agent: format!("{}-{}", self.specimen.name, self.runs).parse()?,
            version: VersionNumber::FIRST,
            artifact: self.artifact.clone(),
            tools: Tool::ALL.into(),
            limits: Limits::default(),
        };
        let id = InvocationId::generate();
        let input = input(self.recorder_port);
        Ok(accept(
            id,
            self.tenant.clone(),
            callee,
            input,
            Timestamp::now(),
        ))
    }

    /// The message that calls a worker to an invocation.
    pub(crate) fn message(&self, invocation: &InvocationId) -> StepMessage {
        StepMessage {
            tenant: self.tenant.clone(),
            invocation: invocation.clone(),
        }
    }

    /// Has the worker run an invocation again from its ledger.
    pub(crate) fn replay(&mut self, invocation: &InvocationId) -> Result<()> {
        let mut request = serde_json::to_value(self.message(invocation))?;
        request["action"] = json!("replay");
        match self.worker.invoke(&request)? {
            Heard::Answered(answer) => {
                let expected = json!({"action": "replay", "result": "identical"});
                ensure!(answer == expected, "the replay of {invocation}: {answer}");
                Ok(())
            }
            other => anyhow::bail!("the replay of {invocation}: {other:?}"),
        }
    }
}

async fn store(sdk: &SdkConfig, stage: &Stage, body: &str) -> Result<ArtifactDigest> {
    let source = Source::from_bytes(source(body).as_bytes())?;
    Ok(Artifacts::new(sdk, &stage.journal.bucket)
        .put(&source)
        .await?)
}

/// Makes an agent callable by other agents.
async fn register(
    sdk: &SdkConfig,
    stage: &Stage,
    tenant: &TenantId,
    name: &str,
    body: &str,
) -> Result<()> {
    let artifact = store(sdk, stage, body).await?;
    let now = Timestamp::now();
    let draft = ManifestDraft::default();
    let mut registration =
        Registration::accept(tenant.clone(), name.parse()?, artifact, 1, draft, now);
    let table = Table::new(sdk, &stage.journal.table);
    table.put_registration(&registration).await?;
    let version = VersionNumber::FIRST;
    for state in [State::Analysing, State::Probing, State::Active { version }] {
        registration = registration.advance(state, "for the test", now)?;
        if !registration.state.name().is_settled() {
            table.put_registration(&registration).await?;
        }
    }
    let version = AgentVersion {
        tenant: registration.tenant.clone(),
        agent: registration.agent.clone(),
        version,
        kind: AgentKind::Code,
        artifact: registration.artifact.clone(),
        bytes: registration.bytes,
        manifest: Manifest {
            description: "Is called.".to_owned(),
            capabilities: vec!["test.crash".parse()?],
            utterances: Vec::new(),
            examples: Vec::new(),
            input_schema: None,
            output_schema: None,
            tools: Tool::ALL.into(),
            limits: Limits::default(),
        },
        quality: Quality::from_parts(Vec::new()),
        findings: Vec::new(),
        registration: registration.id.clone(),
        created_at: now,
    };
    Ok(table.admit(&registration, &version, None).await?)
}

/// How an invocation ended, as the corpus writes it.
pub(crate) fn ending(record: &Invocation) -> Value {
    use tdev_domain::{InvocationFailure, InvocationStatus};
    match &record.status {
        InvocationStatus::Completed { output } => json!({ "output": output }),
        InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        } => json!({ "failed": failure.message }),
        other => json!(other),
    }
}
