//! What programs compute, where it is easy to get wrong. The breadth is tested against CPython.

use serde_json::{Value as Json, json};
use tdev_program::{Budget, Error, Machine, Program, Value, parse};

use crate::{call, call_with};

/// The value of an expression, as JSON.
fn value(expr: &str) -> Json {
    call(&format!("def f():\n    return {expr}\n"))
        .unwrap()
        .to_json()
        .unwrap()
}

fn error(expr: &str) -> Error {
    call(&format!("def f():\n    return {expr}\n")).unwrap_err()
}

#[test]
fn arithmetic_is_pythons() {
    for (expr, expected) in [
        ("-7 // 2", json!(-4)),
        ("-7 % 3", json!(2)),
        ("7 % -3", json!(-2)),
        ("-7.5 // 2", json!(-4.0)),
        ("-7.5 % 2", json!(0.5)),
        ("2 ** -1", json!(0.5)),
        ("2 ** 10", json!(1024)),
        ("-2 ** 2", json!(-4)),
        ("9007199254740993 / 1", json!(9_007_199_254_740_992.0)),
        (
            "9223372036854775807 / 2",
            json!(4_611_686_018_427_387_904.0),
        ),
        ("True + 1", json!(2)),
        ("1 << 4 | 3", json!(19)),
        ("~5", json!(-6)),
        ("1 < 2 < 3 != 4", json!(true)),
        ("9007199254740993 == 9007199254740992.0", json!(false)),
        ("round(2.5)", json!(2)),
        ("round(2.675, 2)", json!(2.67)),
        ("round(1250, -2)", json!(1200)),
        ("round(250.4, -2)", json!(300.0)),
        ("int(-2.9)", json!(-2)),
        ("0 or [] or 'x'", json!("x")),
        ("1 and 0 and 2", json!(0)),
    ] {
        assert_eq!(value(expr), expected, "{expr}");
    }
}

#[test]
fn sequences_are_pythons() {
    for (expr, expected) in [
        ("'héllo'[1]", json!("é")),
        ("'héllo'[::-1]", json!("olléh")),
        ("[1, 2, 3, 4][-3:-1]", json!([2, 3])),
        ("[1, 2, 3, 4][::-2]", json!([4, 2])),
        ("[1, 2, 3][5:]", json!([])),
        ("' a  b '.split()", json!(["a", "b"])),
        ("'a,,b'.split(',')", json!(["a", "", "b"])),
        ("'-'.join(['a', 'b'])", json!("a-b")),
        ("'aaa'.replace('', '-')", json!("-a-a-a-")),
        ("'abc'.find('c') + 'abc'.find('x')", json!(1)),
        ("[x * x for x in range(5) if x % 2]", json!([1, 9])),
        ("[a + b for a, b in zip([1, 2], [10, 20])]", json!([11, 22])),
        ("sorted([3, 1.5, True])", json!([true, 1.5, 3])),
        ("sorted(['b', 'a'], reverse=True)", json!(["b", "a"])),
        ("max([1, 3.0, 3])", json!(3.0)),
        ("sum(range(1000000))", json!(499_999_500_000_i64)),
        (
            "len(range(0, 1000000000000, 7))",
            json!(142_857_142_858_i64),
        ),
        (
            "str([1, 'a', (2.0,), {'k': None}])",
            json!("[1, 'a', (2.0,), {'k': None}]"),
        ),
        (
            "list({'b': 1, 'a': 2}.items())",
            json!([["b", 1], ["a", 2]]),
        ),
        ("list(reversed(range(0, 10, 3)))", json!([9, 6, 3, 0])),
        ("list(enumerate('ab', 1))", json!([[1, "a"], [2, "b"]])),
        ("[1, 2] < [1, 3]", json!(true)),
        ("(1, 2) == [1, 2]", json!(false)),
        ("{1: 'a'}[1.0]", json!("a")),
        ("f'{1 + 1}-{None}'", json!("2-None")),
    ] {
        assert_eq!(value(expr), expected, "{expr}");
    }
}

#[test]
fn errors_have_pythons_kinds() {
    for (expr, expected) in [
        ("1 // 0", Error::ZeroDivision),
        ("1.0 % 0", Error::ZeroDivision),
        ("0.0 ** -1", Error::ZeroDivision),
        ("10.0 ** 400", Error::Overflow),
        ("(-8) ** 0.5", Error::Unsupported),
        ("9223372036854775807 + 1", Error::IntegerRange),
        ("-9223372036854775808 // -1", Error::IntegerRange),
        ("1 << 63", Error::IntegerRange),
        ("1 << -1", Error::Value),
        ("'a' + 1", Error::Type),
        ("[1][1]", Error::Index),
        ("{}['a']", Error::Key),
        ("{[]: 1}", Error::Type),
        ("int('x')", Error::Value),
        ("math.sqrt(-1.0)", Error::Value),
        ("math.log(0)", Error::Value),
        ("math.exp(1000)", Error::Overflow),
        ("(1).append(2)", Error::Attribute),
        ("max([])", Error::Value),
        ("1 < 'a'", Error::Type),
        ("'%d' % 1", Error::Unsupported),
    ] {
        assert_eq!(error(expr), expected, "{expr}");
    }
}

