//! What is said of definitions, right and wrong.

use serde_json::{Value, json};

use super::*;
use crate::catalogue::Signature;
use crate::{DependencyKind, Expression};

/// The agents `reader` (text to words), `writer` (words to text), and the workflow `report`.
fn catalogue() -> Catalogue {
    let signature = |input: Value, output: Value| Signature {
        input_schema: Some(input),
        output_schema: Some(output),
    };
    let agent = |name: &str| crate::AgentRef::from(name.parse::<tdev_domain::AgentName>().unwrap());
    let workflow =
        |name: &str| crate::WorkflowRef::from(name.parse::<tdev_domain::WorkflowName>().unwrap());
    let reader = signature(
        json!({
            "type": "object",
            "properties": {"url": {"type": "string"}, "limit": {"type": "integer"}},
            "required": ["url"],
            "additionalProperties": false,
        }),
        json!({
            "type": "object",
            "properties": {
                "words": {"type": "array", "items": {"$ref": "#/$defs/word"}},
                "language": {"enum": ["en", "de"]},
            },
            "$defs": {"word": {"type": "object", "properties": {"text": {"type": "string"}}}},
        }),
    );
    let writer = signature(
        json!({"type": "object", "properties": {"words": {"type": "array"}}}),
        json!({"type": "string"}),
    );
    Catalogue {
        agents: [
            (agent("reader"), reader),
            (agent("writer"), writer),
            (agent("free"), Signature::default()),
        ]
        .into(),
        workflows: [(workflow("report"), Signature::default())].into(),
    }
}

fn problems(yaml: &str) -> Vec<Problem> {
    match Definition::from_yaml(yaml) {
        Err(problem) => vec![problem],
        Ok(definition) => validate(&definition, &catalogue())
            .err()
            .unwrap_or_default(),
    }
}

fn plan(yaml: &str) -> Plan {
    validate(&Definition::from_yaml(yaml).unwrap(), &catalogue()).unwrap()
}

const GOOD: &str = r#"
name: digest
description: Reads pages, and writes a digest once a person has agreed.
input_schema:
  type: object
  properties: {urls: {type: array, items: {type: string}}, formal: {type: boolean}}
deadline_seconds: 3600
output: {text: "${steps.write.output || 'nothing'}", by: "run ${run.id}"}
steps:
  - id: write
    agent: writer
    inputs: {words: "${steps.read.output[].words[]}"}
    depends_on: [agree, {step: tell, kind: soft}]
    compensate_with: {agent: {name: free}, inputs: {text: "${steps.write.output}"}}
    cache: {ttl_seconds: 60}
  - id: read
    map: {over: input.urls, concurrency: 5, agent: reader}
    inputs: {url: "${item}", limit: 10}
    retry: {max_attempts: 2, on: [timed_out]}
  - id: tone
    choice:
      branches:
        - {when: "input.formal == `true`", then: [agree]}
      otherwise: [tell]
    depends_on: [read]
  - id: agree
    approval: {message: "Write about ${length(steps.read.output)} pages?"}
    depends_on: [tone]
  - id: tell
    task: {capability: chat.tell, priority: high}
    depends_on: [tone]
    when: length(steps.read.output) > `0`
  - id: pause
    wait: {seconds: 5}
  - id: sub
    workflow: report
    depends_on: [pause]
"#;

#[test]
fn a_definition_becomes_a_plan() {
    let plan = plan(GOOD);
    let ids: Vec<_> = plan.steps().iter().map(|step| step.id.as_str()).collect();
    assert_eq!(
        ids,
        ["read", "tone", "agree", "tell", "write", "pause", "sub"]
    );
    assert_eq!((plan.roots(), plan.sinks()), (&[0, 5][..], &[4, 6][..]));
    let write = plan.step(4);
    let soft = Edge {
        step: 3,
        kind: DependencyKind::Soft,
    };
    assert_eq!((write.dependencies.len(), write.dependencies[1]), (2, soft));
    assert_eq!((&write.references[..], plan.in_degree(4)), (&[0][..], 2));
    assert_eq!(plan.output.as_ref().unwrap().references, [4]);
    assert!(plan.tolerates(3) && !plan.tolerates(2) && !plan.tolerates(4));
    assert_eq!(plan.index_of(&"tell".parse().unwrap()), Some(3));
    insta::assert_json_snapshot!(plan);
}

