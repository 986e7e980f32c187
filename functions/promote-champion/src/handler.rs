//! Request → record → decision → effects.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tdev_aws::{Artifacts, Events, Objects, Queue, SdkConfig, Table, TaskTokens};
use tdev_domain::evolution::{Ending, Evolution, EvolutionId, PromoteRequest, Status, Step};
use tdev_domain::{AgentStatus, ErrorName, TenantId};
use tdev_evolution::gate::{self, Evidence, Policy};
use tdev_lambda::Error;

use crate::{Config, decide};

/// The `source` of what is put on the bus.
const EVENT_SOURCE: &str = "tdev.evolution";

/// What the handler works with.
#[derive(Debug)]
pub struct Deps {
    pub(crate) table: Table,
    pub(crate) objects: Objects,
    pub(crate) artifacts: Artifacts,
    pub(crate) registrations: Queue,
    events: Events,
    waiting: TaskTokens,
}

impl Deps {
    /// Builds the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        Self {
            table: Table::new(sdk, config.table),
            objects: Objects::new(sdk, &config.artifacts_bucket),
            artifacts: Artifacts::new(sdk, config.artifacts_bucket),
            registrations: Queue::new(sdk, config.register_queue_url),
            events: Events::new(sdk, config.event_bus),
            waiting: TaskTokens::new(sdk),
        }
    }
}

/// Does what is asked, and says what is next.
pub async fn handle(deps: &Deps, request: PromoteRequest) -> Result<Step, Error> {
    match request {
        PromoteRequest::Decide { tenant, evolution } => {
            let found = deps.find(&tenant, &evolution).await?;
            deps.decide(found).await
        }
        PromoteRequest::Ask {
            tenant,
            evolution,
            token,
        } => {
            let found = deps.find(&tenant, &evolution).await?;
            deps.ask(found, token).await
        }
        PromoteRequest::Answer { tenant, evolution } => {
            let found = deps.find(&tenant, &evolution).await?;
            deps.answer(found).await
        }
        PromoteRequest::Promote { tenant, evolution } => {
            let found = deps.find(&tenant, &evolution).await?;
            deps.promote(found).await
        }
        PromoteRequest::Fail {
            tenant,
            evolution,
            error,
        } => {
            let found = deps.find(&tenant, &evolution).await?;
            deps.fail(found, &error).await
        }
    }
}

impl Deps {
    async fn find(&self, tenant: &TenantId, id: &EvolutionId) -> Result<Evolution, Error> {
        tdev_lambda::record_tenant(tenant);
        let found = self.table.evolution(tenant, id).await?;
        found
            .ok_or_else(|| Error::invalid_input(format!("unknown evolution: {tenant} has no {id}")))
    }

    /// Has the gate judge the evidence.
    async fn decide(&self, evolution: Evolution) -> Result<Step, Error> {
        let is_examined = matches!(evolution.status, Status::Examining { .. });
        let Some(winner) = evolution.winner.as_ref().filter(|_| is_examined) else {
            return self.say(&evolution).await;
        };
        let tenant = &evolution.draft.tenant;
        let evidence = self
            .objects
            .champion(tenant, &evolution.id, &winner.evidence)
            .await?;
        let evidence: Evidence = serde_json::from_slice(&evidence).map_err(Error::internal)?;
        let policy = policy(&evolution)?;
        let verdict = gate::decide(&evidence, &policy);
        let base_is_latest = self.base_is_latest(&evolution).await?;
        let status = decide::judged(&evolution, verdict, base_is_latest);
        self.advance(&evolution, status).await
    }

    /// Remembers by which token the state machine waits. Who has answered already, or is not asked
    /// any more, has it go on at once.
    async fn ask(&self, evolution: Evolution, token: String) -> Result<Step, Error> {
        let waits = match evolution.asked(token.clone(), Timestamp::now()) {
            Some(asked) if evolution.approval.is_none() => {
                self.table.put_evolution(&asked).await?;
                true
            }
            _ => false,
        };
        if !waits {
            self.waiting.send_task_success(&token, &json!({})).await?;
        }
        Ok(evolution.step())
    }

