//! Searches with the operators that there are, judged by cases.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;
use tdev_domain::Source;
use tdev_evolution::problem::{Case, CaseBudget, CasesEvaluator, Metric, Workbench};
use tdev_evolution::search::{Reason, Search, Used, lineage};
use tdev_evolution::variation::{Vocabulary, operators};
use tdev_evolution::{Genome, Scaffold, Scope, Selection, Settings};
use tdev_program::{BinaryOp, Context, Type};

const AGENT: &str = "\
# EVOLVE-BLOCK-START
def f(x: float) -> float:
    return x
# EVOLVE-BLOCK-END
";

struct Setup {
    scaffold: Scaffold,
    origin: Genome,
    evaluator: CasesEvaluator,
}

/// Nguyen-1: x³ + x² + x at 20 points from −1 to 1.
fn nguyen_1() -> Setup {
    let source = Source::from_bytes(AGENT.as_bytes()).unwrap();
    let (scaffold, origin) = Scaffold::of(&source).unwrap();
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
    let evaluator =
        CasesEvaluator::new(scaffold.clone(), "f", &cases, Metric::Absolute, budget).unwrap();
    Setup {
        scaffold,
        origin,
        evaluator,
    }
}

impl Setup {
    fn search(&self, settings: Settings) -> Search<'_> {
        let scope = Scope {
            context: Context::of(&self.scaffold.module(&self.origin)),
            params: Vec::new(),
            vocabulary: Vocabulary {
                binary: vec![BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div],
                types: vec![Type::Float],
                ..Vocabulary::default()
            },
            max_nodes: settings.max_nodes as usize,
            max_depth: settings.max_depth as usize,
            max_bytes: 2000,
        };
        let operators = operators(&settings.operators).unwrap();
        let origin = self.origin.clone();
        Search::new(
            &self.scaffold,
            origin,
            &self.evaluator,
            operators,
            scope,
            settings,
        )
        .unwrap()
    }
}

fn settings(seed: u64, selection: Selection) -> Settings {
    let mut settings = Settings {
        seed,
        population: 200,
        selection,
        max_nodes: 60,
        max_depth: 17,
        ..Settings::default()
    };
    let names = [
        "subtree-crossover",
        "regrowth",
        "subtree-mutation",
        "point",
        "hoist",
        "shrink",
    ];
    settings.operators = names.map(str::to_owned).to_vec();
    settings.budget.generations = 200;
    settings.budget.evaluations = 40_000;
    settings.budget.target = Some(1e-9);
    settings
}

#[test]
fn nguyen_1_is_found() {
    let setup = nguyen_1();
    let selections = [
        Selection::Tournament { size: 5 },
        Selection::Lexicase { sample: 1.0 },
        Selection::Lexicase { sample: 0.25 },
    ];
    for selection in selections {
        let mut found = 0;
        for seed in 0..3 {
            let search = setup.search(settings(seed, selection));
            let mut bench = [Workbench::default()];
            let first = search.begin(&mut bench[0]).unwrap().population;
            let run = search.run(first, &mut bench, |_| Used::default());
            let (last, reason) = run.unwrap();
            found += u32::from(reason == Reason::Target);
            assert!(last.evaluations() <= 40_000);
        }
        assert!(found >= 2, "{selection:?}: {found} of 3");
    }
}

#[test]
fn a_real_search_is_the_same_killed_and_resumed_and_on_two_threads() {
    let setup = nguyen_1();
    let mut short = settings(5, Selection::Lexicase { sample: 0.5 });
    short.operators = Vec::new();
    short.population = 40;
    short.budget.generations = 12;
    let search = setup.search(short);
    let mut benches = [Workbench::default(), Workbench::default()];

    let first = search.begin(&mut benches[0]).unwrap();
    let identity = first.population.identity();
    let mut records = first.records;
    let mut after = |step: &tdev_evolution::search::Step| {
        records.extend(step.records.iter().cloned());
        Used::default()
    };
    let run = search.run(first.population.clone(), &mut benches[..1], &mut after);
    let straight = run.unwrap().0;

    let mut bytes = first.population.to_bytes().unwrap();
    for generation in 1..=12 {
        let population = search.read(&bytes).unwrap();
        let count = search.children_of(&population);
        let next = search.generation(&population).unwrap();
        // What is made before the worker is lost.
        drop(next.children(0..count / 2, &mut benches));
        let half = next.children(count / 2..count, &mut benches);
        let kept = search.pack(&population, &half).unwrap();
        drop(half);
        let mut children = search.unpack(&population, &kept).unwrap();
        children.extend(next.children(0..count / 2, &mut benches));
        drop(next);
        let step = search.advance(population, children).unwrap();
        assert_eq!(step.population.generation(), generation);
        bytes = step.population.to_bytes().unwrap();
    }
    assert!(bytes == straight.to_bytes().unwrap());

    let lines = lineage::Record::lines(&records).unwrap();
    let entries = lineage::verify(&lines, identity, straight.head()).unwrap();
    let champion = straight.best().id;
    assert!(!lineage::ancestors(&entries, champion).is_empty());
}
