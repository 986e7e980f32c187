//! Program synthesis: problems of the General Program Synthesis Benchmark Suite (Helmuth and
//! Spector 2015), from `$TDEV_DATA/psb1`. `cargo bench -p tdev-evolution --bench psb1 -- --help`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark prints, stops at the first error, and divides counts"
)]

mod data;
mod problems;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use tdev_evolution::problem::{Case, CaseBudget, CasesEvaluator, Evaluator, Workbench};
use tdev_evolution::search::{Search, Used};
use tdev_evolution::variation::operators;
use tdev_evolution::{Budget, Genome, IslandSettings, Loss, Selection, Settings};

use problems::{PROBLEMS, Problem};

/// What is run, and how much of it.
#[derive(Debug, Clone, Parser)]
struct Flags {
    /// Runs per problem, each with a seed of its own.
    #[arg(long, default_value_t = 3)]
    runs: u64,
    /// Evaluations on all cases that a run may take; one on a sample counts as its share. The
    /// publication's runs take 200,000 to 300,000.
    #[arg(long, default_value_t = 50_000)]
    evaluations: u64,
    /// Candidates in a population.
    #[arg(long, default_value_t = 1000)]
    population: u32,
    /// The share of the cases that a generation looks at.
    #[arg(long, default_value_t = 0.25)]
    sample: f64,
    /// The share of children made by mutation to begin with.
    #[arg(long, default_value_t = 0.5)]
    mutation_rate: f64,
    /// The problems by name; all if none is given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Prints what each run found.
    #[arg(long)]
    verbose: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What came of one run.
struct Outcome {
    /// All cases of the search are right.
    trained: bool,
    /// These, and those that were kept from it.
    succeeded: bool,
    evaluations: u64,
    seconds: f64,
    text: String,
}

fn main() {
    let flags = Flags::parse();
    if cfg!(debug_assertions) {
        println!("This is a debug build; it takes long.");
    }
    let data = std::env::var_os("TDEV_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("psb1");
    if !folder.is_dir() {
        println!(
            "not run: there is no {}; TDEV_DATA names the folder above",
            folder.display()
        );
        return;
    }
    println!(
        "{} runs of {} evaluations at most, population {}, down-sampled lexicase ({} of the cases)",
        flags.runs, flags.evaluations, flags.population, flags.sample
    );
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header([
        "problem",
        "cases: train, held out",
        "train right",
        "successes",
        "of 100, published",
        "evaluations of successes, median",
        "seconds, mean",
    ]);
    for problem in &PROBLEMS {
        if flags.only.is_empty() || flags.only.iter().any(|name| name == problem.name) {
            let row = run(problem, &folder, &flags);
            // The table comes at the end, which may be hours away.
            println!("{}: {}", row[0], row[3]);
            table.add_row(row);
        }
    }
    println!("{table}");
}

fn run(problem: &Problem, folder: &Path, flags: &Flags) -> Vec<String> {
    let file = folder.join(format!("training-examples-{}.csv", problem.name));
    let mut cases = data::read(&file, problem.inputs, problem.outputs);
    for case in &mut cases {
        case.output = (problem.expected)(case.output.take());
    }
    // Every fourth is kept from the search; 150 at most are searched with, 500 kept.
    let (kept, train): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .enumerate()
        .partition(|(at, _)| at % 4 == 3);
    let few = |cases: Vec<(usize, Case)>, most: usize| {
        let step = cases.len().div_ceil(most).max(1);
        let picked = cases.into_iter().map(|(_, case)| case).step_by(step);
        picked.collect::<Vec<Case>>()
    };
    let (train, kept) = (few(train, 150), few(kept, 500));
    let outcomes: Vec<Outcome> = (0..flags.runs)
        .map(|seed| search(problem, &train, &kept, seed, flags))
        .collect();
    if flags.verbose {
        for outcome in &outcomes {
            let Outcome {
                trained, succeeded, ..
            } = outcome;
            println!(
                "{}: train {trained}, all {succeeded}\n{}",
                problem.name, outcome.text
            );
        }
    }
    let successes = outcomes.iter().filter(|o| o.succeeded);
    let mut taken: Vec<u64> = successes.map(|o| o.evaluations).collect();
    taken.sort_unstable();
    let seconds: f64 = outcomes.iter().map(|o| o.seconds).sum();
    vec![
        problem.name.to_owned(),
        format!("{}, {}", train.len(), kept.len()),
        outcomes.iter().filter(|o| o.trained).count().to_string(),
        format!("{} of {}", taken.len(), outcomes.len()),
        problem.published.to_string(),
        taken
            .get(taken.len() / 2)
            .map_or_else(|| "–".to_owned(), u64::to_string),
        format!("{:.1}", seconds / outcomes.len() as f64),
    ]
}

fn settings(seed: u64, flags: &Flags) -> Settings {
    Settings {
        seed,
        population: flags.population,
        islands: IslandSettings {
            count: 1,
            migrate_every: 0,
            migrants: 0,
        },
        selection: Selection::Lexicase {
            sample: flags.sample,
        },
        mutation_rate: flags.mutation_rate,
        max_nodes: 120,
        max_depth: 16,
        novelty: false,
        budget: Budget {
            generations: 100_000,
            evaluations: flags.evaluations,
            seconds: u64::MAX,
            dollars: f64::MAX,
            target: Some(1e-9),
            ..Budget::default()
        },
        ..Settings::default()
    }
}

fn search(problem: &Problem, train: &[Case], kept: &[Case], seed: u64, flags: &Flags) -> Outcome {
    let settings = settings(seed, flags);
    let (scaffold, genome) = problem.agent();
    let scope = problem.scope(&scaffold, &genome, &settings);
    let evaluator = |cases: &[Case]| {
        let budget = CaseBudget {
            fuel: 10_000,
            memory: 1 << 18,
        };
        CasesEvaluator::new(scaffold.clone(), "solve", cases, problem.metric(), budget).unwrap()
    };
    let (train, kept) = (evaluator(train), evaluator(kept));
    // Constants are few and given, so their search is left out.
    let names = tdev_evolution::variation::NAMES.iter();
    let names: Vec<String> = names
        .filter(|name| **name != "constant-tuning")
        .map(ToString::to_string)
        .collect();
    let varying = operators(&names).unwrap();
    let search = Search::new(&scaffold, genome, &train, varying, scope, settings).unwrap();
    let mut benches = [Workbench::default()];
    let start = Instant::now();
    let begun = search.begin(&mut benches[0]).unwrap().population;
    let (population, _) = search
        .run(begun, &mut benches, |_| Used::default())
        .unwrap();
    let best = &population.best().genome;
    let trained = all_right(&train, best, &mut benches[0]);
    Outcome {
        trained,
        succeeded: trained && all_right(&kept, best, &mut benches[0]),
        evaluations: population.evaluations(),
        seconds: start.elapsed().as_secs_f64(),
        text: best.text(),
    }
}

fn all_right(evaluator: &dyn Evaluator, genome: &Genome, bench: &mut Workbench) -> bool {
    let all: Vec<u32> = (0..evaluator.cases()).collect();
    let mut losses: Vec<Loss> = Vec::new();
    evaluator.evaluate(genome, &all, bench, &mut losses);
    losses.iter().all(|loss| loss.value() < 1e-9)
}
