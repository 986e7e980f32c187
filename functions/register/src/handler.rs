//! Batch → registration by registration → effects.

use std::num::NonZeroU32;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use tdev_aws::{Artifacts, Function, Queue, SdkConfig, Table};
use tdev_domain::{
    Agent, AgentStatus, AgentVersion, ErrorName, Manifest, Outcome, Probe, Quality,
    RegisterMessage, Registration, Report, State, StateName, StepRequest, StepResponse,
    TrainMessage,
};
use tdev_lambda::telemetry::names;
use tdev_lambda::{Error, sqs};
use tracing::Instrument;

use crate::Config;
use crate::decide::{Decision, Probed, Screening, Subject, decide, screen};

/// How often a registration is taken up anew, within one delivery, when another writer was first.
const ATTEMPTS: u32 = 4;

/// What the handler works with.
pub struct Deps {
    table: Table,
    artifacts: Artifacts,
    dead_letters: Queue,
    max_receives: NonZeroU32,
    workflow_step: Function,
    training: Queue,
}

impl Deps {
    /// Builds the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        Self {
            table: Table::new(sdk, config.table),
            artifacts: Artifacts::new(sdk, config.artifacts_bucket),
            dead_letters: Queue::new(sdk, config.dead_letter_queue_url),
            max_receives: config.max_receives,
            workflow_step: Function::new(sdk, config.workflow_step_function),
            training: Queue::new(sdk, config.train_queue_url),
        }
    }
}

/// Takes every registration that the batch names to its end, or says which message shall come
/// again.
pub async fn handle(deps: &Deps, batch: SqsEvent) -> SqsBatchResponse {
    sqs::process(
        batch,
        &deps.dead_letters,
        deps.max_receives,
        async |message| deps.register(&message).await,
    )
    .await
}

/// What was decided about a registration, and whether its release was taken into account.
struct Judged {
    released: bool,
    decision: Decision,
}

impl Deps {
    /// Takes one registration to its end. When another writer was first, it is read again; what
    /// was decided stays decided, so that the agent is not run twice.
    async fn register(&self, message: &RegisterMessage) -> Result<(), Error> {
        tdev_lambda::record_tenant(&message.tenant);
        let mut judged = None;
        for _ in 0..ATTEMPTS {
            match self.attempt(message, &mut judged).await {
                Err(error) if error.name() == ErrorName::Conflict => {
                    tracing::info!(error = error.chain(), "another writer was first");
                }
                result => return result,
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the registration or its agent is being changed by others all the time",
        ))
    }

    async fn attempt(
        &self,
        message: &RegisterMessage,
        judged: &mut Option<Judged>,
    ) -> Result<(), Error> {
        let RegisterMessage {
            tenant,
            registration: id,
        } = message;
        let Some(registration) = self.table.registration(tenant, id).await? else {
            return Err(Error::invalid_input(format!(
                "unknown registration: {tenant} has no {id}"
            )));
        };
        if registration.state.name().is_settled() {
            tracing::info!(registration = %id, "settled already");
            // The delivery that admitted it may have been lost before it said so.
            return self.train_for(&registration).await;
        }
        let span = tracing::info_span!("registration", %id, agent = %registration.agent);
        self.advance(registration, judged).instrument(span).await
    }

    async fn advance(
        &self,
        mut registration: Registration,
        judged: &mut Option<Judged>,
    ) -> Result<(), Error> {
        if registration.state == State::Accepted {
            let reason = "its source is being parsed and scanned";
            registration = self.moved(&registration, State::Analysing, reason).await?;
        }
        let released = registration.release.is_some();
        let decision = match judged.take().filter(|judged| judged.released == released) {
            Some(judged) => judged.decision,
            None => self.judge(&mut registration).await?,
        };
        let settled = self.settle(&registration, &decision).await;
        *judged = Some(Judged { released, decision });
        settled
    }

    /// Analyses the agent and, if nothing speaks against it, probes it.
    async fn judge(&self, registration: &mut Registration) -> Result<Decision, Error> {
        let Some(source) = self.artifacts.get(&registration.artifact).await? else {
            return Ok(Decision::Reject {
                report: Box::new(crate::report::report(Vec::new(), None, None)),
                reason: "its source is no longer stored; register it again".to_owned(),
            });
        };
        let analysis = tdev_analysis::analyse(&source);
        if let Screening::Settled(decision) = screen(Subject::from(&*registration), &analysis) {
            return Ok(decision);
        }
        self.probing(registration).await?;
        let probed = self.probe(registration).await?;
        Ok(decide(Subject::from(&*registration), &analysis, probed))
    }

    /// Sees to it that the registration is stored as being probed.
    async fn probing(&self, registration: &mut Registration) -> Result<(), Error> {
        if registration.state != State::Probing {
            let reason = "nothing in its source speaks against it; it is being run in the sandbox";
            *registration = self.moved(registration, State::Probing, reason).await?;
        }
        Ok(())
    }

