//! Judging by cases: the output of each beside the expected one.

use serde_json::Value as Json;
use tdev_program::{Budget, Entry, Error, LaneMachine, LaneProgram, Module, Program, Value};

use super::{
    Baseline, Build, Case, CaseBudget, EXECUTE, Evaluator, Fingerprint, Metric, Workbench,
    baseline, rule,
};
use crate::{Genome, Loss, Scaffold};

/// Judges genomes by the outputs of a function of theirs on given inputs.
pub struct CasesEvaluator {
    runner: Runner,
    expected: Vec<Value>,
    weights: Vec<f64>,
    metric: Metric,
    columns: Option<Columns>,
    digest: [u8; 32],
}

/// Calls a function of the candidate with the inputs of cases.
pub(super) struct Runner {
    scaffold: Scaffold,
    function: String,
    pub(super) arguments: Vec<Vec<Value>>,
    pub(super) budget: CaseBudget,
}

/// A candidate that is ready to be called.
pub(super) struct Ready {
    program: Program,
    entry: Entry,
    budget: Budget,
}

/// Inputs and outputs where all of them are floats.
struct Columns {
    inputs: Vec<Vec<f64>>,
    expected: Vec<f64>,
}

impl Runner {
    pub(super) fn new(
        scaffold: Scaffold,
        function: &str,
        cases: &[Case],
        budget: CaseBudget,
    ) -> Result<Self, Build> {
        let mut this = Self {
            arguments: Vec::with_capacity(cases.len()),
            scaffold,
            function: function.to_owned(),
            budget,
        };
        for case in cases {
            this.arguments.push(this.arguments_of(&case.input)?);
        }
        Ok(this)
    }

    /// What the function is called with for that input.
    pub(super) fn arguments_of(&self, input: &Json) -> Result<Vec<Value>, Build> {
        let input = Value::from_json(input).map_err(Build::Value)?;
        Ok(match input {
            Value::List(arguments) if self.function != EXECUTE => arguments,
            input => vec![input],
        })
    }

    /// The candidate, if it compiles and has the function.
    pub(super) fn compile(&self, genome: &Genome) -> Option<Ready> {
        let module = self.scaffold.module(genome);
        let program = Program::compile(&module).ok()?;
        let entry = program.entry(&self.function)?;
        let budget = self.budget.into();
        Some(Ready {
            program,
            entry,
            budget,
        })
    }
}

impl Ready {
    pub(super) fn call(&self, bench: &mut Workbench, arguments: &[Value]) -> Result<Value, Error> {
        self.program
            .run(&mut bench.machine, self.entry, arguments, self.budget)
    }
}

impl Columns {
    /// Those of cases whose arguments are floats, all as many, and whose outputs are numbers.
    fn of(arguments: &[Vec<Value>], expected: &[Value]) -> Option<Self> {
        let width = arguments.first()?.len();
        let mut inputs = vec![Vec::with_capacity(arguments.len()); width];
        for row in arguments {
            if row.len() != width {
                return None;
            }
            for (column, value) in inputs.iter_mut().zip(row) {
                let Value::Float(value) = value else {
                    return None;
                };
                column.push(*value);
            }
        }
        let expected = expected.iter().map(super::metric::number);
        Some(Self {
            inputs,
            expected: expected.collect::<Option<_>>()?,
        })
    }

    /// Computes the outputs of `cases` into `outputs`.
    fn evaluate(
        &self,
        program: &LaneProgram,
        machine: &mut LaneMachine,
        cases: &[u32],
        outputs: &mut Vec<f64>,
    ) {
        outputs.clear();
        outputs.resize(cases.len(), 0.0);
        let is_all = cases.len() == self.expected.len()
            && cases.iter().zip(0..).all(|(case, at)| *case == at);
        if is_all {
            let inputs: Vec<&[f64]> = self.inputs.iter().map(Vec::as_slice).collect();
            program.eval(machine, &inputs, outputs);
            return;
        }
        let pick = |column: &Vec<f64>| cases.iter().map(|case| column[*case as usize]).collect();
        let picked: Vec<Vec<f64>> = self.inputs.iter().map(pick).collect();
        let inputs: Vec<&[f64]> = picked.iter().map(Vec::as_slice).collect();
        program.eval(machine, &inputs, outputs);
    }
}

impl CasesEvaluator {
    /// An evaluator of the agents that `scaffold` and a genome make.
    ///
    /// `function` is `execute`, which gets the input as it is, or a function that gets the items
    /// of the input as its arguments.
    ///
    /// # Errors
    ///
    /// [`Build`] for a value that programs do not have.
    pub fn new(
        scaffold: Scaffold,
        function: &str,
        cases: &[Case],
        metric: Metric,
        budget: CaseBudget,
    ) -> Result<Self, Build> {
        let mut print = Fingerprint::new("cases");
        print.part(scaffold.surroundings());
        print.part(function);
        print.json(&metric);
        print.json(&budget);
        print.json(&cases);
        let expected = cases
            .iter()
            .map(|case| Value::from_json(&case.output).map_err(Build::Value));
        let expected: Vec<Value> = expected.collect::<Result<_, _>>()?;
        let runner = Runner::new(scaffold, function, cases, budget)?;
        let columns = if metric.is_numeric() && function != EXECUTE {
            Columns::of(&runner.arguments, &expected)
        } else {
            None
        };
        Ok(Self {
            weights: cases.iter().map(|case| case.weight).collect(),
            digest: print.finish(),
            runner,
            expected,
            metric,
            columns,
        })
    }

