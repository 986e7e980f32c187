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
    let evaluator = CasesEvaluator::new(scaffold, "f", &cases, Metric::Absolute, budget).unwrap();
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
