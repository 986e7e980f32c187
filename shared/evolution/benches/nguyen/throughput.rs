//! How many candidates are judged a second.
//!
//! Rates on one thread are those of the fastest of many rounds, each about as short as a time
//! slice, so that what else the machine does tells little.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tdev_domain::Source;
use tdev_evolution::problem::{CasesEvaluator, Evaluator, Workbench};
use tdev_evolution::search::{Island, Search, Used};
use tdev_evolution::variation::{SubtreeCrossover, operators, random_genome};
use tdev_evolution::{Genome, Loss, Operator, Purpose, Rng, Scaffold, Scope, Settings};
use tdev_program::{Module, Type};

use crate::targets::{self, POINTS, TARGETS, Target};
use crate::{Flags, recovery, table};

/// How many random candidates are judged for each function, again and again.
const CANDIDATES: u32 = 500;
/// How many children are made in a round.
const CHILDREN: u32 = 40;
/// How often.
const ROUNDS: usize = 151;
/// How long two threads judge.
const SLICE: Duration = Duration::from_millis(300);

/// What scores the bins in the sample agent, much as evolution leaves it.
const PACKER: &str = "# EVOLVE-BLOCK-START
def priority(item: float, room: float, capacity: float) -> float:
    gap = room - item
    if 0.0 < gap < 0.02 * capacity:
        return -2.0 * gap
    return -gap / (1.0 + item / capacity) + max(gap * gap, room - capacity / 2.0)
# EVOLVE-BLOCK-END
";

pub(crate) fn run(flags: &Flags) {
    println!("Judging candidates: compile, {POINTS} points, and the losses; thousands a second");
    let mut report = table(&[
        "function",
        "random",
        "nodes",
        "of a search",
        "nodes",
        "1 thread",
        "2 threads",
        "children of a search",
    ]);
    let mut sums = [0.0; 5];
    for target in &TARGETS {
        let (scaffold, like) = target.agent();
        let evaluator = targets::evaluator(&scaffold, &target.cases(0, POINTS));
        let scope = target.scope(&scaffold, &like, &Settings::default());
        let draw = |child| {
            let mut rng = Rng::keyed(0, 0, child, Purpose::Vary);
            random_genome(&like, &scope, &mut rng).expect("small ones fit")
        };
        let genomes: Vec<Genome> = (0..CANDIDATES).map(draw).collect();
        let (evolved, children) = search(target, flags);
        let rates = [
            fastest(&evaluator, &genomes),
            fastest(&evaluator, &evolved),
            threads(&evaluator, &evolved, 1),
            threads(&evaluator, &evolved, 2),
            children,
        ];
        for (sum, rate) in sums.iter_mut().zip(rates) {
            // Of rates of equal work, the harmonic mean is that of the whole.
            *sum += 1.0 / rate;
        }
        let mut row = rates.map(|rate| format!("{:.0}", rate / 1e3)).to_vec();
        row.insert(1, nodes(&genomes));
        row.insert(3, nodes(&evolved));
        row.insert(0, format!("Nguyen-{}", target.number));
        report.add_row(row);
    }
    let rates = sums.map(|sum| TARGETS.len() as f64 / sum / 1e3);
    let mut row = rates.map(|rate| format!("{rate:.0}")).to_vec();
    row.insert(1, String::new());
    row.insert(3, String::new());
    row.insert(0, "all (goal: 650)".to_owned());
    report.add_row(row);
    println!("{report}\n");
    child();
}

/// How many nodes they have on average.
fn nodes(genomes: &[Genome]) -> String {
    let sum: usize = genomes.iter().map(Genome::size).sum();
    format!("{:.1}", sum as f64 / genomes.len() as f64)
}

