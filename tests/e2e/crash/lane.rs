//! One agent with a worker of its own.

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::{ArtifactDigest, Callee, Invocation, InvocationId, Limits, Tool, VersionNumber};
use tdev_invocation::accept;

use crate::corpus::{Specimen, input};
use crate::rig::Rig;
use tdev_tests::process::Stage;

/// One agent's part of the test.
pub(crate) struct Lane<'a> {
    pub(crate) specimen: &'a Specimen,
    pub(crate) rig: Rig<'a>,
    artifact: ArtifactDigest,
    runs: usize,
}

impl<'a> Lane<'a> {
    /// Sets everything up; the worker is not started yet.
    pub(crate) fn new(stage: &'a Stage, specimen: &'a Specimen) -> Result<Self> {
        let rig = Rig::new(stage, specimen.name)?;
        for (name, body) in specimen.calls {
            rig.register(name, body, "test.crash")?;
        }
        Ok(Self {
            specimen,
            artifact: rig.store(specimen.body)?,
            rig,
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
        let input = input(self.rig.recorder_port);
        Ok(accept(
            id,
            self.rig.tenant.clone(),
            callee,
            input,
            Timestamp::now(),
        ))
    }
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
