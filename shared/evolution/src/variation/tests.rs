//! Tests of all operators.

use proptest::prelude::*;
use tdev_domain::Source;
use tdev_program::{Budget, Context, Machine, Name, Program, Type, Value};

use super::*;
use crate::{Loss, Purpose, Rng, Scaffold};

/// Agents whose blocks have different things in them.
const AGENTS: [&str; 4] = [
    "RATE = 0.5

# EVOLVE-BLOCK-START
def f(x: float, y: float) -> float:
    return x * x + RATE * y - 1.5
# EVOLVE-BLOCK-END
",
    "import math

# EVOLVE-BLOCK-START
def priority(item: float, room: float, capacity: float) -> float:
    \"\"\"The highest wins.\"\"\"
    gap = room - item
    if 0.0 < gap < 0.02 * capacity:
        return -2.0 * gap
    return -gap / (1.0 + math.sqrt(capacity))
# EVOLVE-BLOCK-END
",
    "# EVOLVE-BLOCK-START
def helper(text: str, width: int) -> str:
    if len(text) > width:
        return text[:width] + '…'
    return text.strip()


def solve(words: list[str], limit: int) -> int:
    total = 0
    longest = ''
    for i, word in enumerate(words):
        if word.isalpha() and i < limit:
            total += len(helper(word, 3))
        elif longest is None:
            break
        longest = max(longest, word)
    while total > 10:
        total = total // 2
    return total + sum([len(w) for w in words if w != longest])
# EVOLVE-BLOCK-END
",
    "# EVOLVE-BLOCK-START
def solve(xs: list[int]):
    seen = {}
    out = []
    for x in xs:
        seen[str(x)] = seen.get(str(x), 0) + 1
        out.append(-x)
    out[0] = len(seen)
    return sorted(out)
# EVOLVE-BLOCK-END
",
];

fn agent(text: &str) -> (Scaffold, Genome, Scope) {
    let source = Source::from_bytes(text.as_bytes()).unwrap();
    let (scaffold, genome) = Scaffold::of(&source).unwrap();
    let mut vocabulary = Vocabulary::for_agent(&scaffold, &genome, &[]);
    // All there is, as far as the types have it.
    vocabulary.builtins = tdev_program::Builtin::ALL.to_vec();
    vocabulary.methods = tdev_program::Method::ALL.to_vec();
    let scope = Scope {
        context: Context::of(&scaffold.module(&genome)),
        params: Vec::new(),
        vocabulary,
        max_nodes: 120,
        max_depth: 20,
        max_bytes: scaffold.room(),
    };
    (scaffold, genome, scope)
}

fn rng(seed: u64, child: u32) -> Rng {
    Rng::keyed(seed, 0, child, Purpose::Vary)
}

/// What an operator yields whose trials measure the text, so that there is something to gain.
fn vary(
    operator: &dyn Operator,
    parents: [&Genome; 2],
    scope: &Scope,
    rng: &mut Rng,
) -> Option<Genome> {
    let mut left = 20;
    let mut trial = |genome: &Genome| {
        left -= 1;
        let text = genome.text();
        let sum: u32 = text.bytes().map(u32::from).sum();
        (left >= 0).then(|| Loss::or_worst(f64::from(sum % 1000)))
    };
    operator.vary(&parents[..operator.arity()], scope, rng, &mut trial)
}

/// A genome that some operators made of the agent's, one after the other.
fn descendant(genome: &Genome, scope: &Scope, rng: &mut Rng) -> Genome {
    let all = operators(&[]).unwrap();
    let mut current = genome.clone();
    for operator in all.iter().cycle().take(14) {
        if let Some(child) = vary(&**operator, [&current, genome], scope, rng) {
            current = child;
        }
    }
    current
}