#[test]
fn variables_and_control_flow() {
    let source = "
LIMITS = {'low': 2, 'high': [10]}

def double(x):
    return x * 2

def f(n):
    a, b = 0, 1
    seen = []
    for i in range(n):
        if i == 1:
            continue
        elif i > 6:
            break
        a, b = b, a + b
        seen.append(double(a))
    while len(seen) > LIMITS['low']:
        seen.pop()
    LIMITS['high'] += [n]
    (c, [d, e]) = 1, 'xy'
    seen[0] -= 5
    return [a, b, seen, LIMITS, c, d, e]
";
    let expected = json!([8, 13, [-3, 2], {"low": 2, "high": [10, 9]}, 1, "x", "y"]);
    let module = parse(source).unwrap();
    let program = Program::compile(&module).unwrap();
    let entry = program.entry("f").unwrap();
    let mut machine = Machine::new();
    // Constants begin anew in every run.
    for _ in 0..3 {
        let result = program.run(&mut machine, entry, &[Value::Int(9)], Budget::default());
        assert_eq!(result.unwrap().to_json().unwrap(), expected);
    }
}

#[test]
fn a_variable_without_value_is_an_error() {
    let source = "
def f(n):
    if n > 0:
        x = n
    return n == 5 and x < 9 < x or x
";
    assert_eq!(call_with(source, &[Value::Int(3)]), Ok(Value::Int(3)));
    assert_eq!(call_with(source, &[Value::Int(0)]), Err(Error::Unbound));
    let shadow = "def f():\n    x = [x for x in [1, 2]]\n    return x\n";
    assert_eq!(
        call(shadow),
        Ok(Value::List(vec![Value::Int(1), Value::Int(2)]))
    );
    let looped = "def f():\n    for i in []:\n        x = i\n    return x\n";
    assert_eq!(call(looped), Err(Error::Unbound));
}

#[test]
fn aliases_are_pythons() {
    let source = "
def f():
    a = [1]
    b = a
    b += (2,)
    c = a + [3]
    d = a * 2
    a *= 2
    x = {'k': a}
    x['k'].insert(0, 9)
    s = 'ab'
    t = s
    t += 'c'
    u = t + 'd'
    t += 'e'
    return [a, b, c, d, x, s, t, u]
";
    let expected = json!([
        [9, 1, 2, 1, 2], [9, 1, 2, 1, 2], [1, 2, 3], [1, 2, 1, 2], {"k": [9, 1, 2, 1, 2]},
        "ab", "abce", "abcd"
    ]);
    assert_eq!(call(source).unwrap().to_json().unwrap(), expected);
}

#[test]
fn dicts_keep_their_order_and_notice_changes() {
    let source = "
def f():
    d = {}
    for i in range(100):
        d[str(i)] = i
    for i in range(0, 100, 2):
        d.pop(str(i))
    d['0'] = 'again'
    total = 0
    for k, v in d.items():
        if k != '0':
            total += v
    return [len(d), total, list(d.keys())[-1], d.get('2'), d.get('3')]
";
    let expected = json!([51, 2500, "0", null, 3]);
    assert_eq!(call(source).unwrap().to_json().unwrap(), expected);
    let changed = "def f():\n    d = {1: 1}\n    for k in d:\n        d[k + 1] = 1\n";
    assert_eq!(call(changed), Err(Error::Runtime));
}

#[test]
fn what_a_run_takes_is_the_same_each_time() {
    let source = "def f():\n    return sorted([str(i) for i in range(100)])\n";
    let program = Program::compile(&parse(source).unwrap()).unwrap();
    let entry = program.entry("f").unwrap();
    let mut machine = Machine::new();
    let mut run = |budget| {
        program
            .run(&mut machine, entry, &[], budget)
            .map(|_| machine.left())
    };
    let budget = Budget {
        fuel: 10_000,
        memory: 100_000,
    };
    let left = run(budget).unwrap();
    assert_eq!(run(budget), Ok(left));
    let exact = Budget {
        fuel: budget.fuel - left.fuel,
        memory: budget.memory - left.memory,
    };
    assert_eq!(run(exact), Ok(Budget { fuel: 0, memory: 0 }));
    let short_of_fuel = Budget {
        fuel: exact.fuel - 1,
        ..exact
    };
    assert_eq!(run(short_of_fuel), Err(Error::OutOfFuel));
    let short_of_memory = Budget {
        memory: exact.memory - 1,
        ..exact
    };
    assert_eq!(run(short_of_memory), Err(Error::OutOfMemory));
}

#[test]
fn the_bin_packer_runs() {
    let agent = crate::packer();
    let program = Program::compile(&parse(agent).unwrap()).unwrap();
    let input = Value::from_json(&json!({"capacity": 10, "items": [6, 5, 4, 5]})).unwrap();
    let entry = program.entry("execute").unwrap();
    let output = program
        .run(&mut Machine::new(), entry, &[input], Budget::default())
        .unwrap();
    let expected = json!({"bins": 2, "packing": [[6, 4], [5, 5]], "lower_bound": 2, "excess": 0.0});
    assert_eq!(output.to_json().unwrap(), expected);
}

#[test]
fn threads_share_a_program_and_agree() {
    let source = "N = [3, 1, 2]\n\ndef f(x):\n    N.append(x)\n    return str(sorted(N)) * 2\n";
    let program = Program::compile(&parse(source).unwrap()).unwrap();
    let entry = program.entry("f").unwrap();
    let results = || {
        let mut machine = Machine::new();
        (0..200)
            .map(|x| program.run(&mut machine, entry, &[Value::Int(x)], Budget::default()))
            .collect::<Vec<_>>()
    };
    let (here, there) = std::thread::scope(|scope| {
        let other = scope.spawn(results);
        (results(), other.join().unwrap())
    });
    assert_eq!(here, there);
    assert_eq!(here[0], Ok(Value::Str("[0, 1, 2, 3][0, 1, 2, 3]".into())));
}
