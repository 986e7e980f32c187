//! A run that outlives its worker: it sleeps, its worker is killed, and it goes on in another.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tdev_agents::DURABLE;

use super::{PATIENCE, detail, shortened};
use crate::platform::Platform;
use crate::process;
use crate::progress::say;

pub(super) fn show(platform: &Platform, worker: &str, wrong: &mut Vec<String>) -> Result<()> {
    say!("\nKilling a worker while its run sleeps");
    let agent = DURABLE
        .iter()
        .find(|agent| agent.name == "reminder")
        .context("there is no agent that reminds")?;
    let input: Value = serde_json::from_str(agent.input)?;
    let path = format!("/v1/agents/{}/invoke", agent.name);
    let answer = platform.post(&path, &json!({ "input": input }))?;
    let Some(invocation) = answer.location.filter(|_| answer.status == 202) else {
        say!("  {} {}", answer.status, detail(&answer.body));
        wrong.push(format!("{} was answered {}", agent.name, answer.status));
        return Ok(());
    };
    let asleep = until(platform, &invocation, |state| state == "suspended")?;
    let wait = asleep["status"]["wait"]["until"].as_str();
    say!("  {} sleeps until {}", agent.name, wait.unwrap_or("?"));
    let workers = process::with_environment(&[("AWS_LAMBDA_FUNCTION_NAME", worker)]);
    let killed: Vec<_> = workers
        .into_iter()
        .filter(|id| process::kill(*id))
        .collect();
    say!("  killed the process of {worker} ({killed:?})");
    if killed.is_empty() {
        wrong.push(format!("{worker} had no process to kill"));
    }
    let is_final = |state: &str| matches!(state, "completed" | "failed" | "cancelled");
    let ended = until(platform, &invocation, is_final)?;
    let state = ended["status"]["name"].as_str().unwrap_or("?");
    say!("  {state} all the same; its ledger:");
    for effect in ended["effects"].as_array().into_iter().flatten() {
        say!("  {}", line(effect));
    }
    if state != "completed" {
        wrong.push(format!("{} ended as {state}", agent.name));
    }
    Ok(())
}

/// Polls the invocation until it stands as it shall.
fn until(platform: &Platform, path: &str, stands: impl Fn(&str) -> bool) -> Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = platform.get(path)?;
        let state = answer.body["status"]["name"].as_str().unwrap_or_default();
        if stands(state) {
            return Ok(answer.body);
        }
        if Instant::now() > end {
            bail!(
                "{path} is still {state} after {} s: `cargo local logs workflow-step` may say why",
                PATIENCE.as_secs()
            );
        }
        process::pause(Duration::from_millis(25))?;
    }
}

/// `  3  emit {"event": …} → null`.
fn line(effect: &Value) -> String {
    let number = effect["number"].as_u64().unwrap_or_default();
    let tool = effect["tool"].as_str().unwrap_or("?");
    let args = shortened(&effect["args"].to_string(), 70);
    let outcome = match (&effect["error"], &effect["value"]) {
        (Value::Null, value) => value.to_string(),
        (error, _) => error.to_string(),
    };
    format!("{number:4}  {tool:10} {args} → {}", shortened(&outcome, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_ledger_tells_the_call_and_what_it_came_to() {
        let effect = json!({"number": 3, "tool": "sleep", "args": {"seconds": 2}, "value": null});
        assert_eq!(line(&effect), r#"   3  sleep      {"seconds":2} → null"#);
        let effect = json!({"number": 4, "tool": "llm", "args": {}, "error": {"kind": "x"}});
        assert_eq!(line(&effect), r#"   4  llm        {} → {"kind":"x"}"#);
    }
}
