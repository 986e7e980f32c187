//! What becomes of documents, and what is said of those that have no counterpart.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::plan::Plan;

fn document(tasks: &str) -> Value {
    let text = format!(
        "document: {{dsl: '1.0.0', namespace: shop, name: orders, version: '0.1.0'}}\ndo:\n{tasks}"
    );
    serde_saphyr::from_str(&text).unwrap()
}

fn import(tasks: &str) -> Result<Imported, Vec<Problem>> {
    import_serverless_workflow(&document(tasks))
}

/// The definition as it would be written, once it has been found to make a plan.
fn written(tasks: &str) -> String {
    let imported = import(tasks).unwrap();
    let plan = Plan::new(&imported.definition);
    assert!(plan.is_ok(), "{plan:#?}\n{}", imported.definition.to_yaml());
    let yaml = imported.definition.to_yaml();
    assert_eq!(Definition::from_yaml(&yaml), Ok(imported.definition));
    yaml
}

#[test]
fn what_is_set_may_be_long() {
    let long = "x".repeat(1_000_000);
    let waits = "  - w: {if: .b, wait: PT1S}\n".repeat(2_000);
    let imported = import(&format!("  - a: {{set: {{b: true, c: {long}}}}}\n{waits}")).unwrap();
    assert_eq!(imported.definition.steps.len(), 3_999);
}

#[test]
fn a_sequence_follows_the_data() {
    insta::assert_snapshot!(written(
        "
  - fetch: {call: agent, with: {name: reader, version: 2, input: {url: '${ .url }', all: '${ . }'}}, timeout: {after: PT1M30S}}
  - limits: {set: {most: 10, first: '${ .pages[0] }', note: 'costs ${5}'}}
  - pause: {wait: {minutes: 1, milliseconds: 1}}
  - write page:
      input: {from: {page: '${ .first }', most: '${ .most }'}}
      call: agent
      with: {name: writer, input: {text: '${ .page[\"te xt\"] }', most: '${ .most }', of: '${ $workflow.input.url }', note: '${ $input.page }'}}
      output: {as: '${ .text }'}
      export: {as: {written: '${ $output }'}}
  - send: {call: agent, with: {name: sender, input: {text: '${ . }', again: '${ $context.written }'}}}
"
    ));
}

#[test]
fn branches_that_run_at_once_give_a_list() {
    insta::assert_snapshot!(written(
        "
  - both:
      fork:
        branches:
          - left: {call: agent, with: {name: reader}}
          - right:
              do:
                - one: {call: agent, with: {name: reader}}
                - two: {call: agent, with: {name: writer, input: '${ . }'}}
  - join: {call: agent, with: {name: writer, input: {l: '${ .[0].a }', r: '${ .[1] }'}}}
"
    ));
}

#[test]
fn a_switch_chooses_and_its_ways_meet() {
    insta::assert_snapshot!(written(
        "
  - kind:
      switch:
        - large: {when: '${ .sum > 1000 and .customer.country != \"DE\" }', then: ask}
        - odd: {when: '.odd', then: check}
        - other: {then: file}
  - ask: {call: agent, with: {name: approver, input: {sum: '${ .sum }'}}, then: file}
  - check: {call: agent, with: {name: checker}, then: exit}
  - file: {call: agent, with: {name: filer, input: {order: '${ $workflow.input }'}}}
"
    ));
}

#[test]
fn a_task_that_is_conditional_is_followed_by_what_is_not() {
    insta::assert_snapshot!(written(
        "
  - read: {call: agent, with: {name: reader}}
  - tell: {if: '${ .loud == true | not }', call: agent, with: {name: sender}}
  - many:
      if: .many
      input: {from: '${ $workflow.input }'}
      do: [{one: {call: agent, with: {name: reader}}}, {two: {call: agent, with: {name: reader}}}]
  - write: {call: agent, with: {name: writer, input: '${ $workflow.input.x }'}}
"
        .replace("if: .many", "if: '${ $workflow.input.many }'")
        .as_str()
    ));
}

#[test]
fn what_fails_is_tried_again_and_caught() {
    insta::assert_snapshot!(written(
        "
  - pay:
      try: [{charge: {call: agent, with: {name: charger}}}]
      catch:
        errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/timeout'}}
        retry: {delay: PT2S, backoff: {exponential: {}}, limit: {attempt: {count: 4}}, jitter: {from: {}, to: {seconds: 1}}}
  - ship:
      try: [{send: {call: agent, with: {name: sender}}}]
      catch:
        as: problem
        do:
          - apologise: {call: agent, with: {name: writer, input: {why: '${ $problem }'}}}
  - tell:
      try: [{mail: {call: agent, with: {name: mailer}}}]
      catch: {}
"
    ));
}

