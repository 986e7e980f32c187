//! Agents that work, and agents that fail without meaning to.

use serde_json::{Value, json};
use tdev_domain::{AgentFailure, FailureKind, Limits, Tool};
use tdev_sandbox::{Host, ToolCall, ToolError};

use crate::harness::{FixedHost, compile, run, sandboxed};

fn failure(text: &str, granted: &[Tool]) -> AgentFailure {
    run(text, granted, &json!({"n": 1})).outcome.unwrap_err()
}

#[test]
fn failures_read_well_as_json() {
    let failures = [
        "def execute(input):\n    return [1, 2\n",
        "class A(B):\n    pass\n",
        "def execute(input):\n    return __tdev_input\n",
        "def execute(input):\n    return input['missing']\n",
        "def execute(input):\n    return [{1, 2}]\n",
        "def execute(input):\n    return execute(input)\n",
        "def execute(input):\n    return open('x')\n",
        "def execute(input):\n    return 'x' * 10**9\n",
        "def execute(input):\n    return log('x')\n",
    ]
    .map(|text| failure(text, &[]));
    insta::assert_json_snapshot!(failures);
}

#[test]
fn one_program_serves_many_runs_and_none_sees_another() {
    let agent = "seen = []\ndef execute(input):\n    seen.append(input)\n    return seen\n";
    sandboxed(|| {
        let program = compile(agent, &[]).unwrap();
        for n in 0..3 {
            let run = program.execute(&json!(n), &Limits::default(), &mut FixedHost::default());
            assert_eq!(run.outcome, Ok(json!([n])));
        }
    });
}

#[test]
fn what_pythons_json_takes_is_taken() {
    let agent = r#"
from collections import Counter, defaultdict, namedtuple

Point = namedtuple("Point", ["x", "y"])


def execute(input):
    groups = defaultdict(list)
    groups["a"].append(1)
    return [Counter("abca"), groups, Point(1, 2.5), (True, None), {1: "int", None: "none"}]
"#;
    assert_eq!(
        run(agent, &[], &Value::Null).outcome,
        Ok(json!([
            {"a": 2, "b": 1, "c": 1},
            {"a": [1]},
            [1, 2.5],
            [true, null],
            {"1": "int", "null": "none"},
        ]))
    );
}

#[test]
fn a_raised_exception_names_the_agents_innermost_line() {
    let agent = "# comment\ndef half(n):\n    return 1 // n\n\ndef execute(input):\n    return half(input['n'] - 1)\n";
    for granted in [&[][..], &Tool::ALL] {
        let failure = failure(agent, granted);
        assert_eq!(failure.kind, FailureKind::Raised);
        assert_eq!(failure.exception.as_deref(), Some("ZeroDivisionError"));
        assert_eq!(failure.line, Some(3), "{granted:?}");
    }
}

#[test]
fn a_tool_that_refuses_its_arguments_is_blamed_on_the_line_that_calls_it() {
    let failure = failure(
        "def execute(input):\n    log('x', y={1, 2})\n",
        &[Tool::Log],
    );
    assert_eq!(failure.exception.as_deref(), Some("TypeError"));
    assert_eq!(failure.line, Some(2));
}

#[test]
fn a_missing_tool_is_explained() {
    let failure = failure("def execute(input):\n    return now()\n", &[Tool::Log]);
    assert_eq!(failure.exception.as_deref(), Some("NameError"));
    assert!(
        failure.message.contains("manifest must list"),
        "{}",
        failure.message
    );
}

#[test]
fn an_agents_own_function_goes_before_the_tool_of_its_name() {
    let agent =
        "def log(message):\n    return message * 2\n\ndef execute(input):\n    return log('ab')\n";
    assert_eq!(
        run(agent, &[Tool::Log], &Value::Null).outcome,
        Ok(json!("abab"))
    );
}

#[test]
fn tools_work_while_the_module_is_read() {
    let agent = "BEGUN = now()\n\ndef execute(input):\n    return BEGUN\n";
    assert_eq!(
        run(agent, &[Tool::Now], &Value::Null).outcome,
        Ok(json!("2026-01-02T03:04:05Z"))
    );
}

#[test]
fn a_tools_failure_can_be_caught() {
    struct Failing;
    impl Host for Failing {
        fn call(&mut self, _: &ToolCall) -> Result<Value, ToolError> {
            Err(ToolError::new("no clock"))
        }
    }
    let agent = "def execute(input):\n    try:\n        return now()\n    except RuntimeError as error:\n        return str(error)\n";
    sandboxed(|| {
        let program = compile(agent, &[Tool::Now]).unwrap();
        let run = program.execute(&Value::Null, &Limits::default(), &mut Failing);
        assert_eq!(run.outcome, Ok(json!("no clock")));
    });
}

#[test]
fn describing_runs_no_tool() {
    let agent = "def get_capabilities():\n    return {'description': now()}\n";
    sandboxed(|| {
        let failure = compile(agent, &[Tool::Now])
            .unwrap()
            .describe(&Limits::default())
            .outcome
            .unwrap_err();
        assert_eq!(failure.exception.as_deref(), Some("RuntimeError"));
        assert!(
            failure.message.contains("not available"),
            "{}",
            failure.message
        );
    });
}

#[test]
fn a_syntax_error_shows_the_place() {
    let failure = failure("def execute(input):\r\n    return (1 +\r\n", &[]);
    assert_eq!(failure.kind, FailureKind::InvalidSource);
    assert_eq!(failure.line, Some(2));
    assert_eq!(
        failure.excerpt.as_deref(),
        Some("    return (1 +\n               ^")
    );
}

#[test]
fn what_the_interpreter_lacks_is_a_syntax_error_with_its_line() {
    for granted in [&[][..], &Tool::ALL] {
        let failure = failure("x = 1\n\nclass A(B):\n    pass\n", granted);
        assert_eq!(failure.kind, FailureKind::InvalidSource);
        assert_eq!(failure.line, Some(3));
    }
}

#[test]
fn sources_that_end_or_begin_unusually_compile() {
    for agent in [
        "\u{feff}def execute(input): return 1",
        "def execute(input): return 1 # comment",
        "def execute(input):\r    return 1\r",
        "'''doc'''\nfrom __future__ import annotations\ndef execute(input): return 1",
        "# -*- coding: utf-8 -*-\ndef execute(input): return 1\n\x0c",
    ] {
        assert_eq!(
            run(agent, &[], &Value::Null).outcome,
            Ok(json!(1)),
            "{agent:?}"
        );
    }
}

#[test]
fn nesting_in_the_source_is_refused_and_never_overflows_the_stack() {
    let deep = |open: &str, close: &str, times: usize| {
        format!("x = {}1{}", open.repeat(times), close.repeat(times))
    };
    for agent in [
        deep("(", ")", 3_000),
        deep("[", "]", 3_000),
        deep("{1:", "}", 1_600),
        deep("-", "", 6_000),
        deep("not ", "", 1_600),
        deep("lambda:", "", 900),
        deep("1+", "", 3_000),
        deep("2**", "", 2_000),
        deep("1 if 1 else ", "", 500),
        deep("await ", "", 1_000),
        deep("f(", ")", 2_000),
        format!("x = f{}", ".a".repeat(3_000)),
        format!("x = f{}", "()".repeat(3_000)),
        format!("x = f{}", "[0]".repeat(2_000)),
        format!(
            "match x:\n  case {}a{}: pass",
            "[".repeat(3_000),
            "]".repeat(3_000)
        ),
    ] {
        let failure = failure(&agent, &[]);
        assert_eq!(failure.kind, FailureKind::InvalidSource, "{agent:.30}");
    }
}