    /// Computes by lanes, if this genome's function can be. Returns whether it did.
    fn by_lanes(
        &self,
        columns: &Columns,
        genome: &Genome,
        cases: &[u32],
        bench: &mut Workbench,
        losses: &mut Vec<Loss>,
    ) -> bool {
        let named = |function: &&tdev_program::Function| function.name == *self.runner.function;
        // One function alone is sure not to be at odds with others.
        let Some(function) = genome.functions.first().filter(named) else {
            return false;
        };
        let fuel = 1000 + 16 * function.size() as u64;
        if genome.functions.len() > 1
            || function.params.len() != columns.inputs.len()
            || self.runner.budget.fuel < fuel
            || !rule::is_plain(function)
            || bench
                .program
                .load_function(&Module::default(), function)
                .is_err()
        {
            return false;
        }
        let Workbench {
            lanes,
            program,
            outputs,
            ..
        } = bench;
        columns.evaluate(program, lanes, cases, outputs);
        // What failed is NaN, and has no loss.
        losses.extend(cases.iter().zip(outputs.iter()).map(|(case, output)| {
            let expected = columns.expected[*case as usize];
            self.weigh(*case, self.metric.loss_of_number(expected, *output))
        }));
        true
    }

    fn weigh(&self, case: u32, loss: Loss) -> Loss {
        if loss == Loss::WORST {
            return loss;
        }
        Loss::or_worst(loss.value() * self.weights[case as usize])
    }

    /// The loss of outputs that are the same whatever the input.
    pub(super) fn loss_of_constant(&self, output: &Value) -> Loss {
        let losses = self
            .expected
            .iter()
            .zip(0..)
            .map(|(expected, case)| self.weigh(case, self.metric.loss(expected, output)));
        Loss::mean(&losses.collect::<Vec<_>>())
    }

    pub(super) fn expected(&self) -> &[Value] {
        &self.expected
    }
}

impl Evaluator for CasesEvaluator {
    fn cases(&self) -> u32 {
        u32::try_from(self.expected.len()).unwrap_or(u32::MAX)
    }

