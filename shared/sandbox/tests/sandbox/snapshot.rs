//! Runs that are suspended, written, read and resumed.

use serde_json::{Value, json};
use tdev_agents::DURABLE;
use tdev_domain::{FailureKind, Limits, Tool};
use tdev_sandbox::{Program, Progress, Run, SnapshotFailure, Suspended};

use crate::harness::{answer, compile, sandboxed};

const AGENT: &str = r#"
import re

seen = []


def note(word):
    seen.append(word)
    log("word", word=word, at=now())
    return len(seen)


def execute(input):
    print("begin")
    counts = {word: note(word) for word in re.findall(r"\w+", input["text"])}
    print("end", end="")
    return {"counts": counts, "seen": seen, "now": now()}
"#;

fn program() -> Program {
    compile(AGENT, &Tool::ALL).unwrap()
}

fn begun(program: &Program) -> Progress {
    program.start(&json!({"text": "b a b"}), &Limits::default())
}

fn written() -> Vec<u8> {
    sandboxed(|| suspended(begun(&program())).to_snapshot().unwrap())
}

fn restored(program: &Program, bytes: &[u8]) -> Result<Suspended, SnapshotFailure> {
    sandboxed(|| Suspended::from_snapshot(program, bytes))
}

fn suspended(progress: Progress) -> Suspended {
    match progress {
        Progress::Suspended(suspended) => suspended,
        Progress::Ended(run) => panic!("ended: {run:?}"),
    }
}

fn resume(suspended: Suspended) -> Progress {
    let answers = suspended.calls().iter().map(|call| Ok(answer(call)));
    let answers = answers.collect();
    suspended.resume(answers)
}

/// Runs to the end, `between` being done to the suspended run at each tool call.
fn finish(mut progress: Progress, between: impl Fn(Suspended) -> Suspended) -> Run {
    loop {
        match progress {
            Progress::Ended(run) => return run,
            Progress::Suspended(suspended) => progress = resume(between(suspended)),
        }
    }
}

/// Has `program`'s run written and read.
fn rewritten(program: &Program) -> impl Fn(Suspended) -> Suspended {
    |suspended| {
        let bytes = suspended.to_snapshot().unwrap();
        drop(suspended);
        Suspended::from_snapshot(program, &bytes).unwrap()
    }
}

#[test]
fn a_run_that_is_written_at_every_call_ends_as_one_undisturbed() {
    sandboxed(|| {
        let program = program();
        let whole = finish(begun(&program), |suspended| suspended);
        let other = compile(AGENT, &Tool::ALL).unwrap();
        let rewritten = finish(begun(&program), rewritten(&other));
        assert_eq!(
            whole.outcome,
            Ok(json!({
                "counts": {"b": 3, "a": 2},
                "seen": ["b", "a", "b"],
                "now": "2026-01-02T03:04:05Z",
            }))
        );
        assert_eq!(rewritten.outcome, whole.outcome);
        assert_eq!(rewritten.logs, whole.logs);
        let messages: Vec<_> = whole
            .logs
            .iter()
            .map(|line| line.message.as_str())
            .collect();
        assert_eq!(messages, ["begin", "word", "word", "word", "end"]);
    });
}

#[test]
fn a_snapshot_resumes_the_same_twice() {
    sandboxed(|| {
        let program = program();
        let bytes = suspended(begun(&program)).to_snapshot().unwrap();
        let outcome = || {
            let again = Suspended::from_snapshot(&program, &bytes).unwrap();
            let run = finish(Progress::Suspended(again), |s| s);
            (run.outcome, run.logs)
        };
        assert_eq!(outcome(), outcome());
    });
}

#[test]
fn a_snapshot_carries_the_call_that_wants_an_answer() {
    sandboxed(|| {
        let program = program();
        let first = suspended(begun(&program));
        assert_eq!(first.calls()[0].tool, Tool::Now);
        assert_eq!(first.calls()[0].args, json!({}));
        let second = rewritten(&program)(suspended(first.resume(vec![Ok(json!("then"))])));
        assert_eq!(second.calls()[0].tool, Tool::Log);
        assert_eq!(
            second.calls()[0].args,
            json!({"message": "word", "fields": {"word": "b", "at": "then"}})
        );
    });
}

#[test]
fn a_snapshot_keeps_the_count_of_calls_and_the_budgets() {
    let agent = "def execute(input):\n    while True:\n        now()\n";
    sandboxed(|| {
        let program = compile(agent, &[Tool::Now]).unwrap();
        let begun = program.start(&Value::Null, &Limits::default());
        let run = finish(begun, rewritten(&program));
        assert_eq!(run.outcome.unwrap_err().kind, FailureKind::TooManyToolCalls);
    });
}

