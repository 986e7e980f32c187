//! What is printed is read back as it was.

use proptest::prelude::*;
use tdev_program::{
    BinaryOp, CompileError, Context, Expr, Node, NodeError, ParseError, Program, Survey, Type,
    parse, parse_expr,
};

use crate::generate;

#[test]
fn the_bin_packer_comes_back() {
    let module = parse(crate::packer()).unwrap();
    assert_eq!(parse(&module.to_string()).unwrap(), module);
}

#[test]
fn a_survey_has_every_node() {
    let module = parse(crate::packer()).unwrap();
    let context = Context::of(&module);
    for function in module.functions() {
        let survey = Survey::of(function, &context);
        let nodes = function.nodes();
        assert_eq!(survey.nodes.len(), nodes.len());
        for (index, (info, node)) in survey.nodes.iter().zip(&nodes).enumerate() {
            assert_eq!(info.size, node.size(), "{node:?}");
            assert_eq!(info.is_stmt, matches!(node, Node::Stmt(_)), "{node:?}");
            assert_eq!(function.get(index), Some(*node));
        }
        assert_eq!(function.get(nodes.len()), None);
    }
}

#[test]
fn a_survey_knows_types_and_what_is_visible() {
    let source = "
RATE = 0.5

def half(x: int) -> float:
    return x * RATE

def f(n: int, words: list[str]):
    total = 0.0
    for i, word in enumerate(words):
        size = len(word)
        if size > n:
            total += half(size)
    return total
";
    let module = parse(source).unwrap();
    let function = module.function("f").unwrap();
    let survey = Survey::of(function, &Context::of(&module));
    assert_eq!(survey.returns, Type::Float);
    let at = |wanted: &str| {
        let printed = |node: &Node<'_>| match node {
            Node::Expr(expr) => expr.to_string() == wanted,
            Node::Stmt(stmt) => stmt.to_string().trim_end() == wanted,
        };
        function.nodes().iter().position(printed).unwrap()
    };
    let call = at("half(size)");
    assert_eq!(survey.nodes[call].ty, Type::Float);
    assert!(survey.nodes[call].in_loop);
    let visible = |index| {
        let variables = survey.visible(index).iter();
        variables
            .map(|v| format!("{}: {}", v.name, v.ty))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        visible(call),
        [
            "RATE: float",
            "n: int",
            "words: list[str]",
            "total: float",
            "i: object",
            "word: object",
            "size: int"
        ]
    );
    assert_eq!(
        visible(at("return total")),
        ["RATE: float", "n: int", "words: list[str]", "total: float"]
    );
}

#[test]
fn subtrees_are_replaced_by_number() {
    let mut expr = parse_expr("a + b * (c if d else 1)").unwrap();
    assert_eq!((expr.size(), expr.depth()), (8, 4));
    assert_eq!(expr.get(4).unwrap().to_string(), "c if d else 1");
    let old = expr
        .replace(4, Expr::binary(BinaryOp::Sub, Expr::Int(2), Expr::Int(-3)))
        .unwrap();
    assert_eq!(old.to_string(), "c if d else 1");
    assert_eq!(expr.to_string(), "a + b * (2 - -3)");
    assert_eq!(expr.replace(99, Expr::None), Err(NodeError::Absent(99)));
    let mut module = parse("def f(x):\n    return x + 1\n").unwrap();
    let function = module.function_mut("f").unwrap();
    assert_eq!(
        function.replace_expr(0, Expr::None),
        Err(NodeError::OtherKind(0))
    );
    assert_eq!(
        function.replace_expr(3, Expr::Int(2)).unwrap(),
        Expr::Int(1)
    );
    assert_eq!(module.to_string(), "def f(x):\n    return x + 2\n");
}

#[test]
fn what_is_outside_the_subset_is_named_with_its_line() {
    for (source, line, construct) in [
        ("import os\n", 1, "an import"),
        ("\ndef f():\n    yield 1\n", 3, "`await` or `yield`"),
        (
            "def f():\n    try:\n        pass\n    except E:\n        pass\n",
            2,
            "`try`",
        ),
        ("def f(x=1):\n    pass\n", 1, "a default value"),
        ("class A:\n    pass\n", 1, "a class"),
        (
            "def f(s):\n    return s.encode()\n",
            2,
            "the method `encode`",
        ),
        ("def f(s):\n    return {1, 2}\n", 2, "a set"),
        ("def f(s):\n    return lambda: 1\n", 2, "`lambda`"),
        ("def f(s):\n    return sorted(s, key=len)\n", 2, "a keyword"),
        (
            "def f(s):\n    return 99999999999999999999\n",
            2,
            "an integer of more",
        ),
        ("def f(s):\n    return s.x\n", 2, "the attribute `x`"),
    ] {
        match parse(source) {
            Err(ParseError::Outside {
                line: at,
                construct: what,
            }) => {
                assert_eq!(at, line, "{source}");
                assert!(what.contains(construct), "{what}");
            }
            other => panic!("{source}: {other:?}"),
        }
    }
    let error = parse("def f(:\n    pass\n").unwrap_err();
    assert!(
        matches!(error, ParseError::Syntax { line: 1, .. }),
        "{error:?}"
    );
}

#[test]
fn what_does_not_compile_says_why() {
    let error = |source: &str| Program::compile(&parse(source).unwrap()).unwrap_err();
    let undefined = error("def f():\n    return x\n");
    assert_eq!(undefined.to_string(), "f: `x` is not defined");
    let function = error("def f():\n    return g()\n");
    assert_eq!(function.to_string(), "f: there is no function `g`");
    let hidden = error("def f(sum):\n    return sum([1])\n");
    assert_eq!(hidden.to_string(), "f: there is no function `sum`");
    let arity = error("def f(x):\n    return f()\n");
    assert_eq!(
        arity.to_string(),
        "f: `f` takes another number of arguments"
    );
    let iterator = error("def f():\n    x = range(3)\n    return x\n");
    assert!(matches!(iterator, CompileError::Iterator { .. }));
    let zipped = error("def f(x):\n    return len(zip(x, x))\n");
    assert!(matches!(zipped, CompileError::Iterator { .. }));
    let outside = error("def f():\n    break\n");
    assert_eq!(outside, CompileError::Malformed("f".to_owned()));
    let twice = error("def f():\n    pass\n\ndef f():\n    pass\n");
    assert_eq!(twice, CompileError::Duplicate("f".to_owned()));
    let constant = error("A = 1 // 0\n");
    assert!(matches!(constant, CompileError::Constant { .. }));
}

proptest! {
    #![proptest_config(crate::config("TDEV_ROUND_TRIP_CASES", 500))]

    #[test]
    fn random_programs_come_back(seed: u64) {
        let (module, _) = generate::program(seed);
        let printed = module.to_string();
        let read = parse(&printed).map_err(|error| TestCaseError::fail(format!("{error}\n{printed}")))?;
        prop_assert_eq!(&read, &module, "{}", printed);
        let context = Context::of(&module);
        for function in module.functions() {
            let survey = Survey::of(function, &context);
            prop_assert_eq!(survey.nodes.len(), function.size());
        }
    }
}
