use proptest::prelude::*;
use serde_json::json;
use tdev_domain::Source;

use super::*;

fn sample() -> (Scaffold, Genome) {
    let agent = tdev_agents::SAMPLES
        .iter()
        .find(|agent| agent.name == "online-bin-packer")
        .unwrap();
    Scaffold::of(&Source::from_bytes(agent.source.as_bytes()).unwrap()).unwrap()
}

fn parameters(json: Json) -> Parameters {
    serde_json::from_value(json).unwrap()
}

fn given(capacity: u16, instances: &[Vec<u16>]) -> Parameters {
    let set = json!({"kind": "given", "capacity": capacity, "instances": instances});
    parameters(json!({"sets": [set], "held_out": [set]}))
}

fn evaluator(parameters: &Parameters) -> PackingEvaluator {
    PackingEvaluator::new(sample().0, parameters, true, CaseBudget::default()).unwrap()
}

fn losses(evaluator: &PackingEvaluator, block: &str) -> Vec<Loss> {
    let genome = Genome::parse(block).unwrap();
    let all: Vec<u32> = (0..evaluator.cases()).collect();
    let mut losses = Vec::new();
    evaluator.evaluate(&genome, &all, &mut Workbench::default(), &mut losses);
    losses
}

/// How many bins the whole agent takes.
fn bins_of_agent(block: &str, capacity: u16, items: &[u16]) -> Option<i64> {
    let genome = Genome::parse(block).unwrap();
    let module = sample().0.module(&genome);
    let program = Program::compile(&module).unwrap();
    let input = json!({"capacity": f64::from(capacity), "items": items.iter().map(|i| f64::from(*i)).collect::<Vec<_>>()});
    let arguments = [Value::from_json(&input).unwrap()];
    let entry = program.entry("execute").unwrap();
    let output = program.run(
        &mut tdev_program::Machine::new(),
        entry,
        &arguments,
        Budget::default(),
    );
    output.ok()?.to_json().unwrap()["bins"].as_i64()
}

const RULES: [&str; 5] = [
    "def priority(item, room, capacity):\n    return item - room\n",
    "def priority(item, room, capacity):\n    return 1\n",
    "def priority(item, room, capacity):\n    return (room - item) % 7\n",
    "def priority(item, room, capacity):\n    gap = room - item\n    if 0 < gap < 5:\n        return -50 - gap\n    return -gap\n",
    "def priority(item, room, capacity):\n    return 1 / (room - item - 3)\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn it_packs_as_the_agent_does(
        items in prop::collection::vec(1_u16..=40, 1..80),
        rule in prop::sample::select(RULES.to_vec()),
    ) {
        let evaluator = evaluator(&given(40, std::slice::from_ref(&items)));
        let loss = losses(&evaluator, rule)[0];
        let bound = f64::from(evaluator.bounds()[0]);
        #[expect(clippy::cast_precision_loss, reason = "few bins")]
        let excess = |bins| Loss::new((bins as f64 - bound) / bound).unwrap();
        let expected = bins_of_agent(rule, 40, &items).map_or(Loss::WORST, excess);
        prop_assert_eq!(loss, expected);
    }
}

#[test]
fn lanes_and_the_program_agree() {
    let set = json!({"kind": "weibull", "shape": 3, "scale": 45, "capacity": 100, "items": 200, "instances": 2});
    let evaluator = evaluator(&parameters(json!({"sets": [set]})));
    for rule in RULES {
        // A second function, however useless, is a thing for the program.
        let two = format!("{rule}\n\ndef other(x):\n    return x\n");
        assert_eq!(losses(&evaluator, rule), losses(&evaluator, &two), "{rule}");
    }
}

#[test]
fn bins_open_when_the_priority_says_so() {
    let mut parameters = given(10, &[vec![6, 4, 3, 7]]);
    let spread = "def priority(item, room, capacity):\n    return room\n";
    assert_eq!(losses(&evaluator(&parameters), spread), [Loss::ZERO]);
    parameters.empty_bins = EmptyBins::ByPriority;
    assert_eq!(
        losses(&evaluator(&parameters), spread),
        [Loss::new(1.0).unwrap()]
    );
}