/// Checks everything that is promised of a child; returns whether it compiles.
fn check(name: &str, scaffold: &Scaffold, scope: &Scope, child: &Genome) -> bool {
    let text = child.text();
    let again = Genome::parse(&text);
    assert_eq!(
        again.as_ref(),
        Ok(child),
        "{name} is not canonical:\n{text}"
    );
    assert!(child.size() <= scope.max_nodes, "{name}:\n{text}");
    assert!(text.len() <= scope.max_bytes, "{name}:\n{text}");
    let depth = child.functions.iter().map(Function::depth).max();
    assert!(depth.unwrap() <= scope.max_depth, "{name}:\n{text}");
    match Program::compile(&scaffold.module(child)) {
        Ok(_) => true,
        Err(error) => {
            eprintln!("{name}: {error}\n{text}");
            false
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn products_are_closed_canonical_and_bounded(seed: u64) {
        let all = operators(&[]).unwrap();
        for text in AGENTS {
            let (scaffold, genome, scope) = agent(text);
            let mother = descendant(&genome, &scope, &mut rng(seed, 1));
            let father = descendant(&genome, &scope, &mut rng(seed, 2));
            let before = (mother.clone(), father.clone());
            for operator in &all {
                let parents = [&mother, &father];
                let child = vary(&**operator, parents, &scope, &mut rng(seed, 3));
                let same = vary(&**operator, parents, &scope, &mut rng(seed, 3));
                prop_assert_eq!(&child, &same, "{} draws from elsewhere", operator.name());
                if let Some(child) = child {
                    check(operator.name(), &scaffold, &scope, &child);
                    prop_assert_ne!(&child, &mother, "{} yields its parent", operator.name());
                    prop_assert!(operator.arity() == 1 || child != father);
                }
            }
            prop_assert_eq!((mother, father), before);
        }
    }
}

/// How many products there are of so many tries, and how many of them compile.
fn tally(operator: &dyn Operator, tries: u32) -> (u32, u32) {
    let (mut products, mut compiled) = (0, 0);
    for (text, seed) in AGENTS.into_iter().zip(0..) {
        let (scaffold, genome, scope) = agent(text);
        let parents: Vec<Genome> = (0..40)
            .map(|child| descendant(&genome, &scope, &mut rng(seed, child)))
            .collect();
        for number in 0..tries {
            let at = |number: u32| &parents[number as usize % parents.len()];
            let (mother, father) = (at(number), at(number + 3));
            let drawn = vary(
                operator,
                [mother, father],
                &scope,
                &mut rng(seed, 100 + number),
            );
            let Some(child) = drawn else { continue };
            products += 1;
            compiled += u32::from(check(operator.name(), &scaffold, &scope, &child));
        }
    }
    (products, compiled)
}

#[test]
fn of_ten_thousand_products_99_percent_compile() {
    let (mut products, mut compiled) = (0, 0);
    for operator in operators(&[]).unwrap() {
        let tries = if operator.name() == "constant-tuning" {
            60
        } else {
            400
        };
        let (made, well) = tally(&*operator, tries);
        assert!(
            made > tries,
            "{} made {made} of {}",
            operator.name(),
            4 * tries
        );
        products += made;
        compiled += well;
    }
    assert!(products >= 10_000, "{products}");
    assert!(compiled * 100 >= products * 99, "{compiled} of {products}");
}

#[test]
fn many_random_genomes_run() {
    let (scaffold, genome, scope) = agent(AGENTS[2]);
    let arguments = [
        Value::List(
            ["ab", "c", "d e"]
                .map(|text| Value::Str(text.into()))
                .into(),
        ),
        Value::Int(2),
    ];
    let mut machine = Machine::new();
    let mut results = Vec::new();
    for child in 0..400 {
        let made = random_genome(&genome, &scope, &mut rng(9, child)).unwrap();
        let program = Program::compile(&scaffold.module(&made)).unwrap();
        let entry = program.entry("solve").unwrap();
        if let Ok(value) = program.run(&mut machine, entry, &arguments, Budget::default()) {
            assert!(
                matches!(value, Value::Int(_) | Value::Bool(_)),
                "{value:?}\n{}",
                made.text()
            );
            results.push(format!("{value:?}"));
        }
    }
    assert!(results.len() > 140, "{} of 400 run", results.len());
    results.sort();
    results.dedup();
    assert!(results.len() > 12, "{results:?}");
}

#[test]
fn nothing_is_made_that_is_beyond_the_limits() {
    let (_, genome, mut scope) = agent(AGENTS[2]);
    scope.max_nodes = genome.size();
    scope.max_bytes = genome.text().len();
    scope.max_depth = genome.functions.iter().map(Function::depth).max().unwrap();
    for operator in operators(&[]).unwrap() {
        for child in 0..60 {
            let made = vary(&*operator, [&genome, &genome], &scope, &mut rng(4, child));
            if let Some(made) = made {
                assert!(made.size() <= scope.max_nodes);
                assert!(made.text().len() <= scope.max_bytes);
            }
        }
    }
    scope.max_nodes = 3;
    for operator in operators(&[]).unwrap() {
        for child in 0..20 {
            let made = vary(&*operator, [&genome, &genome], &scope, &mut rng(4, child));
            assert!(
                made.is_none_or(|made| made.size() <= 3),
                "{}",
                operator.name()
            );
        }
    }
}

#[test]
fn parameters_have_the_types_that_the_scope_tells() {
    let text = "# EVOLVE-BLOCK-START\ndef f(word, n):\n    return word\n# EVOLVE-BLOCK-END\n";
    let (_, genome, mut scope) = agent(text);
    let types = [Type::Str, Type::Int];
    scope.params = vec![(Name::new("f"), types.to_vec())];
    scope.context.functions[0].2 = Type::Str;
    let (scaffold, ..) = agent(text);
    scope.vocabulary = Vocabulary::for_agent(&scaffold, &genome, &types);
    let made = (0..200).filter_map(|child| random_genome(&genome, &scope, &mut rng(1, child)));
    for child in made {
        let survey = survey(&child.functions[0], &scope);
        assert!(survey.returns.fits(Type::Str), "{}", child.text());
    }
}

#[test]
fn operators_have_the_names_they_are_found_by() {
    for name in NAMES {
        let found = operators(&[name.to_owned()]).unwrap();
        assert_eq!(found[0].name(), name);
    }
    let error = operators(&["crossing".to_owned()]).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("there is no operator `crossing`; there are subtree-cr")
    );
}

#[test]
fn tuning_finds_the_constants_of_a_line() {
    let text = "# EVOLVE-BLOCK-START\ndef f(x: float) -> float:\n    return 1.0 * x + 0.1\n\
                # EVOLVE-BLOCK-END\n";
    let (scaffold, genome, scope) = agent(text);
    let mut machine = Machine::new();
    let mut evaluations = 0;
    let mut loss = |genome: &Genome| {
        evaluations += 1;
        let program = Program::compile(&scaffold.module(genome)).unwrap();
        let entry = program.entry("f").unwrap();
        let errors = [-1.0, 0.0, 0.5, 2.0].map(|x| {
            let outcome = program.run(&mut machine, entry, &[Value::Float(x)], Budget::default());
            match outcome {
                Ok(Value::Float(y)) => (y - (3.5 * x - 2.0)).powi(2),
                _ => f64::MAX,
            }
        });
        Loss::or_worst(errors.iter().sum())
    };
    let first = loss(&genome);
    let child = ConstantTuning
        .vary(&[&genome], &scope, &mut rng(2, 0), &mut |genome| {
            Some(loss(genome))
        })
        .unwrap();
    assert!(
        loss(&child).value() < 1e-3 * first.value(),
        "{}",
        child.text()
    );
    assert!(evaluations < 120, "{evaluations}");
    // Nothing is worth a trial where there is nothing to tune.
    let plain = Genome::parse("def f(x: float) -> float:\n    return x\n").unwrap();
    let tuned = ConstantTuning.vary(&[&plain], &scope, &mut rng(2, 0), &mut |_| {
        unreachable!("no numbers")
    });
    assert_eq!(tuned, None);
}

#[test]
fn crossover_takes_from_the_second_what_the_first_has_not() {
    let mother = "def f(x: float, y: float) -> float:\n    return x + x\n";
    let father = "def f(x: float, y: float) -> float:\n    return y * 7.25\n";
    let (_, _, scope) = agent(AGENTS[0]);
    let [mother, father] = [mother, father].map(|text| Genome::parse(text).unwrap());
    let texts: Vec<String> = (0..200)
        .filter_map(|child| {
            let made = vary(
                &SubtreeCrossover,
                [&mother, &father],
                &scope,
                &mut rng(5, child),
            );
            made.map(|made| made.text())
        })
        .collect();
    for part in ["x + y\n", "x + 7.25\n", "y * 7.25 + x\n"] {
        assert!(
            texts.iter().any(|text| text.ends_with(part)),
            "{part}: {texts:?}"
        );
    }
    assert!(
        texts
            .iter()
            .all(|text| text.contains('y') || text.contains("7.25"))
    );
}
