use serde_json::json;

use super::*;

fn layout(json: Json) -> Layout {
    serde_json::from_value(json).unwrap()
}

fn arguments() -> Layout {
    layout(json!({
        "inputs": [{"name": "x", "type": "float"}, {"name": "n", "type": "integer"}],
        "shape": "arguments",
        "outputs": [{"name": "y", "type": "json"}],
    }))
}

#[test]
fn columns_have_types() {
    let text = "n,x,y,w\n1, 2,\"[1, \"\"a\"\"]\",3\n-4,0.5,null,1\n";
    let mut with_weight = arguments();
    with_weight.weight = Some("w".to_owned());
    let cases = from_csv(text.as_bytes(), &with_weight).unwrap();
    assert_eq!(cases[0].input, json!([2.0, 1]));
    assert_eq!(cases[0].output, json!([1, "a"]));
    assert!((cases[0].weight - 3.0).abs() < 1e-12);
    assert_eq!(cases[1].output, Json::Null);

    let record = layout(json!({
        "inputs": [{"name": "s", "type": "string"}],
        "outputs": [{"name": "a", "type": "boolean"}, {"name": "b", "type": "integer"}],
    }));
    let cases = from_csv("s,a,b\n\" x\ny\",true,7\n".as_bytes(), &record).unwrap();
    assert_eq!(cases[0].input, json!({"s": " x\ny"}));
    assert_eq!(cases[0].output, json!({"a": true, "b": 7}));
}

#[test]
fn what_is_wrong_is_named_by_its_line() {
    let fails = |text: &str| {
        from_csv(text.as_bytes(), &arguments())
            .unwrap_err()
            .to_string()
    };
    let errors = [
        fails("x,n,y\n1,2,3\n1,2.5,3\n"),
        fails("x,n,y\n1,2,3\nnan,2,3\n"),
        fails("x,n,y\n1,2\n"),
        fails("x,y\n1,2\n"),
        fails("x,n,y\n1,2,{\n"),
        from_jsonl("{\"input\": 1}\n\n{\"inputt\": 1}\n".as_bytes())
            .unwrap_err()
            .to_string(),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn there_are_limits() {
    let line = "{\"input\": 1, \"output\": 1}\n";
    let most = line.repeat(MAX_CASES);
    assert_eq!(from_jsonl(most.as_bytes()).unwrap().len(), MAX_CASES);
    let more = from_jsonl((most + line).as_bytes());
    assert!(matches!(more, Err(ImportError::TooMany)));
    let endless = std::io::repeat(b' ');
    assert!(matches!(from_jsonl(endless), Err(ImportError::TooLarge)));
    let header = b"x,n,y\n\"".chain(std::io::repeat(b'a'));
    assert!(matches!(
        from_csv(header, &arguments()),
        Err(ImportError::TooLarge)
    ));
}

#[test]
fn what_is_written_is_read_again() {
    let cases = vec![
        Case {
            input: json!({"a": "\n"}),
            output: json!([1, 2.5]),
            weight: 1.0,
        },
        Case {
            input: json!([]),
            output: Json::Null,
            weight: 0.25,
        },
    ];
    assert_eq!(from_jsonl(to_jsonl(&cases).as_bytes()).unwrap(), cases);
}
