//! What the tests examine candidates with.

use serde_json::{Value as Json, json};
use tdev_domain::Source;
use tdev_evolution::gate::{Code, Evidence, Examination, Origin, Policy, Queries, Verdict, decide};
use tdev_evolution::problem::{Divided, Evaluator, Part, Problem, Workbench};
use tdev_evolution::search::lineage::Record;
use tdev_evolution::search::{Population, Search, Step, Used};
use tdev_evolution::{Budget, Genome, IslandSettings, Operator, Scaffold, Scope, Settings};
use tdev_program::Type;

/// An agent with `block`, and a problem for it.
pub(crate) struct Setting {
    pub(crate) scaffold: Scaffold,
    pub(crate) parent: Genome,
    pub(crate) divided: Divided,
    pub(crate) queries: Queries,
    pub(crate) origin: Origin,
    pub(crate) traffic_share: Option<f64>,
}

impl Setting {
    /// The agent whose source is `around` with `block` at its `@`.
    pub(crate) fn new(around: &str, block: &str, problem: &Json) -> Self {
        let marked = format!("# EVOLVE-BLOCK-START\n{block}# EVOLVE-BLOCK-END\n");
        let source = around.replace('@', &marked);
        let source = Source::from_bytes(source.as_bytes()).unwrap();
        let (scaffold, parent) = Scaffold::of(&source).unwrap();
        let problem = Problem::parse(problem).unwrap();
        Self {
            scaffold,
            parent,
            divided: problem.divide(Vec::new()).unwrap(),
            queries: Queries {
                used: 0,
                allowed: 20,
            },
            origin: Origin {
                is_chained: true,
                is_tainted: false,
            },
            traffic_share: Some(0.1),
        }
    }

    /// What judges by a part of the problem.
    pub(crate) fn judge_by(&self, part: Part<'_>) -> Box<dyn Evaluator> {
        let problem = &self.divided.problem;
        problem.evaluator(&self.scaffold, part, None).unwrap()
    }

    /// What judges in a search.
    pub(crate) fn evaluator(&self) -> Box<dyn Evaluator> {
        self.judge_by(Part::Train(&self.divided.train))
    }

    /// The digest of the evaluator of the search.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.evaluator().digest()
    }

    /// A search from its beginning to its end, and the lines of its lineage.
    pub(crate) fn search(
        &self,
        operators: Vec<Box<dyn Operator>>,
        settings: Settings,
    ) -> (Population, String) {
        let judge = self.evaluator();
        let parent = self.parent.clone();
        let scope = Scope::for_agent(&self.scaffold, &parent, &[Type::Float; 2], &settings);
        let search =
            Search::new(&self.scaffold, parent, &*judge, operators, scope, settings).unwrap();
        let mut benches = [Workbench::default()];
        let begun = search.begin(&mut benches[0]).unwrap();
        let mut records = begun.records;
        let after = |step: &Step| {
            records.extend(step.records.iter().cloned());
            Used::default()
        };
        let (population, _) = search.run(begun.population, &mut benches, after).unwrap();
        (population, Record::lines(&records).unwrap())
    }

    pub(crate) fn examine_with(&self, candidate: &Genome, pinned: [u8; 32]) -> Evidence {
        let examination = Examination {
            problem: &self.divided.problem,
            scaffold: &self.scaffold,
            parent: &self.parent,
            candidate,
            train: &self.divided.train,
            held_out: &self.divided.held_out,
            canaries: &self.divided.canaries,
            scorer: None,
            pinned,
            queries: self.queries,
            origin: self.origin,
            traffic_share: self.traffic_share,
        };
        let mut evidence = examination.examine(&mut Workbench::default()).unwrap();
        // Whoever has agents' sandbox has run it there.
        evidence.sandbox_agrees = Some(true);
        evidence
    }

    pub(crate) fn examine(&self, candidate: &str) -> Evidence {
        let candidate = Genome::parse(candidate).unwrap();
        self.examine_with(&candidate, self.digest())
    }

    pub(crate) fn judge(&self, candidate: &str) -> Verdict {
        decide(&self.examine(candidate), &Policy::default())
    }

    /// What becomes of text of unknown origin: it need not be a block at all.
    pub(crate) fn admit(&self, text: &str) -> Outcome {
        match Genome::parse(text) {
            Err(_) => Outcome::Unreadable,
            Ok(candidate) => {
                let evidence = self.examine_with(&candidate, self.digest());
                Outcome::Judged(decide(&evidence, &Policy::default()))
            }
        }
    }
}

/// The settings of a small search.
pub(crate) fn small(seed: u64) -> Settings {
    Settings {
        seed,
        population: 12,
        islands: IslandSettings {
            count: 1,
            ..IslandSettings::default()
        },
        max_nodes: 60,
        budget: Budget {
            generations: 4,
            evaluations: 600,
            ..Budget::default()
        },
        ..Settings::default()
    }
}

