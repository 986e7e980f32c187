//! An agent that evolves: a few generations, the gate, and the version that comes of it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::detail;
use crate::platform::{Answer, Platform};
use crate::process;
use crate::progress::say;

/// What the agent evolves by, in the checkout.
const PROBLEM: &str = "events/problems/online-bin-packing.json";
/// Who evolves.
const AGENT: &str = "online-bin-packer";
/// Where the drawings go, in the checkout.
const DRAWINGS: &str = ".local/demo";
/// How long it may take.
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) fn show(platform: &Platform, checkout: &Path, wrong: &mut Vec<String>) -> Result<()> {
    say!("\nHaving an agent evolve");
    let path = checkout.join(PROBLEM);
    let problem = fs::read_to_string(&path);
    let problem = problem.with_context(|| format!("{} could not be read", path.display()))?;
    let problem: Value = serde_json::from_str(&problem)?;
    let stored = platform.post("/v1/problems", &problem)?;
    if !matches!(stored.status, 200 | 201) {
        refused("the problem", &stored, wrong);
        return Ok(());
    }
    let before = packed(platform)?;
    let request = json!({
        "agent": AGENT,
        "problem": problem["name"],
        "population": 30,
        "budget": {"generations": 8, "evaluations": 2_000},
        "seed": 1,
    });
    let started = platform.post("/v1/evolutions", &request)?;
    let Some(evolution) = started.location.clone().filter(|_| started.status == 202) else {
        refused("the evolution", &started, wrong);
        return Ok(());
    };
    let ended = watch(platform, &evolution)?;
    draw(platform, &evolution, checkout)?;

    say!("  {} after {}", status(&ended), cost(&ended["cost"]));
    if status(&ended) != "promoted" {
        wrong.push(format!(
            "the evolution is {}: {}",
            status(&ended),
            ended["details"]
        ));
        return Ok(());
    }
    let version = &ended["details"]["version"];
    let serving = &platform.get(&format!("/v1/agents/{AGENT}"))?.body["version"];
    let after = packed(platform)?;
    say!("  {AGENT} answers as version {serving}: {after} bins where it took {before}");
    if serving != version {
        wrong.push(format!(
            "{AGENT} answers as version {serving}, not {version}"
        ));
    }
    Ok(())
}

/// Shows generations as they are made, until the evolution stands still.
fn watch(platform: &Platform, evolution: &str) -> Result<Value> {
    let end = Instant::now() + PATIENCE;
    let mut shown = 0_u64;
    loop {
        let found = platform.get(evolution)?.body;
        let listed = platform
            .get(&format!("{evolution}/generations?limit=100"))?
            .body;
        for generation in listed["items"].as_array().into_iter().flatten() {
            let number = generation["generation"].as_u64().unwrap_or_default();
            if number >= shown {
                say!(
                    "  generation {number:2}: best {:.4}, mean {:.4}, diversity {:.2}",
                    generation["best"].as_f64().unwrap_or(f64::NAN),
                    generation["mean"].as_f64().unwrap_or(f64::NAN),
                    generation["diversity"].as_f64().unwrap_or(f64::NAN),
                );
                shown = number + 1;
            }
        }
        if matches!(
            status(&found),
            "promoted" | "finished" | "cancelled" | "failed" | "awaiting_approval"
        ) {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!(
                "{evolution} is still {} after {} s: `cargo local logs evolve-generation` may say why",
                status(&found),
                PATIENCE.as_secs()
            );
        }
        process::pause(Duration::from_millis(250))?;
    }
}

/// Shows the fitness curve, and keeps it and the tree of ancestors as SVG.
fn draw(platform: &Platform, evolution: &str, checkout: &Path) -> Result<()> {
    let curve = platform.get(&format!("{evolution}/curve?format=text"))?;
    for line in curve.body.as_str().unwrap_or_default().lines() {
        say!("  {line}");
    }
    let folder = checkout.join(DRAWINGS);
    fs::create_dir_all(&folder)?;
    for (path, file) in [("curve", "fitness.svg"), ("lineage", "lineage.svg")] {
        let svg = platform.get(&format!("{evolution}/{path}?format=svg"))?;
        let svg = svg.body.as_str().unwrap_or_default();
        fs::write(folder.join(file), svg)?;
        say!("  {DRAWINGS}/{file}, {} bytes", svg.len());
    }
    Ok(())
}

/// How many bins the agent takes for its sample input.
fn packed(platform: &Platform) -> Result<Value> {
    let sample = tdev_agents::SAMPLES
        .iter()
        .find(|sample| sample.name == AGENT);
    let input = sample.context("the agent ships")?.input;
    let input: Value = serde_json::from_str(input)?;
    let path = format!("/v1/agents/{AGENT}/invoke");
    let answer = platform.post(&path, &json!({ "input": input }))?;
    Ok(answer.body["output"]["bins"].clone())
}

fn status(evolution: &Value) -> &str {
    evolution["status"].as_str().unwrap_or("unknown")
}

fn cost(cost: &Value) -> String {
    let of = |member: &str| cost[member].as_f64().unwrap_or_default();
    format!(
        "{:.2} s of worker time, ${:.6}",
        of("seconds"),
        of("dollars")
    )
}

fn refused(what: &str, answer: &Answer, wrong: &mut Vec<String>) {
    say!("  {} {}", answer.status, detail(&answer.body));
    wrong.push(format!("{what} was answered {}", answer.status));
}