#[test]
fn what_has_no_finite_priority_is_worst() {
    let evaluator = evaluator(&given(10, &[vec![6, 3], vec![6, 5]]));
    for value in [
        "math.inf",
        "-math.inf",
        "math.inf - math.inf",
        "room > 1",
        "\"9\"",
        "None",
    ] {
        let block = format!("def priority(item, room, capacity):\n    return {value}\n");
        // Nothing is asked where no bin fits.
        assert_eq!(
            losses(&evaluator, &block),
            [Loss::WORST, Loss::ZERO],
            "{value}"
        );
    }
    let endless = "def priority(item, room, capacity):\n    while True:\n        room += 1\n";
    assert_eq!(losses(&evaluator, endless)[0], Loss::WORST);
}

#[test]
fn the_gate_packs_other_items_than_the_search() {
    let set = json!({"kind": "uniform", "low": 20, "high": 100, "capacity": 150, "items": 500, "instances": 2});
    let parameters = parameters(json!({"sets": [set, set]}));
    let (search, gate) = (parameters.instances(true), parameters.instances(false));
    assert_eq!(search, parameters.instances(true));
    for (at, instance) in search.iter().enumerate() {
        assert!(instance.items.iter().all(|item| (20..=100).contains(item)));
        assert!(!search[..at].contains(instance) && !gate.contains(instance));
    }
    let digest = |is_search| {
        let budget = CaseBudget::default();
        PackingEvaluator::new(sample().0, &parameters, is_search, budget)
            .unwrap()
            .digest()
    };
    assert_ne!(digest(true), digest(false));
}

#[test]
fn sizes_are_distributed_as_they_say() {
    let set = json!({"kind": "weibull", "shape": 3, "scale": 45, "capacity": 100, "items": 20000, "instances": 1});
    let items = parameters(json!({"sets": [set]}))
        .instances(true)
        .remove(0)
        .items;
    let mean = items.iter().map(|item| f64::from(*item)).sum::<f64>() / 20_000.0;
    // 45 Γ(4/3) = 40.18.
    assert!((mean - 40.18).abs() < 0.5, "{mean}");
    insta::assert_debug_snapshot!(&items[..12]);
}

#[test]
fn the_trivial_stands_beside_it() {
    let set = json!({"kind": "weibull", "shape": 3, "scale": 45, "capacity": 100, "items": 1000, "instances": 3});
    let evaluator = evaluator(&parameters(json!({"sets": [set]})));
    let baselines = evaluator.baselines(&sample().1, &mut Workbench::default());
    let loss = |name: &str| {
        baselines
            .iter()
            .find(|b| b.name.starts_with(name))
            .unwrap()
            .loss
    };
    assert!(loss("gaps below") < loss("best fit"));
    assert!(loss("best fit") < loss("first fit"));
    assert_eq!(loss("best fit"), Loss::mean(&losses(&evaluator, RULES[0])));
    assert!(loss("unchanged") < Loss::WORST);
}

#[test]
fn what_is_out_of_range_is_named() {
    let wrong = json!({"sets": [
        {"kind": "weibull", "shape": 0, "scale": 45, "capacity": 100, "items": 10, "instances": 1},
        {"kind": "uniform", "low": 30, "high": 20, "capacity": 100, "items": 10, "instances": 1},
        {"kind": "given", "capacity": 10, "instances": [[11]]},
        {"kind": "given", "capacity": 2000, "instances": [[11]]},
        {"kind": "uniform", "low": 1, "high": 20, "capacity": 100, "items": 4_000_000_000_u32, "instances": 4_000_000_000_u32},
    ]});
    insta::assert_debug_snapshot!(objections(&wrong));
    let malformed = objections(&json!({"sets": [], "set": 1}));
    assert_eq!(malformed.len(), 1);
}