#[test]
fn a_plan_survives_being_stored() {
    let plan = plan(GOOD);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    let mut stored: Value = serde_json::from_str(&json).unwrap();
    stored["steps"].as_array_mut().unwrap().reverse();
    assert!(serde_json::from_value::<Plan>(stored).is_err());
}

/// Every kind of problem, in as few definitions as hold them.
#[test]
fn every_problem_is_told_with_its_place() {
    let found = [
        problems("name: x\nsteps: []"),
        problems("name: x\nsteps:\n  - {id: a, agent: free, wait: {seconds: 1}}"),
        problems("name: x\nsteps:\n  - {id: a, agent: free}\n  - {id: b, agnt: free}"),
        problems("name: x\nsteps:\n  - {id: a, agent: {name: free, versin: 3}}"),
        problems("name: x\nsteps:\n  - {id: 1a, agent: free}"),
        problems("name: x\nsteps: [{id: a"),
        problems(&format!(
            "name: x\ndescription: {}",
            "y".repeat(limits::MAX_TEXT_BYTES)
        )),
        problems(WRONG_GRAPH),
        problems(CYCLES),
        problems(WRONG_NUMBERS),
        problems(WRONG_EXPRESSIONS),
        problems(WRONG_TYPES),
        problems(UNREACHABLE),
        too_many(),
    ];
    let found: Vec<_> = found.into_iter().flatten().collect();
    let mut codes: Vec<_> = found.iter().map(|problem| problem.code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), Code::NoEffect as usize + 1, "{codes:?}");
    insta::assert_json_snapshot!(found);
}

const WRONG_GRAPH: &str = r"
name: x
steps:
  - {id: fetch, agent: free}
  - {id: parse, agent: raeder, depends_on: [fecth, fetch, {step: fetch, kind: soft}]}
  - {id: parse, workflow: {name: report, version: 2}, depends_on: [parse]}
  - id: pick
    choice: {branches: [{when: 'input.a == `1`', then: [fetch, pars]}], otherwise: [last, last]}
  - {id: last, agent: free, depends_on: [pick]}
";

const CYCLES: &str = r"
name: x
steps:
  - {id: before, agent: free}
  - {id: b, agent: free, depends_on: [a, before]}
  - {id: c, agent: free, depends_on: [b]}
  - {id: a, agent: free, depends_on: [c]}
  - {id: behind, agent: free, depends_on: [a]}
  - {id: ping, agent: free, depends_on: [{step: pong, kind: soft}]}
  - {id: pong, agent: free, depends_on: [ping]}
";

const WRONG_NUMBERS: &str = r"
name: x
deadline_seconds: 0
max_in_flight: 0
input_schema: 3
steps:
  - id: a
    agent: free
    retry: {max_attempts: 0, backoff: {initial_seconds: -1, multiplier: 0.5, cap_seconds: 1e9}}
    timeout_seconds: 28801
    expected_seconds: -1
    cache: {ttl_seconds: 0}
  - id: b
    map: {over: '`[1, 2]`', agent: free, concurrency: 1001, page_size: 0}
  - id: c
    choice: {branches: []}
    inputs: {a: 1}
    timeout_seconds: 5
  - id: d
    wait: {seconds: 31536001}
    compensate_with: {agent: free}
    cache: {ttl_seconds: 5}
    retry: {max_attempts: 2}
    output_schema: [1]
  - {id: e, approval: {}, timeout_seconds: 31536001}
";

const WRONG_EXPRESSIONS: &str = r#"
name: x
output: {all: "${steps}", own: ["${steps.a.output"]}
steps:
  - {id: a, agent: free, inputs: {x: "${steps.my-step.output}", "y/z": "at ${input.} now"}}
  - {id: b, agent: free, when: "input.a ==", inputs: ["${lenght(input)}", "${length()}"]}
  - {id: c, agent: free, when: "contains(input.list, item)", inputs: "${@}"}
  - {id: d, agent: free, inputs: {c: "${steps.c.output}", a: "${steps.a.result}"}, depends_on: [a]}
  - {id: e, agent: free, inputs: "${inptu.x}", compensate_with: {agent: free, inputs: "${steps.e.output}"}}
  - {id: f, agent: free, inputs: "${steps.f.output}"}
  - {id: g, agent: free, inputs: "${steps.dd.output}"}
  - {id: h, agent: free, inputs: "${keys(steps)} ${map(input, input)} ${&input} ${input[1:2:0]}"}
