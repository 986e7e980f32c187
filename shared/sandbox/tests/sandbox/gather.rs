//! Calls of agents that are awaited, alone or together.

use serde_json::{Value, json};
use tdev_domain::{AgentFailure, FailureKind, Limits, Tool};
use tdev_sandbox::{Program, Progress, Run, Suspended, ToolCall, ToolError};

use crate::harness::{answer, compile, sandboxed};

fn asked(call: &ToolCall) -> &str {
    match call.tool {
        Tool::CallAgent => call.args["name"].as_str().unwrap(),
        tool => tool.as_str(),
    }
}

/// Agents whose name begins so fail.
fn answered(call: &ToolCall) -> Result<Value, ToolError> {
    match call.args["name"].as_str() {
        Some(name) if name.starts_with("bad") => Err(ToolError::new(format!("{name} failed"))),
        _ => Ok(answer(call)),
    }
}

/// What was asked at each stop, as `a+b log c`, and the end; `between` is done at each stop.
fn course(program: &Program, between: impl Fn(Suspended) -> Suspended) -> (String, Run) {
    let mut stops = Vec::new();
    let mut progress = program.start(&json!(["a", "b", "c"]), &Limits::default());
    loop {
        match progress {
            Progress::Ended(run) => return (stops.join(" "), run),
            Progress::Suspended(suspended) => {
                let suspended = between(suspended);
                let calls: Vec<_> = suspended.calls().iter().map(asked).collect();
                stops.push(calls.join("+"));
                let answers = suspended.calls().iter().map(answered).collect();
                progress = suspended.resume(answers);
            }
        }
    }
}

/// The course of an agent, which is the same if the run is written and read at every stop.
fn executed(text: &str) -> (String, Result<Value, AgentFailure>) {
    sandboxed(|| {
        let program = compile(text, &Tool::ALL).unwrap();
        let (stops, whole) = course(&program, |suspended| suspended);
        let parts = course(&program, |suspended| {
            let bytes = suspended.to_snapshot().unwrap();
            drop(suspended);
            Suspended::from_snapshot(&program, &bytes).unwrap()
        });
        assert_eq!((&stops, &whole.outcome), (&parts.0, &parts.1.outcome));
        assert_eq!(whole.logs, parts.1.logs);
        (stops, whole.outcome)
    })
}

/// The course of an agent whose `main` is this and that awaits it.
fn awaited(main: &str) -> (String, Result<Value, AgentFailure>) {
    let main = main.trim().replace('\n', "\n    ");
    executed(&format!(
        "import asyncio\n\nasync def main(names):\n    {main}\n\ndef execute(input):\n    return asyncio.run(main(input))\n"
    ))
}

fn got(name: &str, input: &Value) -> Value {
    json!({"agent": name, "got": input})
}

#[test]
fn what_is_gathered_is_asked_for_at_once_and_answered_in_order() {
    let (stops, outcome) = awaited(
        "return await asyncio.gather(*[call_agent(name, {'n': n}) for n, name in enumerate(names)])",
    );
    assert_eq!(stops, "a+b+c");
    let each = ["a", "b", "c"].into_iter().enumerate();
    let each: Vec<_> = each.map(|(n, name)| got(name, &json!({"n": n}))).collect();
    assert_eq!(outcome, Ok(json!(each)));
}

#[test]
fn gather_needs_no_coroutine_around_it() {
    let (stops, outcome) = executed(
        "from asyncio import gather, run\n\ndef execute(input):\n    return len(run(gather(call_agent('x'), call_agent('y'))))\n",
    );
    assert_eq!((stops.as_str(), outcome), ("x+y", Ok(json!(2))));
}

#[test]
fn what_is_awaited_alone_is_asked_for_alone() {
    let (stops, outcome) =
        awaited("first = await call_agent(names[0])\nreturn [first, await call_agent(names[1])]");
    assert_eq!(stops, "a b");
    assert_eq!(
        outcome,
        Ok(json!([got("a", &json!(null)), got("b", &json!(null))]))
    );
}

#[test]
fn only_what_is_awaited_is_asked_for() {
    let (stops, _) = awaited(
        "made = [call_agent(name) for name in names]\nlog('made')\nfirst = await made[1]\nlog('first')\nreturn [await made[0], first]",
    );
    assert_eq!(stops, "log b log a");
    let (stops, outcome) = awaited("call_agent('a')\nreturn 1");
    assert_eq!((stops.as_str(), outcome), ("", Ok(json!(1))));
}

#[test]
fn coroutines_go_on_beside_each_other_and_other_tools_are_answered_in_order() {
    let (stops, outcome) = awaited(
        "
async def twice(name):
    first = await call_agent(name)
    log(name)
    second = await call_agent(name + name)
    sleep(1)
    return [first['agent'], second['agent']]
return await asyncio.gather(*[twice(name) for name in names])",
    );
    assert_eq!(stops, "a+b+c log log log aa+bb+cc sleep sleep sleep");
    assert_eq!(outcome, Ok(json!([["a", "aa"], ["b", "bb"], ["c", "cc"]])));
}

