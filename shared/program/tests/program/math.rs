//! Transcendental functions beside those of the platform, which differ in the last bit at most.

use serde_json::json;
use tdev_program::{Budget, Machine, Program, Value, parse};

use crate::generate::Source;
use crate::python::{Python, decode, encode, exception};

const INPUTS: usize = 2_000;

/// Each with how many units in the last place it may differ by.
const FUNCTIONS: &[(&str, u64)] = &[
    ("math.exp(x)", 1),
    ("math.log(x)", 1),
    ("math.sin(x)", 1),
    ("math.cos(x)", 1),
    ("math.tan(x)", 1),
    ("math.tanh(x)", 2),
    ("math.sqrt(x)", 0),
    ("math.pow(x, y)", 1),
    ("x ** y", 1),
    ("x ** 2", 0),
    ("x ** int(y)", 1),
    ("math.floor(x) + math.ceil(y)", 0),
];

/// Small numbers, any bits, and the edges.
fn input(source: &mut Source) -> f64 {
    match source.below(8) {
        0 => source.pick(&[
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            0.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            710.0,
            -745.5,
            3.0,
            -3.0,
            1e-310,
        ]),
        1 => f64::from_bits(source.next()),
        _ => source.float(),
    }
}

/// How many floats lie between the two.
fn distance(a: f64, b: f64) -> u64 {
    if a.is_nan() && b.is_nan() {
        return 0;
    }
    if a.is_sign_negative() != b.is_sign_negative() {
        return u64::MAX;
    }
    a.to_bits().abs_diff(b.to_bits())
}

#[test]
fn functions_are_the_platforms_but_for_the_last_bit() {
    let mut python = Python::start();
    let mut machine = Machine::new();
    for (seed, (text, most)) in (1..).zip(FUNCTIONS) {
        let source = format!("import math\n\ndef f(x, y):\n    return {text}\n");
        let program = Program::compile(&parse(&source).unwrap()).unwrap();
        let entry = program.entry("f").unwrap();
        let mut random = Source::new(seed);
        let inputs: Vec<[Value; 2]> = (0..INPUTS)
            .map(|_| [input(&mut random), input(&mut random)].map(Value::Float))
            .collect();
        let ours: Vec<_> = inputs
            .iter()
            .map(|inputs| program.run(&mut machine, entry, inputs, Budget::default()))
            .collect();
        // What is ours alone is not asked for.
        let known: Vec<usize> = (0..INPUTS)
            .filter(|at| !matches!(ours[*at], Err(error) if exception(error).is_none()))
            .collect();
        let asked: Vec<_> = known
            .iter()
            .map(|at| inputs[*at].each_ref().map(encode))
            .collect();
        let answers = python.ask(&json!([{"source": source, "inputs": asked}]));
        assert!(known.len() > INPUTS / 2, "{text}: {}", known.len());
        for (at, answer) in known.into_iter().zip(&answers) {
            let same = match (&ours[at], answer.get("value").map(decode)) {
                (Ok(Value::Float(a)), Some(Value::Float(b))) => distance(*a, b) <= *most,
                (Ok(a), Some(b)) => a.is_identical(&b),
                (Err(error), None) => answer["error"].as_str() == exception(*error),
                _ => false,
            };
            assert!(
                same,
                "{text}: {:?}, not {answer}, of {:?}",
                ours[at], inputs[at]
            );
        }
    }
    python.stop();
}