"#;

const WRONG_TYPES: &str = r#"
name: x
input_schema: {type: object, properties: {name: {type: string}, tags: {type: array, items: {type: integer}}}, additionalProperties: false}
steps:
  - {id: read, agent: reader, inputs: {url: 5, limit: "${input.name}", colour: red}}
  - {id: bare, agent: reader}
  - {id: every, map: {over: input.tags, agent: reader}}
  - {id: spread, map: {over: input.name, agent: free}}
  - {id: const, map: {over: "`3`", agent: free}}
  - id: write
    agent: writer
    inputs: {words: "${steps.read.output.language}"}
    depends_on: [read]
  - id: typo
    agent: free
    inputs:
      - ${steps.read.output.word}
      - ${steps.read.output.words[0].text.length}
      - ${steps.read.output.words.text}
      - ${input.nmae}
      - ${input.name[0]}
    depends_on: [read]
  - {id: cond, agent: free, when: "length(input.tags)"}
  - {id: wait, wait: {until: input.tags}}
"#;

const UNREACHABLE: &str = r"
name: x
steps:
  - {id: off, agent: free, when: '`false`'}
  - {id: behind, agent: free, depends_on: [off]}
  - {id: further, agent: free, depends_on: [behind]}
  - {id: softly, agent: free, depends_on: [{step: off, kind: soft}]}
  - id: pick
    choice:
      branches:
        - {when: '`false`', then: [one]}
        - {when: '`true`', then: [two]}
      otherwise: [three]
  - {id: one, agent: free, depends_on: [pick]}
  - {id: two, agent: free, depends_on: [pick]}
  - {id: three, agent: free, depends_on: [pick]}
  - {id: four, agent: free, depends_on: [pick]}
";

fn too_many() -> Vec<Problem> {
    let step = json!({"id": "a", "agent": "free"});
    let definition = |step: Value, count| {
        let steps = vec![step; count];
        Definition::from_json(&json!({"name": "x", "steps": steps}).to_string()).unwrap()
    };
    let many = definition(step, limits::MAX_STEPS + 1);
    let dense = json!({"id": "a", "agent": "free", "depends_on": vec!["a"; 101]});
    let dense = definition(dense, limits::MAX_DEPENDENCIES / 100);
    [many, dense]
        .iter()
        .flat_map(|definition| Plan::new(definition).unwrap_err())
        .collect()
}

#[test]
fn problems_are_bounded() {
    let steps: Vec<_> = (0..limits::MAX_STEPS)
        .map(|i| json!({"id": format!("s{i}"), "agent": "free", "depends_on": ["t"]}))
        .collect();
    let text = json!({"name": "x", "steps": steps}).to_string();
    let found = Plan::new(&Definition::from_json(&text).unwrap()).unwrap_err();
    assert_eq!(found.len(), limits::MAX_PROBLEMS);
}

#[test]
fn a_look_from_afar_is_found_whatever_the_number() {
    // Every step looks at the one 100 before it, over a chain.
    let step = |i: usize| {
        let mut step = json!({"id": format!("s{i}"), "agent": "free"});
        if i > 0 {
            step["depends_on"] = json!([format!("s{}", i - 1)]);
        }
        if i >= 100 {
            step["inputs"] = json!({"x": format!("${{steps.s{}.output}}", i - 100)});
        }
        step
    };
    let mut definition = json!({"name": "x", "steps": (0..500).map(step).collect::<Vec<_>>()});
    let parse = |definition: &Value| Definition::from_json(&definition.to_string()).unwrap();
    Plan::new(&parse(&definition)).unwrap();
    // Cut in two, the hundred behind the cut look where there is no way.
    definition["steps"][300]["depends_on"] = json!([]);
    let found = Plan::new(&parse(&definition)).unwrap_err();
    assert_eq!(found.len(), 100);
    assert!(
        found
            .iter()
            .all(|problem| problem.code == Code::NotADependency)
    );
}

#[test]
fn a_problem_is_told_with_a_caret() {
    let found = problems("name: x\nsteps: [{id: a, agent: free, when: 'input.a = `1`'}]");
    let excerpt = found[0].excerpt.as_deref().unwrap();
    assert_eq!(excerpt, "input.a = `1`\n        ^");
    assert!(Expression::parse("input.a == `1`").is_ok());
}
