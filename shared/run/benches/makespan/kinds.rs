//! What a step asks of the store and the world, by kind of step.

use std::sync::Arc;

use serde_json::{Value, json};
use tdev_domain::RunState;
use tdev_workflow::{Definition, Plan};

use crate::counts::{Counts, Operation};
use crate::simulation::{Pace, simulate};
use crate::table;

/// How many there are of what is counted.
const MANY: usize = 128;

/// Prints a row for every kind of step: what a run with [`MANY`] more of them asks for beyond
/// one without, for each.
pub fn print() {
    let names = Operation::ALL.map(|(_, name)| name);
    let mut table = table(&[&["what is one more"], &names[..]].concat());
    for (name, number, counts) in rows() {
        let cells = counts.per(number).map(|count| format!("{count:.2}"));
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    }
    println!(
        "What the engine asks for, beside what an agent's run itself does. A look-up is a read; a \
         start and a message may write and send.\n"
    );
    println!("{table}");
}

type Row = (&'static str, usize, Counts);

fn rows() -> Vec<Row> {
    let chain = |length| count(&chained(length, |_| agent()), RunState::Completed);
    let step = chain(2 * MANY) - chain(MANY);
    let mut rows = vec![
        ("a run of one agent, all in all", 1, chain(1)),
        ("an agent in a chain", MANY, step),
    ];
    rows.extend(edges());
    rows.extend(one_after_the_other());
    rows.push((
        "a retry, after a pause",
        MANY,
        count(&chained(MANY, |_| failing_once()), RunState::Completed) - chain(MANY),
    ));
    rows.extend([
        ("a step undone, of 8", 8, undone(8)),
        ("a step undone, of 128", MANY, undone(MANY)),
    ]);
    rows
}

/// Steps with several dependencies.
fn edges() -> [Row; 2] {
    let pairs = |layers: usize| {
        let steps = (0..2 * layers).map(|n| {
            let before = (n / 2).checked_sub(1).into_iter();
            let on = before.flat_map(|layer| [2 * layer, 2 * layer + 1]);
            step(n, &agent(), on.map(|on| format!("s{on}").into()).collect())
        });
        count(&steps.collect::<Vec<_>>(), RunState::Completed)
    };
    let fan = |width: usize| {
        let mut steps = vec![step(0, &agent(), Vec::new())];
        steps.extend((1..=width).map(|n| step(n, &agent(), vec!["s0".into()])));
        let all = (1..=width).map(|n| format!("s{n}").into());
        steps.push(step(width + 1, &agent(), all.collect()));
        count(&steps, RunState::Completed)
    };
    [
        (
            "an agent that waits for two, and two for it",
            2 * MANY,
            pairs(2 * MANY) - pairs(MANY),
        ),
        (
            "an agent between one and one that waits for all",
            MANY,
            fan(2 * MANY) - fan(MANY),
        ),
    ]
}

/// Steps of other kinds.
fn one_after_the_other() -> Vec<Row> {
    let more = |shape: &dyn Fn(usize) -> Vec<Value>| {
        count(&shape(2 * MANY), RunState::Completed) - count(&shape(MANY), RunState::Completed)
    };
    let cached = |_| {
        let mut step = agent();
        step["cache"] = json!({"ttl_seconds": 60});
        step
    };
    let skipped = |n: usize| match n {
        0 => json!({"agent": "sleeper", "when": "input.no"}),
        _ => agent(),
    };
    vec![
        (
            "a choice that lets the next step run",
            MANY,
            more(&|length| chained(length + 1, |n| choice(n, length))),
        ),
        (
            "a step that is skipped with the one before",
            MANY,
            more(&|length| chained(length, skipped)),
        ),
        (
            "an agent whose output is cached",
            MANY,
            more(&|length| chained(length, cached)),
        ),
        (
            "a wait",
            8,
            count(&chained(9, |_| wait()), RunState::Completed)
                - count(&chained(1, |_| wait()), RunState::Completed),
        ),
        (
            "an item of a map",
            MANY,
            more(&|length| {
                let over = format!("input.items[:{length}]");
                let map = json!({"map": {"over": over, "agent": "sleeper"}});
                vec![step(0, &map, Vec::new())]
            }),
        ),
    ]
}

fn agent() -> Value {
    json!({"agent": "sleeper", "inputs": {"milliseconds": 1}})
}

fn wait() -> Value {
    json!({"wait": {"seconds": 1}})
}

fn failing_once() -> Value {
    json!({
        "agent": "sleeper",
        "inputs": {"milliseconds": 1, "fails": 1},
        "retry": {"backoff": {"initial_seconds": 0.001}, "jitter": false},
    })
}

fn choice(n: usize, last: usize) -> Value {
    if n == last {
        return agent();
    }
    let then = [format!("s{}", n + 1)];
    json!({"choice": {"branches": [{"when": "input.yes", "then": then}], "otherwise": []}})
}

/// What it takes to undo so many steps beyond what their run takes, which fails in the end.
fn undone(number: usize) -> Counts {
    let failing = |of: &dyn Fn() -> Value| {
        let last = json!({
            "agent": "sleeper", "inputs": {"fails": 1}, "retry": {"max_attempts": 1},
        });
        let steps = chained(
            number + 1,
            |n| if n == number { last.clone() } else { of() },
        );
        count(&steps, RunState::Failed)
    };
    let undoable = || {
        let mut step = agent();
        step["compensate_with"] = json!({"agent": "sleeper", "inputs": {"milliseconds": 1}});
        step
    };
    failing(&undoable) - failing(&agent)
}

fn step(number: usize, of: &Value, depends_on: Vec<Value>) -> Value {
    let mut step = of.clone();
    step["id"] = format!("s{number}").into();
    step["depends_on"] = depends_on.into();
    step
}

/// So many steps, each of which depends on the one before.
fn chained(length: usize, of: impl Fn(usize) -> Value) -> Vec<Value> {
    let steps = (0..length).map(|number| {
        let before = number.checked_sub(1).map(|before| format!("s{before}"));
        let on = before.into_iter().map(Value::from).collect();
        step(number, &of(number), on)
    });
    steps.collect()
}

fn count(steps: &[Value], ends: RunState) -> Counts {
    let definition = json!({"name": "counted", "steps": steps}).to_string();
    let definition = Definition::from_json(&definition).expect("a definition");
    let plan = Arc::new(Plan::new(&definition).expect("nothing is wrong with it"));
    let items = vec![json!({"milliseconds": 1}); 2 * MANY];
    let input = json!({"yes": true, "no": false, "items": items});
    let outcome = simulate(&plan, input, None, Pace::default());
    assert_eq!(outcome.run.status.state(), ends, "{:?}", outcome.run.status);
    outcome.counts
}
