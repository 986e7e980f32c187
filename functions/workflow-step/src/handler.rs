//! Event → run → response.

use std::io;

use jiff::Timestamp;
use tdev_aws::{Artifacts, SdkConfig};
use tdev_domain::{
    AgentFailure, ArtifactDigest, Completed, Execute, ExecuteResult, FailureKind, Outcome, Probe,
    ProbeReport, Source, StepRequest, StepResponse, Timing,
};
use tdev_lambda::Error;
use tdev_sandbox::{Program, Run};

use crate::config::Config;
use crate::host::Clock;
use crate::probe;
use crate::sandbox_thread::SandboxThread;

/// What the function works with.
#[derive(Debug)]
pub struct Deps {
    artifacts: Artifacts,
    sandbox: SandboxThread,
}

/// Why the process cannot run agents safely.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its allocator does not count.
    #[error("the process does not count its memory, so that no agent's memory limit would hold")]
    MemoryUncounted,
    /// The operating system refuses another thread.
    #[error("the sandbox's thread could not be started")]
    Thread(#[source] io::Error),
}

impl Deps {
    /// Builds the clients and starts the sandbox's thread.
    pub fn new(aws: &SdkConfig, config: &Config) -> Result<Self, StartError> {
        if !tdev_sandbox::memory_limit_is_enforced() {
            return Err(StartError::MemoryUncounted);
        }
        tdev_sandbox::silence_interpreter_panics();
        Ok(Self {
            artifacts: Artifacts::new(aws, &config.bucket),
            sandbox: SandboxThread::start().map_err(StartError::Thread)?,
        })
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
    let (agent, version) = (request.agent.clone(), request.version);
    let result = match executed(deps, request).await? {
        Ok((run, compile_us)) => ExecuteResult {
            timing: Timing {
                compile_us,
                run_us: run.run_us,
            },
            outcome: match run.outcome {
                Ok(output) => Outcome::Completed(Completed { output }),
                Err(failure) => Outcome::Failed(failure),
            },
            logs: run.logs,
        },
        Err(failure) => ExecuteResult {
            timing: Timing::default(),
            outcome: Outcome::Failed(failure),
            logs: Vec::new(),
        },
    };
    let failure = failure_kind(&result.outcome);
    tracing::info!(%agent, %version, timing = ?result.timing, ?failure, "executed");
    Ok(result)
}

/// The run and what compiling took in microseconds, unless the source does not compile. The
/// artifact is read only if the program is not kept.
async fn executed(
    deps: &Deps,
    request: Execute,
) -> Result<Result<(Run, u64), AgentFailure>, Error> {
    let artifact = request.artifact.clone();
    let request = Box::new(request);
    let kept = deps
        .sandbox
        .run(
            move |programs| match programs.get(&request.artifact, &request.tools) {
                Some(program) => Ok(run(&program, &request)),
                None => Err(request),
            },
        )
        .await?;
    let request = match kept {
        Ok(run) => return Ok(Ok((run, 0))),
        Err(request) => request,
    };
    let source = source(deps, &artifact).await?;
    deps.sandbox
        .run(move |programs| {
            let (program, compile_us) = programs.get_or_compile(&source, &request.tools)?;
            Ok((run(&program, &request), compile_us))
        })
        .await
}

fn run(program: &Program, request: &Execute) -> Run {
    program.execute(&request.input, &request.limits, &mut Clock::Wall)
}

async fn probe(deps: &Deps, request: Probe) -> Result<Outcome<Box<ProbeReport>>, Error> {
    tdev_lambda::record_tenant(&request.tenant);
    let source = source(deps, &request.artifact).await?;
    let agent = request.agent.clone();
    let outcome = deps
        .sandbox
        .run(move |_| probe::probe(&source, &request.submitted, Timestamp::now()))
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

async fn source(deps: &Deps, artifact: &ArtifactDigest) -> Result<Source, Error> {
    deps.artifacts
        .get(artifact)
        .await?
        .ok_or_else(|| Error::invalid_input(format!("there is no artifact {artifact}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::{Value, json};
    use tdev_agents::SAMPLES;
    use tdev_domain::{ErrorName, Limits, ManifestDraft};
    use tdev_sandbox::LimitedAllocator;
    use tdev_testing::{FakeAws, Response};

    use super::*;

    #[global_allocator]
    static ALLOCATOR: LimitedAllocator = LimitedAllocator;

    fn deps(aws: &FakeAws) -> Deps {
        let config = Config {
            bucket: "artifacts".to_owned(),
        };
        Deps::new(&aws.config(), &config).unwrap()
    }

    async fn stored(deps: &Deps, source: &str) -> ArtifactDigest {
        let source = Source::from_bytes(source.as_bytes()).unwrap();
        deps.artifacts.put(&source).await.unwrap()
    }

    fn event(case: &str) -> StepRequest {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../events/workflow-step")
            .join(case)
            .with_extension("json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn execute_request(artifact: ArtifactDigest, input: Value) -> StepRequest {
        StepRequest::Execute(Execute {
            tenant: "acme".parse().unwrap(),
            agent: "agent".parse().unwrap(),
            version: tdev_domain::VersionNumber::FIRST,
            artifact,
            tools: BTreeSet::new(),
            limits: Limits::default(),
            input,
        })
    }

    fn probe_request(artifact: ArtifactDigest) -> StepRequest {
        StepRequest::Probe(Probe {
            tenant: "acme".parse().unwrap(),
            agent: "agent".parse().unwrap(),
            artifact,
            submitted: ManifestDraft::default(),
        })
    }

    fn failure(response: StepResponse) -> AgentFailure {
        match response {
            StepResponse::Execute(ExecuteResult {
                outcome: Outcome::Failed(failure),
                ..
            })
            | StepResponse::Probe(Outcome::Failed(failure)) => failure,
            other => panic!("not a failure: {other:?}"),
        }
    }

    #[tokio::test]
    async fn the_sample_events_run_the_sample_agent() {
        let deps = deps(&FakeAws::in_memory());
        let sample = SAMPLES
            .iter()
            .find(|sample| sample.name == "text-statistics")
            .unwrap();
        let digest = stored(&deps, sample.source).await;
        for (case, is_cached) in [("ok-execute", false), ("duplicate-execute", true)] {
            let request = event(case);
            let StepRequest::Execute(Execute { artifact, .. }) = &request else {
                panic!("{case} is no execution");
            };
            assert_eq!(*artifact, digest, "{case} names another artifact");
            let StepResponse::Execute(result) = handle(&deps, request).await.unwrap() else {
                panic!("{case} was not answered as an execution");
            };
            assert_eq!(result.timing.compile_us == 0, is_cached);
            assert!(
                matches!(result.outcome, Outcome::Completed(_)),
                "{result:?}"
            );
        }
        let response = handle(&deps, event("ok-probe")).await.unwrap();
        let StepResponse::Probe(Outcome::Completed(report)) = response else {
            panic!("the probe failed: {response:?}");
        };
        assert!(!report.examples.is_empty());
        for run in report.examples {
            assert!(run.deterministic, "{run:?}");
            let Outcome::Completed(completed) = run.outcome else {
                panic!("an example failed: {:?}", run.outcome);
            };
            assert_eq!(run.example.output, Some(completed.output));
        }
    }

    #[tokio::test]
    async fn an_answer_is_json_with_its_outcome() {
        let deps = deps(&FakeAws::in_memory());
        let source = "def get_capabilities():\n    return {}\n\n\n\
                      def execute(input):\n    print('hello')\n    return [1 / input]\n";
        let digest = stored(&deps, source).await;
        let mut answers = Vec::new();
        for input in [json!(2), json!(0)] {
            let request = execute_request(digest.clone(), input);
            answers.push(handle(&deps, request).await.unwrap());
        }
        insta::assert_json_snapshot!(answers, {
            "[].timing.compile_us" => "[us]",
            "[].timing.run_us" => "[us]",
        });
    }

    #[tokio::test]
    async fn an_agent_that_does_not_compile_is_an_answer() {
        let deps = deps(&FakeAws::in_memory());
        let digest = stored(&deps, "def execute(input)\n    pass\n").await;
        for request in [
            execute_request(digest.clone(), json!(1)),
            probe_request(digest),
        ] {
            let failure = failure(handle(&deps, request).await.unwrap());
            assert_eq!(failure.kind, FailureKind::InvalidSource);
            assert_eq!(failure.line, Some(1));
        }
    }

    #[tokio::test]
    async fn a_probe_wants_a_manifest() {
        let deps = deps(&FakeAws::in_memory());
        let odd = "def get_capabilities():\n    return {'tools': 3}\n";
        let digest = stored(&deps, odd).await;
        let failure = failure(handle(&deps, probe_request(digest)).await.unwrap());
        assert_eq!(failure.kind, FailureKind::InvalidManifest);
        assert!(failure.message.contains("no manifest"), "{failure}");
    }

    #[tokio::test]
    async fn the_clock_stands_still_while_examples_are_compared() {
        let deps = deps(&FakeAws::in_memory());
        let source = "def get_capabilities():\n    return {'description': 'Tells the time.', \
                      'capabilities': ['test.time'], 'tools': ['now'], \
                      'examples': [{'input': 1}]}\n\n\n\
                      def execute(input):\n    return now()\n";
        let digest = stored(&deps, source).await;
        let response = handle(&deps, probe_request(digest)).await.unwrap();
        let StepResponse::Probe(Outcome::Completed(report)) = response else {
            panic!("the probe failed: {response:?}");
        };
        assert!(report.examples[0].deterministic);
    }

    #[tokio::test]
    async fn what_is_not_stored_cannot_be_run() {
        let deps = deps(&FakeAws::in_memory());
        let absent = ArtifactDigest::of(b"nothing");
        let error = handle(&deps, probe_request(absent)).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidInput);
    }

    #[tokio::test]
    async fn an_unreachable_bucket_is_worth_another_try() {
        let aws = FakeAws::in_memory();
        aws.on("S3.GetObject", |_| {
            Response::error(503, "SlowDown", "reduce your request rate")
        });
        let request = execute_request(ArtifactDigest::of(b"x"), json!(1));
        let error = handle(&deps(&aws), request).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::Transient);
    }
}
