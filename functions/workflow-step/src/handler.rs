//! Event → run → response.

use std::io;
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use lru::LruCache;
use tdev_aws::{Artifacts, SdkConfig};
use tdev_domain::{
    ArtifactDigest, Completed, ErrorName, Execute, ExecuteResult, FailureKind, Outcome, Probe,
    ProbeReport, Source, StepRequest, StepResponse, Timing,
};
use tdev_lambda::Error;
use tdev_sandbox::Worker;

use crate::config::Config;
use crate::host::Clock;
use crate::probe;

/// How many sources are kept, of at most 6.5 KiB each.
const SOURCES: NonZeroUsize = NonZeroUsize::new(512).unwrap();

/// What the function works with.
#[derive(Debug)]
pub struct Deps {
    artifacts: Artifacts,
    sources: Mutex<LruCache<ArtifactDigest, Source>>,
    worker: Arc<Mutex<Worker>>,
}

impl Deps {
    /// Builds the clients. `worker` starts the process that agents run in.
    pub fn new(
        aws: &SdkConfig,
        config: &Config,
        worker: impl FnMut() -> Command + Send + 'static,
    ) -> Self {
        Self {
            artifacts: Artifacts::new(aws, &config.bucket),
            sources: Mutex::new(LruCache::new(SOURCES)),
            worker: Arc::new(Mutex::new(Worker::new(worker))),
        }
    }
}

/// Runs or probes an agent.
pub async fn handle(deps: &Deps, request: StepRequest) -> Result<StepResponse, Error> {
    match request {
        StepRequest::Execute(request) => execute(deps, request).await.map(StepResponse::Execute),
        StepRequest::Probe(request) => probe(deps, request).await.map(StepResponse::Probe),
    }
}

async fn execute(deps: &Deps, request: Execute) -> Result<ExecuteResult, Error> {
    tdev_lambda::record_tenant(&request.tenant);
    let source = source(deps, &request.artifact).await?;
    let (agent, version) = (request.agent, request.version);
    let done = in_worker(deps, move |worker| {
        worker.execute(
            &source,
            &request.tools,
            &request.input,
            &request.limits,
            &mut Clock,
        )
    })
    .await?;
    let result = ExecuteResult {
        outcome: match done.run.outcome {
            Ok(output) => Outcome::Completed(Completed { output }),
            Err(failure) => Outcome::Failed(failure),
        },
        timing: Timing {
            compile_us: done.compile_us,
            run_us: done.run.run_us,
        },
        logs: done.run.logs,
    };
    let failure = failure_kind(&result.outcome);
    tracing::info!(%agent, %version, timing = ?result.timing, ?failure, "executed");
    Ok(result)
}

async fn probe(deps: &Deps, request: Probe) -> Result<Outcome<Box<ProbeReport>>, Error> {
    tdev_lambda::record_tenant(&request.tenant);
    let source = source(deps, &request.artifact).await?;
    let agent = request.agent;
    let outcome = in_worker(deps, move |worker| {
        probe::probe(worker, &source, &request.submitted, Timestamp::now())
    })
    .await?;
    let failure = failure_kind(&outcome);
    tracing::info!(%agent, ?failure, "probed");
    Ok(outcome)
}

fn failure_kind<T>(outcome: &Outcome<T>) -> Option<FailureKind> {
    match outcome {
        Outcome::Completed(_) => None,
        Outcome::Failed(failure) => Some(failure.kind),
    }
}

/// The source of an artifact, from what is kept or else from S3. An artifact never changes, so
/// none goes stale.
async fn source(deps: &Deps, artifact: &ArtifactDigest) -> Result<Source, Error> {
    let sources = || deps.sources.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(source) = sources().get(artifact) {
        return Ok(source.clone());
    }
    let source = deps
        .artifacts
        .get(artifact)
        .await?
        .ok_or_else(|| Error::invalid_input(format!("there is no artifact {artifact}")))?;
    sources().put(artifact.clone(), source.clone());
    Ok(source)
}

/// Has the worker do something, off the runtime's own threads.
async fn in_worker<T: Send + 'static>(
    deps: &Deps,
    work: impl FnOnce(&mut Worker) -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let worker = Arc::clone(&deps.worker);
    tokio::task::spawn_blocking(move || {
        work(&mut worker.lock().unwrap_or_else(PoisonError::into_inner))
    })
    .await
    .map_err(Error::internal)?
    .map_err(|error| Error::caused_by(ErrorName::Transient, error))
}
