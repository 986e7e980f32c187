//! What the evolution tier costs, beside the agents' interpreter: `cargo bench -p tdev-program`.
//!
//! Every time is the fastest of many rounds, each shorter than a time slice, on one thread.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, stops at the first error, and divides counts"
)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Instant;

use comfy_table::Table;
use serde_json::{Value as Json, json};
use tdev_domain::{Limits, Source};
use tdev_program::{
    Budget, Expr, Function, LaneMachine, LaneProgram, Machine, Module, Name, Node, Program, Value,
    parse, parse_expr,
};
use tdev_sandbox::{Host, ToolCall, ToolError};

const ROUNDS: usize = 151;

/// Uses what the subset has instead of a set.
const TRIAGE: &str = r#"
URGENT = {"down": 5, "outage": 5, "broken": 3, "error": 2, "slow": 1, "crash": 4}
CALM = {"thanks": 1, "please": 1, "question": 1, "wondering": 1}


def get_capabilities():
    return {
        "name": "ticket-triage",
        "description": "Scores a support ticket by how soon somebody should look at it.",
        "capabilities": ["support.triage"],
    }


def score(words):
    total = 0
    for word in words:
        total += URGENT.get(word, 0)
        if word in CALM:
            total -= 1
    return total


def execute(input):
    total = score(input["text"].lower().split())
    if total >= 4:
        priority = "high"
    elif total >= 2:
        priority = "normal"
    else:
        priority = "low"
    return {"score": total, "priority": priority}
"#;

/// The targets, as a search would hold them.
const NGUYEN: [(&str, &str); 12] = [
    ("1", "x*x*x + x*x + x"),
    ("2", "x*x*x*x + x*x*x + x*x + x"),
    ("3", "x*x*x*x*x + x*x*x*x + x*x*x + x*x + x"),
    ("4", "x*x*x*x*x*x + x*x*x*x*x + x*x*x*x + x*x*x + x*x + x"),
    ("5", "math.sin(x*x) * math.cos(x) - 1.0"),
    ("6", "math.sin(x) + math.sin(x + x*x)"),
    ("7", "math.log(x + 1.0) + math.log(x*x + 1.0)"),
    ("8", "math.sqrt(x)"),
    ("9", "math.sin(x) + math.sin(y*y)"),
    ("10", "2.0 * math.sin(x) * math.cos(y)"),
    ("11", "x ** y"),
    ("12", "x*x*x*x - x*x*x + 0.5*y*y - y"),
];

const PRIORITY: &str = "
def priority(item, room, capacity):
    gap = room - item
    if 0.0 < gap < 0.02 * capacity:
        return -2.0 * gap
    return -gap / (1.0 + item / capacity) + max(gap * gap, room - capacity / 2.0)
";

/// The table that is printed.
struct Report(Table);

impl Report {
    fn row(&mut self, figure: &str, measured: f64, digits: usize, goal: &str) {
        self.0
            .add_row([figure, &format!("{measured:.digits$}"), goal]);
    }
}

struct NoTools;

impl Host for NoTools {
    fn call(&mut self, _: &ToolCall) -> Result<Json, ToolError> {
        Err(ToolError::new("the benchmark has no tools"))
    }
}

/// The fastest of some rounds, in nanoseconds for one of `times`.
fn fastest(times: usize, mut work: impl FnMut(usize)) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for time in 0..times {
            work(time);
        }
        best = best.min(start.elapsed().as_nanos() as f64 / times as f64);
    }
    best
}

fn main() {
    if cfg!(debug_assertions) {
        println!("This is a debug build; its figures say nothing.");
    }
    let mut report = Report(Table::new());
    report.0.load_style(comfy_table::presets::ASCII_MARKDOWN);
    report.0.set_header(["figure", "measured", "goal"]);
    let samples = tdev_agents::SAMPLES.iter();
    let mut packers = samples.filter(|agent| agent.name == "online-bin-packer");
    let packer = packers.next().expect("the packer is a sample").source;
    agent(
        &mut report,
        "bin packer, 4 items",
        packer,
        &json!({"capacity": 10, "items": [6, 5, 4, 5]}),
    );
    agent(
        &mut report,
        "ticket triage",
        TRIAGE,
        &json!({"text": "The server is down again please help, outage"}),
    );
    nguyen(&mut report);
    child(&mut report);
    println!("{}", report.0);
}

