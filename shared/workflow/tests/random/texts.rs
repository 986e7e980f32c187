//! Texts that are definitions, nearly or not at all.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use tdev_workflow::{Catalogue, Context, Definition, Template, limits, validate};

use crate::dag::definitions;

/// What is put in place of something.
fn junk() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("s0"),
        json!("${"),
        json!("${steps.s1.output.a[*].b}"),
        json!("${steps.nothing}"),
        json!("$${a} ${ {a: '}'} } ${`\"}\"`}"),
        json!([]),
        json!({}),
        json!({"step": "s0", "kind": "soft"}),
        json!({"name": "a", "version": 0}),
        json!({"$ref": "#"}),
        json!({"type": ["x", 3], "properties": 4, "required": [5], "allOf": [{"$ref": "#/allOf"}]}),
    ])
}

/// Puts `junk` in place of the `n`-th value of `value`, counted through all of it.
fn replace(value: &mut Value, n: &mut usize, junk: &Value) {
    if *n == 0 {
        *value = junk.clone();
    }
    *n = n.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, n, junk)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| replace(field, n, junk)),
        _ => {}
    }
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    }
}

/// Reads `text` in both ways and checks what comes of it. Nothing in here may panic.
fn take(text: &str) {
    for parsed in [Definition::from_json(text), Definition::from_yaml(text)] {
        let problems = match &parsed {
            Ok(definition) => validate(definition, &Catalogue::default()).err(),
            Err(problem) => Some(vec![problem.clone()]),
        };
        for problem in problems.into_iter().flatten() {
            assert!(!problem.message.is_empty());
            assert!(problem.pointer.is_empty() || problem.pointer.starts_with('/'));
        }
    }
}

/// Runs `f` on as small a stack as a worker thread may have.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(f).unwrap().join().unwrap();
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        take(&text);
    }

    #[test]
    fn no_yaml_panics(text in "(name: |steps:\n|  - |id: |\\{|\\}|\\[|\\]|&a |\\*a|: |, |\n|'|\"|\\||> |<<|!!int |[a-z]{1,3}){0,40}") {
        take(&text);
    }

    #[test]
    fn no_damaged_definition_panics(
        definition in definitions(8),
        changes in prop::collection::vec((any::<Index>(), junk()), 1..4),
    ) {
        let mut value = serde_json::to_value(&definition).unwrap();
        for (index, junk) in changes {
            let mut place = index.index(size(&value));
            replace(&mut value, &mut place, &junk);
        }
        take(&value.to_string());
    }

    #[test]
    fn no_cut_definition_panics(definition in definitions(4), at in any::<Index>()) {
        for text in [definition.to_json(), definition.to_yaml()] {
            let cut: String = text.chars().take(at.index(text.len())).collect();
            take(&cut);
        }
    }

    #[test]
    fn a_template_is_written_as_it_is_read(text in "(\\$|\\{|\\}|\\$\\{|a|'|`1`| |input|\\.){0,12}") {
        if let Ok(template) = Template::parse(&json!({"x": [text]})) {
            let written = serde_json::to_value(&template).unwrap();
            let again = Template::parse(&written).unwrap();
            let context = Context::new(&json!({"input": {"a": 1}}));
            prop_assert_eq!(again.evaluate(&context), template.evaluate(&context));
        }
    }
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    on_a_small_stack(|| {
        for (open, close) in [
            ("[", "]"),
            ("{\"a\":", "}"),
            ("{a: ", "}"),
            ("- ", ""),
            ("? ", ""),
            ("- - ", ""),
        ] {
            for depth in [60, 63, 64, 65, 127, 128, 1_000, 100_000] {
                let nested = open.repeat(depth) + "1" + &close.repeat(depth);
                take(&nested);
                for field in [
                    "inputs",
                    "input_schema",
                    "output_schema",
                    "depends_on",
                    "agent",
                ] {
                    take(&format!(
                        "{{\"name\": \"x\", \"steps\": [{{\"id\": \"a\", \"task\": {{}}, \"{field}\": {nested}}}]}}"
                    ));
                }
            }
        }
    });
}

#[test]
fn a_deep_schema_does_not_overflow_the_stack() {
    on_a_small_stack(|| {
        let mut schema = json!({"anyOf": vec![json!({"$ref": "#"}); 1_000]});
        for _ in 0..40 {
            schema = json!({"anyOf": [schema, {"$ref": "#"}], "properties": {"a": {"$ref": "#"}}});
        }
        let expression = format!("${{input{}}}", ".a".repeat(200));
        let step = json!({"id": "a", "task": {}, "inputs": expression});
        take(&json!({"name": "x", "input_schema": schema, "steps": [step]}).to_string());
    });
}

#[test]
fn aliases_are_followed_within_bounds() {
    let with = |rest: &str| {
        format!("name: x\nsteps:\n  - {{id: a, task: {{}}, retry: &r {{max_attempts: 2}}}}\n{rest}")
    };
    let used = Definition::from_yaml(&with("  - {id: b, task: {}, retry: *r}")).unwrap();
    assert_eq!(used.steps[0].retry, used.steps[1].retry);
    let many: Vec<_> = (0..1_000)
        .map(|i| format!("  - {{id: b{i}, task: {{}}, retry: *r}}"))
        .collect();
    let many = Definition::from_yaml(&with(&many.join("\n"))).unwrap();
    assert_eq!(many.steps.len(), 1_001);

    let mut bomb = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push(format!("a{level}: &a{level} [{aliases}]"));
    }
    take(&bomb.join("\n"));
    let text = format!(
        "name: x\nsteps:\n  - id: a\n    task: {{}}\n    inputs:\n      {}",
        bomb.join("\n      ")
    );
    assert!(Definition::from_yaml(&text).is_err());
    let long = "y".repeat(limits::MAX_TEXT_BYTES / 2);
    let aliases = vec!["*l"; 1_000].join(", ");
    let inputs = format!("[&l {long}, {aliases}]");
    let text = format!("name: x\nsteps:\n  - {{id: a, task: {{}}, inputs: {inputs}}}");
    assert!(Definition::from_yaml(&text).is_err());
}