    async fn probe(&self, registration: &Registration) -> Result<Probed, Error> {
        let request = StepRequest::Probe(Box::new(Probe {
            tenant: registration.tenant.clone(),
            agent: registration.agent.clone(),
            artifact: registration.artifact.clone(),
            submitted: registration.submitted.clone(),
        }));
        match self.workflow_step.invoke(&request).await {
            Ok(StepResponse::Probe(Outcome::Completed(report))) => Ok(Probed::Measured(report)),
            Ok(StepResponse::Probe(Outcome::Failed(failure))) => Ok(Probed::Failed(failure)),
            Ok(_) => Err(Error::internal(
                "workflow-step answered a question that it was not asked",
            )),
            Err(error @ tdev_aws::Error::CalleeDied { .. }) => {
                tracing::warn!(error = Error::from(error).chain(), "the probe died");
                Ok(Probed::Died)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn settle(&self, registration: &Registration, decision: &Decision) -> Result<(), Error> {
        match decision {
            Decision::Admit {
                manifest,
                quality,
                report,
            } => self.admit(registration, manifest, quality, report).await,
            Decision::Quarantine { report, reason } => {
                self.end(registration, State::Quarantined, reason, report)
                    .await
            }
            Decision::Reject { report, reason } => {
                self.end(registration, State::Rejected, reason, report)
                    .await
            }
        }
    }

    /// Makes the agent's next version, unless its latest is the same.
    async fn admit(
        &self,
        registration: &Registration,
        manifest: &Manifest,
        quality: &Quality,
        report: &Report,
    ) -> Result<(), Error> {
        let mut registration = registration.clone();
        self.probing(&mut registration).await?;
        let current = self
            .table
            .agent(&registration.tenant, &registration.agent)
            .await?;
        if let Some(version) = self
            .identical(&registration, current.as_ref(), manifest)
            .await?
        {
            let state = State::Active {
                version: version.version,
            };
            let reason = format!(
                "identical to version {}; no new version was made",
                version.version
            );
            return self.end(&registration, state, &reason, report).await;
        }
        let now = Timestamp::now();
        let version = AgentVersion {
            tenant: registration.tenant.clone(),
            agent: registration.agent.clone(),
            version: Agent::next_version(current.as_ref()),
            kind: registration.kind,
            artifact: registration.artifact.clone(),
            bytes: registration.bytes,
            manifest: manifest.clone(),
            quality: quality.clone(),
            findings: report.findings.clone(),
            registration: registration.id.clone(),
            created_at: now,
        };
        let state = State::Active {
            version: version.version,
        };
        let reason = format!(
            "admitted as version {} with a quality of {} out of 100",
            version.version, quality.score
        );
        let active = registration
            .advance(state, reason, now)?
            .with_report(report.clone());
        self.table
            .admit(&active, &version, current.as_ref())
            .await?;
        log_settled(&active);
        self.train_for(&active).await
    }

    /// Says that tasks can be routed to a new version, if the registration made one.
    async fn train_for(&self, registration: &Registration) -> Result<(), Error> {
        if registration.state.name() == StateName::Active {
            let tenant = registration.tenant.clone();
            self.training.send(&TrainMessage { tenant }, &[]).await?;
        }
        Ok(())
    }

    /// The latest version, if the agent is active and nothing has changed since.
    async fn identical(
        &self,
        registration: &Registration,
        current: Option<&Agent>,
        manifest: &Manifest,
    ) -> Result<Option<AgentVersion>, Error> {
        let Some(agent) = current.filter(|agent| agent.status == AgentStatus::Active) else {
            return Ok(None);
        };
        let latest = self
            .table
            .version(&agent.tenant, &agent.name, agent.latest)
            .await?;
        Ok(latest.filter(|latest| {
            latest.artifact == registration.artifact && latest.manifest == *manifest
        }))
    }

    /// Stores the registration in its next state on the way.
    async fn moved(
        &self,
        registration: &Registration,
        state: State,
        reason: &str,
    ) -> Result<Registration, Error> {
        let moved = registration.advance(state, reason, Timestamp::now())?;
        self.table.put_registration(&moved).await?;
        tracing::info!(state = moved.state.name().as_str(), reason, "moved on");
        Ok(moved)
    }

    /// Stores the registration in its last state.
    async fn end(
        &self,
        registration: &Registration,
        state: State,
        reason: &str,
        report: &Report,
    ) -> Result<(), Error> {
        let ended = registration
            .advance(state, reason, Timestamp::now())?
            .with_report(report.clone());
        self.table.put_registration(&ended).await?;
        log_settled(&ended);
        Ok(())
    }
}

fn log_settled(registration: &Registration) {
    let state: StateName = registration.state.name();
    let reason = registration.history.last().map(|last| last.reason.as_str());
    tracing::info!(state = state.as_str(), reason, "settled");
    metrics::counter!(names::REGISTRATIONS_SETTLED, "State" => state.as_str()).increment(1);
}

#[cfg(test)]
mod tests;
