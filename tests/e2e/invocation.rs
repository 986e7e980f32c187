//! Calling agents: what they answer, and every way in which they may fail to.

use anyhow::Result;
use serde_json::{Value, json};
use tdev_agents::SAMPLES;
use tdev_tests::{Answer, Stack};
use ureq::http::Method;

/// Behaves as its input says, well by default.
const MOODY: &str = r#""""Behaves as it is told."""

import json


def get_capabilities():
    """What this agent can do."""
    return {
        "description": "Behaves as it is told.",
        "capabilities": ["test.moods"],
        "examples": [{"input": {"mood": "good"}, "output": {"mood": "good"}}],
        "input_schema": {
            "type": "object",
            "properties": {"mood": {"type": "string"}},
            "required": ["mood"],
            "additionalProperties": False,
        },
        "output_schema": {"type": "object"},
        "limits": {"wall_time_ms": 300, "memory_bytes": 8388608},
    }


def descend(depth):
    """Calls itself until depth is nought."""
    if depth == 0:
        return 0
    return 1 + descend(depth - 1)


def execute(input):
    """Does what the mood is for."""
    mood = input["mood"]
    if mood == "raise":
        return json.loads("{")
    if mood == "loop":
        n = 0
        while n < 1000000000000:
            n += 1
        return {"n": n}
    if mood == "hoard":
        hoard = []
        for i in range(1000000):
            hoard.append(str(i) * 100)
        return {"n": len(hoard)}
    if mood == "deep":
        return {"n": descend(100000)}
    if mood == "set":
        return {"set": {1, 2}}
    if mood == "huge":
        return {"text": "x" * 300000}
    if mood == "list":
        return [1]
    if mood == "chatty":
        for i in range(100000):
            print("and another thing", i)
    return {"mood": mood}
"#;

fn moody(stack: &Stack, mood: &str) -> Result<Answer> {
    stack.post("/v1/agents/moody/invoke", &json!({"input": {"mood": mood}}))
}

#[test]
fn every_sample_agent_answers_its_input() -> Result<()> {
    let stack = Stack::from_env()?;
    for sample in SAMPLES {
        stack.register(sample.name, sample.source)?;
        let input: Value = serde_json::from_str(sample.input)?;
        let answer = stack.post(
            &format!("/v1/agents/{}/invoke", sample.name),
            &json!({"input": input}),
        )?;
        assert_eq!(answer.status, 200, "{}: {}", sample.name, answer.body);
        assert_eq!(answer.body["agent"], sample.name);
        assert!(answer.body["version"].is_u64() && answer.body["timing"]["run_us"].is_u64());
        assert!(!answer.body["output"].is_null());
    }
    Ok(())
}

#[test]
fn each_failure_of_an_agent_has_its_name_and_leaves_the_worker_well() -> Result<()> {
    let stack = Stack::from_env()?;
    let registration = stack.register("moody", MOODY)?;
    assert_eq!(registration["state"]["name"], "active", "{registration:#}");
    let failures = [
        ("raise", "agent-raised"),
        ("loop", "agent-timed-out"),
        ("hoard", "agent-out-of-memory"),
        ("deep", "agent-recursion-too-deep"),
        ("set", "agent-output-not-json"),
        ("huge", "agent-output-too-large"),
        ("list", "agent-output-invalid"),
        ("chatty", "agent-too-much-logged"),
    ];
    for (mood, problem) in failures {
        let answer = moody(&stack, mood)?;
        assert_eq!(
            (answer.status, answer.problem()),
            (424, problem),
            "{mood}: {}",
            answer.body
        );
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let good = moody(&stack, "good")?;
        assert_eq!(
            (good.status, &good.body["output"]["mood"]),
            (200, &json!("good")),
            "{mood}"
        );
    }
    let raised = moody(&stack, "raise")?;
    assert_eq!(
        raised.body["exception"], "json.JSONDecodeError",
        "{}",
        raised.body
    );
    assert_eq!(raised.body["line"], 34, "{}", raised.body);
    Ok(())
}

#[test]
fn an_input_that_breaks_the_schema_is_refused_with_its_place() -> Result<()> {
    let stack = Stack::from_env()?;
    stack.register("moody", MOODY)?;
    let wrong = [
        json!({"mood": 3}),
        json!({}),
        json!({"mood": "good", "more": 1}),
        json!([]),
    ];
    for input in wrong {
        let answer = stack.post("/v1/agents/moody/invoke", &json!({"input": input}))?;
        assert_eq!(
            (answer.status, answer.problem()),
            (422, "invalid-input"),
            "{}",
            answer.body
        );
        assert!(
            answer.body["errors"][0]["pointer"].is_string(),
            "{}",
            answer.body
        );
    }
    let deep = format!("{{\"input\": {}1{}}}", "[".repeat(100), "]".repeat(100));
    let answer = stack
        .call(Method::POST, "/v1/agents/moody/invoke")
        .body("application/json", deep.as_bytes())
        .send()?;
    assert_eq!(answer.status, 413, "{}", answer.body);
    Ok(())
}

#[test]
fn a_repeated_idempotency_key_replays_the_answer() -> Result<()> {
    let stack = Stack::from_env()?;
    stack.register("moody", MOODY)?;
    let call = |mood: &str| {
        stack
            .call(Method::POST, "/v1/agents/moody/invoke")
            .header("idempotency-key", "invocation-0001")
            .json(&json!({"input": {"mood": mood}}))
            .send()
    };
    let first = call("good")?;
    assert_eq!(
        (first.status, first.header("idempotency-replayed")),
        (200, "")
    );
    let second = call("good")?;
    assert_eq!(
        (second.status, second.header("idempotency-replayed")),
        (200, "true")
    );
    assert_eq!(second.body, first.body);
    let reused = call("raise")?;
    assert_eq!(
        (reused.status, reused.problem()),
        (422, "idempotency-key-reused")
    );
    Ok(())
}

#[test]
fn what_is_not_there_cannot_be_called() -> Result<()> {
    let stack = Stack::from_env()?;
    let answer = stack.post("/v1/agents/nobody/invoke", &json!({"input": 1}))?;
    assert_eq!((answer.status, answer.problem()), (404, "agent-not-found"));
    stack.register("moody", MOODY)?;
    let answer = stack.post("/v1/agents/moody/invoke?version=99", &json!({"input": {}}))?;
    assert_eq!(
        (answer.status, answer.problem()),
        (404, "version-not-found")
    );
    Ok(())
}
