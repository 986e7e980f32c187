//! What templates give.

use serde_json::json;

use super::*;

fn context() -> Context {
    Context::new(&json!({"input": {"n": 3, "name": "Ada", "list": [1, {"a": null}]}}))
}

fn gives(template: &Value) -> Value {
    Template::parse(template)
        .unwrap()
        .evaluate(&context())
        .unwrap()
}

#[test]
fn a_whole_expression_keeps_its_type() {
    for (template, expected) in [
        (json!("${input.n}"), json!(3)),
        (json!("${ input.list }"), json!([1, {"a": null}])),
        (json!("${input.none}"), json!(null)),
        (
            json!({"a": ["${input.name}", 5, true]}),
            json!({"a": ["Ada", 5, true]}),
        ),
    ] {
        assert_eq!(gives(&template), expected, "{template}");
    }
}

#[test]
fn in_a_longer_string_it_becomes_text() {
    for (template, expected) in [
        ("Dear ${input.name}!", "Dear Ada!"),
        ("${input.n}${input.n}", "33"),
        (" ${input.n}", " 3"),
        ("${input.list}, ${input.none}", r#"[1,{"a":null}], null"#),
        ("$${input.n} and $$${input.n}", "${input.n} and $${input.n}"),
        ("cost: $5 {a} }", "cost: $5 {a} }"),
        ("${'}'} ${`\"}\"`} ${{a: input.n}.a}", "} } 3"),
        ("${'a\\'}b'}-", "a'}b-"),
    ] {
        assert_eq!(gives(&json!(template)), json!(expected), "{template}");
    }
}

#[test]
fn keys_are_taken_as_they_are() {
    assert_eq!(
        gives(&json!({"${input.n}": "${input.n}"})),
        json!({"${input.n}": 3})
    );
}

#[test]
fn every_error_is_told_with_its_place() {
    let template = json!({"a/b": ["${input.}", "ok", {"c": "x ${"}], "d": "${1}"});
    let errors = Template::parse(&template).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(places, ["/a~1b/0", "/a~1b/2/c", "/d"]);
}

#[test]
fn what_is_too_deep_is_refused() {
    let nested = |depth: usize| (0..depth).fold(json!("${input.n}"), |inner, _| json!([inner]));
    assert!(Template::parse(&nested(limits::MAX_DEPTH)).is_ok());
    assert!(Template::parse(&nested(limits::MAX_DEPTH + 1)).is_err());
}

#[test]
fn what_is_too_large_is_refused() {
    let input = json!({"input": "y".repeat(limits::MAX_VALUE_BYTES / 3)});
    let gives = |times: usize| {
        let template = Template::parse(&json!(vec!["${input}"; times])).unwrap();
        template.evaluate(&Context::new(&input))
    };
    assert!(gives(2).is_ok());
    assert_eq!(gives(3).unwrap_err(), Error::TooLarge);
}

#[test]
fn its_expressions_are_found() {
    let template =
        Template::parse(&json!(["${input.a} ${run.id}", {"b": "${item}"}, "c"])).unwrap();
    let found: Vec<_> = template.expressions().map(Expression::as_str).collect();
    assert_eq!(found, ["input.a", "run.id", "item"]);
}

#[test]
fn it_is_written_as_it_was_read() {
    for template in [
        json!({"a": ["x ${input.n} $${y}", "${ input.n }", "$${z}"], "b": {"c": [1, null]}}),
        json!("$$${input.n}"),
    ] {
        let parsed = Template::parse(&template).unwrap();
        let written = serde_json::to_value(&parsed).unwrap();
        assert_eq!(written, template);
        assert_eq!(serde_json::from_value::<Template>(written).unwrap(), parsed);
    }
}
