//! Runs that are suspended, written, read and resumed.

use serde_json::{Value, json};
use tdev_domain::{FailureKind, Limits, Tool};
use tdev_sandbox::{Progress, Run, SnapshotFailure, Suspended};

use crate::harness::{FixedHost, answer, compile, sandboxed};

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

fn begun() -> Progress {
    let program = compile(AGENT, &Tool::ALL).unwrap();
    program.start(&json!({"text": "b a b"}), &Limits::default())
}

fn suspended(progress: Progress) -> Suspended {
    match progress {
        Progress::Suspended(suspended) => suspended,
        Progress::Ended(run) => panic!("ended: {run:?}"),
    }
}

fn resume(suspended: Suspended) -> Progress {
    let answer = answer(suspended.call());
    suspended.resume(Ok(answer))
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

fn rewritten(suspended: Suspended) -> Suspended {
    let bytes = suspended.to_snapshot().unwrap();
    drop(suspended);
    Suspended::from_snapshot(&bytes).unwrap()
}

#[test]
fn a_run_that_is_written_at_every_call_ends_as_one_undisturbed() {
    sandboxed(|| {
        let program = compile(AGENT, &Tool::ALL).unwrap();
        let limits = Limits::default();
        let input = json!({"text": "b a b"});
        let whole = program.execute(&input, &limits, &mut FixedHost::default());
        let rewritten = finish(begun(), rewritten);
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
        let bytes = suspended(begun()).to_snapshot().unwrap();
        let outcome = || {
            let run = finish(
                Progress::Suspended(Suspended::from_snapshot(&bytes).unwrap()),
                |s| s,
            );
            (run.outcome, run.logs)
        };
        assert_eq!(outcome(), outcome());
    });
}

#[test]
fn a_snapshot_carries_the_call_that_wants_an_answer() {
    sandboxed(|| {
        let first = suspended(begun());
        assert_eq!(first.call().tool, Tool::Now);
        assert_eq!(first.call().args, json!({}));
        let second = rewritten(suspended(first.resume(Ok(json!("then")))));
        assert_eq!(second.call().tool, Tool::Log);
        assert_eq!(
            second.call().args,
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
        let run = finish(begun, rewritten);
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
        for between in [|s| s, rewritten] {
            let run = finish(program.start(&Value::Null, &limits), between);
            assert_eq!(run.outcome.unwrap_err().kind, FailureKind::OutOfMemory);
        }
    });
}

#[test]
fn other_bytes_are_not_a_snapshot() {
    for bytes in [&b""[..], b"TDEV", b"MONTY\0\x08\0", &[0; 64]] {
        assert!(matches!(
            Suspended::from_snapshot(bytes),
            Err(SnapshotFailure::NotASnapshot)
        ));
    }
}

#[test]
fn a_snapshot_of_another_version_is_refused_by_name() {
    let bytes = sandboxed(|| suspended(begun()).to_snapshot().unwrap());
    let mut other_format = bytes.clone();
    other_format[8] = 9;
    assert!(matches!(
        Suspended::from_snapshot(&other_format),
        Err(SnapshotFailure::Format { found: 9 })
    ));
    let mut other_interpreter = bytes;
    let last = 11 + usize::from(other_interpreter[10]) - 1;
    other_interpreter[last] = b'x';
    match Suspended::from_snapshot(&other_interpreter) {
        Err(SnapshotFailure::Interpreter { found }) => assert!(found.ends_with('x'), "{found}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_snapshot_that_is_cut_off_or_altered_is_refused() {
    let bytes = sandboxed(|| suspended(begun()).to_snapshot().unwrap());
    for length in (0..bytes.len()).step_by(97) {
        assert!(
            Suspended::from_snapshot(&bytes[..length]).is_err(),
            "{length}"
        );
    }
    for place in (0..bytes.len()).step_by(97) {
        let mut altered = bytes.clone();
        altered[place] ^= 0x10;
        assert!(Suspended::from_snapshot(&altered).is_err(), "{place}");
    }
}
