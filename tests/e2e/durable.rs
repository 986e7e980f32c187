//! Durable invocations over the deployed stack: waiting, signals, calls, memory, cancelling,
//! replays.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tdev_tests::{Answer, Stack, output};
use ureq::http::Method;

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
        "description": "Shows one thing about durable invocations.",
        "capabilities": ["test.durable"],
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

fn invoke(stack: &Stack, name: &str, input: &Value) -> Result<Answer> {
    let path = format!("/v1/agents/{name}/invoke");
    stack.post(&path, &json!({ "input": input }))
}

/// The path of the invocation that was accepted.
fn accepted(answer: &Answer) -> Result<String> {
    ensure!(answer.status == 202, "{} {}", answer.status, answer.body);
    Ok(answer.header("location").to_owned())
}

/// Waits until the invocation at `path` stands at `state`.
fn standing(stack: &Stack, path: &str, state: &str) -> Result<Value> {
    stack.eventually(&format!("{path} to be {state}"), || {
        let answer = stack.get(path)?;
        let found = answer.body["status"]["name"].as_str().unwrap_or_default();
        if matches!(found, "completed" | "failed" | "cancelled") && found != state {
            bail!("it is {:#}", answer.body);
        }
        Ok((found == state).then_some(answer.body))
    })
}

#[test]
fn a_run_that_sleeps_goes_on_and_can_be_replayed() -> Result<()> {
    let stack = Stack::from_env()?;
    let body = "kept = [random(), now()]\nlog('asleep')\nsleep(1)\nreturn {'kept': kept, 'again': kept[0]}";
    let tools = ["random", "now", "log", "sleep"];
    registered(&stack, "sleeper", &tools, body)?;
    let path = accepted(&invoke(&stack, "sleeper", &Value::Null)?)?;
    let done = standing(&stack, &path, "completed")?;
    let output = &done["status"]["output"];
    assert_eq!(output["kept"][0], output["again"]);
    let effects = done["effects"].as_array().context("no ledger")?;
    let called: Vec<_> = effects.iter().map(|effect| &effect["tool"]).collect();
    assert_eq!(called, ["random", "now", "log", "sleep"]);
    assert_eq!(done["logs"][0]["message"], "asleep");
    assert!(done["cost"]["leases"].as_u64() >= Some(2), "{done:#}");

    let replay = stack.post(&format!("{path}/replay"), &json!({}))?;
    assert_eq!(replay.status, 200, "{}", replay.body);
    assert_eq!(replay.body["identical"], true, "{}", replay.body);
    Ok(())
}

#[test]
fn a_signal_is_waited_for_and_events_tell_of_it() -> Result<()> {
    let stack = Stack::from_env()?;
    let body = "verdict = wait_for('approve', 600)\nreturn {'approved': verdict}";
    registered(&stack, "approver", &["wait_for"], body)?;
    let path = accepted(&invoke(&stack, "approver", &Value::Null)?)?;
    let waiting = standing(&stack, &path, "suspended")?;
    assert_eq!(waiting["status"]["wait"]["signal"], "approve");
    let other = stack.post(&format!("{path}/signals/other"), &json!({"payload": 0}))?;
    assert_eq!(other.status, 202, "{}", other.body);
    let sent = stack.post(
        &format!("{path}/signals/approve"),
        &json!({"payload": {"by": "ann"}}),
    )?;
    assert_eq!(sent.status, 202, "{}", sent.body);
    let done = standing(&stack, &path, "completed")?;
    assert_eq!(done["status"]["output"], json!({"approved": {"by": "ann"}}));

    let told = stack.get(&format!("{path}/events"))?;
    assert_eq!(told.status, 200, "{}", told.body);
    assert_eq!(told.body["ended"], true);
    let events = told.body["events"].as_array().context("no events")?;
    let effect = events.iter().find(|event| event["type"] == "effect");
    assert_eq!(effect.context("no effect")?["effect"]["tool"], "wait_for");
    let cursor = told.body["cursor"].as_str().context("no cursor")?;
    let more = stack.get(&format!("{path}/events?after={cursor}"))?;
    assert_eq!(more.body["events"], json!([]));

    let late = stack.post(&format!("{path}/signals/approve"), &json!({"payload": 1}))?;
    assert_eq!(late.status, 409, "{}", late.body);
    Ok(())
}

