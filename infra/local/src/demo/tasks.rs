//! Tasks: one that finds its agent, and one that is for none.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{PATIENCE, detail, shortened};
use crate::platform::Platform;
use crate::process;
use crate::progress::say;

const ROUTED: &str = "how many words and sentences does this text have?";
const OUT_OF_SCOPE: &str = "recommend a good thriller";

pub(super) fn show(platform: &Platform, wrong: &mut Vec<String>) -> Result<()> {
    say!("\nGiving it tasks that name no agent");
    trained(platform)?;
    task(platform, ROUTED, "completed", wrong)?;
    task(platform, OUT_OF_SCOPE, "rejected", wrong)
}

/// Waits until a model knows the agents. Registering them had it trained.
fn trained(platform: &Platform) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = platform.get("/v1/router")?;
        let model = &answer.body["model"];
        if let Some(version) = model["version"].as_u64() {
            let examples = model["examples"].as_u64().unwrap_or_default();
            say!("  model {version}, trained on {examples} examples");
            return Ok(());
        }
        if Instant::now() > end {
            bail!("there is no routing model: `cargo local logs train-router` may say why");
        }
        process::pause(Duration::from_millis(100))?;
    }
}

fn task(platform: &Platform, text: &str, expected: &str, wrong: &mut Vec<String>) -> Result<()> {
    say!("  “{text}”");
    let accepted = platform.post("/v1/tasks", &json!({ "text": text }))?;
    let Some(location) = accepted.location.filter(|_| accepted.status == 202) else {
        say!("    {} {}", accepted.status, detail(&accepted.body));
        wrong.push(format!("a task was answered {}", accepted.status));
        return Ok(());
    };
    let task = settled(platform, &location)?;
    let state = state(&task);
    let decision = &task["decision"];
    let reason = decision["reason"].as_str().unwrap_or("?");
    let agent = decision["chosen"].as_str().unwrap_or("none");
    let confidence = decision["confidence"].as_f64().unwrap_or_default();
    say!("    {state}: {agent} ({reason}, confidence {confidence:.2})");
    if let Some(output) = task["status"].get("output") {
        say!("    {}", shortened(&output.to_string(), 160));
    }
    if state != expected {
        wrong.push(format!("“{text}” was {state}"));
    }
    Ok(())
}

fn state(task: &Value) -> &str {
    task["status"]["name"].as_str().unwrap_or("unknown")
}

fn settled(platform: &Platform, location: &str) -> Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = platform.get(location)?;
        let is_settled = |state| matches!(state, "completed" | "rejected" | "failed" | "cancelled");
        if is_settled(state(&answer.body)) {
            return Ok(answer.body);
        }
        if Instant::now() > end {
            bail!(
                "{location} is still {} after {} s: `cargo local logs route` may say why",
                state(&answer.body),
                PATIENCE.as_secs()
            );
        }
        process::pause(Duration::from_millis(50))?;
    }
}
