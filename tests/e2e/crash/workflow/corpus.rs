//! The workflows whose workers are killed, and how each must end.

use serde_json::{Value, json};
use tdev_domain::RunState;

/// What somebody does about a run, once nothing of it goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Decides on the step that awaits it.
    Decide { approved: bool },
    /// Calls the run off.
    Cancel,
}

/// A workflow of the corpus.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    /// Its definition, after those of the workflows that it starts.
    pub(crate) definitions: Vec<Value>,
    pub(crate) act: Option<Act>,
    /// How it ends.
    pub(crate) ends: RunState,
    /// The labels of all posts, in order of the alphabet.
    pub(crate) posts: Vec<&'static str>,
    /// How many events are put on the bus.
    pub(crate) events: usize,
}

/// The agents that the workflows are made of: what their `execute` does.
pub(crate) const AGENTS: [(&str, &str); 6] = [
    (
        "poster",
        "
http_post(input['url'], input['label'], idempotent=True)
return input['label']",
    ),
    (
        "emitter",
        "
emit('crash.step', {'label': input['label']})
return input['label']",
    ),
    (
        "napper",
        "
http_post(input['url'], input['label'] + '-begun', idempotent=True)
sleep(30)
http_post(input['url'], input['label'] + '-done', idempotent=True)
return input['label']",
    ),
    (
        "sleeper",
        "
http_post(input['url'], input['label'], idempotent=True)
sleep(30000)
return 'awake'",
    ),
    (
        "flaky",
        "
tries = recall(input['key'], 0) + 1
remember(input['key'], tries)
http_post(input['url'], input['label'] + '-tried', idempotent=True)
if tries <= input['fails']:
    raise ValueError('not yet')
return tries",
    ),
    (
        "broken",
        "
http_post(input['url'], input['label'], idempotent=True)
raise ValueError('as ever')",
    ),
];

/// A step that runs `agent`, which posts `label` or puts it on the bus.
fn step(id: &str, agent: &str, label: &str, after: &[&str]) -> Value {
    json!({"id": id, "agent": agent, "depends_on": after, "inputs": inputs(label)})
}

fn inputs(label: &str) -> Value {
    json!({"url": "${input.url}", "label": label})
}

fn with(mut step: Value, field: &str, value: Value) -> Value {
    step[field] = value;
    step
}

/// A step that fails so often before it works, and what memory it counts in.
fn flaky(id: &str, fails: u32, after: &[&str]) -> Value {
    let mut step = with(step(id, "flaky", id, after), "retry", quick(3));
    step["inputs"]["fails"] = fails.into();
    step["inputs"]["key"] = format!("{id} of ${{run.id}}").into();
    step
}

fn quick(max_attempts: u32) -> Value {
    json!({"max_attempts": max_attempts, "backoff": {"initial_seconds": 1}, "jitter": false})
}

fn undone_by(step: Value, label: &str) -> Value {
    let undo = json!({"agent": "poster", "inputs": inputs(label)});
    with(step, "compensate_with", undo)
}

fn flow(name: &'static str, steps: &[Value], posts: &[&'static str]) -> Flow {
    let mut posts = posts.to_vec();
    posts.sort_unstable();
    Flow {
        name,
        definitions: vec![json!({"name": name, "steps": steps})],
        act: None,
        ends: RunState::Completed,
        posts,
        events: 0,
    }
}

impl Flow {
    fn ending(self, ends: RunState) -> Self {
        Self { ends, ..self }
    }

    fn acted_on(self, act: Act) -> Self {
        let act = Some(act);
        Self { act, ..self }
    }

    fn emitting(self, events: usize) -> Self {
        Self { events, ..self }
    }

    /// The same, with a workflow that it starts.
    fn starting(mut self, name: &str, steps: &[Value]) -> Self {
        let definition = json!({"name": name, "steps": steps});
        self.definitions.insert(0, definition);
        self
    }
}

