//! Tools, from an agent's call to what the host is told.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tdev_domain::{AgentFailure, FailureKind, Limits, Tool};
use tdev_sandbox::ToolCall;

use crate::harness::{FixedHost, compile, sandboxed};

/// Ways to write a call, and the arguments that it amounts to, as JSON.
const CALLS: &[(Tool, &[&str], &str)] = &[
    (
        Tool::Log,
        &["log('a', n=1)", "log(n=1, message='a')"],
        r#"{"message": "a", "fields": {"n": 1}}"#,
    ),
    (
        Tool::Log,
        &["log([1, 'a'])"],
        r#"{"message": "[1, 'a']", "fields": {}}"#,
    ),
    (Tool::Now, &["now()"], "{}"),
    (Tool::Random, &["random()"], "{}"),
    (
        Tool::Sleep,
        &["sleep(1.5)", "sleep(seconds=1.5)"],
        r#"{"seconds": 1.5}"#,
    ),
    (
        Tool::WaitFor,
        &["wait_for('ok')", "wait_for('ok', None)"],
        r#"{"signal": "ok", "timeout": null}"#,
    ),
    (
        Tool::WaitFor,
        &[
            "wait_for('ok', 60)",
            "wait_for('ok', timeout=60)",
            "wait_for(timeout=60, signal='ok')",
        ],
        r#"{"signal": "ok", "timeout": 60}"#,
    ),
    (
        Tool::CallAgent,
        &["call_agent('x')", "call_agent(name='x')"],
        r#"{"name": "x", "input": null}"#,
    ),
    (
        Tool::CallAgent,
        &[
            "call_agent('x', {'a': (1, 2)})",
            "call_agent('x', input={'a': [1, 2]})",
        ],
        r#"{"name": "x", "input": {"a": [1, 2]}}"#,
    ),
    (
        Tool::Remember,
        &["remember('k', 1)", "remember(value=1, key='k')"],
        r#"{"key": "k", "value": 1, "ttl": null}"#,
    ),
    (
        Tool::Remember,
        &["remember('k', 1, 60)", "remember('k', 1, ttl=60)"],
        r#"{"key": "k", "value": 1, "ttl": 60}"#,
    ),
    (
        Tool::Recall,
        &["recall('k')", "recall(key='k')"],
        r#"{"key": "k", "default": null}"#,
    ),
    (
        Tool::Recall,
        &["recall('k', 0)", "recall('k', default=0)"],
        r#"{"key": "k", "default": 0}"#,
    ),
    (
        Tool::Forget,
        &["forget('k')", "forget(key='k')"],
        r#"{"key": "k"}"#,
    ),
    (
        Tool::Emit,
        &["emit('done')", "emit(event='done')"],
        r#"{"event": "done", "detail": null}"#,
    ),
    (
        Tool::Emit,
        &["emit('done', [1])", "emit('done', detail=[1])"],
        r#"{"event": "done", "detail": [1]}"#,
    ),
    (
        Tool::HttpGet,
        &["http_get('u')", "http_get(url='u')"],
        r#"{"url": "u", "headers": null}"#,
    ),
    (
        Tool::HttpGet,
        &[
            "http_get('u', {'a': 'b'})",
            "http_get('u', headers={'a': 'b'})",
        ],
        r#"{"url": "u", "headers": {"a": "b"}}"#,
    ),
    (
        Tool::HttpPost,
        &["http_post('u')", "http_post(url='u')"],
        r#"{"url": "u", "body": null, "headers": null, "idempotent": false}"#,
    ),
    (
        Tool::HttpPost,
        &[
            "http_post('u', 1, {'a': 'b'})",
            "http_post('u', headers={'a': 'b'}, body=1)",
        ],
        r#"{"url": "u", "body": 1, "headers": {"a": "b"}, "idempotent": false}"#,
    ),
    (
        Tool::HttpPost,
        &[
            "http_post('u', None, None, True)",
            "http_post('u', idempotent=True)",
        ],
        r#"{"url": "u", "body": null, "headers": null, "idempotent": true}"#,
    ),
    (
        Tool::Llm,
        &["llm('p')", "llm(prompt='p')"],
        r#"{"prompt": "p", "options": {}}"#,
    ),
    (
        Tool::Llm,
        &["llm('p', model='m', temperature=0)"],
        r#"{"prompt": "p", "options": {"model": "m", "temperature": 0}}"#,
    ),
];

