//! Judging by another agent.

use tdev_domain::Source;
use tdev_program::{Budget, Entry, Program, Value, parse};

use super::cases::Runner;
use super::{
    Baseline, Build, Case, CaseBudget, EXECUTE, Evaluator, Fingerprint, Workbench, metric,
};
use crate::{Genome, Loss, Scaffold};

/// The field of a scorer's output that has the loss.
const LOSS: &str = "loss";

/// Judges genomes by what another agent says of their outputs.
///
/// The scorer's `execute` is called with `{"input": …, "output": …}` and returns
/// `{"loss": number}`, 0 for what cannot be better. The candidate does not see the scorer.
pub struct AgentEvaluator {
    runner: Runner,
    inputs: Vec<Value>,
    weights: Vec<f64>,
    scorer: Program,
    entry: Entry,
    digest: [u8; 32],
}

impl AgentEvaluator {
    /// An evaluator of the agents that `scaffold` and a genome make, by the agent `scorer`.
    ///
    /// # Errors
    ///
    /// [`Build`] if the scorer cannot run in the evolution tier, or for a value that programs do
    /// not have.
    pub fn new(
        scaffold: Scaffold,
        function: &str,
        cases: &[Case],
        scorer: &Source,
        budget: CaseBudget,
    ) -> Result<Self, Build> {
        let mut print = Fingerprint::new("agent");
        print.part(scaffold.surroundings());
        print.part(function);
        print.json(&budget);
        print.json(&cases);
        print.part(scorer.as_str());
        let module = parse(scorer.as_str()).map_err(Build::Scorer)?;
        let program = Program::compile(&module).map_err(Build::ScorerCompile)?;
        let entry = program
            .entry(EXECUTE)
            .ok_or(Build::NoFunction(EXECUTE.to_owned()))?;
        let inputs = cases
            .iter()
            .map(|case| Value::from_json(&case.input).map_err(Build::Value));
        Ok(Self {
            inputs: inputs.collect::<Result<_, _>>()?,
            weights: cases.iter().map(|case| case.weight).collect(),
            runner: Runner::new(scaffold, function, cases, budget)?,
            scorer: program,
            entry,
            digest: print.finish(),
        })
    }

    fn score(&self, case: usize, output: Value, bench: &mut Workbench) -> Option<Loss> {
        if !metric::is_output(&output) {
            return None;
        }
        let key = |name: &str| Value::Str(name.to_owned());
        let argument = Value::Dict(vec![
            (key("input"), self.inputs[case].clone()),
            (key("output"), output),
        ]);
        let budget: Budget = self.runner.budget.into();
        let said = self
            .scorer
            .run(&mut bench.machine, self.entry, &[argument], budget)
            .ok()?;
        let Value::Dict(fields) = said else {
            return None;
        };
        let (_, loss) = fields.iter().find(|(name, _)| *name == key(LOSS))?;
        Loss::new(metric::number(loss)? * self.weights[case])
    }
}

impl Evaluator for AgentEvaluator {
    fn cases(&self) -> u32 {
        u32::try_from(self.inputs.len()).unwrap_or(u32::MAX)
    }

    fn evaluate(
        &self,
        genome: &Genome,
        cases: &[u32],
        bench: &mut Workbench,
        losses: &mut Vec<Loss>,
    ) {
        losses.clear();
        let Some(ready) = self.runner.compile(genome) else {
            losses.resize(cases.len(), Loss::WORST);
            return;
        };
        losses.extend(cases.iter().map(|case| {
            let at = *case as usize;
            let output = ready.call(bench, &self.runner.arguments[at]).ok();
            output
                .and_then(|output| self.score(at, output, bench))
                .unwrap_or(Loss::WORST)
        }));
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn baselines(&self, parent: &Genome, bench: &mut Workbench) -> Vec<Baseline> {
        vec![Baseline::unchanged(self, parent, bench)]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AGENT: &str = "# EVOLVE-BLOCK-START\ndef f(n):\n    return n * 2\n# EVOLVE-BLOCK-END\n\n\ndef execute(input):\n    return {\"n\": f(input[\"n\"]), \"loss\": 0}\n";

    fn evaluator(scorer: &str) -> Result<(AgentEvaluator, Genome), Build> {
        let source = |text: &str| Source::from_bytes(text.as_bytes()).unwrap();
        let (scaffold, genome) = Scaffold::of(&source(AGENT)).unwrap();
        let cases = [1, 2, 3].map(|n| Case {
            input: json!({"n": n}),
            output: json!(null),
            weight: 1.0,
        });
        let budget = CaseBudget::default();
        AgentEvaluator::new(scaffold, EXECUTE, &cases, &source(scorer), budget)
            .map(|evaluator| (evaluator, genome))
    }

    fn losses(scorer: &str) -> Vec<f64> {
        let (evaluator, genome) = evaluator(scorer).unwrap();
        let mut losses = Vec::new();
        evaluator.evaluate(&genome, &[0, 1, 2], &mut Workbench::default(), &mut losses);
        losses.into_iter().map(Loss::value).collect()
    }

    #[test]
    fn the_scorer_says_how_far_off_it_is() {
        let scorer = "def execute(input):\n    return {\"loss\": abs(input[\"output\"][\"n\"] - 4.0 * input[\"input\"][\"n\"])}\n";
        assert_eq!(losses(scorer), [2.0, 4.0, 6.0]);
    }

    #[test]
    fn a_score_that_is_none_is_worst() {
        for said in [
            "float(\"nan\")",
            "-1",
            "\"0\"",
            "True",
            "None",
            "1 / 0",
            "math.inf",
        ] {
            let scorer =
                format!("import math\n\n\ndef execute(input):\n    return {{\"loss\": {said}}}\n");
            assert_eq!(losses(&scorer), [f64::MAX; 3], "{said}");
        }
        assert_eq!(losses("def execute(input):\n    return 0\n"), [f64::MAX; 3]);
    }

    #[test]
    fn another_version_is_another_digest() {
        let digest = |text: &str| evaluator(text).unwrap().0.digest();
        assert_ne!(
            digest("def execute(input):\n    return {\"loss\": 0}\n"),
            digest("def execute(input):\n    return {\"loss\": 1}\n")
        );
        assert!(matches!(
            evaluator("def execute(:\n"),
            Err(Build::Scorer(_))
        ));
        assert!(matches!(
            evaluator("def run(x):\n    return 1\n"),
            Err(Build::NoFunction(_))
        ));
    }
}
