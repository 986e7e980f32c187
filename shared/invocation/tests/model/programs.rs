//! The scripted agents, and what the world sends them.

use serde_json::{Value, json};
use tdev_domain::EffectErrorKind::{
    Cancelled, ChildFailed, Failed, LimitExceeded, OutcomeUnknown, TimedOut,
};
use tdev_domain::{Answer, Call};

use crate::machine::{Halt, Script, Tape, raise};

/// An agent to be run, with the signals it gets, in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    pub(crate) agent: &'static str,
    /// For each signal, how deep the invocation is that gets it, its name and what it carries.
    pub(crate) signals: &'static [(u32, &'static str, u32)],
}

const fn plain(agent: &'static str) -> Program {
    Program {
        agent,
        signals: &[],
    }
}

/// What the sweeps and the random schedules run.
pub(crate) const PROGRAMS: &[Program] = &[
    plain("echo"),
    plain("recorded-only"),
    plain("three-posts"),
    plain("posts-in-a-loop"),
    plain("charges"),
    plain("charge-or-ask"),
    plain("sleeper"),
    Program {
        agent: "approval",
        signals: &[(0, "approve", 7)],
    },
    Program {
        agent: "signals-in-order",
        signals: &[(0, "a", 1), (0, "a", 2), (0, "b", 3), (0, "a", 4)],
    },
    plain("gives-up-waiting"),
    plain("parent"),
    plain("grandparent"),
    plain("catches-a-childs-failure"),
    plain("four-children"),
    plain("gathers-three"),
    plain("gathers-good-and-bad"),
    plain("gathers-gatherers"),
    Program {
        agent: "gathers-the-slow",
        signals: &[(1, "approve", 5)],
    },
    plain("raises"),
    plain("catches-a-tools-error"),
    plain("calls-nobody"),
    plain("recursive"),
    Program {
        agent: "boss",
        signals: &[(1, "approve", 9)],
    },
    plain("everything"),
];

/// What the random schedules run beside these: a tree that is larger than a commit.
pub(crate) const LARGE: &[Program] = &[plain("gathers-widely")];

pub(crate) fn script(agent: &str) -> Option<Script> {
    Some(match agent {
        "echo" => |_, input| Ok(input.clone()),
        "recorded-only" => recorded_only,
        "one-post" => |tape, input| tape.value("post", json!({"n": input})),
        "three-posts" => three_posts,
        "posts-in-a-loop" => posts_in_a_loop,
        "charges" => charges,
        "charge-or-ask" => charge_or_ask,
        "sleeper" => sleeper,
        "approval" => approval,
        "signals-in-order" => signals_in_order,
        "gives-up-waiting" => gives_up_waiting,
        "parent" => |tape, _| tape.value("call_agent", json!({"agent": "three-posts"})),
        "grandparent" => grandparent,
        "catches-a-childs-failure" => catches_a_childs_failure,
        "four-children" => four_children,
        "gathers-three" => gathers_three,
        "gathers-good-and-bad" => gathers_good_and_bad,
        "gathers-gatherers" => gathers_gatherers,
        "gathers-echoes" => |tape, _| Ok(json!(tape.values(vec![call("echo"); 3])?)),
        "gathers-widely" => |tape, _| Ok(json!(tape.values(vec![call("gathers-echoes"); 3])?)),
        "gathers-the-slow" => gathers_the_slow,
        "gathers-ten" => gathers_ten,
        "gathers-a-post" => gathers_a_post,
        "gathers-forever" => gathers_forever,
        "raises" => raises,
        "catches-a-tools-error" => catches_a_tools_error,
        "calls-nobody" => calls_nobody,
        "recursive" => recursive,
        "boss" => boss,
        "everything" => everything,
        "sleeps-then-posts" => sleeps_then_posts,
        "posts-forever" => posts_forever,
        "logs-forever" => logs_forever,
        "hires-forever" => hires_forever,
        "spender" => spender,
        _ => return None,
    })
}

fn recorded_only(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    for n in 0..3 {
        tape.value("now", json!({}))?;
        let drawn = tape.value("random", json!({}))?;
        tape.value("log", json!({"n": n, "drawn": drawn}))?;
    }
    Ok(json!("done"))
}

fn three_posts(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    (1..=3)
        .map(|n| tape.value("post", json!({"n": n})))
        .collect()
}

