//! The functions, the points they are known at, and what candidates are made of.

use rand::RngExt;
use serde_json::json;
use tdev_domain::Source;
use tdev_evolution::problem::{Case, CaseBudget, CasesEvaluator, Metric};
use tdev_evolution::variation::Vocabulary;
use tdev_evolution::{Genome, Purpose, Rng, Scaffold, Scope, Settings};
use tdev_program::{BinaryOp, Builtin, Type};

/// How many points a function is known at.
pub(crate) const POINTS: usize = 20;

/// A function of `x`, or of `x` and `y`.
pub(crate) struct Target {
    pub(crate) number: usize,
    pub(crate) text: &'static str,
    pub(crate) variables: usize,
    /// The interval that the points are drawn from.
    range: (f64, f64),
    value: fn(f64, f64) -> f64,
}

/// Each with the range of points of its paper.
pub(crate) const TARGETS: [Target; 12] = [
    target(1, "x^3+x^2+x", 1, (-1.0, 1.0), |x, _| x.powi(3) + x * x + x),
    target(2, "x^4+x^3+x^2+x", 1, (-1.0, 1.0), |x, _| powers(x, 4)),
    target(3, "x^5+…+x", 1, (-1.0, 1.0), |x, _| powers(x, 5)),
    target(4, "x^6+…+x", 1, (-1.0, 1.0), |x, _| powers(x, 6)),
    target(5, "sin(x^2)cos(x)-1", 1, (-1.0, 1.0), |x, _| {
        (x * x).sin() * x.cos() - 1.0
    }),
    target(6, "sin(x)+sin(x+x^2)", 1, (-1.0, 1.0), |x, _| {
        x.sin() + (x + x * x).sin()
    }),
    target(7, "log(x+1)+log(x^2+1)", 1, (0.0, 2.0), |x, _| {
        (x + 1.0).ln() + (x * x + 1.0).ln()
    }),
    target(8, "sqrt(x)", 1, (0.0, 4.0), |x, _| x.sqrt()),
    target(9, "sin(x)+sin(y^2)", 2, (0.0, 1.0), |x, y| {
        x.sin() + (y * y).sin()
    }),
    target(10, "2sin(x)cos(y)", 2, (0.0, 1.0), |x, y| {
        2.0 * x.sin() * y.cos()
    }),
    target(11, "x^y", 2, (0.0, 1.0), f64::powf),
    target(12, "x^4-x^3+y^2/2-y", 2, (0.0, 1.0), |x, y| {
        x.powi(4) - x.powi(3) + y * y / 2.0 - y
    }),
];

const fn target(
    number: usize,
    text: &'static str,
    variables: usize,
    range: (f64, f64),
    value: fn(f64, f64) -> f64,
) -> Target {
    Target {
        number,
        text,
        variables,
        range,
        value,
    }
}

fn powers(x: f64, most: i32) -> f64 {
    (1..=most).map(|power| x.powi(power)).sum()
}

impl Target {
    /// Points drawn by `seed`, and what the function is there.
    pub(crate) fn cases(&self, seed: u64, count: usize) -> Vec<Case> {
        let number = u32::try_from(self.number).unwrap();
        let mut rng = Rng::keyed(seed, number, 0, Purpose::Split);
        let (low, high) = self.range;
        let mut draw = || low + (high - low) * rng.random::<f64>();
        let mut case = || {
            let (x, y) = (draw(), draw());
            let input = if self.variables == 1 {
                json!([x])
            } else {
                json!([x, y])
            };
            let output = json!((self.value)(x, y));
            Case {
                input,
                output,
                weight: 1.0,
            }
        };
        (0..count).map(|_| case()).collect()
    }

    /// An agent that yields `x`.
    pub(crate) fn agent(&self) -> (Scaffold, Genome) {
        let params = ["x: float", "x: float, y: float"][self.variables - 1];
        let text = format!(
            "import math\n\n# EVOLVE-BLOCK-START\ndef f({params}) -> float:\n    return x\n\
             # EVOLVE-BLOCK-END\n"
        );
        Scaffold::of(&Source::from_bytes(text.as_bytes()).unwrap()).unwrap()
    }

    /// The set of functions of Koza, without constants, as Petersen et al. 2021 use it.
    pub(crate) fn scope(&self, scaffold: &Scaffold, genome: &Genome, settings: &Settings) -> Scope {
        let entry = vec![Type::Float; self.variables];
        let mut scope = Scope::for_agent(scaffold, genome, &entry, settings);
        scope.vocabulary = Vocabulary {
            binary: vec![BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div],
            builtins: vec![Builtin::Sin, Builtin::Cos, Builtin::Exp, Builtin::Log],
            types: vec![Type::Float],
            ..Vocabulary::default()
        };
        scope
    }
}

/// What judges by these cases.
pub(crate) fn evaluator(scaffold: &Scaffold, cases: &[Case]) -> CasesEvaluator {
    let budget = CaseBudget::default();
    CasesEvaluator::new(scaffold.clone(), "f", cases, Metric::Absolute, budget).unwrap()
}