#[test]
fn agents_call_each_other_and_remember() -> Result<()> {
    let stack = Stack::from_env()?;
    let body = "count = recall('calls', 0) + 1\nremember('calls', count)\nreturn {'calls': count, 'of': input}";
    registered(&stack, "counter", &["recall", "remember"], body)?;
    let body = "return [call_agent('counter', n) for n in range(3)]";
    registered(&stack, "caller", &["call_agent"], body)?;
    let answer = invoke(&stack, "caller", &Value::Null)?;
    let output = match answer.status {
        200 => answer.body["output"].clone(),
        _ => standing(&stack, &accepted(&answer)?, "completed")?["status"]["output"].clone(),
    };
    let expected = json!([
        {"calls": 1, "of": 0},
        {"calls": 2, "of": 1},
        {"calls": 3, "of": 2},
    ]);
    assert_eq!(output, expected);

    let listed = stack.get("/v1/invocations?agent=counter&status=completed&limit=2")?;
    assert_eq!(listed.status, 200, "{}", listed.body);
    let items = listed.body["items"].as_array().context("no items")?;
    assert_eq!(items.len(), 2, "{}", listed.body);
    assert!(items.iter().all(|item| item["agent"] == "counter"));
    let mine = items[0]["id"].as_str().context("no id")?;
    let path = format!("/v1/invocations/{mine}");
    let foreign = stack
        .call(Method::GET, &path)
        .key(&stack.other_key)
        .send()?;
    assert_eq!(foreign.status, 404, "{}", foreign.body);
    Ok(())
}

#[test]
fn agents_that_call_each_other_without_end_are_stopped() -> Result<()> {
    let stack = Stack::from_env()?;
    let body = "try:\n    return call_agent('recursive', input + 1)\nexcept RuntimeError as error:\n    return [input, str(error)]";
    registered(&stack, "recursive", &["call_agent"], body)?;
    let answer = invoke(&stack, "recursive", &json!(0))?;
    let path = match answer.status {
        200 => {
            let id = answer.body["invocation"].as_str().context("no id")?;
            format!("/v1/invocations/{id}")
        }
        _ => accepted(&answer)?,
    };
    let done = standing(&stack, &path, "completed")?;
    let told = &done["status"]["output"];
    assert_eq!(told[0], 8, "{done:#}");
    let error = told[1].as_str().context("no error")?;
    assert!(error.starts_with("limit_exceeded: "), "{error}");
    Ok(())
}

#[test]
fn what_waits_can_be_called_off() -> Result<()> {
    let stack = Stack::from_env()?;
    registered(&stack, "dreamer", &["sleep"], "sleep(3600)\nreturn 1")?;
    let path = accepted(&invoke(&stack, "dreamer", &Value::Null)?)?;
    standing(&stack, &path, "suspended")?;
    let cancelled = stack.post(&format!("{path}/cancel"), &json!({}))?;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    standing(&stack, &path, "cancelled")?;
    let again = stack.post(&format!("{path}/cancel"), &json!({}))?;
    assert_eq!(again.status, 409, "{}", again.body);
    Ok(())
}

#[test]
fn a_lost_message_is_made_up_for_by_the_keeper() -> Result<()> {
    let stack = Stack::from_env()?;
    registered(&stack, "napper", &["sleep"], "sleep(1000)\nreturn 'rested'")?;
    let path = accepted(&invoke(&stack, "napper", &Value::Null)?)?;
    let asleep = standing(&stack, &path, "suspended")?;
    assert_eq!(asleep["status"]["wait"]["for"], "time");
    // It is further off than a message can be held back, and not due: the keeper lets it be.
    stack.invoke(&output("KeeperFunction")?, &json!({}))?;
    let still = stack.get(&path)?;
    assert_eq!(still.body["status"]["name"], "suspended");
    Ok(())
}

/// Answers one request, and says what it was.
fn recorder() -> Result<(u16, thread::JoinHandle<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let heard = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(&stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|n| n > 0) {}
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        let mut body = vec![0; length];
        let _ = reader.read_exact(&mut body);
        let _ = (&stream)
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfine");
        head + &String::from_utf8_lossy(&body)
    });
    Ok((port, heard))
}

#[test]
fn hosts_are_reached_once_the_tenant_has_named_them() -> Result<()> {
    let stack = Stack::from_env()?;
    let body = "try:\n    return http_post(input, {'n': 1})\nexcept RuntimeError as error:\n    return str(error)";
    registered(&stack, "poster", &["http_post"], body)?;
    let (port, heard) = recorder()?;
    let url = json!(format!("http://127.0.0.1:{port}/orders"));
    let refused = invoke(&stack, "poster", &url)?;
    assert_eq!(refused.status, 200, "{}", refused.body);
    let told = refused.body["output"].as_str().unwrap_or_default();
    assert!(told.starts_with("not_allowed: "), "{}", refused.body);

    let settings = json!({"http_hosts": [format!("127.0.0.1:{port}")]});
    let set = stack
        .call(Method::PUT, "/v1/settings")
        .json(&settings)
        .send()?;
    assert_eq!(set.status, 200, "{}", set.body);
    let answered = invoke(&stack, "poster", &url)?;
    assert_eq!(answered.status, 200, "{}", answered.body);
    assert_eq!(answered.body["output"]["body"], "fine", "{}", answered.body);
    let asked = heard
        .join()
        .map_err(|_| anyhow::anyhow!("the recorder failed"))?;
    let id = answered.body["invocation"].as_str().context("no id")?;
    let key = format!("idempotency-key: {id}/1\r\n");
    assert!(asked.to_ascii_lowercase().contains(&key), "{asked}");
    assert!(asked.ends_with("{\"n\":1}"), "{asked}");
    Ok(())
}