/// What becomes of a text.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is no block of the subset.
    Unreadable,
    /// The gate has decided.
    Judged(Verdict),
}

pub(crate) fn codes(verdict: &Verdict) -> Vec<Code> {
    verdict.reasons().iter().map(|reason| reason.code).collect()
}

/// The block that estimates exactly.
pub(crate) const RIGHT: &str = "def f(x, z):\n    return 3.0 * x + z * z / 4\n";

/// A block that estimates by an expression.
pub(crate) fn returns(value: &str) -> String {
    format!("def f(x, z):\n    return {value}\n")
}

/// An agent that turns a number into another, with the worst of blocks.
const AROUND: &str = "import math\n\n\ndef get_capabilities():\n    return {\"capabilities\": [\"maths.estimate\"], \"tools\": []}\n\n\n@\n\ndef execute(input):\n    return {\"y\": f(input[\"x\"], input[\"z\"])}\n";

/// Estimating `3x + z² / 4`, where the agent says `2x`.
pub(crate) fn estimate() -> Setting {
    Setting::new(
        AROUND,
        "def f(x, z):\n    return 2.0 * x\n",
        &estimate_problem(),
    )
}

pub(crate) fn estimate_problem() -> Json {
    let right = |x: f64, z: f64| 3.0 * x + z * z / 4.0;
    let case = |x: f64, z: f64| json!({"input": [x, z], "output": right(x, z)});
    let near: Vec<Json> = (0..60_i32)
        .map(|n| case(f64::from(n % 10) + 1.0, f64::from(n / 10) * 0.5))
        .collect();
    let far: Vec<Json> = (0..20_i32)
        .map(|n| case(f64::from(n) * 10.0 + 50.0, f64::from(n)))
        .collect();
    let negative: Vec<Json> = (1..20_i32).map(|n| case(-f64::from(n), -1.0)).collect();
    json!({
        "name": "estimate",
        "judge": {"kind": "cases", "function": "f", "metric": {"kind": "absolute"}, "cases": near},
        "budget": {"fuel": 20_000, "memory": 65_536},
        "canaries": [{"name": "far", "cases": far}, {"name": "negative", "cases": negative}],
        "capabilities": ["maths.extra"],
    })
}

/// Choosing the right word from a list, where the agent takes the first.
pub(crate) fn words() -> Setting {
    let stems = [
        "amber", "brick", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jolly",
        "knoll", "lemon",
    ];
    let case = |n: usize| {
        let list: Vec<String> = (0..4)
            .map(|k| {
                format!(
                    "{}{}",
                    stems[(n * 5 + k * 7) % 12],
                    "x".repeat((n * 3 + k * k) % 7)
                )
            })
            .collect();
        let longest = list
            .iter()
            .rev()
            .max_by_key(|word| word.len())
            .unwrap()
            .clone();
        json!({"input": [list], "output": longest})
    };
    let cases: Vec<Json> = (0..40).map(case).collect();
    let long: Vec<Json> = (40..60).map(case).collect();
    let problem = json!({
        "name": "longest-word",
        "judge": {"kind": "cases", "function": "f", "metric": {"kind": "edit-distance"}, "cases": cases},
        "budget": {"fuel": 20_000, "memory": 65_536},
        "canaries": [{"name": "later", "cases": long}],
        "relations": [{"argument": "/0", "change": "rename", "output": "rename"}],
    });
    let around = "def get_capabilities():\n    return {\"capabilities\": [\"text.choose\"]}\n\n\n@\n\ndef execute(input):\n    return f(input[\"words\"])\n";
    Setting::new(around, "def f(words):\n    return words[0]\n", &problem)
}

/// Packing bins, where the agent takes the first bin that has room.
pub(crate) fn packing() -> Setting {
    let set = json!({"kind": "weibull", "shape": 3, "scale": 45, "capacity": 100, "items": 400, "instances": 4});
    let uniform = json!({"kind": "uniform", "low": 20, "high": 100, "capacity": 150, "items": 300, "instances": 4});
    let small = json!({"kind": "uniform", "low": 1, "high": 30, "capacity": 60, "items": 300, "instances": 4});
    let canary = |name: &str, set: &Json| json!({"name": name, "parameters": {"sets": [set]}});
    let problem = json!({
        "name": "packing",
        "judge": {"kind": "simulation", "simulation": "online-bin-packing", "parameters": {"sets": [set]}},
        "budget": {"fuel": 20_000, "memory": 65_536},
        "bound": 0.0,
        "canaries": [canary("uniform", &uniform), canary("small", &small)],
    });
    let around = "def get_capabilities():\n    return {\"capabilities\": [\"optimisation.bin-packing\"]}\n\n\n@\n\ndef execute(input):\n    return priority(input[\"item\"], input[\"room\"], input[\"capacity\"])\n";
    Setting::new(
        around,
        "def priority(item, room, capacity):\n    return 1.0\n",
        &problem,
    )
}