/// All of them.
pub(crate) fn corpus() -> Vec<Flow> {
    let mut all = Vec::from(of_agents());
    all.extend(of_other_kinds());
    all.extend(waiting());
    all.extend(failing());
    all
}

fn of_agents() -> [Flow; 4] {
    let mut fan = vec![step("first", "emitter", "first", &[])];
    for id in ["a", "b", "c"] {
        fan.push(step(id, "poster", id, &["first"]));
    }
    for id in ["d", "e"] {
        fan.push(step(id, "emitter", id, &["first"]));
    }
    let all = ["a", "b", "c", "d", "e"];
    fan.push(step("last", "poster", "${steps.c.output}-last", &all));
    let same = json!({"url": "${input.url}", "label": "once", "run": "${run.id}"});
    let cached = |id: &str, after: &[&str]| {
        let step = with(step(id, "poster", "", after), "inputs", same.clone());
        with(step, "cache", json!({"ttl_seconds": 600}))
    };
    [
        flow(
            "sequence",
            &[
                step("a", "poster", "a", &[]),
                step("b", "poster", "${steps.a.output}-b", &["a"]),
                step("c", "napper", "c", &["b"]),
            ],
            &["a", "a-b", "c-begun", "c-done"],
        ),
        flow("fan", &fan, &["a", "b", "c", "c-last"]).emitting(3),
        flow(
            "retried",
            &[
                step("split", "emitter", "split", &[]),
                flaky("left", 2, &["split"]),
                step("right", "poster", "right", &["split"]),
                step(
                    "join",
                    "poster",
                    "join-${steps.left.output}",
                    &["left", "right"],
                ),
            ],
            &["join-3", "left-tried", "left-tried", "left-tried", "right"],
        )
        .emitting(1),
        flow(
            "cached",
            &[
                cached("a", &[]),
                cached("b", &["a"]),
                step("c", "poster", "c", &["b"]),
            ],
            &["once", "c"],
        ),
    ]
}

fn of_other_kinds() -> [Flow; 4] {
    let choice = json!({
        "branches": [
            {"when": "input.size > `10`", "then": ["large"]},
            {"when": "input.size > `5`", "then": ["middle"]}],
        "otherwise": ["small"]});
    let join = json!([{"step": "large", "kind": "soft"}, {"step": "middle", "kind": "soft"},
        {"step": "small", "kind": "soft"}]);
    let each = json!({"id": "each", "inputs": {"url": "${input.url}", "label": "${item}"},
        "map": {"over": "input.words", "concurrency": 2, "agent": "poster"}});
    [
        flow(
            "choice",
            &[
                json!({"id": "look", "choice": choice}),
                step("large", "poster", "large", &["look"]),
                step("middle", "poster", "middle", &["look"]),
                step("small", "poster", "small", &["look"]),
                with(step("join", "poster", "join", &[]), "depends_on", join),
                with(
                    step("unless", "poster", "unless", &["join"]),
                    "when",
                    json!("input.no"),
                ),
            ],
            &["middle", "join"],
        ),
        flow(
            "map",
            &[
                each,
                step(
                    "sum",
                    "poster",
                    "sum-${length(steps.each.output)}",
                    &["each"],
                ),
            ],
            &["v", "w", "x", "y", "sum-4"],
        ),
        flow(
            "nested",
            &[
                json!({"id": "inner", "workflow": "inner", "inputs": {"url": "${input.url}"}}),
                step("after", "poster", "after", &["inner"]),
            ],
            &["in-begun", "in-done", "end", "after"],
        )
        .starting(
            "inner",
            &[
                step("in", "napper", "in", &[]),
                step("end", "poster", "end", &["in"]),
            ],
        ),
        flow(
            "routed",
            &[
                json!({"id": "task", "task": {"capability": "test.routed"},
                    "inputs": inputs("task")}),
                step("after", "poster", "after-${steps.task.output}", &["task"]),
            ],
            &["task", "after-task"],
        ),
    ]
}