/// Evaluations a second on one thread.
fn fastest(evaluator: &CasesEvaluator, genomes: &[Genome]) -> f64 {
    let all: Vec<u32> = (0..evaluator.cases()).collect();
    let mut bench = Workbench::default();
    let mut losses: Vec<Loss> = Vec::new();
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for genome in genomes {
            evaluator.evaluate(genome, &all, &mut bench, &mut losses);
            black_box(&losses);
        }
        best = best.max(genomes.len() as f64 / start.elapsed().as_secs_f64());
    }
    best
}

/// Evaluations a second on so many threads, all the time.
fn threads(evaluator: &CasesEvaluator, genomes: &[Genome], threads: usize) -> f64 {
    let all: Vec<u32> = (0..evaluator.cases()).collect();
    let work = || {
        let mut bench = Workbench::default();
        let mut losses: Vec<Loss> = Vec::new();
        let (start, mut judged) = (Instant::now(), 0_u64);
        while start.elapsed() < SLICE {
            for genome in genomes {
                evaluator.evaluate(genome, &all, &mut bench, &mut losses);
                black_box(&losses);
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

/// Whom a search like those for the functions ends with, and children a second in its fastest
/// generation: chosen, varied, judged, and entered into the lineage.
fn search(target: &Target, flags: &Flags) -> (Vec<Genome>, f64) {
    let flags = Flags {
        evaluations: 20_000,
        ..flags.clone()
    };
    let mut settings = recovery::settings(1, &flags);
    // It goes on when it has found the function.
    settings.budget.target = None;
    let (scaffold, genome) = target.agent();
    let evaluator = targets::evaluator(&scaffold, &target.cases(0, POINTS));
    let scope = target.scope(&scaffold, &genome, &settings);
    let varying = operators(&settings.operators).unwrap();
    let search = Search::new(&scaffold, genome, &evaluator, varying, scope, settings).unwrap();
    let mut benches = [Workbench::default()];
    let begun = search.begin(&mut benches[0]).unwrap().population;
    let (mut start, mut best) = (Instant::now(), 0.0_f64);
    let ended = search.run(begun, &mut benches, |step| {
        best = best.max(step.records.len() as f64 / start.elapsed().as_secs_f64());
        start = Instant::now();
        Used::default()
    });
    let (population, _) = ended.unwrap();
    let members = population.islands().iter().flat_map(Island::members);
    let members = members.map(|member| member.genome.clone());
    (members.collect(), best)
}

/// A child of two functions: chosen places, copy, cross, check, compile, and 100 bins.
fn child() {
    let source = Source::from_bytes(PACKER.as_bytes()).unwrap();
    let (scaffold, parent) = Scaffold::of(&source).unwrap();
    let scope = Scope::for_agent(&scaffold, &parent, &[Type::Float; 3], &Settings::default());
    let rooms: Vec<f64> = (0..100).map(f64::from).collect();
    let inputs: [&[f64]; 3] = [&[3.0; 100], &rooms, &[100.0; 100]];
    let mut bench = Workbench::default();
    let mut out = [0.0; 100];
    let empty = Module::default();
    let mut best = [f64::INFINITY; 2];
    for round in 0..ROUNDS as u64 {
        for (judged, best) in [false, true].into_iter().zip(&mut best) {
            let start = Instant::now();
            for number in 0..CHILDREN {
                let mut rng = Rng::keyed(round, 0, number, Purpose::Vary);
                let crossed =
                    SubtreeCrossover.vary(&[&parent, &parent], &scope, &mut rng, &mut |_| None);
                let Some(child) = black_box(crossed).filter(|_| judged) else {
                    continue;
                };
                if bench
                    .program
                    .load_function(&empty, &child.functions[0])
                    .is_ok()
                {
                    bench.program.eval(&mut bench.lanes, &inputs, &mut out);
                }
                black_box(&out);
            }
            *best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(CHILDREN));
        }
    }
    println!(
        "A child by crossover of a function of {} nodes: {:.2} µs; with compile and 100 bins: \
         {:.2} µs (goal: 10)\n",
        parent.size(),
        best[0],
        best[1]
    );
}
