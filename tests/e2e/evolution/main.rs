//! Evolution over the deployed stack: generations, whole and in shards, the gate, a person's
//! answer, what a champion descends from, the schedule, and an agent that became worse.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stored;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tdev_evolution::search::lineage::Record;
use tdev_tests::{Answer, Stack};

/// An agent that is wrong by what its block says.
const SOURCE: &str = r#""""Scales numbers."""


def get_capabilities():
    """What this agent can do."""
    return {
        "description": "Scales a number.",
        "capabilities": ["test.evolution"],
        "tools": [],
        "examples": [{"input": {"x": 2.0}}, {"input": {"x": -1.5}}],
    }


# EVOLVE-BLOCK-START
def scale(x: float) -> float:
    """Which factor it is, is to be found out."""
    return x
# EVOLVE-BLOCK-END


def execute(input):
    """Scales `x`."""
    return {"y": scale(input["x"])}
"#;

/// `y = x² + x`, to be learnt from examples.
fn problem(name: &str) -> Value {
    let cases: Vec<_> = (0..40)
        .map(|n| {
            let x = f64::from(n) / 10.0 - 2.0;
            json!({"input": [x], "output": x * x + x})
        })
        .collect();
    json!({
        "name": name,
        "judge": {
            "kind": "cases",
            "function": "scale",
            "metric": {"kind": "absolute"},
            "cases": cases,
        },
    })
}

fn registered(stack: &Stack, name: &str) -> Result<()> {
    let settled = stack.register(name, SOURCE)?;
    ensure!(settled["state"]["name"] == "active", "{settled:#}");
    let answer = stack.post("/v1/problems", &problem(name))?;
    ensure!(matches!(answer.status, 200 | 201), "{:#}", answer.body);
    Ok(())
}

fn started(stack: &Stack, name: &str, more: &Value) -> Result<String> {
    let mut request = json!({
        "agent": name,
        "problem": name,
        "population": 40,
        "budget": {"generations": 30, "evaluations": 20_000, "target": 0.001},
        "seed": 3,
    });
    for (member, value) in more.as_object().into_iter().flatten() {
        request[member] = value.clone();
    }
    let answer = stack.post("/v1/evolutions", &request)?;
    accepted(&answer)
}

fn accepted(answer: &Answer) -> Result<String> {
    ensure!(answer.status == 202, "{} {:#}", answer.status, answer.body);
    Ok(answer.header("location").to_owned())
}

fn until(stack: &Stack, evolution: &str, wanted: &[&str]) -> Result<Value> {
    stack.eventually(&format!("{evolution} to be {wanted:?}"), || {
        let answer = stack.get(evolution)?;
        let status = answer.body["status"].as_str().unwrap_or_default();
        let is_wanted = wanted.contains(&status);
        let is_over = matches!(status, "promoted" | "finished" | "cancelled" | "failed");
        ensure!(is_wanted || !is_over, "{:#}", answer.body);
        Ok(is_wanted.then_some(answer.body))
    })
}

#[test]
fn an_agent_gets_better_and_the_gateway_serves_the_better_version() -> Result<()> {
    let stack = Stack::from_env()?;
    let name = "evolving-scaler";
    registered(&stack, name)?;
    // What is exactly right has lost all of its loss at once, which is what is looked for here.
    let expected = json!({"autonomy": {"jump": 1.0}});
    let evolution = started(&stack, name, &expected)?;
    let ended = until(&stack, &evolution, &["promoted"])?;
    ensure!(ended["winner"]["loss"].as_f64() < ended["winner"]["base_loss"].as_f64());

    let agent = stack.get(&format!("/v1/agents/{name}"))?.body;
    ensure!(agent["version"] == 2, "{agent:#}");
    let input = json!({"input": {"x": 3.0}});
    let answer = stack.post(&format!("/v1/agents/{name}/invoke"), &input)?;
    let y = answer.body["output"]["y"].as_f64().context("no output")?;
    ensure!((y - 12.0).abs() < 1.0, "{y}");

    let champions = stack.get(&format!("/v1/agents/{name}/champions"))?.body;
    ensure!(champions["items"][0]["version"] == 2, "{champions:#}");
    ensure!(
        champions["items"][0]["evolution"] == ended["id"],
        "{champions:#}"
    );
    lineage_holds(&stack, &evolution, &ended)
}