/// An agent from its source to its answer, here and in the agents' interpreter.
fn agent(report: &mut Report, name: &str, text: &str, input: &Json) {
    let bytes = text.len();
    let module = parse(text).unwrap();
    let parsing = fastest(10, |_| {
        black_box(parse(text).unwrap());
    });
    report.row(
        &format!("{name} ({bytes} bytes): parse, µs"),
        parsing / 1e3,
        1,
        "–",
    );
    let compiling = fastest(30, |_| {
        black_box(Program::compile(&module).unwrap());
    });
    report.row(&format!("{name}: compile, µs"), compiling / 1e3, 2, "–");
    let program = Program::compile(&module).unwrap();
    let entry = program.entry("execute").unwrap();
    let arguments = [Value::from_json(input).unwrap()];
    let mut machine = Machine::new();
    let mut output = Value::None;
    let calling = fastest(400, |_| {
        output = program
            .run(
                &mut machine,
                entry,
                black_box(&arguments),
                Budget::default(),
            )
            .unwrap();
    });
    report.row(
        &format!("{name}: instantiate and call, µs"),
        calling / 1e3,
        3,
        "≤ 1",
    );
    let monty = tdev_sandbox::on_sandbox_thread(|| {
        let source = Source::from_bytes(text.as_bytes()).unwrap();
        let program = tdev_sandbox::Program::compile(&source, &BTreeSet::new()).unwrap();
        let limits = Limits::default();
        let run = program.execute(input, &limits, &mut NoTools);
        assert_eq!(
            run.outcome.unwrap(),
            output.to_json().unwrap(),
            "the same answer"
        );
        fastest(50, |_| {
            black_box(
                program
                    .execute(black_box(input), &limits, &mut NoTools)
                    .outcome
                    .unwrap(),
            );
        })
    })
    .unwrap();
    report.row(
        &format!("{name}: the same in monty, µs"),
        monty / 1e3,
        2,
        "–",
    );
}

fn column(from: f64, count: usize) -> Vec<f64> {
    (0..count)
        .map(|at| from + 0.95 * at as f64 / count as f64)
        .collect()
}

/// Evaluations a second: one is a compile and 20 points.
fn nguyen(report: &mut Report) {
    let params = [Name::new("x"), Name::new("y")];
    let (x, y) = (column(0.03, 20), column(0.01, 20));
    let mut lanes = LaneProgram::default();
    let mut machine = LaneMachine::new();
    let mut out = [0.0; 20];
    let mut total = 0.0;
    for (number, text) in NGUYEN {
        let expr = parse_expr(text).unwrap();
        let one = fastest(400, |_| {
            lanes.load_expr(&params, black_box(&expr)).unwrap();
            assert!(lanes.eval(&mut machine, &[&x, &y], &mut out));
            black_box(&out);
        });
        total += one;
        let figure = format!(
            "Nguyen-{number}, {} nodes: thousand evaluations/s",
            expr.size()
        );
        report.row(&figure, 1e6 / one, 0, "–");
    }
    let mean = total / NGUYEN.len() as f64;
    report.row(
        "Nguyen-1…12, one after another: thousand evaluations/s",
        1e6 / mean,
        0,
        "≥ 650",
    );
}

fn expressions(function: &Function) -> Vec<usize> {
    let nodes = function.nodes();
    let is_float = |node: &Node<'_>| matches!(node, Node::Expr(Expr::Binary(..) | Expr::Name(_)));
    (0..nodes.len())
        .filter(|at| is_float(&nodes[*at]))
        .collect()
}

/// A child of two functions: copy, cross, compile, 100 bins.
fn child(report: &mut Report) {
    let mother = parse(PRIORITY).unwrap();
    let father = mother.function("priority").unwrap().clone();
    let places = expressions(&father);
    let module = Module::default();
    let bins = column(5.0, 100);
    let (item, capacity) = ([3.0; 100], [100.0; 100]);
    let mut out = [0.0; 100];
    let mut lanes = LaneProgram::default();
    let mut machine = LaneMachine::new();
    let one = fastest(400, |time| {
        let mut child = mother.function("priority").unwrap().clone();
        let from = places[time * 7 % places.len()];
        let to = places[time * 11 % places.len()];
        if let Some(Node::Expr(branch)) = father.get(from) {
            child.replace_expr(to, branch.clone()).unwrap();
        }
        // Where a variable is read before it is set, the child has no lanes.
        if lanes.load_function(&module, &child).is_ok() {
            black_box(lanes.eval(&mut machine, &[&item, &bins, &capacity], &mut out));
        }
        black_box(&out);
    });
    let figure = format!(
        "GP child of {} nodes: copy, cross, compile, 100 bins, µs",
        father.size()
    );
    report.row(&figure, one / 1e3, 2, "≤ 10");
}
