//! How many candidates are judged a second.

use std::time::{Duration, Instant};

use tdev_evolution::problem::{CasesEvaluator, Evaluator, Workbench};
use tdev_evolution::search::{Search, Used};
use tdev_evolution::variation::{operators, random_genome};
use tdev_evolution::{Genome, Loss, Purpose, Rng, Settings};

use crate::targets::{POINTS, TARGETS, Target};
use crate::{recovery, table};

/// How many random candidates are judged for each function, again and again.
const CANDIDATES: u32 = 500;
/// How long each measurement takes.
const SLICE: Duration = Duration::from_millis(300);

pub(crate) fn run() {
    println!("Judging candidates: compile, {POINTS} points, and the losses");
    let mut report = table(&[
        "function",
        "nodes, mean",
        "thousand evaluations/s",
        "on 2 threads",
        "whole search, thousand children/s",
    ]);
    let mut sums = [0.0; 3];
    for target in &TARGETS {
        let (scaffold, like) = target.agent();
        let evaluator = target.evaluator(&scaffold, &target.cases(0, POINTS));
        let scope = target.scope(&scaffold, &like, &Settings::default());
        let draw = |child| {
            let mut rng = Rng::keyed(0, 0, child, Purpose::Vary);
            random_genome(&like, &scope, &mut rng).expect("small ones fit")
        };
        let genomes: Vec<Genome> = (0..CANDIDATES).map(draw).collect();
        let nodes: usize = genomes.iter().map(Genome::size).sum();
        let rates = [
            judge(&evaluator, &genomes, 1),
            judge(&evaluator, &genomes, 2),
            search(target),
        ];
        for (sum, rate) in sums.iter_mut().zip(rates) {
            // Of rates of equal work, the harmonic mean is that of the whole.
            *sum += 1.0 / rate;
        }
        let mut row = vec![
            format!("Nguyen-{}", target.number),
            format!("{:.1}", nodes as f64 / f64::from(CANDIDATES)),
        ];
        row.extend(rates.map(|rate| format!("{:.0}", rate / 1e3)));
        report.add_row(row);
    }
    let mut row = vec!["all (goal: 650)".to_owned(), String::new()];
    row.extend(sums.map(|sum| format!("{:.0}", TARGETS.len() as f64 / sum / 1e3)));
    report.add_row(row);
    println!("{report}\n");
}

/// Evaluations a second, on so many threads.
fn judge(evaluator: &CasesEvaluator, genomes: &[Genome], threads: usize) -> f64 {
    let all: Vec<u32> = (0..evaluator.cases()).collect();
    let work = || {
        let mut bench = Workbench::default();
        let mut losses: Vec<Loss> = Vec::new();
        let (start, mut judged) = (Instant::now(), 0_u64);
        while start.elapsed() < SLICE {
            for genome in genomes {
                evaluator.evaluate(genome, &all, &mut bench, &mut losses);
                std::hint::black_box(&losses);
            }
            judged += genomes.len() as u64;
        }
        judged as f64 / start.elapsed().as_secs_f64()
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let rates = running.into_iter().map(|thread| thread.join().unwrap());
        rates.sum()
    })
}

/// Children a second of a search that is made as those for the functions are: chosen, varied,
/// judged, and entered into the lineage.
fn search(target: &Target) -> f64 {
    let settings = Settings {
        seed: 1,
        ..recovery::settings(500, 30_000)
    };
    let (scaffold, genome) = target.agent();
    let evaluator = target.evaluator(&scaffold, &target.cases(0, POINTS));
    let scope = target.scope(&scaffold, &genome, &settings);
    let varying = operators(&settings.operators).unwrap();
    let search = Search::new(&scaffold, genome, &evaluator, varying, scope, settings).unwrap();
    let mut benches = [Workbench::default()];
    let begun = search.begin(&mut benches[0]).unwrap().population;
    let start = Instant::now();
    let ended = search.run(begun, &mut benches, |_| Used::default());
    ended.unwrap().0.evaluations() as f64 / start.elapsed().as_secs_f64()
}