/// Runs an agent that does nothing but evaluate `expression`; what came of it, and the calls.
fn evaluated(expression: &str, granted: &[Tool]) -> (Result<Value, AgentFailure>, Vec<ToolCall>) {
    let agent = format!("def execute(input):\n    return {expression}\n");
    let mut host = FixedHost::default();
    let run = sandboxed(|| {
        let program = compile(&agent, granted).unwrap();
        program.execute(&Value::Null, &Limits::default(), &mut host)
    });
    (run.outcome, host.calls)
}

#[test]
fn arguments_arrive_by_name_with_defaults_filled_in() {
    for &(tool, ways, args) in CALLS {
        for expression in ways {
            let (outcome, calls) = evaluated(expression, &[tool]);
            let call = ToolCall {
                tool,
                args: serde_json::from_str(args).unwrap(),
            };
            assert_eq!(calls, [call], "{expression}");
            assert!(outcome.is_ok(), "{expression}: {outcome:?}");
        }
    }
}

#[test]
fn every_tool_has_been_called() {
    let called: BTreeSet<_> = CALLS.iter().map(|(tool, ..)| *tool).collect();
    assert_eq!(called, Tool::ALL.into());
}

#[test]
fn a_wrong_signature_is_a_type_error_at_the_call() {
    for expression in [
        "log()",
        "log('a', 'b')",
        "now(1)",
        "now(zone='UTC')",
        "random(1)",
        "sleep()",
        "sleep(1, 2)",
        "sleep(minutes=1)",
        "wait_for()",
        "wait_for('ok', 1, 2)",
        "wait_for('ok', signal='ok')",
        "call_agent()",
        "call_agent('x', 1, 2)",
        "remember('k')",
        "remember('k', 1, 2, 3)",
        "recall()",
        "recall('k', 1, 2)",
        "forget()",
        "forget('k', 1)",
        "emit()",
        "emit('done', 1, 2)",
        "http_get()",
        "http_get('u', {}, 1)",
        "http_post()",
        "http_post('u', 1, {}, True, 2)",
        "llm()",
        "llm('p', 'm')",
    ] {
        let (outcome, calls) = evaluated(expression, &Tool::ALL);
        let failure = outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Raised, "{expression}");
        assert_eq!(
            failure.exception.as_deref(),
            Some("TypeError"),
            "{expression}"
        );
        assert!(calls.is_empty(), "{expression}");
    }
}

#[test]
fn a_wrong_signature_can_be_caught() {
    let agent = "def execute(input):\n    try:\n        sleep()\n    except TypeError as error:\n        return str(error)\n";
    let run = crate::harness::run(agent, &[Tool::Sleep], &Value::Null);
    let message = run.outcome.unwrap();
    assert!(message.as_str().unwrap().contains("'seconds'"), "{message}");
}

#[test]
fn what_is_no_json_never_arrives() {
    for expression in [
        "sleep(float('inf'))",
        "emit('done', {1, 2})",
        "remember('k', execute)",
        "call_agent('x', 1 << 80)",
        "wait_for(b'ok')",
        "http_post('u', float('nan'))",
        "llm('p', stop=iter([]))",
    ] {
        let (outcome, calls) = evaluated(expression, &Tool::ALL);
        let failure = outcome.unwrap_err();
        assert_eq!(
            failure.exception.as_deref(),
            Some("TypeError"),
            "{expression}"
        );
        assert!(calls.is_empty(), "{expression}");
    }
}

#[test]
fn a_tool_that_the_interpreter_would_have_to_call_is_explained() {
    for expression in [
        "list(map(wait_for, ['a']))",
        "sorted(['b', 'a'], key=recall)",
    ] {
        let failure = evaluated(expression, &Tool::ALL).0.unwrap_err();
        assert_eq!(failure.exception.as_deref(), Some("NotImplementedError"));
        assert!(
            failure.message.ends_with("call it in a loop"),
            "{}",
            failure.message
        );
    }
}

#[test]
fn the_answer_is_what_the_call_returns() {
    for (expression, answer) in [
        ("log('a')", Value::Null),
        ("now()", json!("2026-01-02T03:04:05Z")),
        ("random() * 2", json!(0.5)),
        ("recall('k', {'n': 0})['n'] + 1", json!(1)),
        ("http_get('u')['status']", json!(200)),
        ("[wait_for(name) for name in 'a']", json!([{"signal": "a"}])),
    ] {
        assert_eq!(
            evaluated(expression, &Tool::ALL).0,
            Ok(answer),
            "{expression}"
        );
    }
}
