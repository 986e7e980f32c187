//! What expressions give, and what they are kept from.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn context() -> Context {
    Context::new(&json!({
        "input": {"name": "Ada", "tags": ["b", "a"], "people": [{"age": 3}, {"age": 1}]},
        "steps": {"my-step": {"status": "completed", "output": {"n": 7}, "error": null}},
        "run": {"id": "run_0", "workflow": "w", "version": 1},
    }))
}

fn gives(source: &str) -> Result<Value, Error> {
    Expression::parse(source).unwrap().evaluate(&context())
}

#[test]
fn values_keep_their_types() {
    for (source, expected) in [
        ("input.name", json!("Ada")),
        ("input.nothing.at.all", json!(null)),
        ("steps.\"my-step\".output.n", json!(7)),
        ("length(input.tags)", json!(2)),
        ("sort(input.tags)", json!(["a", "b"])),
        ("sort_by(input.people, &age)[0].age", json!(1)),
        ("max_by(input.people, &age)", json!({"age": 3})),
        ("min_by(`[]`, &age)", json!(null)),
        ("map(&age, input.people)", json!([3, 1])),
        ("input.people[?age > `2`].age | [0]", json!(3)),
        ("input.people[*].age", json!([3, 1])),
        ("[input.tags, `[1]`][]", json!(["b", "a", 1])),
        (
            "{n: input.name, v: run.version}",
            json!({"n": "Ada", "v": 1}),
        ),
        ("input.tags[-1]", json!("a")),
        ("input.tags[::-1]", json!(["a", "b"])),
        ("!input.name || input.tags && `1`", json!(1)),
        ("values(input.people[0])", json!([3])),
        ("input.people[0].*", json!([3])),
        ("join(', ', input.tags)", json!("b, a")),
        ("item", json!(null)),
    ] {
        assert_eq!(gives(source).unwrap(), expected, "{source}");
    }
}

#[test]
fn an_item_is_seen_with_its_index() {
    let context = context().with_item(&json!({"x": 1}), 4);
    let expression = Expression::parse("[item.x, index, input.name]").unwrap();
    assert_eq!(expression.evaluate(&context).unwrap(), json!([1, 4, "Ada"]));
}

