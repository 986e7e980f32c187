//! Tasks over the deployed stack: they find their agent, or are told that there is none; an agent
//! that fails is replaced; what is given up can be tried again.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tdev_agents::SAMPLES;
use tdev_tests::Stack;
use ureq::http::Method;

/// An agent that can do `test.shaky` and fails unless it is told not to.
fn shaky(fails: bool) -> String {
    let body = if fails {
        "    if recall('mended', False):\n        return {'by': 'mended'}\n    raise ValueError('not today')\n"
    } else {
        "    return {'by': 'steady'}\n"
    };
    format!(
        r#""""An agent of the end-to-end tests."""


def get_capabilities():
    """What this agent can do."""
    return {{
        "description": "Does shaky things.",
        "capabilities": ["test.shaky"],
        "tools": ["recall"],
    }}


def execute(input):
    """Does it, or does not."""
{body}"#
    )
}

fn registered(stack: &Stack, name: &str, source: &str) -> Result<()> {
    let settled = stack.register(name, source)?;
    let state = settled["state"]["name"].as_str().unwrap_or_default();
    ensure!(state == "active", "{name} became {settled:#}");
    Ok(())
}

fn submitted(stack: &Stack, task: &Value) -> Result<String> {
    let answer = stack.post("/v1/tasks", task)?;
    ensure!(answer.status == 202, "{} {}", answer.status, answer.body);
    Ok(answer.header("location").to_owned())
}

fn settled(stack: &Stack, path: &str) -> Result<Value> {
    stack.eventually(&format!("{path} to settle"), || {
        let answer = stack.get(path)?;
        let state = answer.body["status"]["name"].as_str().unwrap_or_default();
        let is_settled = matches!(state, "completed" | "rejected" | "failed" | "cancelled");
        Ok(is_settled.then_some(answer.body))
    })
}

/// Redrives the task at `path`, which has failed, and waits for what becomes of it.
fn redriven(stack: &Stack, path: &str) -> Result<Value> {
    let id = path.rsplit('/').next().context("no id")?;
    let answer = stack.post(&format!("/v1/dead-letters/{id}/redrive"), &json!({}))?;
    ensure!(answer.status == 202, "{}", answer.body);
    settled(stack, path)
}

/// Waits until the model knows as many examples as the agents of the samples have.
fn trained(stack: &Stack) -> Result<()> {
    stack.eventually("a model of all samples", || {
        let answer = stack.get("/v1/router")?;
        let explained = stack.post(
            "/v1/route",
            &json!({"text": "how many words and sentences does this text have?"}),
        )?;
        let known = |list: &Value| list.as_array().map_or(0, Vec::len);
        let decision = &explained.body["decision"];
        let agents = known(&decision["candidates"]) + known(&decision["removed"]);
        let is_there = answer.body["model"]["version"].is_u64() && agents >= SAMPLES.len();
        Ok((is_there && decision["chosen"] == "text-statistics").then_some(()))
    })
}

#[test]
fn tasks_find_their_agent_or_are_told_that_there_is_none() -> Result<()> {
    let stack = Stack::from_env()?;
    for sample in SAMPLES {
        registered(&stack, sample.name, sample.source)?;
    }
    trained(&stack)?;

    let text = "how many words and sentences does this text have?";
    let path = submitted(&stack, &json!({"text": text, "priority": "high"}))?;
    let done = settled(&stack, &path)?;
    assert_eq!(done["status"]["name"], "completed", "{done:#}");
    assert_eq!(done["decision"]["chosen"], "text-statistics");
    assert_eq!(done["attempts"][0]["agent"], "text-statistics");
    assert!(done["status"]["output"].is_object(), "{done:#}");
    let invocation = done["status"]["invocation"].as_str().context("no run")?;
    let run = stack.get(&format!("/v1/invocations/{invocation}"))?;
    assert_eq!(run.body["task"], done["id"]);

    let path = submitted(&stack, &json!({"text": "recommend a good thriller"}))?;
    let refused = settled(&stack, &path)?;
    assert_eq!(refused["status"]["name"], "rejected", "{refused:#}");
    // A model of so few examples is not always sure that a text is for nobody at all.
    let reason = refused["status"]["reason"].as_str().unwrap_or_default();
    assert!(
        matches!(reason, "out_of_scope" | "none_fits"),
        "{refused:#}"
    );

    let taught = stack.post(
        &format!("{path}/feedback"),
        &json!({"correct": false, "agent": "keyword-extractor"}),
    )?;
    assert!(matches!(taught.status, 200 | 202), "{}", taught.body);

    let listed = stack.get("/v1/tasks?status=rejected&limit=50")?;
    let items = listed.body["items"].as_array().context("no items")?;
    assert!(items.iter().any(|item| item["id"] == refused["id"]));
    let foreign = stack
        .call(Method::GET, &path)
        .key(&stack.other_key)
        .send()?;
    assert_eq!(foreign.status, 404, "{}", foreign.body);
    Ok(())
}

#[test]
fn a_failing_agent_is_replaced_and_what_is_given_up_is_redriven() -> Result<()> {
    let stack = Stack::from_env()?;
    let other = stack.as_other();
    registered(&other, "shaky-one", &shaky(true))?;
    let task = json!({"input": {"n": 1}, "capability": "test.shaky"});
    let path = submitted(&other, &task)?;
    let failed = settled(&other, &path)?;
    assert_eq!(failed["status"]["name"], "failed", "{failed:#}");
    let letters = other.get("/v1/dead-letters")?;
    let items = letters.body["items"].as_array().context("no letters")?;
    let id = failed["id"].as_str().context("no id")?;
    let has_id = |item: &&Value| item["id"] == id || item["task"] == id;
    let letter = items.iter().find(has_id).context("no letter")?;
    let text = letter.to_string();
    assert!(text.contains("not today"), "{text}");

    registered(&other, "shaky-two", &shaky(false))?;
    let done = redriven(&other, &path)?;
    assert_eq!(done["status"]["name"], "completed", "{done:#}");
    assert_eq!(done["status"]["output"], json!({"by": "steady"}));
    let again = other.post(&format!("/v1/dead-letters/{id}/redrive"), &json!({}))?;
    assert!(matches!(again.status, 404 | 409), "{}", again.body);

    // A new task: the first agent to try it may fail, and the other one does it.
    let path = submitted(&other, &task)?;
    let done = settled(&other, &path)?;
    assert_eq!(done["status"]["name"], "completed", "{done:#}");
    Ok(())
}

#[test]
fn what_no_agent_has_is_cancelled_or_refused_with_its_reason() -> Result<()> {
    let stack = Stack::from_env()?;
    let task = json!({"text": "anything", "capability": "nobody.can-do-this"});
    let path = submitted(&stack, &task)?;
    let refused = settled(&stack, &path)?;
    assert_eq!(refused["status"]["name"], "rejected", "{refused:#}");
    let late = stack.post(&format!("{path}/cancel"), &json!({}))?;
    assert_eq!(late.status, 409, "{}", late.body);
    let bad = stack.post("/v1/tasks", &json!({"text": "x", "priority": 11}))?;
    assert!(matches!(bad.status, 400 | 422), "{}", bad.body);
    Ok(())
}