#[test]
fn every_item_of_a_list_is_worked_on() {
    insta::assert_snapshot!(written(
        "
  - read:
      for: {each: page, in: '${ .pages }', at: number}
      do: [{one: {call: agent, with: {name: reader, input: {url: '${ $page.url }', n: '${ $number }', of: '${ $workflow.input.title }'}}}}]
  - write: {call: agent, with: {name: writer, input: {last: '${ .text }'}}}
"
    ));
}

#[test]
fn what_has_no_counterpart_is_told_with_its_place() {
    let tasks = [
        "- a: {call: http, with: {method: get, endpoint: 'https://example.com'}}",
        "- a: {emit: {event: {with: {type: x}}}}",
        "- a: {fork: {compete: true, branches: [{b: {call: agent, with: {name: x}}}]}}",
        "- a: {call: agent, with: {name: x, input: '${ .a | length }'}}",
        "- a: {call: agent, with: {name: X}}",
        "- a: {call: agent, with: {name: x, version: 1.2.3}}",
        "- a: {wait: P1M}",
        "- a: {wait: soon}",
        "- a: {wait: '${ .time }'}",
        "- a: {call: agent, with: {name: x}, then: a}",
        "- a: {call: agent, with: {name: x}, then: b}",
        "- a: {call: agent, with: {name: x}, then: end}\n  - b: {call: agent, with: {name: x}}",
        "- a: {do: [{b: {call: agent, with: {name: x}, then: end}}]}",
        "- a: {try: [{b: {wait: PT1S}}], catch: {}}",
        "- a: {try: [{b: {call: agent, with: {name: x}}}], catch: {retry: {backoff: {linear: {}}}}}",
        "- a: {try: [{b: {call: agent, with: {name: x}}}], catch: {when: '${ .a }'}}",
        "- a: {try: [{b: {call: agent, with: {name: x}}}, {c: {wait: PT1S}}], catch: {}}",
        "- a: {for: {in: .x}, timeout: {after: PT1S}, do: [{b: {call: agent, with: {name: x}}}]}",
        "- a: {try: [{b: {for: {in: .x}, do: [{c: {call: agent, with: {name: x}}}]}}], catch: {retry: {}}}",
        "- a: {for: {in: .x}, while: .y, do: [{b: {call: agent, with: {name: x}}}]}",
        "- a: {for: {in: .x}, do: [{b: {call: agent, with: {name: x, input: '${ .y }'}}}]}",
        "- a: {if: .x, call: agent, with: {name: x}}\n  - b: {call: agent, with: {name: x, input: '${ .y }'}}",
        "- a: {set: {b: 1}}\n  - c: {call: agent, with: {name: x, input: '${ .b.c }'}}",
        "- a: {set: {b: 1}}",
        "- a: {call: agent, with: {name: x, input: '${ $secrets.key }'}}",
        "- a: {call: agent}\n  - b: {wait: 1}\n  - c: {nothing: 1}",
        "- 3",
    ];
    let told: Vec<Value> = tasks
        .iter()
        .map(|text| {
            let problems = import(&format!("  {text}")).unwrap_err();
            json!({"tasks": text, "problems": problems})
        })
        .collect();
    insta::assert_json_snapshot!(told);
}

#[test]
fn a_document_is_looked_at_as_a_whole() {
    let mut whole = document("  - a: {call: agent, with: {name: x, input: '${ .who }'}}");
    whole["input"] = json!({"schema": {"format": "json", "document": {"type": "object"}}, "from": {"who": "${ .name }"}});
    whole["output"] = json!({"as": {"said": "${ .text }"}, "schema": {}});
    whole["timeout"] = json!({"after": {"hours": 1}});
    whole["document"]["summary"] = json!("Greets.");
    let imported = import_serverless_workflow(&whole).unwrap();
    insta::assert_json_snapshot!(json!({
        "definition": imported.definition, "notes": imported.notes
    }));
    for (field, value) in [
        ("use", json!({"secrets": ["a"]})),
        ("schedule", json!({"cron": "* * * * *"})),
        ("evaluate", json!({"language": "javascript"})),
        ("document", json!({"dsl": "0.8", "name": "x"})),
    ] {
        let mut other = whole.clone();
        other[field] = value;
        let problems = import_serverless_workflow(&other).unwrap_err();
        assert_eq!(problems[0].code, Code::Unsupported, "{problems:?}");
        assert!(problems[0].pointer.starts_with(&format!("/{field}")));
    }
}

#[test]
fn what_means_something_else_is_noted() {
    let imported = import(
        "
  - a: {for: {in: .x}, do: [{b: {call: agent, with: {name: x}}}]}
  - c:
      output: {schema: {document: {type: object}}}
      try: [{d: {call: agent, with: {name: x}}}]
      catch: {retry: {jitter: {to: PT1S}}}
",
    );
    insta::assert_json_snapshot!(imported.unwrap().notes);
}

