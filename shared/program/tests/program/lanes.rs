//! Lanes yield what the scalar machine yields.

use proptest::prelude::*;
use tdev_program::{
    Arm, BinaryOp, Budget, Error, Expr, Function, LaneError, LaneMachine, LaneProgram, Machine,
    Module, Name, Param, Program, Stmt, Target, TopLevel, Type, Value, parse,
};

use crate::generate::{Source, numeric};

/// A numeric function of `x` and `y`: assignments and branches before the end.
fn function(seed: u64) -> Module {
    let mut source = Source::new(seed);
    let mut body = Vec::new();
    for name in ["a", "b"] {
        let name = Name::new(name);
        let variable = Target::Name(name.clone());
        body.push(Stmt::Assign(variable.clone(), numeric(&mut source, 2)));
        let change = Stmt::Augment(variable, BinaryOp::Add, numeric(&mut source, 1));
        let leave = Stmt::Return(Some(Expr::Name(name)));
        let test = numeric(&mut source, 2);
        let then = if source.chance(50) {
            vec![change.clone(), leave]
        } else {
            vec![change]
        };
        let otherwise = match source.below(3) {
            0 => vec![Stmt::Return(Some(numeric(&mut source, 2)))],
            1 => vec![Stmt::Pass],
            _ => vec![],
        };
        body.push(Stmt::If(vec![Arm { test, body: then }], otherwise));
    }
    let result = Expr::binary(BinaryOp::Add, Expr::name("a"), numeric(&mut source, 4));
    body.push(Stmt::Return(Some(Expr::binary(
        BinaryOp::Mul,
        result,
        Expr::name("b"),
    ))));
    let params = ["x", "y"].map(|name| Param {
        name: Name::new(name),
        ty: Type::Float,
    });
    let function = Function {
        name: Name::new("f"),
        params: params.into(),
        returns: Type::Any,
        body,
    };
    Module {
        items: vec![TopLevel::Function(function)],
    }
}

#[expect(clippy::cast_precision_loss, reason = "as `float` rounds")]
fn scalar(program: &Program, machine: &mut Machine, inputs: [f64; 2]) -> Result<f64, Error> {
    let entry = program.entry("f").unwrap();
    match program.run(machine, entry, &inputs.map(Value::Float), Budget::default())? {
        Value::Int(value) => Ok(value as f64),
        Value::Float(value) => Ok(value),
        Value::Bool(value) => Ok(f64::from(u8::from(value))),
        other => panic!("{other:?}"),
    }
}

/// Compares every lane; returns whether the function has lanes.
fn compare(module: &Module, seed: u64, count: usize) -> bool {
    let function = module.function("f").unwrap();
    let lanes = match LaneProgram::of_function(module, function) {
        Ok(lanes) => lanes,
        Err(LaneError::LargeIntegers | LaneError::NotNumeric(_) | LaneError::Undefined) => {
            return false;
        }
        Err(other) => panic!("{other}\n{module}"),
    };
    let program = Program::compile(module).unwrap();
    let mut source = Source::new(!seed);
    let mut column = || (0..count).map(|_| source.float()).collect::<Vec<_>>();
    let (x, y) = (column(), column());
    let mut out = vec![0.0; count];
    let mut machine = LaneMachine::new();
    let all_well = lanes.eval(&mut machine, &[&x, &y], &mut out);
    let mut scalar_machine = Machine::new();
    let mut errors = 0;
    for lane in 0..count {
        let expected = scalar(&program, &mut scalar_machine, [x[lane], y[lane]]);
        let got = machine.error(lane).map_or(Ok(out[lane]), Err);
        let same = match (got, expected) {
            (Ok(a), Ok(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (a, b) => a == b,
        };
        assert!(
            same,
            "{got:?} for {expected:?} at {} {}\n{module}",
            x[lane], y[lane]
        );
        errors += usize::from(got.is_err());
    }
    assert_eq!(all_well, errors == 0);
    true
}

proptest! {
    #![proptest_config(crate::config("TDEV_LANE_CASES", 600))]

    #[test]
    fn lanes_are_the_scalar_machine(seed: u64) {
        compare(&function(seed), seed, 70);
    }
}

#[test]
fn most_random_functions_have_lanes() {
    let with_lanes = (0..300)
        .filter(|seed| compare(&function(*seed), *seed, 3))
        .count();
    assert!(with_lanes > 60, "{with_lanes} of 300");
}

#[test]
fn the_packers_priority_has_lanes() {
    let module = parse(crate::packer()).unwrap();
    let function = module.function("priority").unwrap();
    let lanes = LaneProgram::of_function(&module, function).unwrap();
    let rooms = [5.0, 5.1, 50.0];
    let mut out = [0.0; 3];
    let inputs: [&[f64]; 3] = [&[5.0; 3], &rooms, &[100.0; 3]];
    assert!(lanes.eval(&mut LaneMachine::new(), &inputs, &mut out));
    assert_eq!(
        out.map(f64::to_bits),
        [-0.0, -2.0 * (5.1 - 5.0), -45.0].map(f64::to_bits)
    );
}

#[test]
fn a_lane_that_fails_is_marked_and_the_others_go_on() {
    let module = parse(
        "RATE = 2\n\ndef half(x):\n    return x / RATE\n\n\
         def f(x):\n    if x > 1:\n        return half(1 / (x - 2))\n    return math.sqrt(x)\n",
    )
    .unwrap();
    let lanes = LaneProgram::of_function(&module, module.function("f").unwrap()).unwrap();
    let mut machine = LaneMachine::new();
    let mut out = [0.0; 4];
    assert!(!lanes.eval(&mut machine, &[&[1.0, 2.0, -1.0, 3.0]], &mut out));
    let errors = [None, Some(Error::ZeroDivision), Some(Error::Value), None];
    assert_eq!([0, 1, 2, 3].map(|lane| machine.error(lane)), errors);
    assert_eq!(out[0].to_bits(), 1.0_f64.to_bits());
    assert_eq!(out[3].to_bits(), 0.5_f64.to_bits());
}

#[test]
fn equal_operations_are_computed_once() {
    let params = [Name::new("x")];
    let expr = tdev_program::parse_expr("(x * x + 1.0) / (x * x + 1.0) + 2.0 * 3.0").unwrap();
    let lanes = LaneProgram::of_expr(&params, &expr).unwrap();
    // x * x, 1.0, +, /, 6.0, +
    assert_eq!(lanes.operations(), 6);
}
