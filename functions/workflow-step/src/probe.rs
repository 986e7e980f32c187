//! Finding out what an artifact says of itself and how it behaves.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    AgentFailure, Completed, ExampleResult, ExampleRun, FailureKind, Limits, Manifest,
    ManifestDraft, Outcome, ProbeReport, Source, Tool,
};
use tdev_sandbox::{Turn, Worker};

use crate::trial;

/// What all the examples of an agent together may take. A probe must end well within the time
/// the function has.
const EXAMPLES_BUDGET: Duration = Duration::from_secs(10);

/// How often `get_capabilities()` is timed, and for how long at most.
const DESCRIBE_ROUNDS: u32 = 20;
const DESCRIBE_BUDGET: Duration = Duration::from_millis(50);

/// Compiles `source`, asks what it says of itself, and runs its examples twice each.
///
/// The manifest is merged from what the code declares and what was `submitted`, as it will be at
/// admission. If that does not give a valid one, no example is run: there is no knowing which
/// tools and limits to run it under, and the caller will find the same fault. An example has no
/// effect on anything: one that calls a tool which could have one is called off there.
///
/// # Errors
///
/// The worker cannot be started or spoken to; nothing is known of the agent.
pub(crate) fn probe(
    worker: &mut Worker,
    source: &Source,
    submitted: &ManifestDraft,
    now: Timestamp,
) -> io::Result<Outcome<Box<ProbeReport>>> {
    let described = match describe(worker, source)? {
        Ok(described) => described,
        Err(failure) => return Ok(Outcome::Failed(failure)),
    };
    let examples = match Manifest::merge(described.declared.clone(), submitted.clone()) {
        Ok(manifest) => run_examples(worker, source, &manifest, now)?,
        Err(_) => Vec::new(),
    };
    Ok(Outcome::Completed(Box::new(ProbeReport {
        examples,
        ..described
    })))
}

/// What `get_capabilities()` returns, always the same, and what it takes.
fn describe(worker: &mut Worker, source: &Source) -> io::Result<Result<ProbeReport, AgentFailure>> {
    let (limits, no_tools) = (Limits::default(), BTreeSet::new());
    let first = worker.describe(source, &no_tools, &limits)?;
    let declared = match first.run.outcome {
        Ok(declared) => declared,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut fastest = first.run.run_us;
    let start = Instant::now();
    for _ in 1..DESCRIBE_ROUNDS {
        let again = worker.describe(source, &no_tools, &limits)?.run;
        if again.outcome.as_ref() != Ok(&declared) {
            return Ok(Err(no_manifest(
                "get_capabilities() does not always return the same",
            )));
        }
        fastest = fastest.min(again.run_us);
        if start.elapsed() > DESCRIBE_BUDGET {
            break;
        }
    }
    let report = |declared: ManifestDraft| ProbeReport {
        declared,
        compile_us: first.compile_us,
        describe_us: fastest,
        compiled_bytes: first.compiled_bytes,
        examples: Vec::new(),
    };
    Ok(serde_json::from_value(declared)
        .map(report)
        .map_err(|e| no_manifest(&format!("get_capabilities() returned no manifest: {e}"))))
}

fn no_manifest(message: &str) -> AgentFailure {
    AgentFailure::new(FailureKind::InvalidManifest, message)
}

/// Runs the examples, each twice, within the time that all of them may take.
fn run_examples(
    worker: &mut Worker,
    source: &Source,
    manifest: &Manifest,
    now: Timestamp,
) -> io::Result<Vec<ExampleRun>> {
    let start = Instant::now();
    let mut run = |input: &Value| {
        let left = EXAMPLES_BUDGET.saturating_sub(start.elapsed());
        let left_ms = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
        if left_ms == 0 {
            return Ok(Trialled::Ended(Err(AgentFailure::new(
                FailureKind::TimedOut,
                format!(
                    "the examples take more than {} s in all",
                    EXAMPLES_BUDGET.as_secs()
                ),
            ))));
        }
        let limits = Limits {
            wall_time_ms: manifest.limits.wall_time_ms.min(left_ms),
            ..manifest.limits
        };
        let turn = worker.start(source, &manifest.tools, input, &limits)?;
        try_out(worker, turn, now)
    };
    let mut runs = Vec::with_capacity(manifest.examples.len());
    for example in &manifest.examples {
        let result = match run(&example.input)? {
            Trialled::Stopped(stopped_at) => ExampleResult::Stopped { stopped_at },
            // What failed has shown enough; a second run might take as long again.
            Trialled::Ended(Err(failure)) => ExampleResult::Ended {
                outcome: Outcome::Failed(failure),
                deterministic: true,
            },
            Trialled::Ended(Ok(output)) => ExampleResult::Ended {
                deterministic: run(&example.input)? == Trialled::Ended(Ok(output.clone())),
                outcome: Outcome::Completed(Completed { output }),
            },
        };
        runs.push(ExampleRun {
            example: example.clone(),
            result,
        });
    }
    Ok(runs)
}

/// Takes a run as far as it goes without an effect.
fn try_out(worker: &mut Worker, mut turn: Turn, now: Timestamp) -> io::Result<Trialled> {
    loop {
        let calls = match turn {
            Turn::Ended(done) => return Ok(Trialled::Ended(done.run.outcome)),
            Turn::Called(calls) => calls,
        };
        let mut answers = Vec::with_capacity(calls.len());
        for call in &calls {
            let Some(answer) = trial::answer(call, now) else {
                return Ok(Trialled::Stopped(call.tool));
            };
            answers.push(Ok(answer));
        }
        turn = worker.answer(answers)?;
    }
}

/// What one run of an example came to.
#[derive(Debug, PartialEq)]
enum Trialled {
    /// It ended.
    Ended(Result<Value, AgentFailure>),
    /// It called a tool that is not for a trial.
    Stopped(Tool),
}
