//! Runs that a worker holds from tool call to tool call, and that go from worker to worker.

use std::process::Command;

use serde_json::{Value, json};
use tdev_domain::{FailureKind, Limits, Tool};
use tdev_sandbox::{SnapshotFailure, ToolCall, ToolError, Turn, Worker, WorkerRun};

use crate::harness::{answer, source, tools, worker};

const LOOPS: &str = r#"
seen = []


def execute(input):
    print("begin")
    for word in input:
        if word in seen:
            continue
        seen.append(word)
        log("word", word=word, at=now())
        sleep(len(seen))
    print("end", end="")
    return {"seen": seen, "drawn": random()}
"#;

const CATCHES: &str = r#"
def ask(name):
    try:
        return call_agent(name, {"try": True})
    except RuntimeError as error:
        print("caught", error)
        return str(error)
    finally:
        log("asked", name=name)


def execute(input):
    return [ask(name) for name in input]
"#;

const GENERATES: &str = r#"
def wait(name):
    print("waiting for", name)
    return wait_for(name, timeout=60)["signal"]


def execute(input):
    upper = (wait(name).upper() for name in input if len(name) > 4)
    return {str(n): signal for n, signal in enumerate(upper)}
"#;

const REMEMBERS: &str = r"
from dataclasses import dataclass


@dataclass
class Count:
    key: str
    step: int = 1

    def next(self):
        value = recall(self.key, 0) + self.step
        remember(self.key, value, ttl=self.step * 60)
        return value


def execute(input):
    counts = {key: Count(key, step=n) for n, key in enumerate(input)}
    twice = lambda count: (count.next(), count.next())
    return {key: twice(count) for key, count in sorted(counts.items())}
";

const SHARES: &str = r#"
def counted(names, first):
    calls, answers = 0, []

    def ask(name):
        nonlocal calls
        calls += 1
        answers.append((calls, first(name), random()))
        return max(answers, key=lambda answer: (len(answer[1]), calls, len(names)))

    return [ask(name) for name in names]


def execute(input):
    here, there = "here", wait_for("there")["signal"]
    return counted(input, lambda name: f"{here} {there} {name}")[-1]
"#;

const AGENTS: [&str; 5] = [LOOPS, CATCHES, GENERATES, REMEMBERS, SHARES];

/// Every other agent that is called fails; all else answers as in the harness.
fn answered(call: &ToolCall) -> Result<Value, ToolError> {
    if call.args["name"] == "broken" {
        Err(ToolError::new("child_failed: it broke"))
    } else {
        Ok(answer(call))
    }
}

fn input() -> Value {
    json!(["whole", "broken", "whole", "last"])
}

fn start(worker: &mut Worker, text: &str) -> Turn {
    worker
        .start(
            &source(text),
            &tools(&Tool::ALL),
            &input(),
            &Limits::default(),
        )
        .unwrap()
}

fn called(turn: Turn) -> ToolCall {
    match turn {
        Turn::Called(mut calls) => calls.remove(0),
        Turn::Ended(run) => panic!("ended: {run:?}"),
    }
}

fn snapshot(worker: &mut Worker) -> Vec<u8> {
    worker.snapshot().unwrap().unwrap()
}

/// Puts a run of the agent `text` back.
fn restore(worker: &mut Worker, text: &str, snapshot: &[u8]) -> Result<(), SnapshotFailure> {
    let (source, tools) = (source(text), tools(&Tool::ALL));
    worker.restore(&source, &tools, snapshot).unwrap()
}

/// Runs to the end, `between` being done at each tool call before it is answered; the calls, and
/// the end.
fn finish(
    worker: &mut Worker,
    mut turn: Turn,
    mut between: impl FnMut(&mut Worker),
) -> (Vec<ToolCall>, WorkerRun) {
    let mut calls = Vec::new();
    loop {
        match turn {
            Turn::Ended(run) => return (calls, run),
            Turn::Called(called) => {
                between(worker);
                let answers = called.iter().map(answered).collect();
                turn = worker.answer(answers).unwrap();
                calls.extend(called);
            }
        }
    }
}

/// An agent's calls and end, undisturbed.
fn undisturbed(text: &str) -> (Vec<ToolCall>, WorkerRun) {
    let mut worker = worker();
    let turn = start(&mut worker, text);
    finish(&mut worker, turn, |_| ())
}

#[track_caller]
fn assert_same(
    (calls, end): &(Vec<ToolCall>, WorkerRun),
    (other_calls, other_end): &(Vec<ToolCall>, WorkerRun),
) {
    assert_eq!(calls, other_calls);
    assert_eq!(end.run.outcome, other_end.run.outcome);
    assert_eq!(end.run.logs, other_end.run.logs);
}

