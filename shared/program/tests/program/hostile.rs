//! Programs that mean harm, on a stack of 2 MiB: each ends with the error it should.

use std::thread;

use tdev_program::{
    BinaryOp, Budget, CompileError, Error, Expr, Machine, Module, Program, TopLevel, Value, parse,
};

use crate::corpus::CORPUS;
use crate::corpus::End::{self, Failed, Uncompiled, Unread};

const STACK_BYTES: usize = 2 << 20;
const BUDGET: Budget = Budget {
    fuel: 4_000_000,
    memory: 4 << 20,
};

fn end(source: &str, machine: &mut Machine) -> Result<Value, End> {
    let module = parse(source).map_err(|_| Unread)?;
    let program = Program::compile(&module).map_err(|_| Uncompiled)?;
    let entry = program.entry("f").ok_or(Uncompiled)?;
    let input = [Value::Int(1_000_000_000)];
    program.run(machine, entry, &input, BUDGET).map_err(Failed)
}

fn on_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let small = thread::Builder::new().stack_size(STACK_BYTES);
        small.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

#[test]
fn each_ends_as_it_should() {
    on_small_stack(|| {
        let mut machine = Machine::new();
        let mut wrong = Vec::new();
        for (text, expected) in CORPUS {
            let source = if text.contains("def f") {
                (*text).to_owned()
            } else {
                let lines: Vec<String> = text.lines().map(|line| format!("  {line}\n")).collect();
                format!("def f(n):\n{}", lines.concat())
            };
            let end = end(&source, &mut machine);
            if end != Err(*expected) {
                wrong.push(format!("{end:?}, not {expected:?}: {source}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        // And the machine is none the worse for it.
        let source = "def f(n):\n  return [n, 'a' * 3]\n";
        let expected = Value::List(vec![Value::Int(1_000_000_000), Value::Str("aaa".into())]);
        assert_eq!(end(source, &mut machine), Ok(expected));
    });
}

/// Sources that nest or chain so far that whoever recurses without bound would run out of stack.
#[test]
fn deep_sources_are_refused() {
    let body = |text: String| format!("def f(n):\n    return {text}\n");
    let many = |text: &str| text.repeat(100_000);
    let blocks: String = (1..500).fold("def f(n):\n".to_owned(), |text, level| {
        text + &" ".repeat(level) + "if n:\n"
    });
    let sources = [
        body(many("(") + "1" + &many(")")),
        body(many("[") + &many("]")),
        body(many("{1:") + "1" + &many("}")),
        body(many("-") + "1"),
        body(many("not ") + "1"),
        body("1".to_owned() + &many("+1")),
        body("1".to_owned() + &many("**1")),
        body("n".to_owned() + &many("[0]")),
        body("n".to_owned() + &many(".strip()")),
        body("n".to_owned() + &many(" if n else n")),
        body(many("f(") + "n" + &many(")")),
        body(many("lambda: ") + "n"),
        body(many("[") + "n" + &many(" for n in n]")),
        body(format!("f\"{}\"", many("{n}"))),
        blocks,
        format!(
            "def f(n):\n    if n:\n        pass\n{}",
            many("    elif n:\n        pass\n")
        ),
    ];
    on_small_stack(move || {
        let mut machine = Machine::new();
        for source in sources {
            let end = end(&source, &mut machine);
            let refused = matches!(end, Err(Unread | Uncompiled | Failed(Error::Recursion)));
            assert!(refused, "{end:?} {}", &source[..80]);
        }
    });
}

/// A tree at the limit is printed, read, compiled and run; one beyond it is refused.
#[test]
fn deep_trees_are_within_the_limit_or_refused() {
    type Wrap = fn(Expr) -> Expr;
    let wraps: [Wrap; 6] = [
        |e| Expr::binary(BinaryOp::Add, e, Expr::Int(1)),
        |e| Expr::binary(BinaryOp::Sub, Expr::Int(1), e),
        |e| Expr::conditional(Expr::Bool(true), e, Expr::Int(0)),
        |e| Expr::Index(Box::new([Expr::List(vec![e]), Expr::Int(0)])),
        |e| Expr::Or(vec![Expr::Int(0), e]),
        |e| Expr::Builtin(tdev_program::Builtin::Abs, vec![e]),
    ];
    on_small_stack(move || {
        let mut machine = Machine::new();
        for wrap in wraps {
            let mut tree = Expr::name("n");
            loop {
                let text = format!("def f(n):\n    return {tree}\n");
                let deep = tree.depth() + 1 > tdev_program::MAX_DEPTH;
                assert_eq!(parse(&text).is_err(), deep, "{text}");
                let mut module = parse("def f(n):\n    return n\n").unwrap();
                module
                    .function_mut("f")
                    .unwrap()
                    .replace_expr(1, tree.clone())
                    .unwrap();
                match Program::compile(&module) {
                    Ok(program) => {
                        assert!(!deep);
                        let entry = program.entry("f").unwrap();
                        program
                            .run(&mut machine, entry, &[Value::Int(1)], BUDGET)
                            .unwrap();
                    }
                    Err(error) => {
                        assert!(deep);
                        assert_eq!(error, CompileError::TooDeep("f".to_owned()));
                    }
                }
                if deep {
                    break;
                }
                tree = wrap(tree);
            }
        }
        let endless = (0..3_000).fold(Expr::Int(1), |e, _| Expr::List(vec![e]));
        let module = Module {
            items: vec![TopLevel::Constant("A".into(), endless)],
        };
        assert!(matches!(
            Program::compile(&module),
            Err(CompileError::TooDeep(_))
        ));
    });
}