    /// Acts on a person's answer, or on there being none.
    async fn answer(&self, evolution: Evolution) -> Result<Step, Error> {
        if !matches!(evolution.status, Status::AwaitingApproval { .. }) {
            return self.say(&evolution).await;
        }
        let base_is_latest = self.base_is_latest(&evolution).await?;
        let status = decide::answered(&evolution, evolution.approval.as_ref(), base_is_latest);
        self.advance(&evolution, status).await
    }

    /// Records that the platform cannot go on with it.
    async fn fail(&self, evolution: Evolution, error: &str) -> Result<Step, Error> {
        if evolution.status.name().is_final() {
            return self.say(&evolution).await;
        }
        let known = ErrorName::ALL
            .into_iter()
            .find(|name| name.as_str() == error);
        let error = known.map_or("Internal", ErrorName::as_str).to_owned();
        self.advance(&evolution, Status::Failed { error }).await
    }

    /// Whether the agent still answers with the version that the search began with.
    async fn base_is_latest(&self, evolution: &Evolution) -> Result<bool, Error> {
        let draft = &evolution.draft;
        let agent = self.table.agent(&draft.tenant, &draft.agent).await?;
        Ok(agent
            .is_some_and(|agent| agent.status == AgentStatus::Active && agent.latest == draft.base))
    }

    /// Moves the record on, says so on the bus, and answers what is next.
    pub(crate) async fn advance(
        &self,
        evolution: &Evolution,
        status: Status,
    ) -> Result<Step, Error> {
        let moved = evolution
            .advance(status, Timestamp::now())
            .map_err(Error::internal)?;
        self.table.put_evolution(&moved).await?;
        tracing::info!(evolution = %moved.id, status = %moved.status.name(), "moved on");
        self.say(&moved).await
    }

    /// Says on the bus where an evolution stands, if others want to know, and answers what is
    /// next. It is said again when an action is repeated, under the same key: who was lost after
    /// the record had moved on may not have said it.
    pub(crate) async fn say(&self, evolution: &Evolution) -> Result<Step, Error> {
        let (kind, more) = match &evolution.status {
            Status::AwaitingApproval { reasons, .. } => {
                ("EvolutionAwaitsApproval", json!({"reasons": reasons}))
            }
            Status::Promoted { version } => ("EvolutionPromoted", json!({"version": version})),
            Status::Finished(ending @ Ending::Quarantined { .. }) => {
                ("EvolutionQuarantined", json!({"ending": ending}))
            }
            Status::Finished(ending) => ("EvolutionFinished", json!({"ending": ending})),
            Status::Failed { error } => ("EvolutionFailed", json!({"error": error})),
            _ => return Ok(evolution.step()),
        };
        let draft = &evolution.draft;
        let mut detail = Map::from_iter([
            ("tenant".to_owned(), json!(draft.tenant)),
            ("evolution".to_owned(), json!(evolution.id)),
            ("agent".to_owned(), json!(draft.agent)),
            ("base".to_owned(), json!(draft.base)),
            ("winner".to_owned(), json!(evolution.winner)),
        ]);
        if let Value::Object(more) = more {
            detail.extend(more);
        }
        let key = format!("{}/{}", evolution.id, evolution.status.name());
        self.events.put(EVENT_SOURCE, kind, &key, detail).await?;
        Ok(evolution.step())
    }
}

fn policy(evolution: &Evolution) -> Result<Policy, Error> {
    let policy = evolution.draft.policy.clone();
    serde_json::from_value(policy).map_err(|error| {
        Error::invalid_input("the evolution's policy is none that the gate takes")
            .with_source(error)
    })
}

#[cfg(test)]
mod tests;
