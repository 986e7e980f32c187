//! A workflow over a set of documents: side by side, with a choice, a person and an archive that
//! turns the first attempts away.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{PATIENCE, detail, shortened};
use crate::platform::{Answer, Platform};
use crate::process;
use crate::progress::say;

/// The definition and the documents, in the checkout.
const DEFINITION: &str = "events/workflows/document-review.yaml";
const DOCUMENTS: &str = "events/workflows/document-review.json";

/// How many characters wide the timeline is.
const WIDTH: usize = 40;

pub(super) fn show(platform: &Platform, checkout: &Path, wrong: &mut Vec<String>) -> Result<()> {
    say!("\nRunning a workflow");
    let read = |file: &str| {
        let path = checkout.join(file);
        fs::read_to_string(&path).with_context(|| format!("{} could not be read", path.display()))
    };
    let registered = platform.post_yaml("/v1/workflows", &read(DEFINITION)?)?;
    if !matches!(registered.status, 200 | 201) {
        refused("the workflow", &registered, wrong);
        return Ok(());
    }
    let name = registered.body["name"].as_str().unwrap_or_default();
    let version = &registered.body["version"];
    say!("  {name}, version {version}");

    let input: Value = serde_json::from_str(&read(DOCUMENTS)?)?;
    let path = format!("/v1/workflows/{name}/runs");
    let started = platform.post(&path, &json!({ "input": input }))?;
    let Some(run) = started.location.clone().filter(|_| started.status == 202) else {
        refused("the run", &started, wrong);
        return Ok(());
    };
    let asking = until(platform, &run, |run| {
        is_final(run) || status(step(run, "sign-off")) == "awaiting_approval"
    })?;
    if let Some(question) = step(&asking, "sign-off")["message"].as_str() {
        say!("  it asks: {question}");
        let approval = json!({"approved": true, "comment": "by the demonstration"});
        let answer = platform.post(&format!("{run}/approvals/sign-off"), &approval)?;
        if !matches!(answer.status, 200 | 202) {
            refused("the approval", &answer, wrong);
            return Ok(());
        }
        say!("  the demonstration says yes");
    }
    let ended = until(platform, &run, is_final)?;
    timeline(&ended);
    let output = ended["status"]["output"].to_string();
    say!("  {}: {}", state(&ended), shortened(&output, 160));
    if state(&ended) != "completed" {
        let because = &ended["status"]["because"];
        wrong.push(format!(
            "the workflow's run is {}: {because}",
            state(&ended)
        ));
    }
    let attempts = step(&ended, "archive")["attempts"].as_array();
    if attempts.map(Vec::len) != Some(3) {
        wrong.push("the archive was not tried three times".to_owned());
    }
    Ok(())
}

fn refused(what: &str, answer: &Answer, wrong: &mut Vec<String>) {
    say!("  {} {}", answer.status, detail(&answer.body));
    wrong.push(format!("{what} was answered {}", answer.status));
}

fn status(step: &Value) -> &str {
    step["status"].as_str().unwrap_or("unknown")
}

fn state(run: &Value) -> &str {
    run["status"]["name"].as_str().unwrap_or("unknown")
}

fn is_final(run: &Value) -> bool {
    matches!(state(run), "completed" | "failed" | "cancelled")
}

fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    let mut steps = run["steps"].as_array().into_iter().flatten();
    steps.find(|step| step["id"] == id).unwrap_or(&Value::Null)
}

fn until(platform: &Platform, path: &str, stands: impl Fn(&Value) -> bool) -> Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = platform.get(path)?;
        if stands(&answer.body) {
            return Ok(answer.body);
        }
        if Instant::now() > end {
            bail!(
                "{path} is still {} after {} s: `cargo local logs workflow-step` may say why",
                state(&answer.body),
                PATIENCE.as_secs()
            );
        }
        process::pause(Duration::from_millis(100))?;
    }
}

/// A line for each step, with a bar from its beginning to its end.
fn timeline(run: &Value) {
    let Some(start) = time(&run["timing"]["created_at"]) else {
        return;
    };
    let since = |value: &Value| {
        let millis = time(value)?.as_millisecond() - start.as_millisecond();
        usize::try_from(millis).ok()
    };
    let steps = || run["steps"].as_array().into_iter().flatten();
    let whole = steps().filter_map(|step| since(&step["ended_at"])).max();
    let whole = whole.unwrap_or(1).max(1);
    for step in steps() {
        let id = step["id"].as_str().unwrap_or("?");
        let (Some(from), Some(to)) = (since(&step["started_at"]), since(&step["ended_at"])) else {
            say!("  {id:14} {}", status(step));
            continue;
        };
        let bar = bar(from, to, whole);
        let notes = notes(step);
        say!(
            "  {id:14} {bar} {from:6} – {to:6} ms  {}{notes}",
            status(step)
        );
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn bar(from: usize, to: usize, whole: usize) -> String {
    let place = |at: usize| at * WIDTH / whole;
    let from = place(from).min(WIDTH - 1);
    let length = place(to).saturating_sub(from).clamp(1, WIDTH - from);
    let (before, after) = (" ".repeat(from), " ".repeat(WIDTH - from - length));
    format!("{before}{}{after}", "█".repeat(length))
}

fn notes(step: &Value) -> String {
    let attempts = step["attempts"].as_array().map_or(0, Vec::len);
    let attempts = (attempts > 1).then(|| format!(", {attempts} attempts"));
    let items = step["items"]["completed"].as_u64();
    let items = items.map(|items| format!(", {items} items"));
    [attempts, items].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_step() {
        assert_eq!(bar(0, 100, 100), "█".repeat(WIDTH));
        let half = bar(50, 100, 100);
        assert_eq!(half, format!("{}{}", " ".repeat(20), "█".repeat(20)));
        for (from, to, whole) in [(0, 0, 1), (100, 100, 100), (99, 100, 100), (7, 3, 10)] {
            let bar = bar(from, to, whole);
            assert_eq!(bar.chars().count(), WIDTH);
            assert!(bar.contains('█'), "{from} {to} {whole}");
        }
    }

    #[test]
    fn what_is_remarkable_is_noted() {
        let step = json!({"attempts": [{}, {}, {}], "items": {"completed": 4}});
        assert_eq!(notes(&step), ", 3 attempts, 4 items");
        assert_eq!(notes(&json!({"attempts": [{}]})), "");
    }
}
