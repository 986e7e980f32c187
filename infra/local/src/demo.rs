//! Shows the platform at work: registers the sample agents, then calls them.

mod durable;
mod evolution;
mod tasks;
mod workflows;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_agents::{DURABLE, HOSTILE, OVERSIZE, SAMPLES, SampleAgent};

use crate::platform::{Answer, Platform};
use crate::process;
use crate::progress::{Took, say};

/// How long a registration may take to be settled.
const PATIENCE: Duration = Duration::from_mins(1);

/// Registers and calls everything. Returns what did not go as it should.
///
/// `worker` is the deployed name of the function that runs agents; the workflow that is run lies in
/// the `checkout`.
pub(crate) fn show(platform: &Platform, worker: &str, checkout: &Path) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    say!("\nRegistering agents");
    for agent in SAMPLES.iter().chain(DURABLE) {
        expect_state(platform, agent, &["active"], &mut wrong)?;
    }
    expect_refusal(platform, &OVERSIZE, &mut wrong)?;
    expect_state(platform, &HOSTILE, &["quarantined", "rejected"], &mut wrong)?;

    say!("\nCalling them");
    for agent in SAMPLES {
        call(platform, agent, &mut wrong)?;
    }
    durable::show(platform, worker, &mut wrong)?;
    tasks::show(platform, &mut wrong)?;
    workflows::show(platform, checkout, &mut wrong)?;
    evolution::show(platform, checkout, &mut wrong)?;
    Ok(wrong)
}

fn submit(platform: &Platform, agent: &SampleAgent) -> Result<Answer> {
    process::go_on()?;
    let body = json!({"name": agent.name, "source": agent.source});
    platform.post("/v1/agents", &body)
}

fn expect_state(
    platform: &Platform,
    agent: &SampleAgent,
    expected: &[&str],
    wrong: &mut Vec<String>,
) -> Result<()> {
    let accepted = submit(platform, agent)?;
    let Some(location) = accepted.location.filter(|_| accepted.status == 202) else {
        say!(
            "  {:20} {} {}",
            agent.name,
            accepted.status,
            detail(&accepted.body)
        );
        wrong.push(format!("{} was answered {}", agent.name, accepted.status));
        return Ok(());
    };
    let registration = settled(platform, &location)?;
    say!("  {:20} {}", agent.name, path(&registration));
    for line in reasons(&registration) {
        say!("  {:20}   {line}", "");
    }
    let state = state(&registration);
    if !expected.contains(&state) {
        wrong.push(format!("{} became {state}", agent.name));
    }
    Ok(())
}

fn expect_refusal(platform: &Platform, agent: &SampleAgent, wrong: &mut Vec<String>) -> Result<()> {
    let refused = submit(platform, agent)?;
    say!(
        "  {:20} {} {}",
        agent.name,
        refused.status,
        detail(&refused.body)
    );
    if refused.status != 413 {
        wrong.push(format!(
            "{} was answered {} in place of 413",
            agent.name, refused.status
        ));
    }
    Ok(())
}

fn settled(platform: &Platform, location: &str) -> Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = platform.get(location)?;
        if answer.status != 200 {
            bail!("{location} was answered {}: {}", answer.status, answer.body);
        }
        if matches!(state(&answer.body), "active" | "quarantined" | "rejected") {
            return Ok(answer.body);
        }
        if Instant::now() > end {
            bail!(
                "{location} is still {} after {} s: `cargo local logs register` may say why",
                state(&answer.body),
                PATIENCE.as_secs()
            );
        }
        process::pause(Duration::from_millis(25))?;
    }
}

fn call(platform: &Platform, agent: &SampleAgent, wrong: &mut Vec<String>) -> Result<()> {
    process::go_on()?;
    let input: Value = serde_json::from_str(agent.input)
        .with_context(|| format!("the input of {} is no JSON", agent.name))?;
    let started = Instant::now();
    let answer = platform.post(
        &format!("/v1/agents/{}/invoke", agent.name),
        &json!({"input": input}),
    )?;
    let took = started.elapsed();
    if answer.status == 200 {
        let timing = &answer.body["timing"];
        let micros = |part: &str| timing[part].as_u64().unwrap_or_default();
        say!(
            "  {:20} {} in all; compiled in {} µs, run in {} µs",
            agent.name,
            Took(took),
            micros("compile_us"),
            micros("run_us"),
        );
        say!(
            "  {:20}   {}",
            "",
            shortened(&answer.body["output"].to_string(), 160)
        );
    } else {
        say!(
            "  {:20} {} {}",
            agent.name,
            answer.status,
            detail(&answer.body)
        );
        wrong.push(format!(
            "calling {} was answered {}",
            agent.name, answer.status
        ));
    }
    Ok(())
}

