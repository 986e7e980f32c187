//! Candidates that would rather not be judged.

use rand::RngExt;

use super::super::{Error, Island, Population, Reason, Search};
use super::world::{AGENT, Curve, finished, settings, steps};
use crate::{Genome, Loss, Operator, Rng, Scope, Settings, Trial};

/// Blocks that loop, recurse, or make much of little.
const BOMBS: [&str; 8] = [
    "def f(x):\n    while True:\n        pass\n",
    "def f(x):\n    return f(x)\n",
    "def f(x):\n    return f(x - 1.0) + f(x - 2.0)\n",
    "def f(x):\n    a = [x]\n    while True:\n        a = a + a\n    return x\n",
    "def f(x):\n    s = 'x'\n    for i in range(60):\n        s = s + s\n    return x\n",
    "def f(x):\n    return [i for i in range(1000000000)]\n",
    "def f(x):\n    return 'x' * 1000000000\n",
    "def f(x):\n    n = 7\n    for i in range(1000000000):\n        n = n * n\n    return n\n",
];

/// Yields bombs, whatever it is given.
struct Bomber;

impl Operator for Bomber {
    fn name(&self) -> &'static str {
        "bomber"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        _parents: &[&Genome],
        _scope: &Scope,
        rng: &mut Rng,
        _trial: &mut Trial<'_>,
    ) -> Option<Genome> {
        let drawn = rng.random_range(0..8_u32) as usize;
        Genome::parse(BOMBS[drawn]).ok()
    }
}

/// Yields what no version may be: too large, too deep, too long, nothing, or its parent.
struct Trespasser;

impl Operator for Trespasser {
    fn name(&self) -> &'static str {
        "trespasser"
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
        let returning =
            |value: &str| Genome::parse(&format!("def f(x):\n    return {value}\n")).ok();
        match rng.random_range(0..5_u32) {
            0 => returning(&format!("[{}]", ["1"; 90].join(", "))),
            1 => returning(&format!("{}x{}", "[".repeat(40), "]".repeat(40))),
            2 => returning(&format!("'{}'", "y".repeat(2000))),
            3 => None,
            _ => Some(parents[0].clone()),
        }
    }
}

fn worst_of_all_but(population: &Population, origin: &str) {
    let members = population.islands().iter().flat_map(Island::members);
    for member in members.filter(|member| member.text.trim() != origin.trim()) {
        assert_eq!(member.losses, [Loss::WORST; 10], "{}", member.text);
    }
}

#[test]
fn bombs_get_the_worst_loss_and_the_generation_completes() {
    let (curve, origin) = Curve::new(AGENT, 10);
    let text = origin.text();
    let mut settings = Settings {
        novelty: false,
        ..settings()
    };
    settings.budget.generations = 3;
    let search = curve.search_by(origin, vec![Box::new(Bomber)], settings);
    let (last, reason) = finished(&search);
    assert_eq!((reason, last.generation()), (Reason::Generations, 3));
    worst_of_all_but(&last, &text);
    assert_eq!(last.best().text, text);
    let bombs = last.islands()[0].members().filter(|m| m.text != text);
    assert!(bombs.count() > 5);
}

#[test]
fn what_is_beyond_the_limits_is_dropped() {
    let (curve, origin) = Curve::new(AGENT, 10);
    let text = origin.text();
    let mut settings = settings();
    settings.budget.generations = 3;
    let search = curve.search_by(origin, vec![Box::new(Trespasser)], settings);
    for step in steps(&search) {
        for island in step.population.islands() {
            assert!(island.members().all(|member| member.text == text));
        }
    }
}

#[test]
fn a_search_that_cannot_be_is_refused() {
    let (curve, origin) = Curve::new(AGENT, 10);
    let mut small = settings();
    small.max_nodes = 8;
    let agent = AGENT.replace("return x", "return x + x + x + x + x + x");
    let (large, block) = Curve::new(&agent, 10);
    let refused = |curve: &Curve, origin, operators, settings: Settings| {
        let scope = Scope {
            context: tdev_program::Context::default(),
            params: Vec::new(),
            vocabulary: crate::variation::Vocabulary::default(),
            max_nodes: settings.max_nodes as usize,
            max_depth: settings.max_depth as usize,
            max_bytes: 1000,
        };
        let search = Search::new(curve.scaffold(), origin, curve, operators, scope, settings);
        search.err().unwrap()
    };
    let all = super::world::operators;
    let error = refused(&large, block, all(), small);
    assert!(
        matches!(
            error,
            Error::TooLarge {
                nodes: 12,
                max_nodes: 8,
                ..
            }
        ),
        "{error:?}"
    );
    let error = refused(&curve, origin.clone(), Vec::new(), settings());
    assert!(matches!(error, Error::NoOperators));
    let nobody = Settings {
        population: 0,
        ..settings()
    };
    let error = refused(&curve, origin.clone(), all(), nobody);
    assert!(matches!(error, Error::Settings(_)));
    let (empty, _) = Curve::new(AGENT, 0);
    assert!(matches!(
        refused(&empty, origin, all(), settings()),
        Error::NoCases
    ));
}