/// Follows the chain from one record to the next, to the hash that the evolution names.
fn lineage_holds(stack: &Stack, evolution: &str, ended: &Value) -> Result<()> {
    let mut hash = None;
    let mut cursor = String::new();
    loop {
        let page = stack.get(&format!("{evolution}/lineage?limit=7{cursor}"))?;
        ensure!(page.status == 200, "{:#}", page.body);
        for generation in page.body["items"].as_array().into_iter().flatten() {
            for record in generation["records"].as_array().into_iter().flatten() {
                let record: Record = serde_json::from_str(&record.to_string())?;
                if let Some(before) = hash {
                    ensure!(record.follows(before), "{record:?}");
                }
                hash = Some(record.hash);
            }
        }
        let Some(next) = page.body["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let head = hash.context("no records")?.to_string();
    ensure!(ended["progress"]["lineage"] == head, "{head}");
    for drawing in ["lineage", "curve"] {
        let svg = stack.get(&format!("{evolution}/{drawing}?format=svg"))?;
        ensure!(svg.status == 200 && svg.body.to_string().contains("<svg"));
    }
    Ok(())
}

#[test]
fn a_person_is_asked_and_decides() -> Result<()> {
    let stack = Stack::from_env()?;
    let name = "asking-scaler";
    registered(&stack, name)?;
    let always = json!({"autonomy": {"autonomy": "always-ask"}});
    let evolution = started(&stack, name, &always)?;
    let asking = until(&stack, &evolution, &["awaiting_approval"])?;
    ensure!(
        asking["details"]["reasons"][0]["code"].is_string(),
        "{asking:#}"
    );
    let other = stack.as_other().get(&evolution)?;
    ensure!(other.problem() == "evolution-not-found");
    let answer = stack.post(
        &format!("{evolution}/reject"),
        &json!({"reason": "not today"}),
    )?;
    accepted(&answer)?;
    let ended = until(&stack, &evolution, &["finished"])?;
    ensure!(ended["details"]["because"] == "rejected", "{ended:#}");
    ensure!(ended["approval"]["reason"] == "not today", "{ended:#}");
    let again = stack.post(&format!("{evolution}/approve"), &json!({}))?;
    ensure!(again.problem() == "promotion-not-asked", "{:#}", again.body);

    let evolution = started(&stack, name, &always)?;
    until(&stack, &evolution, &["awaiting_approval"])?;
    accepted(&stack.post(&format!("{evolution}/approve"), &json!({}))?)?;
    until(&stack, &evolution, &["promoted"])?;

    // What was approved turns out to be harmful.
    let path = format!("/v1/agents/{name}/rollback");
    let rolled_back = stack.post(&path, &json!({"quarantine": true}))?;
    ensure!(rolled_back.body["version"] == 1, "{:#}", rolled_back.body);
    let champions = stack.get(&format!("/v1/agents/{name}/champions"))?.body;
    ensure!(
        champions["items"][0]["held"]["ancestor"] == 2,
        "{champions:#}"
    );
    Ok(())
}

#[test]
fn an_evolution_is_paused_goes_on_and_is_called_off() -> Result<()> {
    let stack = Stack::from_env()?;
    let name = "pausing-scaler";
    registered(&stack, name)?;
    let endless = json!({
        "population": 400,
        "budget": {"generations": 100_000, "evaluations": 1_000_000_000_u64, "seconds": 100_000},
        "operators": ["constant-perturbation", "point"],
    });
    let evolution = started(&stack, name, &endless)?;
    let generation = |found: &Value| found["progress"]["generation"].as_u64();
    stack.eventually("a generation", || {
        let found = stack.get(&evolution)?.body;
        Ok(generation(&found).is_some().then_some(()))
    })?;
    let steer = |what: &str| {
        stack.eventually(what, || {
            let answer = stack.post(&format!("{evolution}/{what}"), &json!({}))?;
            // The worker may have written between reading and writing.
            Ok((answer.problem() != "conflict").then_some(answer))
        })
    };
    accepted(&steer("pause")?)?;
    let paused = stack.get(&evolution)?.body;
    ensure!(paused["status"] == "paused", "{paused:#}");
    accepted(&steer("resume")?)?;
    stack.eventually("another generation", || {
        let found = stack.get(&evolution)?.body;
        Ok((generation(&found) > generation(&paused)).then_some(()))
    })?;
    accepted(&steer("cancel")?)?;
    let ended = until(&stack, &evolution, &["cancelled"])?;
    let again = stack.post(&format!("{evolution}/cancel"), &json!({}))?;
    ensure!(again.problem() == "evolution-ended", "{:#}", again.body);
    let listed = stack.get(&format!("/v1/evolutions?agent={name}"))?.body;
    ensure!(listed["items"][0]["id"] == ended["id"], "{listed:#}");
    Ok(())
}

#[test]
fn what_cannot_evolve_is_told_so() -> Result<()> {
    let stack = Stack::from_env()?;
    let name = "plain-scaler";
    let source = SOURCE.replace("EVOLVE-BLOCK", "BLOCK");
    let settled = stack.register(name, &source)?;
    ensure!(settled["state"]["name"] == "active", "{settled:#}");
    let stored = stack.post("/v1/problems", &problem(name))?;
    ensure!(matches!(stored.status, 200 | 201), "{:#}", stored.body);
    let request = json!({"agent": name, "problem": name});
    let answer = stack.post("/v1/evolutions", &request)?;
    ensure!(answer.problem() == "cannot-evolve", "{:#}", answer.body);
    let bad = json!({"name": "bad", "judge": {"kind": "cases", "metric": {"kind": "absolute"}}});
    let answer = stack.post("/v1/problems", &bad)?;
    ensure!(answer.problem() == "invalid-problem", "{:#}", answer.body);
    Ok(())
}
