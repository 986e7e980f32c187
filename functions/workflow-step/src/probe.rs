//! Finding out what an artifact says of itself and how it behaves.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    AgentFailure, Completed, Example, ExampleRun, FailureKind, Limits, Manifest, ManifestDraft,
    Outcome, ProbeReport, Source,
};
use tdev_sandbox::Program;

use crate::host::Clock;

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
/// tools and limits to run it under, and the caller will find the same fault.
pub(crate) fn probe(
    source: &Source,
    submitted: &ManifestDraft,
    now: Timestamp,
) -> Outcome<Box<ProbeReport>> {
    match try_probe(source, submitted, now) {
        Ok(report) => Outcome::Completed(Box::new(report)),
        Err(failure) => Outcome::Failed(failure),
    }
}

fn try_probe(
    source: &Source,
    submitted: &ManifestDraft,
    now: Timestamp,
) -> Result<ProbeReport, AgentFailure> {
    let start = Instant::now();
    let bare = Program::compile(source, &[].into())?;
    let compile_us = micros(start.elapsed());
    let (declared, describe_us) = describe(&bare)?;
    let examples = match Manifest::merge(declared.clone(), submitted.clone()) {
        Ok(manifest) => {
            let program = Program::compile(source, &manifest.tools)?;
            run_examples(&program, &manifest, now)
        }
        Err(_) => Vec::new(),
    };
    Ok(ProbeReport {
        declared,
        compile_us,
        describe_us,
        compiled_bytes: bare.compiled_bytes(),
        examples,
    })
}

/// What `get_capabilities()` returns, always the same, and its fastest time in microseconds.
fn describe(program: &Program) -> Result<(ManifestDraft, u64), AgentFailure> {
    let limits = Limits::default();
    let first = program.describe(&limits);
    let declared = first.outcome?;
    let mut fastest = first.run_us;
    let start = Instant::now();
    for _ in 1..DESCRIBE_ROUNDS {
        let again = program.describe(&limits);
        if again.outcome.as_ref() != Ok(&declared) {
            return Err(no_manifest(
                "get_capabilities() does not always return the same",
            ));
        }
        fastest = fastest.min(again.run_us);
        if start.elapsed() > DESCRIBE_BUDGET {
            break;
        }
    }
    serde_json::from_value(declared)
        .map(|draft| (draft, fastest))
        .map_err(|e| no_manifest(&format!("get_capabilities() returned no manifest: {e}")))
}

fn no_manifest(message: &str) -> AgentFailure {
    AgentFailure::new(FailureKind::InvalidManifest, message)
}

fn run_examples(program: &Program, manifest: &Manifest, now: Timestamp) -> Vec<ExampleRun> {
    let mut left = EXAMPLES_BUDGET;
    let mut run = |input: &Value| -> Result<Value, AgentFailure> {
        let limits = Limits {
            wall_time_ms: manifest
                .limits
                .wall_time_ms
                .min(u32::try_from(left.as_millis()).unwrap_or(u32::MAX)),
            ..manifest.limits
        };
        if limits.wall_time_ms == 0 {
            return Err(AgentFailure::new(
                FailureKind::TimedOut,
                format!(
                    "the examples take more than {} s in all",
                    EXAMPLES_BUDGET.as_secs()
                ),
            ));
        }
        let run = program.execute(input, &limits, &mut Clock::Stopped(now));
        left = left.saturating_sub(Duration::from_micros(run.run_us));
        run.outcome
    };
    let one = |example: &Example| {
        let first = run(&example.input);
        // What failed has shown enough; a second run might take as long again.
        let deterministic = first.is_err() || run(&example.input) == first;
        ExampleRun {
            example: example.clone(),
            outcome: match first {
                Ok(output) => Outcome::Completed(Completed { output }),
                Err(failure) => Outcome::Failed(failure),
            },
            deterministic,
        }
    };
    manifest.examples.iter().map(one).collect()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
