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
mod tests;