fn state(registration: &Value) -> &str {
    registration["state"]["name"].as_str().unwrap_or("unknown")
}

/// `accepted → analysing +2 ms → probing +9 ms → active +80 ms, version 1, quality 92 of 100`.
fn path(registration: &Value) -> String {
    let at = |transition: &Value| transition["at"].as_str()?.parse::<Timestamp>().ok();
    let mut path = String::new();
    let mut start = None;
    for transition in registration["history"].as_array().into_iter().flatten() {
        let name = transition["state"].as_str().unwrap_or("?");
        match (start, at(transition)) {
            (Some(start), Some(at)) => {
                let millis = at.as_millisecond() - Timestamp::as_millisecond(start);
                path = format!("{path} → {name} +{millis} ms");
            }
            (_, at) => {
                path.push_str(name);
                start = at;
            }
        }
    }
    if let Some(version) = registration["state"]["version"].as_u64() {
        path = format!("{path}, version {version}");
    }
    if let Some(score) = registration["report"]["quality"]["score"].as_u64() {
        path = format!("{path}, quality {score} of 100");
    }
    path
}

/// Why a registration did not become active.
fn reasons(registration: &Value) -> Vec<String> {
    if state(registration) == "active" {
        return Vec::new();
    }
    let findings = registration["report"]["findings"].as_array();
    let mut reasons: Vec<_> = findings
        .into_iter()
        .flatten()
        .filter(|finding| matches!(finding["severity"].as_str(), Some("danger" | "error")))
        .map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap_or_default();
            let line = finding["line"].as_u64();
            let line = line
                .map(|line| format!(" line {line}:"))
                .unwrap_or_default();
            format!(
                "{} {}:{line} {}",
                text("rule"),
                text("severity"),
                text("message")
            )
        })
        .collect();
    if reasons.is_empty() {
        let last = registration["history"]
            .as_array()
            .and_then(|path| path.last());
        let reason = last.and_then(|transition| transition["reason"].as_str());
        reasons.extend(reason.map(str::to_owned));
    }
    reasons
}

/// What a problem document says.
fn detail(body: &Value) -> String {
    let text = body["detail"]
        .as_str()
        .map_or_else(|| body.to_string(), str::to_owned);
    shortened(&text, 160)
}

fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_told_from_the_start() {
        let registration = json!({
            "state": {"name": "active", "version": 3},
            "history": [
                {"state": "accepted", "at": "2026-01-01T00:00:00.000Z", "reason": ""},
                {"state": "analysing", "at": "2026-01-01T00:00:00.004Z", "reason": ""},
                {"state": "probing", "at": "2026-01-01T00:00:00.012Z", "reason": ""},
                {"state": "active", "at": "2026-01-01T00:00:01.080Z", "reason": ""},
            ],
            "report": {"quality": {"score": 92}},
        });
        assert_eq!(
            path(&registration),
            "accepted → analysing +4 ms → probing +12 ms → active +1080 ms, version 3, \
             quality 92 of 100"
        );
        assert!(reasons(&registration).is_empty());
    }

    #[test]
    fn grave_findings_are_the_reasons() {
        let registration = json!({
            "state": {"name": "quarantined"},
            "history": [{"state": "quarantined", "at": "2026-01-01T00:00:00Z", "reason": "held"}],
            "report": {"findings": [
                {"rule": "SEC003", "severity": "danger", "line": 7, "message": "calls exec"},
                {"rule": "SEC900", "severity": "error", "message": "is bad"},
                {"rule": "QUA001", "severity": "info", "line": 1, "message": "no docstring"},
            ]},
        });
        assert_eq!(
            reasons(&registration),
            ["SEC003 danger: line 7: calls exec", "SEC900 error: is bad"]
        );
    }

    #[test]
    fn without_findings_the_last_transition_says_why() {
        let registration = json!({
            "state": {"name": "rejected"},
            "history": [{"state": "accepted", "reason": "a"}, {"state": "rejected", "reason": "b"}],
        });
        assert_eq!(reasons(&registration), ["b"]);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("äöüß", 2), "äö…");
        assert_eq!(detail(&json!({"detail": "too large"})), "too large");
        assert_eq!(detail(&json!("plain")), "\"plain\"");
    }
}