fn kill(process: u32) {
    Command::new("kill")
        .args(["-9", &process.to_string()])
        .status()
        .unwrap();
    crate::harness::await_end(process);
}

#[test]
fn the_agents_do_what_they_are_here_for() {
    let outcomes = AGENTS.map(|agent| undisturbed(agent).1.run.outcome);
    let broken = "child_failed: it broke";
    let whole = json!({"agent": "whole", "got": {"try": true}});
    let last = json!({"agent": "last", "got": {"try": true}});
    assert_eq!(
        outcomes,
        [
            Ok(json!({"seen": ["whole", "broken", "last"], "drawn": 0.25})),
            Ok(json!([whole, broken, whole, last])),
            Ok(json!({"0": "WHOLE", "1": "BROKEN", "2": "WHOLE"})),
            Ok(json!({"broken": [1, 1], "last": [3, 3], "whole": [2, 2]})),
            Ok(json!([2, "here there broken", 0.25])),
        ]
    );
}

#[test]
fn a_run_that_moves_to_a_new_process_at_every_call_ends_as_one_undisturbed() {
    for agent in AGENTS {
        let mut first = worker();
        let turn = start(&mut first, agent);
        let moved = finish(&mut first, turn, |current| {
            let snapshot = snapshot(current);
            *current = worker();
            restore(current, agent, &snapshot).unwrap();
        });
        assert!(moved.0.len() > 2, "{agent}");
        assert_same(&moved, &undisturbed(agent));
    }
}

#[test]
fn a_snapshot_changes_nothing_and_is_always_the_same() {
    for agent in AGENTS {
        let mut worker = worker();
        let turn = start(&mut worker, agent);
        let looked_at = finish(&mut worker, turn, |worker| {
            let first = snapshot(worker);
            assert_eq!(first.len(), snapshot(worker).len());
        });
        assert_same(&looked_at, &undisturbed(agent));
    }
}

#[test]
fn two_workers_take_turns_at_one_run() {
    let mut workers = [worker(), worker()];
    let mut calls = Vec::new();
    let mut turn = start(&mut workers[0], LOOPS);
    let run = loop {
        let called = match turn {
            Turn::Ended(run) => break run,
            Turn::Called(called) => called,
        };
        let snapshot = snapshot(&mut workers[0]);
        workers.swap(0, 1);
        restore(&mut workers[0], LOOPS, &snapshot).unwrap();
        let answers = called.iter().map(answered).collect();
        turn = workers[0].answer(answers).unwrap();
        calls.extend(called);
    };
    assert_same(&(calls, run), &undisturbed(LOOPS));
    assert!(workers.iter().all(|worker| worker.process_id().is_some()));
}

#[test]
fn a_run_whose_process_is_killed_goes_on_from_its_snapshot() {
    let mut worker = worker();
    let turn = start(&mut worker, LOOPS);
    let mut killed = 0;
    let survived = finish(&mut worker, turn, |worker| {
        let snapshot = snapshot(worker);
        kill(worker.process_id().unwrap());
        restore(worker, LOOPS, &snapshot).unwrap();
        killed += 1;
    });
    assert_eq!(killed, survived.0.len());
    assert_same(&survived, &undisturbed(LOOPS));
}

#[test]
fn a_run_whose_process_is_killed_is_gone_which_says_nothing_of_the_agent() {
    let mut worker = worker();
    called(start(&mut worker, LOOPS));
    kill(worker.process_id().unwrap());
    assert!(worker.answer(vec![Ok(Value::Null)]).is_err());
    assert!(worker.answer(vec![Ok(Value::Null)]).is_err());
    called(start(&mut worker, LOOPS));
    kill(worker.process_id().unwrap());
    assert!(worker.snapshot().is_err());
    called(start(&mut worker, LOOPS));
}

#[test]
fn only_a_run_that_is_held_can_be_answered_or_written() {
    let mut worker = worker();
    assert!(worker.answer(vec![Ok(Value::Null)]).is_err());
    assert!(worker.snapshot().is_err());
    let turn = start(&mut worker, LOOPS);
    finish(&mut worker, turn, |_| ());
    let process = worker.process_id();
    assert!(worker.answer(vec![Ok(Value::Null)]).is_err());
    assert!(worker.snapshot().is_err());
    assert_eq!(worker.process_id(), process);
}

#[test]
fn another_run_takes_the_place_of_the_one_that_is_held() {
    let mut worker = worker();
    let limits = Limits::default();
    let echo = source("def get_capabilities():\n    return {}\n\ndef execute(i):\n    return i\n");
    let nothing = tools(&[]);
    called(start(&mut worker, LOOPS));
    worker.start(&echo, &nothing, &json!(1), &limits).unwrap();
    assert!(worker.answer(vec![Ok(Value::Null)]).is_err());
    called(start(&mut worker, LOOPS));
    worker.describe(&echo, &nothing, &limits).unwrap();
    assert!(worker.answer(vec![Ok(Value::Null)]).is_err());
    called(start(&mut worker, LOOPS));
    let too_deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    worker.start(&echo, &nothing, &too_deep, &limits).unwrap();
    assert!(worker.answer(vec![Ok(Value::Null)]).is_err());
    called(start(&mut worker, LOOPS));
    restore(&mut worker, LOOPS, b"nothing").unwrap_err();
    assert!(worker.snapshot().is_err());
}

