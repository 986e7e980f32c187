//! A tiny evaluator and tiny operators.

use rand::RngExt;
use tdev_domain::Source;
use tdev_program::{BinaryOp, Budget, Context, Entry, Expr, Node, Program, Value};

use super::super::{Population, Reason, Search, Step, Used};
use crate::problem::{Evaluator, Workbench};
use crate::variation::Vocabulary;
use crate::{Genome, Loss, Operator, Rng, Scaffold, Scope, Settings, Trial};

pub(super) const AGENT: &str = "\
LIMIT = 3

# EVOLVE-BLOCK-START
def f(x):
    return x
# EVOLVE-BLOCK-END
";

/// How far `f(x)` is from `x * x + x`, for x from 0 on.
pub(super) struct Curve {
    scaffold: Scaffold,
    pub(super) cases: u32,
    pub(super) digest: u8,
}

impl Curve {
    pub(super) fn new(agent: &str, cases: u32) -> (Self, Genome) {
        let (scaffold, origin) =
            Scaffold::of(&Source::from_bytes(agent.as_bytes()).unwrap()).unwrap();
        let curve = Self {
            scaffold,
            cases,
            digest: 1,
        };
        (curve, origin)
    }

    pub(super) fn scaffold(&self) -> &Scaffold {
        &self.scaffold
    }

    pub(super) fn search(&self, origin: Genome, settings: Settings) -> Search<'_> {
        self.search_by(origin, operators(), settings)
    }

    pub(super) fn search_by(
        &self,
        origin: Genome,
        operators: Vec<Box<dyn Operator>>,
        settings: Settings,
    ) -> Search<'_> {
        let scope = Scope {
            context: Context::default(),
            params: Vec::new(),
            vocabulary: Vocabulary::default(),
            max_nodes: settings.max_nodes as usize,
            max_depth: settings.max_depth as usize,
            max_bytes: 1000,
        };
        Search::new(&self.scaffold, origin, self, operators, scope, settings).unwrap()
    }

    fn loss(program: &Program, entry: Entry, x: u32, bench: &mut Workbench) -> Loss {
        let budget = Budget {
            fuel: 5_000,
            memory: 1 << 16,
        };
        let argument = [Value::Float(f64::from(x))];
        match program.run(&mut bench.machine, entry, &argument, budget) {
            Ok(Value::Float(y)) => Loss::or_worst((y - f64::from(x * x + x)).abs()),
            _ => Loss::WORST,
        }
    }
}

impl Evaluator for Curve {
    fn cases(&self) -> u32 {
        self.cases
    }

    fn evaluate(
        &self,
        genome: &Genome,
        cases: &[u32],
        bench: &mut Workbench,
        losses: &mut Vec<Loss>,
    ) {
        losses.clear();
        let program = Program::compile(&self.scaffold.module(genome));
        let entry = program.as_ref().ok().and_then(|p| p.entry("f"));
        let (Ok(program), Some(entry)) = (program, entry) else {
            losses.resize(cases.len(), Loss::WORST);
            return;
        };
        let judged = cases.iter().map(|x| Self::loss(&program, entry, *x, bench));
        losses.extend(judged);
    }

    fn digest(&self) -> [u8; 32] {
        [self.digest; 32]
    }
}

/// Calls `change` with a random expression of the genome.
fn at_random(
    genome: &Genome,
    rng: &mut Rng,
    change: impl FnOnce(&Expr, &mut Rng) -> Expr,
) -> Option<Genome> {
    let mut genome = genome.clone();
    let function = genome.functions.first_mut()?;
    let nodes = function.nodes();
    let exprs: Vec<usize> = (0..nodes.len())
        .filter(|at| matches!(nodes[*at], Node::Expr(_)))
        .collect();
    let at = exprs[rng.random_range(0..u32::try_from(exprs.len()).ok()?) as usize];
    let place = function.expr_mut(at).ok()?;
    *place = change(place, rng);
    Some(genome)
}

fn leaf(rng: &mut Rng) -> Expr {
    match rng.random_range(0..5_u32) {
        constant @ 0..3 => Expr::Float(f64::from(constant)),
        _ => Expr::name("x"),
    }
}

fn widened(expr: &Expr, rng: &mut Rng) -> Expr {
    let ops = [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul];
    let op = ops[rng.random_range(0..3_u32) as usize];
    Expr::binary(op, expr.clone(), leaf(rng))
}

pub(super) struct Leaf;
pub(super) struct Widen;
pub(super) struct Graft;
/// Asks for evaluations of its own.
pub(super) struct Climb;

impl Operator for Leaf {
    fn name(&self) -> &'static str {
        "leaf"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        _scope: &Scope,
        rng: &mut Rng,
        _trial: &mut Trial<'_>,
    ) -> Option<Genome> {
        at_random(parents[0], rng, |_, rng| leaf(rng))
    }
}

impl Operator for Widen {
    fn name(&self) -> &'static str {
        "widen"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        _scope: &Scope,
        rng: &mut Rng,
        _trial: &mut Trial<'_>,
    ) -> Option<Genome> {
        at_random(parents[0], rng, widened)
    }
}

impl Operator for Graft {
    fn name(&self) -> &'static str {
        "graft"
    }

    fn arity(&self) -> usize {
        2
    }

    fn vary(
        &self,
        parents: &[&Genome],
        _scope: &Scope,
        rng: &mut Rng,
        _trial: &mut Trial<'_>,
    ) -> Option<Genome> {
        let mut branch = None;
        at_random(parents[1], rng, |expr, _| {
            branch = Some(expr.clone());
            expr.clone()
        });
        let branch = branch?;
        at_random(parents[0], rng, |_, _| branch)
    }
}

impl Operator for Climb {
    fn name(&self) -> &'static str {
        "climb"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        _scope: &Scope,
        rng: &mut Rng,
        trial: &mut Trial<'_>,
    ) -> Option<Genome> {
        let mut best = None;
        for _ in 0..3 {
            let candidate = at_random(parents[0], rng, widened)?;
            let Some(loss) = trial(&candidate) else { break };
            if best.as_ref().is_none_or(|(least, _)| loss < *least) {
                best = Some((loss, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }
}

pub(super) fn operators() -> Vec<Box<dyn Operator>> {
    vec![
        Box::new(Leaf),
        Box::new(Widen),
        Box::new(Graft),
        Box::new(Climb),
    ]
}

pub(super) fn settings() -> Settings {
    let mut settings = Settings {
        seed: 7,
        population: 24,
        mutation_rate: 0.5,
        max_nodes: 60,
        ..Settings::default()
    };
    settings.islands.migrate_every = 3;
    settings.budget.generations = 12;
    settings
}

pub(super) fn benches(threads: usize) -> Vec<Workbench> {
    (0..threads).map(|_| Workbench::default()).collect()
}

/// The generations from the beginning on.
pub(super) fn steps(search: &Search<'_>) -> Vec<Step> {
    let mut steps = vec![search.begin(&mut Workbench::default()).unwrap()];
    let first = steps[0].population.clone();
    let after = |step: &Step| {
        steps.push(Step {
            population: step.population.clone(),
            records: step.records.clone(),
        });
        Used::default()
    };
    search.run(first, &mut benches(1), after).unwrap();
    steps
}

pub(super) fn finished(search: &Search<'_>) -> (Population, Reason) {
    let first = search.begin(&mut Workbench::default()).unwrap();
    search
        .run(first.population, &mut benches(1), |_| Used::default())
        .unwrap()
}