/// Posts what it has drawn; a drawn number that was lost after the post would show.
fn posts_in_a_loop(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let mut kept = true;
    for n in 0..6 {
        let drawn = tape.value("random", json!({}))?;
        let echoed = tape.value("post", json!({"n": n, "drawn": drawn}))?;
        tape.value("log", json!({"n": n}))?;
        kept &= echoed["drawn"] == drawn;
    }
    Ok(json!({ "kept": kept }))
}

fn charge(tape: &mut Tape<'_>, n: u32) -> Result<Value, Halt> {
    let charged = tape.unless(OutcomeUnknown, "charge", json!({"n": n}))?;
    Ok(charged.unwrap_or_else(|_| json!("outcome_unknown")))
}

fn charges(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    (1..=4).map(|n| charge(tape, n)).collect()
}

/// Goes another way where an outcome is unknown, and finds out.
fn charge_or_ask(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    for n in 1..=2 {
        tape.value("post", json!({"n": n}))?;
        if charge(tape, n)? == "outcome_unknown" {
            tape.value("query", json!({"n": n}))?;
        }
    }
    tape.value("post", json!({"n": 3}))
}

fn sleeper(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let begun = tape.value("now", json!({}))?;
    tape.value("sleep", json!({"seconds": 5 * 86_400}))?;
    tape.value("post", json!({"n": 1}))?;
    tape.value("sleep", json!({"seconds": 0}))?;
    tape.value("sleep", json!({"seconds": 60}))?;
    let ended = tape.value("now", json!({}))?;
    Ok(json!(
        ended.as_i64().unwrap() - begun.as_i64().unwrap() >= 5 * 86_400 + 60
    ))
}

fn wait(tape: &mut Tape<'_>, signal: &str) -> Result<Value, Halt> {
    tape.value(
        "wait_for",
        json!({"signal": signal, "timeout": 300 * 86_400}),
    )
}

fn approval(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    tape.value("post", json!({"asks": true}))?;
    let approved = wait(tape, "approve")?;
    tape.value("post", json!({"approved": approved}))
}

fn signals_in_order(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let mut heard = Vec::new();
    for name in ["a", "b", "a"] {
        heard.push(wait(tape, name)?);
        tape.value("random", json!({}))?;
    }
    heard.push(tape.value("post", json!({"heard": heard}))?);
    heard.push(wait(tape, "a")?);
    Ok(Value::Array(heard))
}

fn gives_up_waiting(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let args = json!({"signal": "never", "timeout": 3_600});
    match tape.unless(TimedOut, "wait_for", args)? {
        Ok(_) => Err(raise("there was a signal")),
        Err(error) => tape.value("post", json!({"gave_up": error.message})),
    }
}

fn grandparent(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let before = tape.value("post", json!({"n": 0}))?;
    let child = tape.value("call_agent", json!({"agent": "catches-a-childs-failure"}))?;
    let again = tape.value("call_agent", json!({"agent": "parent"}))?;
    Ok(json!([before, child, again]))
}

fn catches_a_childs_failure(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    match tape.unless(ChildFailed, "call_agent", json!({"agent": "raises"}))? {
        Ok(_) => Err(raise("the child did not fail")),
        Err(error) => tape.value("post", json!({"caught": error.message})),
    }
}

fn four_children(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    (1..=4)
        .map(|n| tape.value("call_agent", json!({"agent": "one-post", "input": n})))
        .collect()
}

fn call(agent: &str) -> Value {
    json!({"agent": agent})
}

fn gathers_three(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    tape.value("random", json!({}))?;
    let posted = |n| json!({"agent": "one-post", "input": n});
    let posted = tape.values((1..=3).map(posted).collect())?;
    tape.value("post", json!({"posted": posted}))
}

/// Calls some that end well, one that fails, one that is not there and one in a way that makes no
/// sense, and posts what each came to.
fn gathers_good_and_bad(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let calls = ["one-post", "raises", "nobody", "", "echo"];
    let answers = tape.gather(calls.map(call).to_vec())?;
    let each = answers.into_iter().map(|answer| match answer {
        Answer::Value(value) => Ok(value),
        Answer::Error(error) if error.kind == Cancelled => Err(raise(&error.message)),
        Answer::Error(error) => Ok(json!(error.kind)),
    });
    let each: Vec<_> = each.collect::<Result<_, _>>()?;
    tape.value("post", json!({"each": each}))
}

fn gathers_gatherers(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let calls = ["gathers-echoes", "one-post"];
    let values = tape.values(calls.map(call).to_vec())?;
    charge(tape, 1)?;
    Ok(json!(values))
}

