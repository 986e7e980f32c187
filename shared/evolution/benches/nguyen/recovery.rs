//! How often the functions are found again.

use std::time::Instant;

use tdev_evolution::problem::{Evaluator, Workbench};
use tdev_evolution::search::{Search, Used};
use tdev_evolution::variation::operators;
use tdev_evolution::{Budget, Genome, IslandSettings, Loss, Selection, Settings};

use crate::targets::{self, POINTS, TARGETS, Target};
use crate::{Flags, table};

/// A point is hit if it is met this closely (Koza 1992).
const HIT: f64 = 0.01;
/// A function is recovered if it is met this closely on fresh points. Sums that are added in
/// another order differ by some 1e-16.
const EXACT: f64 = 1e-9;
/// How many fresh points there are.
const FRESH: usize = 1000;

/// What came of one run.
struct Outcome {
    recovered: bool,
    hit: bool,
    evaluations: u64,
    loss: f64,
    seconds: f64,
    text: String,
}

/// How the functions are searched for.
pub(crate) fn settings(seed: u64, flags: &Flags) -> Settings {
    let names = [
        "subtree-crossover",
        "regrowth",
        "subtree-mutation",
        "point",
        "hoist",
        "shrink",
    ];
    Settings {
        seed,
        population: flags.population,
        islands: IslandSettings {
            count: flags.islands,
            migrate_every: 20,
            migrants: 2,
        },
        selection: Selection::Tournament {
            size: flags.tournament,
        },
        mutation_rate: flags.mutation_rate,
        parsimony: flags.parsimony,
        operators: names.map(str::to_owned).into(),
        max_nodes: flags.max_nodes,
        max_depth: 17,
        budget: Budget {
            generations: 100_000,
            evaluations: flags.evaluations,
            seconds: u64::MAX,
            dollars: f64::MAX,
            target: Some(1e-13),
            ..Budget::default()
        },
        ..Settings::default()
    }
}

pub(crate) fn run(flags: &Flags) {
    println!(
        "Searching: {} runs of {} evaluations at most, population {} on {} islands, tournaments of \
         {}, mutation rate {}, parsimony {}, at most {} nodes, {POINTS} points",
        flags.seeds,
        flags.evaluations,
        flags.population,
        flags.islands,
        flags.tournament,
        flags.mutation_rate,
        flags.parsimony,
        flags.max_nodes
    );
    let mut report = table(&[
        "function",
        "",
        "recovered, %",
        "all points hit, %",
        "evaluations, median",
        "mean error, median",
        "seconds, mean",
    ]);
    let mut totals = [0.0; 2];
    let mut count = 0.0;
    for target in &TARGETS {
        if !flags.only.is_empty() && !flags.only.contains(&target.number) {
            continue;
        }
        let outcomes: Vec<Outcome> = (0..flags.seeds)
            .map(|seed| search(target, seed, flags))
            .collect();
        if flags.verbose {
            for outcome in &outcomes {
                println!(
                    "Nguyen-{}: {:e} after {}\n{}",
                    target.number, outcome.loss, outcome.evaluations, outcome.text
                );
            }
        }
        let share = |is: fn(&Outcome) -> bool| {
            100.0 * outcomes.iter().filter(|o| is(o)).count() as f64 / outcomes.len() as f64
        };
        let rates = [share(|o| o.recovered), share(|o| o.hit)];
        for (total, rate) in totals.iter_mut().zip(rates) {
            *total += rate;
        }
        count += 1.0;
        let seconds: f64 = outcomes.iter().map(|o| o.seconds).sum();
        report.add_row([
            format!("Nguyen-{}", target.number),
            target.text.to_owned(),
            format!("{:.0}", rates[0]),
            format!("{:.0}", rates[1]),
            format!("{:.0}", median(&outcomes, |o| o.evaluations as f64)),
            format!("{:.1e}", median(&outcomes, |o| o.loss)),
            format!("{:.1}", seconds / outcomes.len() as f64),
        ]);
    }
    report.add_row([
        "all".to_owned(),
        "published: GP 60.1, DSR 83.6".to_owned(),
        format!("{:.1}", totals[0] / count),
        format!("{:.1}", totals[1] / count),
    ]);
    println!("{report}");
}

fn median(outcomes: &[Outcome], of: impl Fn(&Outcome) -> f64) -> f64 {
    let mut values: Vec<f64> = outcomes.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn search(target: &Target, seed: u64, flags: &Flags) -> Outcome {
    let settings = settings(seed, flags);
    let (scaffold, genome) = target.agent();
    let evaluator = targets::evaluator(&scaffold, &target.cases(seed, POINTS));
    let scope = target.scope(&scaffold, &genome, &settings);
    let varying = operators(&settings.operators).unwrap();
    let search = Search::new(&scaffold, genome, &evaluator, varying, scope, settings).unwrap();
    let mut benches = [Workbench::default()];
    let start = Instant::now();
    let begun = search.begin(&mut benches[0]).unwrap().population;
    let (population, _) = search
        .run(begun, &mut benches, |_| Used::default())
        .unwrap();
    let best = &population.best().genome;
    let fresh = targets::evaluator(&scaffold, &target.cases(!seed, FRESH));
    Outcome {
        recovered: within(&fresh, best, &mut benches[0], EXACT),
        hit: within(&evaluator, best, &mut benches[0], HIT),
        evaluations: population.evaluations(),
        loss: population.best().score.loss().value(),
        seconds: start.elapsed().as_secs_f64(),
        text: best.text(),
    }
}

/// Whether all points are met so closely.
fn within(evaluator: &dyn Evaluator, genome: &Genome, bench: &mut Workbench, most: f64) -> bool {
    let all: Vec<u32> = (0..evaluator.cases()).collect();
    let mut losses: Vec<Loss> = Vec::new();
    evaluator.evaluate(genome, &all, bench, &mut losses);
    losses.iter().all(|loss| loss.value() <= most)
}
