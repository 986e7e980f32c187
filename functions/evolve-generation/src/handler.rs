//! Request → record → action.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tdev_aws::{Artifacts, Objects, ProblemPart, SdkConfig, Table};
use tdev_domain::evolution::{
    Evolution, EvolutionId, EvolveAnswer, EvolveRequest, Next, ProblemParts, Spent, Status, Step,
};
use tdev_domain::{AgentName, ErrorName, Source, TenantId, VersionNumber};
use tdev_evolution::Settings;
use tdev_evolution::problem::{Judge, Stored};
use tdev_evolution::search::{self, Population, Used};
use tdev_lambda::Error;
use tdev_sandbox::Worker;

use crate::config::{Config, HeldOut};
use crate::lab::Lab;

/// The list price of a gigabyte for a second, in dollars.
#[cfg(target_arch = "aarch64")]
const DOLLARS_PER_GB_SECOND: f64 = 0.000_013_333_4;
#[cfg(not(target_arch = "aarch64"))]
const DOLLARS_PER_GB_SECOND: f64 = 0.000_016_666_7;

/// What the handler works with.
pub struct Deps {
    pub(crate) table: Table,
    pub(crate) objects: Objects,
    pub(crate) artifacts: Artifacts,
    /// For how long generations are made in one call.
    pub(crate) time: Duration,
    pub(crate) held_out: HeldOut,
    pub(crate) dollars_per_second: f64,
    pub(crate) worker: Arc<Mutex<Worker>>,
}

impl Deps {
    /// Builds the clients. `worker` starts the process that winners run in.
    pub fn new(
        aws: &SdkConfig,
        config: &Config,
        worker: impl FnMut() -> Command + Send + 'static,
    ) -> Self {
        let gigabytes = f64::from(config.memory_mb.get()) / 1024.0;
        Self {
            table: Table::new(aws, &config.table),
            objects: Objects::new(aws, &config.artifacts_bucket),
            artifacts: Artifacts::new(aws, &config.artifacts_bucket),
            time: Duration::from_secs(config.time_budget_seconds.get().into()),
            held_out: config.held_out,
            dollars_per_second: gigabytes * DOLLARS_PER_GB_SECOND,
            worker: Arc::new(Mutex::new(Worker::new(worker))),
        }
    }
}

/// Does what is asked, and says what is next.
pub async fn handle(deps: &Deps, request: EvolveRequest) -> Result<EvolveAnswer, Error> {
    match request {
        EvolveRequest::Generation {
            tenant,
            evolution,
            leg,
        } => {
            let found = deps.find(&tenant, &evolution).await?;
            Box::pin(deps.generations(found, leg))
                .await
                .map(EvolveAnswer::Step)
        }
        EvolveRequest::Shard {
            tenant,
            evolution,
            shard,
        } => {
            let found = deps.find(&tenant, &evolution).await?;
            Box::pin(deps.shard(found, shard))
                .await
                .map(EvolveAnswer::Shard)
        }
        EvolveRequest::Merge {
            tenant,
            evolution,
            leg,
            done,
        } => {
            let found = deps.find(&tenant, &evolution).await?;
            Box::pin(deps.merge(found, leg, &done))
                .await
                .map(EvolveAnswer::Step)
        }
        EvolveRequest::Examine { tenant, evolution } => {
            let found = deps.find(&tenant, &evolution).await?;
            Box::pin(deps.examine(found)).await.map(EvolveAnswer::Step)
        }
    }
}

/// What is next if the evolution does not run, or runs in another execution by now.
pub(crate) fn elsewhere(evolution: &Evolution, leg: u32) -> Option<Step> {
    if evolution.resumed != leg {
        return Some(Step::from(Next::Over));
    }
    (evolution.status != Status::Running).then(|| evolution.step())
}

impl Deps {
    pub(crate) async fn find(
        &self,
        tenant: &TenantId,
        id: &EvolutionId,
    ) -> Result<Evolution, Error> {
        tdev_lambda::record_tenant(tenant);
        let found = self.table.evolution(tenant, id).await?;
        found
            .ok_or_else(|| Error::invalid_input(format!("unknown evolution: {tenant} has no {id}")))
    }

    /// What so many seconds are.
    pub(crate) fn spent(&self, seconds: f64) -> Spent {
        Spent {
            seconds,
            dollars: seconds * self.dollars_per_second,
        }
    }

    /// The parts of the problem that the evolution began with.
    pub(crate) async fn parts(&self, evolution: &Evolution) -> Result<ProblemParts, Error> {
        let draft = &evolution.draft;
        let found = self.table.problem(&draft.tenant, &draft.problem).await?;
        let found = found.filter(|found| found.digest == draft.problem_digest);
        found.map(|found| found.parts).ok_or_else(|| {
            Error::invalid_input("the problem has changed since the evolution was accepted")
        })
    }

    /// What candidates are made of and judged by. The cases that are held out are not among it.
    pub(crate) async fn lab(
        &self,
        evolution: &Evolution,
        parts: &ProblemParts,
    ) -> Result<Arc<Lab>, Error> {
        let draft = &evolution.draft;
        let tenant = &draft.tenant;
        let source = self.source(tenant, &draft.agent, draft.base).await?;
        let definition = self
            .objects
            .problem_part(tenant, ProblemPart::Definition, &parts.definition)
            .await?;
        let problem = Stored::problem(&definition).map_err(Error::internal)?;
        let train = self
            .objects
            .problem_part(tenant, ProblemPart::Train, &parts.train)
            .await?;
        let train = Stored::train(&train).map_err(Error::internal)?;
        let scorer = match &problem.definition().judge {
            Judge::Agent { agent, version, .. } => {
                let (agent, version) = (agent.parse()?, VersionNumber::try_from(*version)?);
                Some(self.source(tenant, &agent, version).await?)
            }
            Judge::Cases { .. } | Judge::Simulation { .. } => None,
        };
        let settings = Settings {
            seed: draft.seed,
            ..settings(evolution)?
        };
        Lab::new(source, problem, train, scorer, settings).map(Arc::new)
    }

    async fn source(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        version: VersionNumber,
    ) -> Result<Source, Error> {
        let found = self.table.version(tenant, agent, version).await?;
        let found = found.ok_or_else(|| {
            Error::invalid_input(format!("the agent {agent} has no version {version}"))
        })?;
        let source = self.artifacts.get(&found.artifact).await?;
        source.ok_or_else(|| Error::new(ErrorName::Internal, "a version's artifact is gone"))
    }

    /// The last generation; none before the first.
    pub(crate) async fn population(
        &self,
        evolution: &Evolution,
        lab: &Lab,
    ) -> Result<Option<Result<Population, search::Error>>, Error> {
        let Some(progress) = &evolution.progress else {
            return Ok(None);
        };
        let bytes = self
            .objects
            .checkpoint(
                &evolution.draft.tenant,
                &evolution.id,
                progress.generation,
                &progress.checkpoint,
            )
            .await?;
        lab.read(&bytes).map(Some)
    }
}

/// What is used up by what was counted.
pub(crate) const fn used(spent: Spent) -> Used {
    Used {
        seconds: spent.seconds,
        dollars: spent.dollars,
    }
}

fn settings(evolution: &Evolution) -> Result<Settings, Error> {
    let settings = evolution.draft.settings.clone();
    serde_json::from_value(settings).map_err(|error| {
        Error::invalid_input("the evolution's settings are none that a search takes")
            .with_source(error)
    })
}

/// Computes off the runtime's own threads.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
