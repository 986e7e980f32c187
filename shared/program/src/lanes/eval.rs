//! Evaluation, a block of lanes at a time.

use super::tape::{ALL, Do, Operation, Row, Tape};
use crate::ast::{Builtin, CompareOp};
use crate::vm::number::{floor_div, modulo, power, to_integer};
use crate::vm::{Error, math};

/// How many lanes are computed together, so that their rows stay near.
const BLOCK: usize = 64;

/// What a thread evaluates lanes with, kept between evaluations.
#[derive(Debug, Clone, Default)]
pub struct LaneMachine {
    rows: Vec<f64>,
    /// The errors of the last evaluation, by lane. Empty if there were none.
    errors: Vec<Option<Error>>,
}

/// The errors of a block.
struct Faults<'a> {
    errors: &'a mut Vec<Option<Error>>,
    first: usize,
    lanes: usize,
}

impl Faults<'_> {
    /// Notes that a lane fails, unless it has failed already.
    #[cold]
    fn note(&mut self, lane: usize, error: Error) {
        if self.errors.is_empty() {
            self.errors.resize(self.lanes, None);
        }
        self.errors[self.first + lane].get_or_insert(error);
    }
}

impl LaneMachine {
    /// A machine that has evaluated nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn error_of(&self, lane: usize) -> Option<Error> {
        self.errors.get(lane).copied().flatten()
    }

    pub(super) fn eval(
        &mut self,
        tape: &Tape,
        result: Row,
        inputs: &[&[f64]],
        out: &mut [f64],
    ) -> bool {
        assert_eq!(inputs.len(), tape.inputs(), "a column per parameter");
        self.errors.clear();
        let lanes = out.len();
        let rows = tape.inputs() + tape.ops().len();
        let width = lanes.min(BLOCK);
        if self.rows.len() < rows * width {
            self.rows.resize(rows * width, 0.0);
        }
        for (number, block) in out.chunks_mut(BLOCK).enumerate() {
            let first = number * BLOCK;
            let len = block.len();
            for (input, row) in inputs.iter().zip(self.rows.chunks_exact_mut(len)) {
                row.copy_from_slice(&input[first..first + len]);
            }
            let mut faults = Faults {
                errors: &mut self.errors,
                first,
                lanes,
            };
            for (at, operation) in tape.ops().iter().enumerate() {
                let (before, after) = self.rows.split_at_mut((tape.inputs() + at) * len);
                operation.apply(tape.consts(), before, &mut after[..len], &mut faults);
            }
            let from = usize::from(result) * len;
            block.copy_from_slice(&self.rows[from..from + len]);
        }
        for (value, error) in out.iter_mut().zip(&self.errors) {
            if error.is_some() {
                *value = f64::NAN;
            }
        }
        self.errors.is_empty()
    }
}

/// A row of those before.
#[inline]
fn row(rows: &[f64], row: Row, len: usize) -> &[f64] {
    let from = usize::from(row) * len;
    &rows[from..from + len]
}

#[inline]
fn map(d: &mut [f64], a: &[f64], f: impl Fn(f64) -> f64) {
    for (d, a) in d.iter_mut().zip(a) {
        *d = f(*a);
    }
}

#[inline]
fn map2(d: &mut [f64], a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) {
    for ((d, a), b) in d.iter_mut().zip(a).zip(b) {
        *d = f(*a, *b);
    }
}

