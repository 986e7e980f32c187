//! Workflows of every kind of step, with what becomes of them.

use serde_json::{Value, json};
use tdev_workflow::{Definition, Plan};

/// A workflow, and those that it starts.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) plans: Vec<Plan>,
    pub(crate) input: Value,
    /// The state the run ends in.
    pub(crate) ends: &'static str,
}

pub(crate) fn plan(definition: &Value) -> Plan {
    let definition = Definition::from_json(&definition.to_string()).unwrap();
    Plan::new(&definition).unwrap()
}

fn case(name: &'static str, ends: &'static str, input: Value, steps: &Value) -> Case {
    Case {
        name,
        plans: vec![plan(&json!({"name": name, "steps": steps}))],
        input,
        ends,
    }
}

fn once() -> Value {
    json!({"max_attempts": 1})
}

fn quick() -> Value {
    json!({"max_attempts": 3, "jitter": false})
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![
        case(
            "sequence",
            "completed",
            json!({"n": 1}),
            &json!([
                {"id": "a", "agent": "ok", "inputs": {"n": "${input.n}"}},
                {"id": "b", "agent": "slow-3", "depends_on": ["a"], "inputs": "${steps.a.output}"},
                {"id": "c", "agent": "ok", "depends_on": ["b"], "inputs": "from ${steps.b.status}"}
            ]),
        ),
        case(
            "diamond",
            "completed",
            json!({}),
            &json!([
                {"id": "split", "agent": "ok"},
                {"id": "left", "agent": "slow-2", "depends_on": ["split"]},
                {"id": "right", "agent": "fails-2", "depends_on": ["split"], "retry": quick()},
                {"id": "join", "agent": "ok", "depends_on": ["left", "right"],
                 "inputs": ["${steps.left.output.by}", "${steps.right.output.by}"]}
            ]),
        ),
        case(
            "choice",
            "completed",
            json!({"size": 7}),
            &json!([
                {"id": "look", "choice": {
                    "branches": [
                        {"when": "input.size > `10`", "then": ["large"]},
                        {"when": "input.size > `5`", "then": ["middle", "and-this"]}],
                    "otherwise": ["small"]}},
                {"id": "large", "agent": "ok", "depends_on": ["look"]},
                {"id": "middle", "agent": "ok", "depends_on": ["look"]},
                {"id": "and-this", "agent": "ok", "depends_on": ["look"]},
                {"id": "small", "agent": "ok", "depends_on": ["look"]},
                {"id": "after-large", "agent": "ok", "depends_on": ["large"]},
                {"id": "join", "agent": "ok", "depends_on": [
                    {"step": "large", "kind": "soft"}, {"step": "middle", "kind": "soft"},
                    {"step": "small", "kind": "soft"}, {"step": "after-large", "kind": "soft"}]}
            ]),
        ),
        case(
            "condition",
            "completed",
            json!({"really": false}),
            &json!([
                {"id": "a", "agent": "ok"},
                {"id": "b", "agent": "ok", "depends_on": ["a"], "when": "input.really"},
                {"id": "c", "agent": "ok", "depends_on": ["b"]},
                {"id": "d", "agent": "ok", "depends_on": ["a"]}
            ]),
        ),
        case(
            "tolerated-failure",
            "completed",
            json!({}),
            &json!([
                {"id": "a", "agent": "fails", "retry": once()},
                {"id": "b", "agent": "ok", "depends_on": [{"step": "a", "kind": "soft"}],
                 "inputs": {"because": "${steps.a.error.kind}"}}
            ]),
        ),
        case(
            "saga",
            "failed",
            json!({}),
            &json!([
                {"id": "book", "agent": "ok", "compensate_with": {"agent": "fails-1",
                    "inputs": {"undo": "${steps.book.output}"}}},
                {"id": "pay", "agent": "ok", "depends_on": ["book"],
                 "compensate_with": {"agent": "ok"}},
                {"id": "look", "agent": "ok", "depends_on": ["book"]},
                {"id": "send", "agent": "fails-9", "depends_on": ["pay"], "retry": quick(),
                 "compensate_with": {"agent": "ok"}}
            ]),
        ),
        case(
            "hopeless-saga",
            "failed",
            json!({}),
            &json!([
                {"id": "book", "agent": "ok", "compensate_with": {"agent": "ok"}},
                {"id": "pay", "agent": "ok", "depends_on": ["book"],
                 "compensate_with": {"agent": "fails"}},
                {"id": "send", "agent": "rejects", "depends_on": ["pay"]},
                {"id": "beside", "agent": "slow-40", "depends_on": ["book"]}
            ]),
        ),
        case(
            "map",
            "completed",
            json!({"words": ["a", "b", "c", "d", "e", "f", "g"]}),
            &json!([
                {"id": "each", "map": {"over": "input.words", "concurrency": 3, "agent": "ok"},
                 "inputs": {"word": "${item}", "at": "${index}"}},
                {"id": "sum", "agent": "ok", "depends_on": ["each"],
                 "inputs": "${length(steps.each.output)}"}
            ]),
        ),
        case(
            "map-of-nothing",
            "completed",
            json!({"words": []}),
            &json!([{"id": "each", "map": {"over": "input.words", "agent": "ok"}}]),
        ),
        case(
            "map-that-fails",
            "failed",
            json!({"words": [1, 2, 3, 4]}),
            &json!([
                {"id": "before", "agent": "ok", "compensate_with": {"agent": "ok"}},
                {"id": "each", "depends_on": ["before"], "retry": once(),
                 "map": {"over": "input.words", "concurrency": 1, "agent": "fails-1"}}
            ]),
        ),
        case(
            "waits",
            "completed",
            json!({"until": "2026-01-01T00:10:00Z"}),
            &json!([
                {"id": "a", "wait": {"seconds": 90}},
                {"id": "b", "wait": {"until": "input.until"}, "depends_on": ["a"]},
                {"id": "c", "agent": "ok", "depends_on": ["b"]}
            ]),
        ),
        case(
            "approval-in-vain",
            "failed",
            json!({}),
            &json!([
                {"id": "a", "agent": "ok", "compensate_with": {"agent": "ok"}},
                {"id": "ask", "approval": {"message": "go on with ${steps.a.output.by}?"},
                 "depends_on": ["a"], "timeout_seconds": 60}
            ]),
        ),
        case(
            "approval-in-vain-before-others",
            "failed",
            json!({}),
            &json!([
                {"id": "ask", "approval": {}, "timeout_seconds": 60},
                {"id": "then", "agent": "ok", "depends_on": ["ask"]},
                {"id": "last", "agent": "ok", "depends_on": ["then"]}
            ]),
        ),
        case(
            "too-slow",
            "failed",
            json!({}),
            &json!([{"id": "a", "agent": "slow-400", "timeout_seconds": 5, "retry": quick()}]),
        ),
        case(
            "routed-and-cached",
            "completed",
            json!({}),
            &json!([
                {"id": "a", "agent": "ok", "inputs": {"x": 1}, "cache": {"ttl_seconds": 60}},
                {"id": "b", "agent": "ok", "inputs": {"x": 1}, "cache": {"ttl_seconds": 60},
                 "depends_on": ["a"]},
                {"id": "c", "task": {"capability": "text.count"}, "depends_on": ["b"]}
            ]),
        ),
        case(
            "bad-expression",
            "failed",
            json!({}),
            &json!([{"id": "a", "agent": "ok", "when": "length(input.missing) > `1`"}]),
        ),
    ];
    cases.push(Case {
        name: "two-at-once",
        plans: vec![plan(&json!({"name": "two", "max_in_flight": 2, "steps": [
            {"id": "a", "agent": "ok"},
            {"id": "b", "agent": "slow-9"},
            {"id": "c", "agent": "fails-1", "expected_seconds": 5, "retry": quick()},
            {"id": "d", "agent": "ok", "when": "input.no"},
            {"id": "e", "map": {"over": "input.words", "agent": "ok"}, "depends_on": ["a"]},
            {"id": "f", "wait": {"seconds": 3}, "depends_on": ["a"]},
            {"id": "g", "agent": "ok", "when": "input.yes", "depends_on": ["a"]},
            {"id": "h", "agent": "ok", "depends_on": ["e", "f", "g"]},
            {"id": "i", "agent": "ok", "depends_on": ["d"]}
        ]}))],
        input: json!({"no": false, "yes": true, "words": [1, 2, 3]}),
        ends: "completed",
    });
    cases.push(Case {
        name: "two-at-once-that-fail",
        plans: vec![plan(&json!({"name": "two", "max_in_flight": 2, "steps": [
            {"id": "a", "agent": "ok", "compensate_with": {"agent": "ok"}},
            {"id": "b", "agent": "fails", "depends_on": ["a"], "retry": once()},
            {"id": "c", "agent": "slow-20000", "timeout_seconds": 28_000},
            {"id": "d", "agent": "ok"}
        ]}))],
        input: json!({}),
        ends: "failed",
    });
    cases.push(Case {
        name: "nested",
        plans: vec![
            plan(&json!({"name": "outer", "steps": [
                {"id": "inner", "workflow": "inner", "inputs": {"n": 2}, "timeout_seconds": 900},
                {"id": "after", "agent": "ok", "depends_on": ["inner"],
                 "inputs": "${steps.inner.output}"}]})),
            plan(
                &json!({"name": "inner", "output": {"double": "${steps.x.output.of}"}, "steps": [
                {"id": "x", "agent": "slow-20", "inputs": "${input.n}"}]}),
            ),
        ],
        input: json!({}),
        ends: "completed",
    });
    cases.push(Case {
        name: "nested-that-fails",
        plans: vec![
            plan(&json!({"name": "outer", "steps": [
                {"id": "before", "agent": "ok", "compensate_with": {"agent": "ok"}},
                {"id": "inner", "workflow": "inner", "depends_on": ["before"]}]})),
            plan(&json!({"name": "inner", "steps": [
                {"id": "y", "agent": "ok", "compensate_with": {"agent": "ok"}},
                {"id": "x", "agent": "fails", "retry": once(), "depends_on": ["y"]}]})),
        ],
        input: json!({}),
        ends: "failed",
    });
    cases
}
