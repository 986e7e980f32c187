//! `cargo local makespan`: how long traces of real workflows take on the local stack, beside how
//! long they must.

mod instance;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::platform::Platform;
use crate::process;
use crate::progress::say;
use instance::Instance;

/// How long the critical path of an instance takes at most, in seconds.
const CRITICAL_PATH: f64 = 60.0;
/// How long a run may take.
const PATIENCE: Duration = Duration::from_mins(10);

const AGENT: &str = "makespan-sleeper";
const SOURCE: &str = r#""""Takes as long as a task of a trace did."""


def get_capabilities():
    """What this agent can do."""
    return {
        "description": "Sleeps.",
        "capabilities": ["measure.sleep"],
        "tools": ["sleep"],
    }


def execute(input):
    """Sleeps for so many seconds."""
    sleep(input["seconds"])
    return input["seconds"]
"#;

/// What a run of an instance came to, in seconds.
struct Measured {
    /// From when the run was accepted until its last step was over.
    makespan: f64,
    /// By how much a step takes longer than its agent sleeps, on the average: from when its last
    /// dependency was over to its own end.
    overhead: f64,
}

/// Runs the `number` smallest instances in `folder`, one after the other, and prints a table.
pub(crate) fn show(platform: &Platform, folder: &Path, number: usize) -> Result<()> {
    let files = instance::files(folder)?;
    ensure!(!files.is_empty(), "{} is empty", folder.display());
    register(platform)?;
    // So that the functions are started, and the first run is not measured by that.
    let warm = Instance::read(&files[0], 1.0)?;
    measure(platform, &warm)?;
    say!(
        "\nIn seconds, the critical path scaled down to {CRITICAL_PATH} at most. Agents sleep, so"
    );
    say!("workers are unlimited, and the critical path is the bound. A step's overhead is what it");
    say!(
        "takes from its last dependency's end to its own beyond its agent's sleep; level by level"
    );
    say!("is an engine that begins a level when the one before is over, with the same overhead.\n");
    say!(
        "| instance | tasks | edges | bound | makespan | ÷ bound | overhead of a step | level by level | ÷ bound |"
    );
    say!("|---|---|---|---|---|---|---|---|---|");
    for file in files.iter().take(number) {
        let instance = Instance::read(file, CRITICAL_PATH)?;
        let Measured { makespan, overhead } = measure(platform, &instance)?;
        let bound = instance.longest_path(&instance.seconds(0.0));
        let levels = instance.by_levels(&instance.seconds(overhead));
        say!(
            "| {} | {} | {} | {bound:.0} | {makespan:.2} | {:.3} | {overhead:.3} | {levels:.2} | {:.3} |",
            instance.name,
            instance.tasks(),
            instance.edges(),
            makespan / bound,
            levels / bound,
        );
    }
    Ok(())
}

fn register(platform: &Platform) -> Result<()> {
    let answer = platform.post("/v1/agents", &json!({"name": AGENT, "source": SOURCE}))?;
    let Some(registration) = answer.location.filter(|_| answer.status == 202) else {
        bail!("{AGENT} was answered {}: {}", answer.status, answer.body);
    };
    let settled = until(platform, &registration, |body| {
        let state = body["state"]["name"].as_str().unwrap_or_default();
        matches!(state, "active" | "quarantined" | "rejected")
    })?;
    ensure!(settled["state"]["name"] == "active", "{settled:#}");
    Ok(())
}

fn measure(platform: &Platform, instance: &Instance) -> Result<Measured> {
    let definition = instance.definition("makespan", AGENT);
    let answer = platform.post("/v1/workflows", &definition)?;
    ensure!(
        matches!(answer.status, 200 | 201),
        "the workflow was answered {}: {}",
        answer.status,
        answer.body
    );
    let answer = platform.post("/v1/workflows/makespan/runs", &json!({"input": {}}))?;
    let Some(run) = answer.location.filter(|_| answer.status == 202) else {
        bail!("the run was answered {}: {}", answer.status, answer.body);
    };
    let ended = until(platform, &run, |run| {
        let state = run["status"]["name"].as_str().unwrap_or_default();
        matches!(state, "completed" | "failed" | "cancelled")
    })?;
    ensure!(ended["status"]["name"] == "completed", "{ended:#}");
    measured(&ended, &definition)
}

/// What the run's record says.
fn measured(run: &Value, definition: &Value) -> Result<Measured> {
    let begun = time(&run["timing"]["created_at"])?;
    let end_of = |id: &Value| -> Result<Timestamp> {
        let mut steps = run["steps"].as_array().into_iter().flatten();
        let step = steps.find(|step| step["id"] == *id);
        time(&step.with_context(|| format!("{id} is not shown"))?["ended_at"])
    };
    let mut last = begun;
    let (mut overhead, mut number) = (0.0, 0.0);
    for step in definition["steps"].as_array().into_iter().flatten() {
        let mut ready = begun;
        for dependency in step["depends_on"].as_array().into_iter().flatten() {
            ready = ready.max(end_of(dependency)?);
        }
        let end = end_of(&step["id"])?;
        let sleep = step["inputs"]["seconds"].as_f64().unwrap_or_default();
        overhead += end.duration_since(ready).as_secs_f64() - sleep;
        number += 1.0;
        last = last.max(end);
    }
    Ok(Measured {
        makespan: last.duration_since(begun).as_secs_f64(),
        overhead: overhead / number,
    })
}

fn time(value: &Value) -> Result<Timestamp> {
    let text = value.as_str().context("a time is missing")?;
    Ok(text.parse()?)
}

fn until(platform: &Platform, path: &str, is_over: impl Fn(&Value) -> bool) -> Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = platform.get(path)?;
        if is_over(&answer.body) {
            return Ok(answer.body);
        }
        if Instant::now() > end {
            let seconds = PATIENCE.as_secs();
            bail!("{path} is not over after {seconds} s: {:#}", answer.body);
        }
        process::pause(Duration::from_secs(1))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_measured_from_its_last_dependency() {
        let definition = json!({"steps": [
            {"id": "a", "inputs": {"seconds": 2}, "depends_on": []},
            {"id": "b", "inputs": {"seconds": 3}, "depends_on": ["a"]}]});
        let run = json!({"timing": {"created_at": "2026-01-01T00:00:00Z"}, "steps": [
            {"id": "b", "ended_at": "2026-01-01T00:00:05.500Z"},
            {"id": "a", "ended_at": "2026-01-01T00:00:02.100Z"}]});
        let Measured { makespan, overhead } = measured(&run, &definition).unwrap();
        assert!((makespan - 5.5).abs() < 1e-9);
        assert!((overhead - 0.25).abs() < 1e-9);
    }
}