#[test]
fn what_is_set_is_not_written_out_without_bound() {
    let mut tasks = "  - first: {set: {a: 1}}\n".to_owned();
    tasks += &"  - again: {set: {a: '${ . }', b: '${ . }'}}\n".repeat(40);
    let problems = import(&tasks).unwrap_err();
    assert_eq!(problems[0].code, Code::TooLarge);
}

#[test]
fn lists_nest_so_deep() {
    let mut task = json!({"call": "agent", "with": {"name": "x"}});
    for _ in 0..200 {
        task = json!({"do": [{"a": task}]});
    }
    let mut whole = document("  - a: {wait: PT1S}");
    whole["do"] = json!([{"a": task}]);
    let problems = import_serverless_workflow(&whole).unwrap_err();
    assert_eq!(problems[0].code, Code::Malformed);
}

/// Conditions and values, most of them right.
fn expression() -> impl Strategy<Value = Value> {
    prop_oneof![
        24 => Just(json!("${ $workflow.input.a.b }")),
        1 => Just(json!("${ .a }")),
        1 => Just(json!("${ $item }")),
        1 => "[${}.a|()\\[\\]\"0 ]{0,12}".prop_map(Value::from),
    ]
}

/// Tasks that are led to by name or in order.
fn task() -> impl Strategy<Value = Value> {
    let call = expression()
        .prop_map(|input| json!({"call": "agent", "with": {"name": "x", "input": input}}));
    let leaf = prop_oneof![
        4 => call,
        1 => Just(json!({"call": "agent", "with": {"name": "x"}})),
        1 => Just(json!({"wait": "PT1S"})),
        1 => expression().prop_map(|set| json!({"set": {"a": set}})),
        1 => (expression(), "t[1-5]|continue", "t[2-5]|exit").prop_map(|(when, then, other)| {
            json!({"switch": [{"c": {"when": when, "then": then}}, {"d": {"then": other}}]})
        }),
        1 => Just(json!({"try": [{"c": {"call": "agent", "with": {"name": "x"}}}], "catch": {}})),
    ];
    let tree = leaf.prop_recursive(3, 24, 4, |inner| {
        let list = || {
            prop::collection::vec(inner.clone(), 1..4).prop_map(|tasks| {
                let named = tasks.into_iter().enumerate();
                named
                    .map(|(n, task)| json!({format!("t{n}"): task}))
                    .collect::<Value>()
            })
        };
        prop_oneof![
            list().prop_map(|list| json!({"do": list})),
            list().prop_map(|list| json!({"fork": {"branches": list}})),
            list().prop_map(|list| json!({
                "try": [{"c": {"call": "agent", "with": {"name": "x"}}}], "catch": {"do": list}
            })),
        ]
    });
    (
        tree,
        prop::option::weighted(0.3, expression()),
        prop::option::weighted(0.1, "t[1-5]|exit|end"),
    )
        .prop_map(|(mut task, condition, then)| {
            if let Some(condition) = condition
                && task.get("switch").is_none()
            {
                task["if"] = condition;
            }
            if let Some(then) = then {
                task["then"] = then.into();
            }
            task
        })
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-z${}.]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 5, |inner| {
        let key = prop::sample::select(vec![
            "do", "call", "with", "name", "for", "in", "each", "try", "catch", "retry", "switch",
            "when", "then", "fork", "branches", "set", "wait", "input", "from", "output", "as",
            "errors", "limit", "delay", "seconds", "if", "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    /// What is taken over makes a plan.
    #[test]
    fn what_is_taken_over_is_valid(tasks in prop::collection::vec(task(), 1..7)) {
        let mut whole = document("  - a: {wait: PT1S}");
        let named = tasks.into_iter().enumerate();
        whole["do"] = named.map(|(n, task)| json!({format!("t{n}"): task})).collect::<Value>();
        match import_serverless_workflow(&whole) {
            Ok(imported) => {
                let problems = Plan::new(&imported.definition).err().unwrap_or_default();
                prop_assert!(problems.is_empty(), "{problems:#?}\n{whole}\n{}", imported.definition.to_yaml());
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    prop_assert!(whole.pointer(&problem.pointer).is_some(), "{problem:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_makes_it_panic(task in anything(), whole in anything()) {
        let _ = import_serverless_workflow(&whole);
        let mut document = document("  - a: {wait: PT1S}");
        document["do"] = json!([{"a": task}, {"b": {"call": "agent", "with": {"name": "x"}}}]);
        let _ = import_serverless_workflow(&document);
    }
}
