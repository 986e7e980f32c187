//! What a search costs: `cargo bench -p tdev-evolution --bench search`.
//!
//! The search is for Nguyen-1 (x³ + x² + x at 20 points), by the operators on expressions. A
//! candidate is a genome that is made and judged; a child that behaves as another does is made
//! anew, so that it takes more than one. Times are the fastest of several rounds, on one thread
//! unless another number is named.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, stops at the first error, and divides counts"
)]

use std::hint::black_box;
use std::time::Instant;

use comfy_table::Table;
use serde_json::json;
use tdev_domain::Source;
use tdev_evolution::problem::{Case, CaseBudget, CasesEvaluator, Evaluator, Metric, Workbench};
use tdev_evolution::search::{Child, Population, Search};
use tdev_evolution::variation::{Vocabulary, operators};
use tdev_evolution::{Genome, Scaffold, Scope, Selection, Settings};
use tdev_program::{BinaryOp, Builtin, Context, Type};

const AGENT: &str = "\
# EVOLVE-BLOCK-START
def f(x: float) -> float:
    return x
# EVOLVE-BLOCK-END
";

const POPULATION: u32 = 1000;
/// After how many generations times are taken.
const WARM: u32 = 10;
const ROUNDS: u32 = 15;
/// How many children are timed together: fewer than fill a time slice.
const FEW: u32 = 10;

struct Report(Table);

impl Report {
    fn row(&mut self, what: &str, micros: f64, goal: &str) {
        self.0.add_row([what, &format!("{micros:.2}"), goal]);
    }
}

fn main() {
    // Cargo asks benchmarks for their tests too.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let mut report = Report(Table::new());
    report.0.load_style(comfy_table::presets::ASCII_MARKDOWN);
    report.0.set_header(["figure", "measured", "goal"]);
    let lexicase = Selection::Lexicase { sample: 1.0 };
    whole(
        &mut report,
        "tournament of 5",
        Selection::Tournament { size: 5 },
    );
    whole(&mut report, "lexicase", lexicase);
    println!("{}", report.0);
}

/// x³ + x² + x.
fn evaluator(scaffold: Scaffold) -> CasesEvaluator {
    let case = |at: u32| {
        let x = f64::from(at) / 10.0 - 0.95;
        Case {
            input: json!([x]),
            output: json!(x * x * x + x * x + x),
            weight: 1.0,
        }
    };
    let cases: Vec<Case> = (0..20).map(case).collect();
    let budget = CaseBudget::default();
    CasesEvaluator::new(scaffold, "f", &cases, Metric::Absolute, budget).unwrap()
}

fn whole(report: &mut Report, name: &str, selection: Selection) {
    let source = Source::from_bytes(AGENT.as_bytes()).unwrap();
    let (scaffold, origin) = Scaffold::of(&source).unwrap();
    let evaluator = evaluator(scaffold.clone());
    let mut settings = Settings {
        seed: 1,
        population: POPULATION,
        selection,
        ..Settings::default()
    };
    settings.islands.count = 1;
    settings.budget.evaluations = u64::MAX;
    let scope = Scope {
        context: Context::of(&scaffold.module(&origin)),
        params: Vec::new(),
        vocabulary: Vocabulary {
            binary: vec![BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div],
            builtins: vec![Builtin::Sin, Builtin::Cos, Builtin::Exp, Builtin::Log],
            types: vec![Type::Float],
            ..Vocabulary::default()
        },
        max_nodes: 60,
        max_depth: 17,
        max_bytes: 2000,
    };
    let names = [
        "subtree-crossover",
        "regrowth",
        "subtree-mutation",
        "point",
        "hoist",
        "shrink",
    ]
    .map(str::to_owned);
    let operators = operators(&names).unwrap();
    let search = Search::new(&scaffold, origin, &evaluator, operators, scope, settings).unwrap();

    let mut population = search.begin(&mut Workbench::default()).unwrap().population;
    for _ in 0..WARM {
        population = advanced(&search, population);
    }
    let made = children(&search, &population);
    let count = f64::from(search.children_of(&population));
    let (mut merged, mut by_one, mut by_two) = (f64::MAX, f64::MAX, f64::MAX);
    let mut tried = 0.0;
    for _ in 0..ROUNDS {
        let (all, one) = by_threads(&search, &population, 1);
        let (_, two) = by_threads(&search, &population, 2);
        let before = population.clone();
        let (next, time) = timed(|| search.advance(before, all).unwrap().population);
        tried = (next.evaluations() - population.evaluations()) as f64 / count;
        merged = merged.min(time / count);
        (by_one, by_two) = (by_one.min(one), by_two.min(two));
    }
    let evaluated = evaluation(&evaluator, &population);
    let whole = made + merged;
    let of_one = whole / tried;
    report.row(&format!("{name}: a candidate, whole, µs"), of_one, "≤ 10");
    report.row(&format!("{name}: candidates for a child"), tried, "–");
    report.row(&format!("{name}: a child, whole, µs"), whole, "–");
    report.row(&format!("{name}: an evaluation, µs"), evaluated, "–");
    report.row(&format!("{name}: merging a child, µs"), merged, "–");
    report.row(
        &format!("{name}: 2 threads, × as fast"),
        by_one / by_two,
        "2",
    );
    checkpoint(report, name, &search, &population);
}