#[test]
fn a_condition_is_true_or_false() {
    let holds = |source: &str| Expression::parse(source).unwrap().holds(&context());
    assert_eq!(holds("input.name == 'Ada'"), Ok(true));
    assert_eq!(holds("input.tags[0] == 'x'"), Ok(false));
    let error = holds("input.name").unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotBoolean {
                found: "string",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn functions_refuse_what_they_do_not_take() {
    for source in [
        "abs(input.name)",
        "sort_by(input.people, &@)",
        "map(&a, input.name)",
    ] {
        let error = gives(source).unwrap_err();
        assert!(matches!(error, Error::Function { .. }), "{source}: {error}");
    }
}

#[test]
fn errors_have_their_column() {
    for (source, column) in [
        ("input.", 7),
        ("input..a", 7),
        ("steps.my-step", 9),
        ("a == ", 6),
        ("a.b || nosuch (a)", 8),
        ("length(a, b)", 1),
        ("a.b &c", 5),
        ("ä.b", 1),
        ("'ä' = b", 5),
        ("(a", 3),
    ] {
        let error = Expression::parse(source).unwrap_err();
        assert_eq!(error.column, column, "{source}: {error}");
        let caret = error.excerpt.lines().last().unwrap().chars().count();
        assert_eq!(caret, column, "{source}");
    }
}

#[test]
fn an_excerpt_shows_the_part_around_the_error() {
    let source = format!("{} = b", "a".repeat(500));
    let error = Expression::parse(&source).unwrap_err();
    assert_eq!(error.column, 502);
    let lines: Vec<_> = error.excerpt.lines().collect();
    assert_eq!(
        lines[0].chars().nth(lines[1].chars().count() - 1),
        Some('=')
    );
    assert!(lines[0].len() < 100);
}

/// Runs `f` on as small a stack as a worker thread may have.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(f).unwrap().join().unwrap();
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    on_a_small_stack(|| {
        for piece in [
            "(", "[", "{a:", "!", "[*]", "*.", "&", "a[?", "[0]", "[]", "f(", "a.", "a|", "a||",
            "a&&", "[@]|", "`[", "'", "\"", "a==", "[*].*",
        ] {
            for count in [1, 64, 127, 128, 129, 1000, 2000, 100_000] {
                for tail in ["", "a", "`1`", "@"] {
                    let source = piece.repeat(count) + tail;
                    if let Ok(expression) = Expression::parse(&source) {
                        let _ = expression.evaluate(&context());
                        let _ = expression.constant();
                    }
                }
            }
        }
    });
}

#[test]
fn the_deepest_expressions_are_evaluated() {
    on_a_small_stack(|| {
        let brackets = limits::MAX_EXPRESSION_NESTING;
        let deep = "(".repeat(brackets) + "input.name" + &")".repeat(brackets);
        assert_eq!(gives(&deep).unwrap(), json!("Ada"));
        let chain = "input".to_owned() + &".a".repeat(limits::MAX_EXPRESSION_DEPTH - 1);
        assert_eq!(gives(&chain).unwrap(), json!(null));
        assert!(Expression::parse(&(chain + ".a")).is_err());
    });
}

#[test]
fn what_grows_is_stopped() {
    on_a_small_stack(|| {
        for (source, tail) in [
            ("[@,@]|", "@"),
            ("[@,@]|", "to_string(@)"),
            ("[@,@]|", "@ == @"),
            ("[@,@]|", "contains(@, @)"),
            ("[@,@][]|", "length(@)"),
            ("[@,@][]|", "map(&[@,@], @)"),
            ("[@,@][]|", "sort_by(@, &to_string(@))"),
            ("[@,@][]|", "join(to_string(input), map(&to_string(@), @))"),
            ("{a:@,b:@}|", "@"),
            ("merge({a:@},{b:@})|", "to_string(@)"),
            ("join(to_string(@),[to_string(@),to_string(@)])|", "@"),
        ] {
            let count =
                (limits::MAX_EXPRESSION_NESTING - 8) / source.matches(['[', '{', '(']).count();
            let source = source.repeat(count) + tail;
            let error = gives(&source).unwrap_err();
            assert!(
                matches!(
                    error,
                    Error::TooMuchWork { .. } | Error::TooLarge | Error::TooDeep
                ),
                "{source}: {error}"
            );
        }
    });
}

#[test]
fn a_slice_does_not_overflow() {
    assert!(Expression::parse("input.tags[1::2147483647]").is_err());
    assert_eq!(gives("input.tags[1::1000000000]").unwrap(), json!(["a"]));
    assert_eq!(
        gives("input.tags[-1000000000:1000000000]").unwrap(),
        json!(["b", "a"])
    );
}

/// Text that is more often an expression than any text is.
fn near_expressions() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("input".to_owned()),
        Just("@".to_owned()),
        proptest::sample::select(vec![
            ".",
            "[",
            "]",
            "[]",
            "[*]",
            "[?",
            "*",
            "(",
            ")",
            "{",
            "}",
            ":",
            ",",
            "|",
            "||",
            "&&",
            "&",
            "!",
            "==",
            "<",
            "'a'",
            "`1`",
            "`[1,2]`",
            "\"a\"",
            "-1",
            "0",
            "name",
            "tags",
            "people",
            "age",
            "length(",
            "sort_by(",
            "map(",
            "merge(",
            "to_string(",
            "contains(",
            "max(",
            "reverse(",
            "not_null(",
            "to_number(",
            "[::-1]",
            "[1:]",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,3}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn no_text_panics(source in near_expressions()) {
        if let Ok(expression) = Expression::parse(&source) {
            let _ = expression.evaluate(&context());
            let again = Expression::parse(expression.as_str()).unwrap();
            prop_assert_eq!(again, expression);
        }
    }
}
