//! Workflows over the deployed stack: every kind of step, failure and compensation, approval,
//! cancelling, resuming, and the state machine that holds a run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tdev_tests::{Answer, Stack, output};

/// An agent whose `execute` has this body.
fn agent(tools: &[&str], body: &str) -> String {
    let tools = json!(tools);
    let lines: Vec<_> = body.lines().map(|line| format!("    {line}")).collect();
    let lines = lines.join("\n");
    format!(
        r#""""An agent of the end-to-end tests."""


def get_capabilities():
    """What this agent can do."""
    return {{
        "description": "Does one step of a workflow.",
        "capabilities": ["test.workflow"],
        "tools": {tools},
    }}


def execute(input):
    """Does it."""
{lines}
"#
    )
}

fn registered(stack: &Stack, name: &str, tools: &[&str], body: &str) -> Result<()> {
    let settled = stack.register(name, &agent(tools, body))?;
    let state = settled["state"]["name"].as_str().unwrap_or_default();
    ensure!(state == "active", "{name} became {settled:#}");
    Ok(())
}

/// The stack, and what stands for `@` in the names of this test's agents and workflows, so that
/// tests do not meet.
struct Own {
    stack: Stack,
    prefix: &'static str,
}

/// The agents that the workflows here are made of.
fn own(prefix: &'static str) -> Result<Own> {
    let stack = Stack::from_env()?;
    let registered = |name: &str, tools: &[&str], body: &str| {
        registered(&stack, &format!("{prefix}-{name}"), tools, body)
    };
    registered("echo", &[], "return {'of': input}")?;
    registered("broken", &[], "raise ValueError('as ever')")?;
    let body = "seen = recall(input['key'], 0) + 1\nremember(input['key'], seen)\n\
                if seen <= input['fails']:\n    raise ValueError('not yet')\nreturn {'seen': seen}";
    registered("flaky", &["recall", "remember"], body)?;
    registered(
        "sleeper",
        &["sleep"],
        "sleep(input.get('seconds', 1))\nreturn 'slept'",
    )?;
    let body =
        "count = recall('undone', []) + [input['what']]\nremember('undone', count)\nreturn count";
    registered("undo", &["recall", "remember"], body)?;
    Ok(Own { stack, prefix })
}

fn defined(own: &Own, definition: &Value) -> Result<String> {
    let definition = definition.to_string().replace('@', own.prefix);
    let answer = own.stack.post("/v1/workflows", &definition.parse()?)?;
    ensure!(
        matches!(answer.status, 200 | 201),
        "{} {:#}",
        answer.status,
        answer.body
    );
    let name = answer.body["name"].as_str().context("no name")?;
    Ok(name.to_owned())
}

fn started(own: &Own, definition: &Value, input: &Value) -> Result<String> {
    let name = defined(own, definition)?;
    let answer = own.stack.post(
        &format!("/v1/workflows/{name}/runs"),
        &json!({"input": input}),
    )?;
    accepted(&answer)
}

fn accepted(answer: &Answer) -> Result<String> {
    ensure!(answer.status == 202, "{} {:#}", answer.status, answer.body);
    Ok(answer.header("location").to_owned())
}

fn ended(stack: &Stack, run: &str) -> Result<Value> {
    stack.eventually(&format!("{run} to end"), || {
        let answer = stack.get(run)?;
        let state = answer.body["status"]["name"].as_str().unwrap_or_default();
        let is_final = matches!(state, "completed" | "failed" | "cancelled");
        Ok(is_final.then_some(answer.body))
    })
}

fn completed(stack: &Stack, run: &str) -> Result<Value> {
    let run = ended(stack, run)?;
    if run["status"]["name"] != "completed" {
        bail!("{run:#}");
    }
    Ok(run)
}

/// Waits until the execution that holds the run has come to its own end.
fn held(stack: &Stack, run: &str, end: &str) -> Result<()> {
    let machine = output("RunStateMachine")?;
    let id = run.rsplit('/').next().unwrap_or_default();
    let execution = format!("{}:{id}", machine.replace(":stateMachine:", ":execution:"));
    stack.eventually(&format!("{execution} to be {end}"), || {
        let target = "AWSStepFunctions.DescribeExecution";
        let found = stack.aws("states", target, &json!({"executionArn": execution}))?;
        let status = found["status"]
            .as_str()
            .with_context(|| found.to_string())?;
        ensure!(status == "RUNNING" || status == end, "{found:#}");
        Ok((status == end).then_some(()))
    })
}

fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    let steps = run["steps"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == id).unwrap()
}

fn until(stack: &Stack, run: &str, id: &str, status: &str) -> Result<Value> {
    stack.eventually(&format!("{id} of {run} to be {status}"), || {
        let answer = stack.get(run)?;
        ensure!(answer.status == 200, "{} {:#}", answer.status, answer.body);
        Ok((step(&answer.body, id)["status"] == status).then_some(answer.body))
    })
}

#[test]
fn steps_of_every_kind_come_together() -> Result<()> {
    let own = own("kinds")?;
    let stack = &own.stack;
    let inner = json!({"name": "@-inner", "output": {"got": "${steps.a.output.of}"}, "steps": [
        {"id": "a", "agent": "@-echo", "inputs": "${input}"}]});
    defined(&own, &inner)?;
    let definition = json!({"name": "@-everything", "steps": [
        {"id": "each", "map": {"over": "input.words", "concurrency": 2, "agent": "@-echo"}},
        {"id": "flaky", "agent": "@-flaky", "inputs": {"key": "${run.id}", "fails": 2},
         "retry": {"max_attempts": 3, "backoff": {"initial_seconds": 0.1}}},
        {"id": "look", "choice": {"branches": [{"when": "length(input.words) > `2`", "then": ["many"]}],
         "otherwise": ["few"]}},
        {"id": "many", "agent": "@-echo", "depends_on": ["look"]},
        {"id": "few", "agent": "@-echo", "depends_on": ["look"]},
        {"id": "nap", "wait": {"seconds": 1}},
        {"id": "asleep", "agent": "@-sleeper"},
        {"id": "nested", "workflow": "@-inner", "inputs": {"n": 7}},
        {"id": "join", "agent": "@-echo",
         "depends_on": ["each", "flaky", "nap", "asleep", "nested",
                        {"step": "many", "kind": "soft"}, {"step": "few", "kind": "soft"}],
         "inputs": {"words": "${steps.each.output[].of}", "seen": "${steps.flaky.output.seen}",
                    "nested": "${steps.nested.output.got.n}", "few": "${steps.few.status}"}}]});
    let path = started(&own, &definition, &json!({"words": ["a", "b", "c"]}))?;
    let run = completed(stack, &path)?;
    assert_eq!(
        run["status"]["output"]["join"]["of"],
        json!({"words": ["a", "b", "c"], "seen": 3, "nested": 7, "few": "skipped"})
    );
    assert_eq!(step(&run, "flaky")["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(step(&run, "few")["status"], "skipped");
    held(stack, &path, "SUCCEEDED")
}

#[test]
fn a_failed_run_undoes_what_it_did_and_can_be_resumed() -> Result<()> {
    let own = own("saga")?;
    let stack = &own.stack;
    let undo = |what: &str| json!({"agent": "@-undo", "inputs": {"what": what}});
    let definition = json!({"name": "@-saga", "steps": [
        {"id": "kept", "agent": "@-echo"},
        {"id": "book", "agent": "@-echo", "compensate_with": undo("book"), "depends_on": ["kept"]},
        {"id": "pay", "agent": "@-echo", "compensate_with": undo("pay"), "depends_on": ["book"]},
        {"id": "send", "agent": "@-flaky", "inputs": {"key": "${run.id}", "fails": 1},
         "retry": {"max_attempts": 1}, "depends_on": ["pay"]}]});
    let path = started(&own, &definition, &json!({}))?;
    let run = ended(stack, &path)?;
    assert_eq!(run["status"]["name"], "failed", "{run:#}");
    assert_eq!(run["status"]["because"]["step"], "send");
    for id in ["book", "pay"] {
        assert_eq!(step(&run, id)["compensation"]["status"], "done", "{run:#}");
    }
    let undone = stack.post(
        "/v1/agents/saga-undo/invoke",
        &json!({"input": {"what": "nothing"}}),
    )?;
    assert_eq!(undone.body["output"], json!(["pay", "book", "nothing"]));

    let resumed = stack.post(&format!("{path}/resume"), &json!({}))?;
    ensure!(
        resumed.status == 202,
        "{} {:#}",
        resumed.status,
        resumed.body
    );
    let run = completed(stack, &path)?;
    assert_eq!(step(&run, "kept")["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(step(&run, "pay")["attempts"].as_array().unwrap().len(), 2);
    Ok(())
}

#[test]
fn a_person_decides() -> Result<()> {
    let own = own("person")?;
    let stack = &own.stack;
    let definition = json!({"name": "@-asks", "steps": [
        {"id": "ask", "approval": {"message": "go on with ${input.what}?"}},
        {"id": "then", "agent": "@-echo", "depends_on": ["ask"]}]});
    for (approved, end) in [(true, "completed"), (false, "failed")] {
        let path = started(&own, &definition, &json!({"what": "it"}))?;
        let run = until(stack, &path, "ask", "awaiting_approval")?;
        assert_eq!(step(&run, "ask")["message"], "go on with it?");
        let approval = json!({"approved": approved});
        let answer = stack.post(&format!("{path}/approvals/ask"), &approval)?;
        ensure!(answer.status < 300, "{} {:#}", answer.status, answer.body);
        assert_eq!(ended(stack, &path)?["status"]["name"], end);
        let again = stack.post(&format!("{path}/approvals/ask"), &approval)?;
        assert_eq!(again.status, 409, "{:#}", again.body);
    }
    Ok(())
}

#[test]
fn a_cancelled_run_ends_what_it_started() -> Result<()> {
    let own = own("cancel")?;
    let stack = &own.stack;
    let definition = json!({"name": "@-long", "steps": [
        {"id": "asleep", "agent": "@-sleeper", "inputs": {"seconds": 600}, "timeout_seconds": 900},
        {"id": "wait", "wait": {"seconds": 600}}]});
    let path = started(&own, &definition, &json!({}))?;
    let run = until(stack, &path, "asleep", "running")?;
    let invocation = step(&run, "asleep")["attempts"][0]["invocation"].clone();
    let invocation = format!("/v1/invocations/{}", invocation.as_str().unwrap());
    stack.eventually("the agent to sleep", || {
        let found = stack.get(&invocation)?;
        Ok((found.body["status"]["name"] == "suspended").then_some(()))
    })?;
    accepted(&stack.post(&format!("{path}/cancel"), &json!({}))?)?;
    let run = ended(stack, &path)?;
    assert_eq!(run["status"]["name"], "cancelled", "{run:#}");
    assert_eq!(stack.get(&invocation)?.body["status"]["name"], "cancelled");
    let again = stack.post(&format!("{path}/cancel"), &json!({}))?;
    assert_eq!(again.status, 409, "{:#}", again.body);
    Ok(())
}

#[test]
fn what_happens_is_told_in_order() -> Result<()> {
    let own = own("told")?;
    let stack = &own.stack;
    let definition = json!({"name": "@-told", "steps": [
        {"id": "a", "agent": "@-echo"},
        {"id": "b", "agent": "@-broken", "depends_on": ["a"], "retry": {"max_attempts": 1}}]});
    let path = started(&own, &definition, &json!({}))?;
    ended(stack, &path)?;
    let events = stack.get(&format!("{path}/events"))?;
    ensure!(events.status == 200, "{} {:#}", events.status, events.body);
    let items = events.body["events"].as_array().context("no events")?;
    let times: Vec<_> = items
        .iter()
        .filter_map(|event| event["at"].as_str())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(items[0]["type"], "run_accepted");
    assert_eq!(events.body["ended"], true);
    let of_a: Vec<_> = items.iter().filter(|event| event["step"] == "a").collect();
    assert!(of_a.len() >= 2, "{items:#?}");
    Ok(())
}

#[test]
fn a_wrong_definition_is_told_all_that_is_wrong() -> Result<()> {
    let own = own("wrong")?;
    let stack = &own.stack;
    let definition = json!({"name": "@-wrong", "steps": [
        {"id": "a", "agent": "nobody", "depends_on": ["c"]},
        {"id": "b", "agent": "@-echo", "depends_on": ["a"], "when": "input.x >"},
        {"id": "c", "agent": "@-echo", "depends_on": ["b"]},
        {"id": "d", "agent": "@-echo", "depends_on": ["bb"]}]});
    let definition = definition.to_string().replace('@', own.prefix);
    let answer = stack.post("/v1/workflows", &definition.parse()?)?;
    assert_eq!(answer.status, 422, "{:#}", answer.body);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/problem+json")
    );
    let errors = answer.body["errors"].as_array().context("no errors")?;
    let codes: Vec<_> = errors
        .iter()
        .filter_map(|error| error["code"].as_str())
        .collect();
    for code in ["cycle", "unknown_step", "unknown_agent"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    Ok(())
}