/// What `work` yields, and how many µs it takes.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let made = work();
    (made, start.elapsed().as_secs_f64() * 1e6)
}

fn by_threads(search: &Search<'_>, population: &Population, threads: usize) -> (Vec<Child>, f64) {
    let mut benches: Vec<Workbench> = (0..threads).map(|_| Workbench::default()).collect();
    timed(|| {
        let generation = search.generation(population).unwrap();
        generation.children(0..u32::MAX, &mut benches)
    })
}

fn advanced(search: &Search<'_>, population: Population) -> Population {
    let (children, _) = by_threads(search, &population, 1);
    search.advance(population, children).unwrap().population
}

/// How many µs it takes to make a child: the mean over all of a generation, each few of which are
/// made again and again, for others to use the processor less in some of the times.
fn children(search: &Search<'_>, population: &Population) -> f64 {
    let generation = search.generation(population).unwrap();
    let mut bench = [Workbench::default()];
    let count = generation.children_count();
    let few = |first: u32, bench: &mut [Workbench]| {
        let times = (0..ROUNDS)
            .map(|_| timed(|| black_box(generation.children(first..first + FEW, bench))).1);
        times.fold(f64::MAX, f64::min)
    };
    let firsts = (0..count).step_by(FEW as usize);
    let total: f64 = firsts.map(|first| few(first, &mut bench)).sum();
    total / f64::from(count)
}

/// How many µs it takes to judge one candidate.
fn evaluation(evaluator: &CasesEvaluator, population: &Population) -> f64 {
    let cases: Vec<u32> = (0..evaluator.cases()).collect();
    let (mut bench, mut losses) = (Workbench::default(), Vec::new());
    let members = population.islands()[0].members();
    let count = members.len() as f64;
    let mut one = |genome: &Genome| {
        let times = (0..ROUNDS)
            .map(|_| timed(|| evaluator.evaluate(genome, &cases, &mut bench, &mut losses)).1);
        times.fold(f64::MAX, f64::min)
    };
    members.map(|member| one(&member.genome)).sum::<f64>() / count
}

fn checkpoint(report: &mut Report, name: &str, search: &Search<'_>, population: &Population) {
    let (mut written, mut read) = (f64::MAX, f64::MAX);
    let mut bytes = Vec::new();
    for _ in 0..ROUNDS {
        let time;
        (bytes, time) = timed(|| population.to_bytes().unwrap());
        written = written.min(time);
        read = read.min(timed(|| black_box(search.read(&bytes).unwrap())).1);
    }
    let of_each = |total: f64| total / f64::from(POPULATION);
    let size = of_each(bytes.len() as f64);
    report.row(&format!("{name}: checkpoint, bytes a candidate"), size, "–");
    report.row(
        &format!("{name}: writing it, µs a candidate"),
        of_each(written),
        "–",
    );
    report.row(
        &format!("{name}: reading it, µs a candidate"),
        of_each(read),
        "–",
    );
}