    fn evaluate(
        &self,
        genome: &Genome,
        cases: &[u32],
        bench: &mut Workbench,
        losses: &mut Vec<Loss>,
    ) {
        losses.clear();
        if let Some(columns) = &self.columns
            && self.by_lanes(columns, genome, cases, bench, losses)
        {
            return;
        }
        let Some(ready) = self.runner.compile(genome) else {
            losses.resize(cases.len(), Loss::WORST);
            return;
        };
        losses.extend(cases.iter().map(|case| {
            let at = *case as usize;
            let output = ready.call(bench, &self.runner.arguments[at]);
            output.map_or(Loss::WORST, |output| {
                self.weigh(*case, self.metric.loss(&self.expected[at], &output))
            })
        }));
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn baselines(&self, parent: &Genome, bench: &mut Workbench) -> Vec<Baseline> {
        let mut baselines = baseline::constants(self);
        baselines.push(Baseline::unchanged(self, parent, bench));
        baselines
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use tdev_domain::Source;

    use super::*;

    fn scaffold(block: &str) -> (Scaffold, Genome) {
        let text = format!(
            "LIMIT = 3\n\n# EVOLVE-BLOCK-START\n{block}# EVOLVE-BLOCK-END\n\n\ndef execute(input):\n    return {{\"y\": f(input[\"x\"], 1.0)}}\n"
        );
        Scaffold::of(&Source::from_bytes(text.as_bytes()).unwrap()).unwrap()
    }

    fn case(input: Json, output: Json) -> Case {
        Case {
            input,
            output,
            weight: 1.0,
        }
    }

    fn losses(evaluator: &CasesEvaluator, genome: &Genome) -> Vec<f64> {
        let all: Vec<u32> = (0..evaluator.cases()).collect();
        let mut losses = vec![Loss::ZERO; 9];
        evaluator.evaluate(genome, &all, &mut Workbench::default(), &mut losses);
        losses.into_iter().map(Loss::value).collect()
    }

    const WORST: f64 = f64::MAX;

    #[test]
    fn a_function_or_the_agent_is_called() {
        let (scaffold, genome) = scaffold("def f(x, y):\n    return x + y * LIMIT\n");
        let mut cases = vec![
            case(json!([1, 2]), json!(7)),
            case(json!([1, 2.5]), json!(8)),
        ];
        cases[1].weight = 4.0;
        let budget = CaseBudget::default();
        let called = |function: &str, cases: &[Case], metric| {
            CasesEvaluator::new(scaffold.clone(), function, cases, metric, budget).unwrap()
        };
        assert_eq!(
            losses(&called("f", &cases, Metric::Absolute), &genome),
            [0.0, 2.0]
        );
        let whole = [case(json!({"x": 2}), json!({"y": 5}))];
        assert_eq!(
            losses(&called(EXECUTE, &whole, Metric::Exact), &genome),
            [0.0]
        );
        assert_eq!(
            losses(&called("g", &cases, Metric::Exact), &genome),
            [WORST, WORST]
        );
    }

    #[test]
    fn what_fails_is_worst_where_it_fails() {
        let (scaffold, genome) = scaffold(
            "def f(x, y):\n    if x > 1:\n        while True:\n            x += 1\n    return [x] * (10 ** 9) if x > 0 else 1 / y\n",
        );
        let cases = [[2.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.0, 2.0]];
        let cases = cases.map(|input| case(json!(input), json!(0.5)));
        let budget = CaseBudget {
            fuel: 10_000,
            memory: 1 << 16,
        };
        let evaluator =
            CasesEvaluator::new(scaffold, "f", &cases, Metric::Absolute, budget).unwrap();
        assert_eq!(losses(&evaluator, &genome), [WORST, WORST, WORST, 0.0]);
        let mut some = Vec::new();
        evaluator.evaluate(&genome, &[3, 0], &mut Workbench::default(), &mut some);
        assert_eq!(some, [Loss::ZERO, Loss::WORST]);
    }

    #[test]
    fn the_digest_stands_for_everything() {
        let (around, _) = scaffold("def f(x, y):\n    return x\n");
        let (same, _) = scaffold("def f(x, y):\n    return y\n");
        let cases = [case(json!([1.0]), json!(1))];
        let budget = CaseBudget::default();
        let digest = |scaffold: &Scaffold, f: &str, cases: &[Case], metric, budget| {
            CasesEvaluator::new(scaffold.clone(), f, cases, metric, budget)
                .unwrap()
                .digest()
        };
        let first = digest(&around, "f", &cases, Metric::Absolute, budget);
        assert_eq!(first, digest(&same, "f", &cases, Metric::Absolute, budget));
        assert_ne!(
            first,
            digest(&around, "execute", &cases, Metric::Absolute, budget)
        );
        assert_ne!(first, digest(&around, "f", &cases, Metric::Squared, budget));
        let other = [case(json!([1.0]), json!(2))];
        assert_ne!(
            first,
            digest(&around, "f", &other, Metric::Absolute, budget)
        );
        let less = CaseBudget {
            fuel: 10_000,
            ..budget
        };
        assert_ne!(first, digest(&around, "f", &cases, Metric::Absolute, less));
    }

    /// Random numeric expressions in `x` and `y`, some of which fail somewhere.
    fn expressions() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("x".to_owned()),
            Just("y".to_owned()),
            Just("True".to_owned()),
            (-3_i32..4).prop_map(|n| format!("({n})")),
            (-3.0..3.0_f64).prop_map(|n| format!("({n})")),
        ];
        leaf.prop_recursive(5, 40, 3, |inner| {
            let pair = (inner.clone(), inner.clone());
            let operators = prop::sample::select(vec!["+", "-", "*", "/", "//", "%", "**"]);
            prop_oneof![
                (pair.clone(), operators).prop_map(|((a, b), op)| format!("({a} {op} {b})")),
                (pair.clone(), inner.clone())
                    .prop_map(|((a, b), c)| format!("({a} if {c} > 1 else {b})")),
                pair.clone().prop_map(|(a, b)| format!("({a} < {b})")),
                pair.clone().prop_map(|(a, b)| format!("max({a}, {b})")),
                pair.prop_map(|(a, b)| format!("({a} and {b})")),
                inner.clone().prop_map(|a| format!("math.sqrt({a})")),
                inner.prop_map(|a| format!("int({a})")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn lanes_and_the_program_agree(expression in expressions()) {
            let (scaffold, _) = scaffold("def f(x, y):\n    return x\n");
            let text = format!("def f(x, y):\n    g = {expression}\n    if x > 1:\n        return g + 1\n    return {expression}\n");
            let genome = Genome::parse(&text).unwrap();
            let inputs = [[0.0, 0.0], [1.0, -2.0], [2.5, 3.0], [-1.0, 0.5], [1e9, 7.0], [-0.0, 1.0]];
            let cases = inputs.map(|input| case(json!(input), json!(1.5)));
            let evaluator = |numeric: bool| {
                let mut evaluator = CasesEvaluator::new(
                    scaffold.clone(), "f", &cases, Metric::Absolute, CaseBudget::default(),
                ).unwrap();
                if !numeric {
                    evaluator.columns = None;
                }
                evaluator
            };
            prop_assert_eq!(losses(&evaluator(true), &genome), losses(&evaluator(false), &genome));
        }
    }
}