#[test]
fn a_snapshot_that_cannot_be_read_is_told_from_a_worker_that_cannot_be_spoken_to() {
    let mut worker = worker();
    called(start(&mut worker, LOOPS));
    let good = snapshot(&mut worker);
    let altered = |place: usize| {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        bytes
    };
    let version_end = 10 + usize::from(good[10]);
    for (bytes, message) in [
        (Vec::new(), "not a snapshot of a suspended run"),
        (altered(0), "not a snapshot of a suspended run"),
        (altered(8), "the snapshot has format 20; this build reads 4"),
        (altered(good.len() - 1), "the snapshot is damaged"),
    ] {
        let failure = restore(&mut worker, LOOPS, &bytes).unwrap_err();
        assert_eq!(failure.to_string(), message);
    }
    let failure = restore(&mut worker, LOOPS, &altered(version_end)).unwrap_err();
    assert!(
        matches!(&failure, SnapshotFailure::Interpreter { found } if failure.to_string().contains(found)),
        "{failure:?}"
    );
    let other = restore(&mut worker, CATCHES, &good).unwrap_err();
    assert_eq!(other, SnapshotFailure::OtherProgram);
    let uncompilable = restore(&mut worker, "def", &good).unwrap_err();
    assert!(
        matches!(&uncompilable, SnapshotFailure::Uncompilable(failure) if failure.kind == FailureKind::InvalidSource),
        "{uncompilable:?}"
    );
    restore(&mut worker, LOOPS, &good).unwrap();
    let mut missing = Worker::new(|| Command::new("/nonexistent/worker"));
    let unspoken = missing.restore(&source(LOOPS), &tools(&Tool::ALL), &good);
    assert!(unspoken.is_err());
}

#[test]
fn the_limits_of_a_run_go_with_it() {
    let busy = "def execute(input):\n    now()\n    while True:\n        pass\n";
    let limits = Limits {
        wall_time_ms: 100,
        ..Limits::default()
    };
    let mut first = worker();
    let turn = first
        .start(&source(busy), &tools(&[Tool::Now]), &json!(1), &limits)
        .unwrap();
    called(turn);
    let mut second = worker();
    let restored = second.restore(&source(busy), &tools(&[Tool::Now]), &snapshot(&mut first));
    restored.unwrap().unwrap();
    let Turn::Ended(run) = second.answer(vec![Ok(Value::Null)]).unwrap() else {
        panic!("it called again");
    };
    let failure = run.run.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert!(failure.message.contains("100 ms"), "{failure}");
}

#[test]
fn a_run_that_ends_its_process_after_it_was_put_back_fails_for_it() {
    // Comparing what refers to itself many times over looks at no clock.
    let agent = "def execute(input):\n    now()\n    a, b = [], []\n    for _ in range(60):\n        a, b = [a, a], [b, b]\n    return a == b\n";
    let limits = Limits {
        wall_time_ms: 100,
        ..Limits::default()
    };
    let mut first = worker();
    let turn = first
        .start(&source(agent), &tools(&[Tool::Now]), &json!(1), &limits)
        .unwrap();
    called(turn);
    let mut second = worker();
    let restored = second.restore(&source(agent), &tools(&[Tool::Now]), &snapshot(&mut first));
    restored.unwrap().unwrap();
    let Turn::Ended(run) = second.answer(vec![Ok(Value::Null)]).unwrap() else {
        panic!("it called again");
    };
    assert_eq!(run.run.outcome.unwrap_err().kind, FailureKind::TimedOut);
    assert_eq!(second.process_id(), None);
    called(start(&mut second, LOOPS));
}

#[test]
fn an_answer_too_large_for_the_agent_is_a_failure_of_the_tool() {
    let agent = "def execute(input):\n    try:\n        return recall('k')\n    except RuntimeError as error:\n        return str(error)\n";
    let mut worker = worker();
    let recall = tools(&[Tool::Recall]);
    let turn = worker.start(&source(agent), &recall, &json!(1), &Limits::default());
    called(turn.unwrap());
    let turn = worker
        .answer(vec![Ok(json!("x".repeat(300 * 1024)))])
        .unwrap();
    let Turn::Ended(run) = turn else {
        panic!("it called again");
    };
    assert_eq!(run.run.outcome, Ok(json!("the tool's answer is too large")));
}
