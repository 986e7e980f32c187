use serde_json::json;

use super::*;
use crate::problem::{Problem, packing};

fn mistakes(json: &Json) -> Vec<Mistake> {
    Problem::parse(json).unwrap_err()
}

fn squares() -> Json {
    let cases: Vec<Json> = (0..20)
        .map(|n| json!({"input": [n], "output": n * n}))
        .collect();
    json!({
        "name": "squares",
        "judge": {"kind": "cases", "function": "f", "metric": {"kind": "absolute"}, "cases": cases},
    })
}

#[test]
fn every_mistake_is_named_by_its_place() {
    insta::assert_json_snapshot!(mistakes(&json!({
        "name": "Squares!",
        "judge": {
            "kind": "cases",
            "function": "f",
            "metric": {"kind": "fields", "fields": [
                {"name": "n", "metric": {"kind": "tolerance", "absolute": -1}, "weight": 0},
                {"name": "m", "metric": {"kind": "fields", "fields": []}},
            ]},
            "cases": [
                {"input": 1, "output": {"n": 1}, "weight": -1},
                {"input": [18_446_744_073_709_551_615_u64], "output": {"n": "x", "m": {}}},
            ],
            "held_out": {"cases": [{"input": 1.0, "output": {"n": 1, "m": {}}}]},
        },
        "budget": {"fuel": 1, "memory": 1},
        "tolerance": {"absolute": -1, "relative": 1},
        "bound": -1,
        "canaries": [{"name": "", "parameters": {}}],
        "relations": [
            {"argument": "xs", "change": {"scale": 0}, "output": "permute"},
            {"change": "rename", "output": {"scale": 2}},
        ],
        "capabilities": ["Not one"],
    })));
}

#[test]
fn the_form_is_named_by_its_place() {
    let of = |json: Json| mistakes(&json);
    insta::assert_json_snapshot!([
        of(json!({"name": "p"})),
        of(json!({"name": "p", "judge": {"kind": "cases", "metric": {"kind": "exactly"}}})),
        of(json!({"name": "p", "judge": {"kind": "guess"}})),
        of(json!({"name": "p", "judge": {"kind": "simulation", "simulation": "s", "sede": 1}})),
        of(
            json!({"name": "p", "tolerance": {"absolut": 1}, "judge": {"kind": "simulation", "simulation": "s"}})
        ),
    ]);
}

#[test]
fn simulations_and_agents_are_checked_too() {
    let of = |json: Json| mistakes(&json);
    insta::assert_json_snapshot!([
        of(json!({"name": "p", "judge": {"kind": "simulation", "simulation": "chess"}})),
        of(json!({
            "name": "p",
            "judge": {"kind": "simulation", "simulation": packing::NAME, "parameters": {"sets": []}},
            "canaries": [{"name": "c", "parameters": {"sets": [{"kind": "given", "capacity": 0, "instances": []}]}, "cases": [{"input": 1}]}],
            "relations": [{"change": "permute", "output": "same"}],
        })),
        of(
            json!({"name": "p", "judge": {"kind": "agent", "agent": "A", "version": 0, "held_out": {"share": 1}}})
        ),
    ]);
}

#[test]
fn cases_are_divided_once_and_for_all() {
    let imported = vec![Case {
        input: json!([3.0]),
        output: json!(9),
        weight: 1.0,
    }];
    let divide = || {
        Problem::parse(&squares())
            .unwrap()
            .divide(imported.clone())
            .unwrap()
    };
    let divided = divide();
    assert_eq!((divided.train.len(), divided.held_out.len()), (15, 6));
    assert_eq!(divided, divide());
    let threes = |cases: &[Case]| {
        cases
            .iter()
            .filter(|c| canonical(&c.input) == "[3]")
            .count()
    };
    assert!([0, 2].contains(&threes(&divided.train)), "both on one side");
}

#[test]
fn what_is_held_out_is_in_no_other_part() {
    let mut json = squares();
    json["judge"]["held_out"] = json!({"cases": [{"input": [100], "output": 10000}]});
    let problem = Problem::parse(&json).unwrap();
    let again = vec![Case {
        input: json!([100.0]),
        output: json!(1),
        weight: 1.0,
    }];
    let mistakes = problem.clone().divide(again).unwrap_err();
    assert_eq!(mistakes[0].code, Code::HeldOutOverlap);
    let divided = problem.divide(Vec::new()).unwrap();
    assert_eq!(divided.held_out.len(), 1);
    assert!(
        !serde_json::to_string(divided.problem.definition())
            .unwrap()
            .contains("output")
    );
    let one = vec![Case {
        input: json!([1]),
        output: json!(1),
        weight: 1.0,
    }];
    json = json!({"name": "p", "judge": {"kind": "cases", "function": "f", "metric": {"kind": "exact"}}});
    let mistakes = Problem::parse(&json).unwrap().divide(one).unwrap_err();
    assert_eq!(mistakes[0].code, Code::Missing);
}
