//! A worker of a test's own, and all that it speaks to: the local AWS through a proxy, a recorder, a
//! bus, and a tenant whose agents nobody else has.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::json;
use tdev_aws::{Artifacts, SdkConfig, Table};
use tdev_domain::{ArtifactDigest, InvocationId, Settings, Source, StepMessage, TenantId};
use tdev_journal::{Journals, TenantJournal, TenantRuns};
use tokio::runtime::Runtime;

use crate::boundary::Boundaries;
use crate::corpus::source;
use crate::proxy::{self, Outbox};
use crate::recorder::Recorder;
use tdev_tests::process::{Bus, Stage, admit};
use tdev_tests::process::{Heard, Worker};

/// A worker and its surroundings.
pub(crate) struct Rig<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) runtime: Runtime,
    pub(crate) worker: Worker,
    pub(crate) boundaries: Arc<Boundaries>,
    pub(crate) outbox: Outbox,
    pub(crate) recorder: Recorder,
    pub(crate) bus: Bus,
    pub(crate) sdk: SdkConfig,
    pub(crate) journal: TenantJournal,
    pub(crate) runs: TenantRuns,
    pub(crate) tenant: TenantId,
    pub(crate) recorder_port: u16,
}

impl<'a> Rig<'a> {
    /// Sets everything up; the worker is not started yet. What it prints goes to a log called
    /// like this.
    pub(crate) fn new(stage: &'a Stage, log: &str) -> Result<Self> {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{log}.log"));
        drop(std::fs::remove_file(&log));
        let mut worker = Worker::new("workflow-step", stage.program.clone(), log);
        let boundaries = Arc::new(Boundaries::of(worker.victim()));
        let (outbox, recorder) = (Outbox::default(), Recorder::default());
        let recorder_port = recorder.start(Arc::clone(&boundaries))?;
        let proxy = proxy::start(
            stage.endpoint.clone(),
            Arc::clone(&boundaries),
            outbox.clone(),
        )?;
        let name = stage.name();
        let bus = stage.bus(&name)?;
        let journal = &stage.journal;
        worker.configure(stage.environment(proxy));
        worker.configure([
            ("KEY_ARN", journal.key.clone().unwrap_or_default()),
            ("EVENT_BUS", bus.name.clone()),
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
        let journals = Journals::new(&sdk, journal);
        Ok(Self {
            stage,
            runtime,
            worker,
            boundaries,
            outbox,
            recorder,
            bus,
            journal: journals.of(&tenant),
            runs: journals.runs_of(&tenant),
            sdk,
            tenant,
            recorder_port,
        })
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

    /// The platform's table.
    pub(crate) fn table(&self) -> Table {
        Table::new(&self.sdk, &self.stage.journal.table)
    }

    /// Stores the source of an agent.
    pub(crate) fn store(&self, body: &str) -> Result<ArtifactDigest> {
        let source = Source::from_bytes(source(body).as_bytes())?;
        let artifacts = Artifacts::new(&self.sdk, &self.stage.journal.bucket);
        Ok(self.runtime.block_on(artifacts.put(&source))?)
    }

    /// Makes an agent callable by others, and by whoever wants the capability.
    pub(crate) fn register(&self, name: &str, body: &str, capability: &str) -> Result<()> {
        let artifact = self.store(body)?;
        let (table, name, capability) = (self.table(), name.parse()?, capability.parse()?);
        let admitted = admit(&table, &self.tenant, name, artifact, capability);
        self.runtime.block_on(admitted)
    }
}
