//! Event → run → response.

use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use lru::LruCache;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tdev_aws::{Artifacts, Events, Queue, SdkConfig, Table, TaskTokens};
use tdev_domain::{
    ArtifactDigest, ErrorName, Outcome, Probe, ProbeReport, Source, StepRequest, StepResponse,
};
use tdev_journal::Journals;
use tdev_lambda::Error;
use tdev_sandbox::Worker;
use tdev_workflow::Plan;
use tokio::sync::{Mutex as Turnstile, OwnedMutexGuard};

use crate::config::Config;
use crate::http::Http;
use crate::{batch, invocation, probe, run};

/// How many sources are kept, of at most 6.5 KiB each.
const SOURCES: NonZeroUsize = NonZeroUsize::new(512).unwrap();

/// How many plans are kept, of at most 10,000 steps each.
const PLANS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// What the function works with.
#[derive(Debug)]
pub struct Deps {
    pub(crate) table: Table,
    pub(crate) journals: Journals,
    pub(crate) events: Events,
    pub(crate) http: Http,
    pub(crate) tasks: Queue,
    pub(crate) steps: Queue,
    pub(crate) dead_letters: Queue,
    pub(crate) max_receives: NonZeroU32,
    artifacts: Artifacts,
    pub(crate) executions: TaskTokens,
    sources: Mutex<LruCache<ArtifactDigest, Source>>,
    plans: Mutex<LruCache<ArtifactDigest, Arc<Plan>>>,
    worker: Arc<Turnstile<Worker>>,
}

impl Deps {
    /// Builds the clients. `worker` starts the process that agents run in.
    pub fn new(
        aws: &SdkConfig,
        config: &Config,
        worker: impl FnMut() -> Command + Send + 'static,
    ) -> Self {
        Self {
            table: Table::new(aws, &config.journal.table),
            journals: Journals::new(aws, &config.journal),
            events: Events::new(aws, &config.event_bus),
            http: Http::new(config.private_addresses),
            tasks: Queue::new(aws, &config.task_queue_url),
            steps: Queue::new(aws, &config.journal.step_queue_url),
            artifacts: Artifacts::new(aws, &config.journal.bucket),
            dead_letters: Queue::new(aws, &config.dead_letter_queue_url),
            max_receives: config.max_receives,
            executions: TaskTokens::new(aws),
            sources: Mutex::new(LruCache::new(SOURCES)),
            plans: Mutex::new(LruCache::new(PLANS)),
            worker: Arc::new(Turnstile::new(Worker::new(worker))),
        }
    }

    /// The worker, once nobody else has it.
    pub(crate) async fn worker(&self) -> OwnedMutexGuard<Worker> {
        Arc::clone(&self.worker).lock_owned().await
    }

    /// The source of an artifact, from what is kept or else from S3. An artifact never changes,
    /// so none goes stale.
    pub(crate) async fn source(
        &self,
        artifact: &ArtifactDigest,
    ) -> Result<Option<Source>, tdev_aws::Error> {
        let sources = || self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources().get(artifact) {
            return Ok(Some(source.clone()));
        }
        let found = self.artifacts.get(artifact).await?;
        if let Some(source) = &found {
            sources().put(artifact.clone(), source.clone());
        }
        Ok(found)
    }
}

/// The plans of definitions, which never change.
impl Deps {
    /// The plan of a definition, if it is kept.
    pub(crate) fn plan_at_hand(&self, definition: &ArtifactDigest) -> Option<Arc<Plan>> {
        self.plans().get(definition).cloned()
    }

    /// Keeps a plan for the runs that follow.
    pub(crate) fn keep_plan(&self, definition: ArtifactDigest, plan: Plan) -> Arc<Plan> {
        let plan = Arc::new(plan);
        self.plans().put(definition, Arc::clone(&plan));
        plan
    }

    fn plans(&self) -> MutexGuard<'_, LruCache<ArtifactDigest, Arc<Plan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the function is called with: messages of the `step` queue, or one request.
#[derive(Debug)]
pub enum Event {
    /// A batch of messages.
    Messages(SqsEvent),
    /// A request that wants an answer.
    Request(Box<StepRequest>),
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        if event.get("Records").is_some() {
            let batch = serde_json::from_value(event).map_err(D::Error::custom)?;
            return Ok(Self::Messages(batch));
        }
        let request = serde_json::from_value(event).map_err(D::Error::custom)?;
        Ok(Self::Request(request))
    }
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// The messages that shall come again.
    Messages(SqsBatchResponse),
    /// The answer to the request.
    Request(Box<StepResponse>),
}

/// Does what the event asks for.
pub async fn handle(deps: &Deps, event: Event) -> Result<Response, Error> {
    match event {
        Event::Messages(batch) => Ok(Response::Messages(batch::handle(deps, batch).await)),
        Event::Request(request) => {
            let response = answer(deps, *request).await?;
            Ok(Response::Request(Box::new(response)))
        }
    }
}

async fn answer(deps: &Deps, request: StepRequest) -> Result<StepResponse, Error> {
    match request {
        StepRequest::Drive(message) => {
            let left = invocation::advance(deps, &message).await?;
            let record = match left {
                Some(record) => Some(record),
                None => invocation::record(deps, &message).await?,
            };
            let invocation = record.map(Box::new);
            Ok(StepResponse::Drive { invocation })
        }
        StepRequest::Replay(message) => invocation::replay(deps, &message)
            .await
            .map(StepResponse::Replay),
        StepRequest::Probe(request) => probe(deps, *request).await.map(StepResponse::Probe),
        StepRequest::HoldRun { tenant, run, token } => {
            let state = Box::pin(run::hold(deps, &tenant, &run, &token)).await?;
            Ok(StepResponse::HoldRun { state })
        }
        StepRequest::ExpireRun { tenant, run } => {
            let state = Box::pin(run::expire(deps, &tenant, &run)).await?;
            Ok(StepResponse::ExpireRun { state })
        }
    }
}

async fn probe(deps: &Deps, request: Probe) -> Result<Outcome<Box<ProbeReport>>, Error> {
    tdev_lambda::record_tenant(&request.tenant);
    let source = deps.source(&request.artifact).await?.ok_or_else(|| {
        Error::invalid_input(format!("there is no artifact {}", request.artifact))
    })?;
    let agent = request.agent;
    let outcome = in_worker(deps, move |worker| {
        probe::probe(worker, &source, &request.submitted, Timestamp::now())
    })
    .await?;
    let failure = match &outcome {
        Outcome::Completed(_) => None,
        Outcome::Failed(failure) => Some(failure.kind),
    };
    tracing::info!(%agent, ?failure, "probed");
    Ok(outcome)
}

/// Has the worker do something, off the runtime's own threads.
async fn in_worker<T: Send + 'static>(
    deps: &Deps,
    work: impl FnOnce(&mut Worker) -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let mut worker = deps.worker().await;
    tokio::task::spawn_blocking(move || work(&mut worker))
        .await
        .map_err(Error::internal)?
        .map_err(|error| Error::caused_by(ErrorName::Transient, error))
}