fn waiting() -> [Flow; 4] {
    let asks = |id: &str, after: &[&str]| {
        let approval = json!({"message": "go on with ${steps.draft.output}?"});
        json!({"id": id, "approval": approval, "depends_on": after})
    };
    let draft = || undone_by(step("draft", "poster", "draft", &[]), "withdrawn");
    let soft = json!([{"step": "late", "kind": "soft"}]);
    let late = with(
        step("late", "sleeper", "late", &[]),
        "timeout_seconds",
        json!(300),
    );
    [
        flow(
            "approved",
            &[
                draft(),
                asks("ask", &["draft"]),
                json!({"id": "pause", "wait": {"seconds": 90}, "depends_on": ["ask"]}),
                step("publish", "poster", "published", &["pause"]),
            ],
            &["draft", "published"],
        )
        .acted_on(Act::Decide { approved: true }),
        flow(
            "rejected",
            &[
                draft(),
                asks("ask", &["draft"]),
                step("publish", "poster", "published", &["ask"]),
            ],
            &["draft", "withdrawn"],
        )
        .acted_on(Act::Decide { approved: false })
        .ending(RunState::Failed),
        flow(
            "cancelled",
            &[
                draft(),
                with(
                    step("asleep", "sleeper", "asleep", &["draft"]),
                    "timeout_seconds",
                    json!(28_000),
                ),
                json!({"id": "pause", "wait": {"seconds": 50_000}, "depends_on": ["draft"]}),
                step("never", "poster", "never", &["asleep", "pause"]),
            ],
            &["draft", "asleep", "withdrawn"],
        )
        .acted_on(Act::Cancel)
        .ending(RunState::Cancelled),
        flow(
            "timed-out",
            &[
                with(late, "retry", quick(2)),
                with(
                    step("instead", "poster", "instead-${steps.late.error.kind}", &[]),
                    "depends_on",
                    soft,
                ),
            ],
            &["late", "late", "instead-timed_out"],
        ),
    ]
}

fn failing() -> [Flow; 3] {
    let once = json!({"max_attempts": 1});
    let broken =
        |id: &str, after: &[&str]| with(step(id, "broken", id, after), "retry", once.clone());
    let mut book = step("book", "poster", "book", &[]);
    let mut undo = flaky("unbook", 1, &[]);
    undo = json!({"agent": "flaky", "inputs": undo["inputs"]});
    book["compensate_with"] = undo;
    let pay = undone_by(step("pay", "poster", "pay", &["book"]), "refund");
    let send = with(step("send", "broken", "send", &["pay"]), "retry", quick(2));
    let inner = [
        undone_by(step("y", "poster", "y", &[]), "un-y"),
        broken("x", &["y"]),
    ];
    let soft = json!([{"step": "inner", "kind": "soft"}]);
    [
        flow(
            "saga",
            &[book, pay, send],
            &[
                "book",
                "pay",
                "send",
                "send",
                "refund",
                "unbook-tried",
                "unbook-tried",
            ],
        )
        .ending(RunState::Failed),
        flow(
            "nested-saga",
            &[
                undone_by(step("before", "poster", "before", &[]), "un-before"),
                json!({"id": "inner", "workflow": "inner-saga", "depends_on": ["before"],
                    "inputs": {"url": "${input.url}"}, "retry": once}),
            ],
            &["before", "un-before", "y", "x", "un-y"],
        )
        .starting("inner-saga", &inner)
        .ending(RunState::Failed),
        flow(
            "tolerated",
            &[
                broken("inner", &[]),
                with(
                    step(
                        "instead",
                        "poster",
                        "because-${steps.inner.error.kind}",
                        &[],
                    ),
                    "depends_on",
                    soft,
                ),
            ],
            &["inner", "because-agent_failed"],
        ),
    ]
}

/// What every workflow is run on.
pub(crate) fn input(recorder: u16) -> Value {
    json!({
        "url": format!("http://127.0.0.1:{recorder}"),
        "words": ["v", "w", "x", "y"],
        "size": 7,
        "no": false,
    })
}
