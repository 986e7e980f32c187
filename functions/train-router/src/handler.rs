//! Batch → tenant by tenant → effects.

use std::num::NonZeroU32;
use std::time::Instant;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tdev_aws::{Models, Queue, SdkConfig, Table};
use tdev_domain::{
    Agent, AgentVersion, ErrorName, RouterModel, RouterPointer, TenantId, TrainMessage,
};
use tdev_lambda::telemetry::names;
use tdev_lambda::{Error, sqs};
use tdev_routing::model::train;

use crate::{Config, Examples, MAX_LESSONS};

/// How often a model is trained, within one delivery, when another writer was first.
const ATTEMPTS: u32 = 3;
/// How many versions are read at once.
const READS: usize = 16;

/// What the handler works with.
#[derive(Debug)]
pub struct Deps {
    table: Table,
    models: Models,
    dead_letters: Queue,
    max_receives: NonZeroU32,
}

impl Deps {
    /// Builds the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        Self {
            table: Table::new(sdk, config.table),
            models: Models::new(sdk, config.artifacts_bucket),
            dead_letters: Queue::new(sdk, config.dead_letter_queue_url),
            max_receives: config.max_receives,
        }
    }
}

/// Sees to it that every tenant that the batch names has a model of what is known now, or says
/// which message shall come again.
pub async fn handle(deps: &Deps, batch: SqsEvent) -> SqsBatchResponse {
    sqs::process(
        batch,
        &deps.dead_letters,
        deps.max_receives,
        async |message: TrainMessage| deps.keep_up(&message.tenant).await,
    )
    .await
}

/// What a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trained {
    /// A new model is in place.
    Anew,
    /// The present one is made of the same examples.
    Unchanged,
    /// Someone holds the present one in its place.
    Held,
}

impl Trained {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Anew => "trained",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
        }
    }
}

impl Deps {
    async fn keep_up(&self, tenant: &TenantId) -> Result<(), Error> {
        tdev_lambda::record_tenant(tenant);
        for _ in 0..ATTEMPTS {
            match self.train(tenant).await {
                Ok(trained) => {
                    let outcome = trained.as_str();
                    tracing::info!(outcome, "looked after the model");
                    metrics::counter!(names::MODELS_TRAINED, "Outcome" => outcome).increment(1);
                    return Ok(());
                }
                Err(error) if error.name() == ErrorName::Conflict => {
                    tracing::info!(error = error.chain(), "another writer was first");
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "the pointer to the model is being moved by others all the time",
        ))
    }

    async fn train(&self, tenant: &TenantId) -> Result<Trained, Error> {
        let current = self.table.router(tenant).await?;
        if current.as_ref().is_some_and(|pointer| pointer.held) {
            return Ok(Trained::Held);
        }
        let now = Timestamp::now();
        let agents = self.agents(tenant).await?;
        let lessons = self.table.lessons(tenant, MAX_LESSONS, now).await?;
        let examples = Examples::of(&agents, &lessons).map_err(Error::internal)?;
        let is_same = |pointer: &RouterPointer| pointer.model.inputs == examples.digest;
        if current.as_ref().is_some_and(is_same) {
            return Ok(Trained::Unchanged);
        }
        let version = RouterPointer::next_version(current.as_ref());
        let started = Instant::now();
        let snapshot = train(&examples.memory, version);
        let took = started.elapsed();
        metrics::histogram!(names::TRAINING_TIME).record(took.as_secs_f64() * 1_000.0);
        let bytes = snapshot.to_bytes().map_err(Error::internal)?;
        tracing::info!(
            version,
            agents = agents.len(),
            examples = examples.count,
            bytes = bytes.len(),
            "trained a model"
        );
        let model = RouterModel {
            version,
            sha256: self.models.put(tenant, version, bytes).await?,
            inputs: examples.digest,
            examples: examples.count,
            trained_at: now,
        };
        let pointer = RouterPointer::trained(tenant.clone(), current.as_ref(), model);
        self.table.move_router(&pointer).await?;
        Ok(Trained::Anew)
    }

    /// The latest versions of the tenant's active agents, by name.
    async fn agents(&self, tenant: &TenantId) -> Result<Vec<AgentVersion>, Error> {
        stream::iter(self.table.all_agents(tenant).await?)
            .map(|agent| self.latest(agent))
            .buffered(READS)
            .try_collect()
            .await
    }

    async fn latest(&self, agent: Agent) -> Result<AgentVersion, Error> {
        let found = self
            .table
            .version(&agent.tenant, &agent.name, agent.latest)
            .await?;
        found.ok_or_else(|| {
            Error::new(
                ErrorName::Transient,
                "an agent points to a version that does not exist",
            )
        })
    }
}

#[cfg(test)]
mod tests;