#[test]
fn memory_held_across_a_call_still_counts() {
    let agent = "def execute(input):\n    kept = []\n    while True:\n        kept.append('x' * 100000)\n        now()\n";
    let limits = Limits {
        memory_bytes: 2 * 1024 * 1024,
        ..Limits::default()
    };
    sandboxed(|| {
        let program = compile(agent, &[Tool::Now]).unwrap();
        let through = rewritten(&program);
        let betweens: [&dyn Fn(Suspended) -> Suspended; 2] = [&|suspended| suspended, &through];
        for between in betweens {
            let run = finish(program.start(&Value::Null, &limits), between);
            assert_eq!(run.outcome.unwrap_err().kind, FailureKind::OutOfMemory);
        }
    });
}

#[test]
fn other_bytes_are_not_a_snapshot() {
    let program = sandboxed(program);
    for bytes in [&b""[..], b"TDEV", b"MONTY\0\x08\0", &[0; 64]] {
        let read = restored(&program, bytes);
        assert_eq!(read.unwrap_err(), SnapshotFailure::NotASnapshot);
    }
}

#[test]
fn a_snapshot_of_another_version_is_refused_by_name() {
    let program = sandboxed(program);
    let bytes = written();
    let mut other_format = bytes.clone();
    other_format[8] = 9;
    let read = restored(&program, &other_format);
    assert_eq!(read.unwrap_err(), SnapshotFailure::Format { found: 9 });
    let mut other_interpreter = bytes;
    let last = 11 + usize::from(other_interpreter[10]) - 1;
    other_interpreter[last] = b'x';
    match restored(&program, &other_interpreter) {
        Err(SnapshotFailure::Interpreter { found }) => assert!(found.ends_with('x'), "{found}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_snapshot_of_another_program_is_refused_by_name() {
    let bytes = written();
    let edited = AGENT.replacen("\"begin\"", "\"Begin\"", 1);
    assert_ne!(edited, AGENT);
    let fewer = &Tool::ALL[1..];
    for (text, tools) in [(&*edited, &Tool::ALL[..]), (AGENT, fewer), (AGENT, &[])] {
        let other = sandboxed(|| compile(text, tools).unwrap());
        let read = restored(&other, &bytes);
        assert_eq!(read.unwrap_err(), SnapshotFailure::OtherProgram);
    }
}

#[test]
fn a_snapshot_that_is_cut_off_or_altered_is_refused() {
    let program = sandboxed(program);
    let bytes = written();
    for length in 0..bytes.len() {
        assert!(restored(&program, &bytes[..length]).is_err(), "{length}");
    }
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 0x10;
        assert!(restored(&program, &altered).is_err(), "{place}");
    }
}

/// An agent as large as one may be, that stops in the middle of its work; what `indent` puts it
/// into has two variables that it shares with the functions in it.
fn large(nested: bool) -> String {
    let mut text = String::from("def work(orders, rates):\n    totals = {}\n");
    if !nested {
        text = String::new();
    }
    let margin = if nested { "    " } else { "" };
    let arguments = if nested {
        "order"
    } else {
        "order, rates, totals"
    };
    for n in 0.. {
        let rule = format!(
            "{margin}def rule_{n}({arguments}):\n\
             {margin}    if order['quantity'] >= {} and order['kind'] == 'kind-{n}':\n\
             {margin}        share = order['price'] * rates.get('rate-{n}', {}.5)\n\
             {margin}        totals['rule-{n}'] = round(share + {}, 2)\n\n",
            n * 7,
            n * 3,
            n * 11,
        );
        if text.len() + rule.len() > 6_000 {
            break;
        }
        text.push_str(&rule);
    }
    let call = format!("rule_0({})", arguments.replace("order,", "orders[0],"));
    text + &if nested {
        "    for order in orders:\n        log('order', kind=order['kind'])\n        rule_0(order)\n    return totals\n\n\ndef execute(input):\n    return work(input, {'rate-0': 2})\n".to_owned()
    } else {
        format!(
            "def execute(input):\n    orders, rates, totals = input, {{'rate-0': 2}}, {{}}\n    for order in orders:\n        log('order', kind=order['kind'])\n        {call}\n    return totals\n"
        )
    }
}

#[test]
fn a_snapshot_holds_little_beyond_what_the_run_made() {
    let orders = json!([{"quantity": 3, "kind": "kind-0", "price": 10}]);
    let mut agents: Vec<(String, Value, usize)> = DURABLE
        .iter()
        .map(|sample| {
            let input = serde_json::from_str(sample.input).unwrap();
            (sample.source.to_owned(), input, 1024)
        })
        .collect();
    agents.push((large(false), orders.clone(), 1024));
    // What is left of 8 KiB by a seal and its key.
    agents.push((large(true), orders, 7_680));
    for (text, input, most) in agents {
        sandboxed(|| {
            let program = compile(&text, &Tool::ALL).unwrap();
            let first = suspended(program.start(&input, &Limits::default()));
            let bytes = first.to_snapshot().unwrap();
            assert!(bytes.len() < most, "{} bytes of {text}", bytes.len());
            // Another compilation, as another process makes it.
            let other = compile(&text, &Tool::ALL).unwrap();
            let again = Suspended::from_snapshot(&other, &bytes).unwrap();
            assert_eq!(again.calls(), first.calls());
        });
    }
}