/// One waits for a signal, one sleeps for days, and one ends at once.
fn gathers_the_slow(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let calls = ["sleeper", "echo", "approval"];
    let values = tape.values(calls.map(call).to_vec())?;
    tape.value("post", json!({"values": values}))
}

/// Gathers one agent more than may be, then as many as may.
fn gathers_ten(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let refused = tape.gather(vec![call("echo"); 10])?;
    let answered = tape.gather(vec![call("echo"); 9])?;
    let kind = |answer| match answer {
        Answer::Value(_) => Value::Null,
        Answer::Error(error) => json!(error.kind),
    };
    let kinds = |answers: Vec<Answer>| answers.into_iter().map(kind).collect::<Vec<_>>();
    Ok(json!([kinds(refused), kinds(answered)]))
}

/// Posts at the same time as it calls an agent, which no agent can.
fn gathers_a_post(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let made = [("post", json!({"n": 1})), ("call_agent", call("echo"))];
    let made = made.map(|(tool, args)| Call {
        tool: tool.to_owned(),
        args,
    });
    Ok(json!(tape.at_once(made.to_vec())?))
}

/// Gathers nine at a time until it may not.
fn gathers_forever(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    for round in 0.. {
        let answers = tape.gather(vec![call("one-post"); 9])?;
        if matches!(&answers[..], [Answer::Error(error), ..] if error.kind == LimitExceeded) {
            let all = answers.windows(2).all(|pair| pair[0] == pair[1]);
            return Ok(json!([round, all]));
        }
    }
    Ok(Value::Null)
}

fn raises(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    tape.value("post", json!({"before": "the fall"}))?;
    Err(raise("fell"))
}

fn catches_a_tools_error(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    match tape.unless(Failed, "refuse", json!({}))? {
        Ok(_) => Err(raise("it was not refused")),
        Err(error) => tape.value("post", json!({"caught": error.message})),
    }
}

fn calls_nobody(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    match tape.unless(Failed, "call_agent", json!({"agent": "nobody"}))? {
        Ok(_) => Err(raise("there is a nobody")),
        Err(error) => tape.value("post", json!({"caught": error.message})),
    }
}

/// Calls itself until it may not, and counts.
fn recursive(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let below = tape.unless(LimitExceeded, "call_agent", json!({"agent": "recursive"}))?;
    let below = below.map_or(0, |below| below.as_u64().unwrap());
    tape.value("post", json!({"below": below}))?;
    Ok(json!(below + 1))
}

fn boss(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let approved = tape.value("call_agent", json!({"agent": "approval"}))?;
    charge(tape, 1)?;
    Ok(approved)
}

fn everything(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let begun = tape.value("now", json!({}))?;
    let mut total = 0;
    for n in 1..=2 {
        tape.value("log", json!({"round": n, "begun": begun}))?;
        charge(tape, n)?;
        tape.value("sleep", json!({"seconds": 3_600}))?;
        let child = tape.value("call_agent", json!({"agent": "one-post", "input": n}))?;
        total += child["n"].as_u64().unwrap();
        if total > 1 {
            tape.value("post", json!({"total": total}))?;
        }
    }
    Ok(json!(total))
}

fn sleeps_then_posts(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    tape.value("random", json!({}))?;
    tape.value("sleep", json!({"seconds": 10}))?;
    tape.value("post", json!({"n": 1}))?;
    tape.value("sleep", json!({"seconds": 10}))?;
    Ok(json!("done"))
}

fn posts_forever(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    loop {
        tape.call("post", json!({}))?;
    }
}

fn logs_forever(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    loop {
        tape.call("log", json!({}))?;
    }
}

fn hires_forever(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let mut hired = 0;
    let hire = json!({"agent": "echo"});
    while tape
        .unless(LimitExceeded, "call_agent", hire.clone())?
        .is_ok()
    {
        hired += 1;
    }
    Ok(json!(hired))
}

/// Has as many effects as it may, then lets another one do so, until there are none left.
fn spender(tape: &mut Tape<'_>, _: &Value) -> Result<Value, Halt> {
    let mut own = 0;
    for _ in 0..200 {
        if tape.unless(LimitExceeded, "post", json!({}))?.is_err() {
            return Ok(json!(own));
        }
        own += 1;
    }
    let below = tape.unless(LimitExceeded, "call_agent", json!({"agent": "spender"}))?;
    let below = below.map_or(0, |below| below.as_u64().unwrap() + 1);
    let refused = tape.unless(LimitExceeded, "post", json!({}))?.is_err();
    Ok(json!(own + below + u64::from(!refused)))
}