fn mask(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

impl Operation {
    #[inline]
    fn apply(self, consts: &[f64], rows: &[f64], d: &mut [f64], faults: &mut Faults<'_>) {
        let len = d.len();
        let a = || row(rows, self.a, len);
        let b = || row(rows, self.b, len);
        match self.what {
            Do::Const => d.fill(consts[usize::from(self.a)]),
            Do::Add => map2(d, a(), b(), |a, b| a + b),
            Do::Sub => map2(d, a(), b(), |a, b| a - b),
            Do::Mul => map2(d, a(), b(), |a, b| a * b),
            Do::DivSafe => map2(d, a(), b(), |a, b| a / b),
            Do::Neg => map(d, a(), |a| -a),
            Do::Abs => map(d, a(), f64::abs),
            Do::Compare(op) => compare(op, d, a(), b()),
            Do::Truth => map(d, a(), |a| mask(a != 0.0)),
            Do::And => map2(d, a(), b(), |a, b| a * b),
            Do::Or => map2(d, a(), b(), f64::max),
            Do::AndNot => map2(d, a(), b(), |a, b| a * (1.0 - b)),
            Do::Not => map(d, a(), |a| 1.0 - a),
            Do::Select => {
                let c = row(rows, self.c, len);
                for (((d, a), b), c) in d.iter_mut().zip(a()).zip(b()).zip(c) {
                    *d = if *c == 0.0 { *b } else { *a };
                }
            }
            Do::OneZero => {
                let c = row(rows, self.c, len);
                for ((d, a), c) in d.iter_mut().zip(a()).zip(c) {
                    *d = if *c == 0.0 { *a } else { *a + 0.0 };
                }
            }
            Do::Div => {
                let b = b();
                map2(d, a(), b, |a, b| a / b);
                if b.contains(&0.0) {
                    self.fault(rows, d, faults, |lane| {
                        (b[lane] == 0.0).then_some(Error::ZeroDivision)
                    });
                }
            }
            Do::Square => {
                let a = a();
                map(d, a, |a| a * a);
                if d.iter().any(|d| d.is_infinite()) {
                    let overflows = |lane: usize, d: f64| d.is_infinite() && a[lane].is_finite();
                    let result = d.to_vec();
                    self.fault(rows, d, faults, |lane| {
                        overflows(lane, result[lane]).then_some(Error::Overflow)
                    });
                }
            }
            _ => self.apply_each(rows, d, faults),
        }
    }

    /// Notes the lanes that fail, of those that the mask lets pass.
    fn fault(
        self,
        rows: &[f64],
        d: &[f64],
        faults: &mut Faults<'_>,
        error: impl Fn(usize) -> Option<Error>,
    ) {
        for lane in 0..d.len() {
            let passes = self.c == ALL || row(rows, self.c, d.len())[lane] != 0.0;
            if let Some(error) = error(lane).filter(|_| passes) {
                faults.note(lane, error);
            }
        }
    }

    /// What is computed lane by lane, in those that the mask lets pass alone.
    fn apply_each(self, rows: &[f64], d: &mut [f64], faults: &mut Faults<'_>) {
        let len = d.len();
        if let Do::Fail(error) = self.what {
            return self.each(rows, d, faults, |_| Err(error));
        }
        let a = row(rows, self.a, len);
        let b = row(rows, self.b, len);
        match self.what {
            Do::FloorDiv => self.each(rows, d, faults, |lane| {
                if b[lane] == 0.0 {
                    Err(Error::ZeroDivision)
                } else {
                    Ok(floor_div(a[lane], b[lane]))
                }
            }),
            Do::Mod => self.each(rows, d, faults, |lane| {
                if b[lane] == 0.0 {
                    Err(Error::ZeroDivision)
                } else {
                    Ok(modulo(a[lane], b[lane]))
                }
            }),
            Do::Pow => self.each(rows, d, faults, |lane| power(a[lane], b[lane])),
            Do::Math(function) => self.each(rows, d, faults, |lane| {
                math::unary(function, a[lane]).unwrap_or(Err(Error::Type))
            }),
            Do::Math2(function) => self.each(rows, d, faults, |lane| {
                math::binary(function, a[lane], b[lane]).unwrap_or(Err(Error::Type))
            }),
            Do::Whole(function) => self.each(rows, d, faults, |lane| whole(function, a[lane])),
            _ => {}
        }
    }

    #[inline]
    fn each(
        self,
        rows: &[f64],
        d: &mut [f64],
        faults: &mut Faults<'_>,
        f: impl Fn(usize) -> Result<f64, Error>,
    ) {
        let passes = (self.c != ALL).then(|| row(rows, self.c, d.len()));
        for (lane, d) in d.iter_mut().enumerate() {
            *d = f64::NAN;
            if passes.is_none_or(|mask| mask[lane] != 0.0) {
                match f(lane) {
                    Ok(value) => *d = value,
                    Err(error) => faults.note(lane, error),
                }
            }
        }
    }
}

#[expect(clippy::float_cmp, reason = "equality of floats is what is asked for")]
fn compare(op: CompareOp, d: &mut [f64], a: &[f64], b: &[f64]) {
    match op {
        CompareOp::Eq => map2(d, a, b, |a, b| mask(a == b)),
        CompareOp::Ne => map2(d, a, b, |a, b| mask(a != b)),
        CompareOp::Lt => map2(d, a, b, |a, b| mask(a < b)),
        CompareOp::Le => map2(d, a, b, |a, b| mask(a <= b)),
        CompareOp::Gt => map2(d, a, b, |a, b| mask(a > b)),
        CompareOp::Ge => map2(d, a, b, |a, b| mask(a >= b)),
        // Refused when the tape is written.
        CompareOp::In | CompareOp::NotIn | CompareOp::Is | CompareOp::IsNot => {}
    }
}

/// A float as the integer that a function makes of it, as a float again.
#[expect(clippy::cast_precision_loss, reason = "exact: the integer was a float")]
pub(super) fn whole(function: Builtin, x: f64) -> Result<f64, Error> {
    let rounded = match function {
        Builtin::MathFloor => x.floor(),
        Builtin::Ceil => x.ceil(),
        Builtin::Round => math::round_half_even(x),
        _ => x.trunc(),
    };
    to_integer(rounded).map(|whole| whole as f64)
}
