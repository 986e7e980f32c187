//! One workflow with workers of its own.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use tdev_aws::{Objects, Registered, WorkflowDraft};
use tdev_domain::{Run, RunId, RunStatus, TaskMessage, WorkflowVersion};
use tdev_workflow::{Definition, Plan};

use super::corpus::{AGENTS, Flow, input};
use crate::boundary::Boundaries;
use crate::proxy;
use crate::rig::Rig;
use tdev_tests::process::Stage;
use tdev_tests::process::{Heard, Worker};

/// One workflow's part of the test.
pub(crate) struct Lane<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) rig: Rig<'a>,
    /// The function that routes tasks. It is not killed here.
    router: Worker,
    version: WorkflowVersion,
    plan: Plan,
}

impl<'a> Lane<'a> {
    /// Sets everything up; no worker is started yet.
    pub(crate) fn new(stage: &'a Stage, flow: &'a Flow) -> Result<Self> {
        let rig = Rig::new(stage, &format!("workflow-{}", flow.name))?;
        for (name, body) in AGENTS {
            rig.register(name, body, "test.crash")?;
        }
        rig.register("routed", AGENTS[0].1, "test.routed")?;
        let mut versions = flow.definitions.iter().map(|one| registered(&rig, one));
        let version = versions.try_fold(None, |_, version| version.map(Some));
        let (version, plan) = version?.context("there is no workflow")?;
        Ok(Self {
            flow,
            router: router(&rig, flow.name)?,
            version,
            plan,
            rig,
        })
    }

    /// A new run of the workflow, stored.
    pub(crate) fn accept(&self) -> Result<RunId> {
        use tdev_run::Store;
        let now = Timestamp::now();
        let latest = self
            .rig
            .runtime
            .block_on(self.rig.runs.latest(&self.plan))?;
        let run = Run {
            id: RunId::generate(),
            tenant: self.rig.tenant.clone(),
            workflow: self.version.name.clone(),
            version: self.version.version,
            definition: self.version.definition.clone(),
            steps: self.version.steps,
            input: input(self.rig.recorder_port),
            status: RunStatus::Running,
            parent: None,
            depth: 0,
            deadline: now + SignedDuration::from_hours(24),
            resumed: 0,
            latest,
            task_token: None,
            revision: 0,
            due_at: None,
            created_at: now,
            updated_at: now,
        };
        let run = tdev_run::accept(run, now);
        self.rig.runtime.block_on(self.rig.runs.put_run(&run))?;
        Ok(run.id)
    }

    /// Has the message seen to by whoever routes tasks.
    pub(crate) fn route(&mut self, message: &TaskMessage) -> Result<()> {
        let body = serde_json::to_string(message)?;
        let heard = self.router.deliver(&body, 1)?;
        ensure!(matches!(heard, Heard::Answered(_)), "not routed: {heard:?}");
        Ok(())
    }
}

fn registered(rig: &Rig<'_>, definition: &serde_json::Value) -> Result<(WorkflowVersion, Plan)> {
    let definition = Definition::from_json(&definition.to_string())
        .map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    let plan = Plan::new(&definition).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let draft = WorkflowDraft {
        tenant: rig.tenant.clone(),
        name: definition.name.clone(),
        description: String::new(),
        steps: plan.len(),
        definition: definition.to_json(),
    };
    let (table, objects) = (
        rig.table(),
        Objects::new(&rig.sdk, &rig.stage.journal.bucket),
    );
    let registered = table.register_workflow(&objects, &draft, Timestamp::now());
    let (Registered::New(version) | Registered::Known(version)) =
        rig.runtime.block_on(registered)?;
    Ok((version, plan))
}

/// A worker of the function that routes tasks, whose messages come into the same outbox.
fn router(rig: &Rig<'_>, name: &str) -> Result<Worker> {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-route-{name}.log"));
    drop(std::fs::remove_file(&log));
    let mut router = Worker::new("route", rig.stage.router.clone(), log);
    let undisturbed = Arc::new(Boundaries::of(router.victim()));
    let proxy = proxy::start(rig.stage.endpoint.clone(), undisturbed, rig.outbox.clone())?;
    router.configure(rig.stage.environment(proxy));
    let trainer = rig.stage.train_queue_url.clone();
    router.configure([("TRAIN_QUEUE_URL", trainer)]);
    Ok(router)
}