#[test]
fn a_failure_is_raised_where_the_call_is_awaited() {
    let (_, outcome) = awaited("return await call_agent('bad')");
    let failure = outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Raised);
    assert_eq!(failure.exception.as_deref(), Some("RuntimeError"));
    assert_eq!(
        (failure.message.as_str(), failure.line),
        ("bad failed", Some(4))
    );
}

#[test]
fn of_several_failures_the_first_in_order_of_calls_is_raised() {
    for names in [
        "'a', 'bad1', 'bad2'",
        "'bad1', 'a', 'bad2'",
        "'bad1', 'bad2', 'bad3'",
    ] {
        let main = format!(
            "calls = [call_agent(n) for n in [{names}]]\ntry:\n    await asyncio.gather(*calls)\nexcept RuntimeError as e:\n    log('caught')\n    return str(e)"
        );
        let (stops, outcome) = awaited(&main);
        assert!(stops.ends_with(" log"), "{stops}");
        assert_eq!(outcome, Ok(json!("bad1 failed")), "{names}");
    }
}

#[test]
fn of_several_failures_in_coroutines_the_first_is_raised() {
    let (stops, outcome) = awaited(
        "
async def one(name):
    return await call_agent(name)
try:
    await asyncio.gather(one('a'), one('bad1'), one('b'), one('bad2'))
except RuntimeError as e:
    return [str(e), (await call_agent('after'))['agent']]",
    );
    assert_eq!(stops, "a+bad1+b+bad2 after");
    assert_eq!(outcome, Ok(json!(["bad1 failed", "after"])));
}

#[test]
fn each_failure_can_be_caught_by_itself() {
    let (stops, outcome) = awaited(
        "
async def one(name):
    try:
        return (await call_agent(name))['agent']
    except RuntimeError as e:
        return str(e)
return await asyncio.gather(one('bad1'), one('a'), one('bad2'))",
    );
    assert_eq!(stops, "bad1+a+bad2");
    assert_eq!(outcome, Ok(json!(["bad1 failed", "a", "bad2 failed"])));
}

#[test]
fn without_asyncio_a_call_gives_the_answer_itself() {
    let (stops, outcome) =
        executed("def execute(input):\n    return [call_agent(n)['agent'] for n in input]\n");
    assert_eq!(
        (stops.as_str(), outcome),
        ("a b c", Ok(json!(["a", "b", "c"])))
    );
}

#[test]
fn a_call_that_is_not_awaited_is_no_answer() {
    let (stops, outcome) = awaited("return call_agent('a')");
    assert_eq!(stops, "");
    assert_eq!(outcome.unwrap_err().kind, FailureKind::OutputNotJson);
    let (_, outcome) = awaited("return call_agent('a')['agent']");
    assert_eq!(outcome.unwrap_err().exception.as_deref(), Some("TypeError"));
}

#[test]
fn an_answer_that_is_lacking_is_an_error() {
    let run = sandboxed(|| {
        let text = "import asyncio\ndef execute(input):\n    return asyncio.run(asyncio.gather(call_agent('a'), call_agent('b')))\n";
        let program = compile(text, &Tool::ALL).unwrap();
        let Progress::Suspended(run) = program.start(&json!(null), &Limits::default()) else {
            panic!("it called no agent");
        };
        match run.resume(vec![Ok(json!(1))]) {
            Progress::Ended(run) => run,
            Progress::Suspended(run) => panic!("it waits: {run:?}"),
        }
    });
    assert_eq!(run.outcome.unwrap_err().message, "the tool gave no answer");
}

#[test]
fn calls_that_are_gathered_are_counted() {
    let (stops, outcome) = awaited("await asyncio.gather(*[call_agent('a') for _ in range(257)])");
    assert_eq!(stops, "");
    assert_eq!(outcome.unwrap_err().kind, FailureKind::TooManyToolCalls);
}

#[test]
fn arguments_are_checked_as_those_of_other_tools() {
    for (call, message) in [
        ("call_agent()", "missing 1 required positional argument"),
        ("call_agent('a', {1, 2})", "not JSON"),
    ] {
        let main = format!(
            "try:\n    await asyncio.gather(call_agent('a'), {call})\nexcept TypeError as e:\n    return str(e)"
        );
        let (stops, outcome) = awaited(&main);
        let outcome = outcome.unwrap();
        assert!(outcome.as_str().unwrap().contains(message), "{outcome}");
        assert_eq!(stops, "");
    }
}

#[test]
fn an_agent_may_take_the_names_that_the_wrapper_uses() {
    let (_, outcome) = awaited(
        "
global RuntimeError
RuntimeError = ValueError
try:
    await call_agent('bad')
except Exception as e:
    return [str(type(e)), str(e)]",
    );
    assert_eq!(outcome, Ok(json!(["<class 'RuntimeError'>", "bad failed"])));
}
