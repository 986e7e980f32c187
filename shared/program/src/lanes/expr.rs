//! Expressions: what is known of them at once is computed at once.

use super::LaneError;
use super::flow::Tracer;
use super::tape::{Do, Operation, Row};
use crate::ast::{BinaryOp, CompareOp, Expr, UnaryOp};
use crate::vm::number::{self, Num};
use crate::vm::{Error, holds};

type Result<T> = std::result::Result<T, LaneError>;

/// Up to here every integer is a float, and sums, differences and products of such are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What an expression is in all lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lane {
    /// One integer.
    Int(i64),
    /// One float.
    Fixed(f64),
    /// One boolean.
    Truth(bool),
    /// Floats.
    Float(Row),
    /// Floats, and integers where the mask says so, none of them beyond `bound`.
    Mixed { row: Row, integers: Row, bound: f64 },
    /// Booleans: a mask.
    Mask(Row),
}

impl Tracer<'_> {
    pub(super) fn operation(&mut self, what: Do, a: Row, b: Row, c: Row) -> Result<Row> {
        self.tape.push(Operation { what, a, b, c })
    }

    pub(super) fn constant_mask(&mut self, value: bool) -> Result<Row> {
        self.tape.constant(if value { 1.0 } else { 0.0 })
    }

    /// The row with the values as floats.
    #[expect(clippy::cast_precision_loss, reason = "Python rounds the same")]
    pub(super) fn row(&mut self, lane: Lane) -> Result<Row> {
        match lane {
            Lane::Int(value) => self.tape.constant(value as f64),
            Lane::Fixed(value) => self.tape.constant(value),
            Lane::Truth(value) => self.constant_mask(value),
            Lane::Float(row) | Lane::Mixed { row, .. } | Lane::Mask(row) => Ok(row),
        }
    }

    /// What fails in all lanes that come here. What it yields is never looked at.
    pub(super) fn fail(&mut self, error: Error) -> Result<Lane> {
        let active = self.active;
        self.operation(Do::Fail(error), 0, 0, active)
            .map(Lane::Float)
    }

    pub(super) fn outcome(&mut self, result: std::result::Result<Num, Error>) -> Result<Lane> {
        match result {
            Ok(Num::Int(value)) => Ok(Lane::Int(value)),
            Ok(Num::Float(value)) => Ok(Lane::Fixed(value)),
            Err(error) => self.fail(error),
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Result<Lane> {
        match expr {
            Expr::Int(value) => Ok(Lane::Int(*value)),
            Expr::Float(value) => Ok(Lane::Fixed(*value)),
            Expr::Bool(value) => Ok(Lane::Truth(*value)),
            Expr::Constant(constant) => Ok(Lane::Fixed(constant.value())),
            Expr::Name(name) => self.variable(name),
            Expr::Unary(op, operand) => {
                let operand = self.expr(operand)?;
                self.unary(*op, operand)
            }
            Expr::Binary(op, pair) => {
                let a = self.expr(&pair[0])?;
                let b = self.expr(&pair[1])?;
                self.arithmetic(*op, a, b)
            }
            Expr::Compare(first, rest) => self.compare(first, rest),
            Expr::And(operands) => self.logic(operands, false),
            Expr::Or(operands) => self.logic(operands, true),
            Expr::If(three) => self.if_else(three),
            Expr::Call(name, arguments) => self.call(name, arguments),
            Expr::Builtin(builtin, arguments) => self.builtin(*builtin, arguments),
            _ => Err(LaneError::NotNumeric("another value than a number")),
        }
    }

    fn unary(&mut self, op: UnaryOp, value: Lane) -> Result<Lane> {
        if op == UnaryOp::Not {
            return match self.truth(value)? {
                Lane::Truth(value) => Ok(Lane::Truth(!value)),
                mask => {
                    let row = self.row(mask)?;
                    self.operation(Do::Not, row, row, 0).map(Lane::Mask)
                }
            };
        }
        match (op, self.number(value)?) {
            (UnaryOp::Neg, Lane::Int(value)) => {
                self.outcome(value.checked_neg().map(Num::Int).ok_or(Error::IntegerRange))
            }
            (UnaryOp::Neg, Lane::Fixed(value)) => Ok(Lane::Fixed(-value)),
            (UnaryOp::Invert, Lane::Int(value)) => Ok(Lane::Int(!value)),
            (UnaryOp::Invert, _) => Err(LaneError::NotNumeric("`~`")),
            (
                UnaryOp::Neg,
                Lane::Mixed {
                    row,
                    integers,
                    bound,
                },
            ) => {
                let row = self.operation(Do::Neg, row, row, 0)?;
                let row = self.operation(Do::OneZero, row, row, integers)?;
                Ok(Lane::Mixed {
                    row,
                    integers,
                    bound,
                })
            }
            (UnaryOp::Neg, value) => {
                let row = self.row(value)?;
                self.operation(Do::Neg, row, row, 0).map(Lane::Float)
            }
            (_, value) => Ok(value),
        }
    }

    /// Booleans as the integers they are.
    pub(super) fn number(&mut self, value: Lane) -> Result<Lane> {
        Ok(match value {
            Lane::Truth(value) => Lane::Int(value.into()),
            Lane::Mask(row) => Lane::Mixed {
                row,
                integers: self.constant_mask(true)?,
                bound: 1.0,
            },
            other => other,
        })
    }

    /// Which lanes have integers, and how large.
    #[expect(clippy::cast_precision_loss, reason = "a bound")]
    fn integers(&mut self, value: Lane) -> Result<(Row, f64)> {
        Ok(match value {
            Lane::Int(value) => (self.constant_mask(true)?, (value as f64).abs()),
            Lane::Mixed {
                integers, bound, ..
            } => (integers, bound),
            _ => (self.constant_mask(false)?, 0.0),
        })
    }

    pub(super) fn arithmetic(&mut self, op: BinaryOp, a: Lane, b: Lane) -> Result<Lane> {
        let (a, b) = (self.number(a)?, self.number(b)?);
        let fixed = |lane: Lane| match lane {
            Lane::Int(value) => Some(Num::Int(value)),
            Lane::Fixed(value) => Some(Num::Float(value)),
            _ => None,
        };
        if let (Some(a), Some(b)) = (fixed(a), fixed(b)) {
            return match number::arithmetic(op, a, b) {
                Ok(Some(value)) => self.outcome(Ok(value)),
                Ok(None) => self.fail(Error::Type),
                Err(error) => self.fail(error),
            };
        }
        let may_be_integers = may_be_integer(a) && may_be_integer(b);
        if may_be_integers && (is_large(a) || is_large(b)) {
            return Err(LaneError::LargeIntegers);
        }
        let what = match op {
            BinaryOp::Add => Do::Add,
            BinaryOp::Sub => Do::Sub,
            BinaryOp::Mul => Do::Mul,
            BinaryOp::Div if fixed(b).is_some_and(|b| b.to_f64() != 0.0) => Do::DivSafe,
            BinaryOp::Div => Do::Div,
            BinaryOp::FloorDiv => Do::FloorDiv,
            BinaryOp::Mod => Do::Mod,
            BinaryOp::Pow if fixed(b).is_some_and(|b| is_two(b.to_f64())) => Do::Square,
            BinaryOp::Pow => Do::Pow,
            _ => return Err(LaneError::NotNumeric("an operator of integers")),
        };
        let mask = match what {
            Do::Add | Do::Sub | Do::Mul | Do::DivSafe => 0,
            _ => self.active,
        };
        let (left, right) = (self.row(a)?, self.row(b)?);
        let row = self.operation(what, left, right, mask)?;
        if op == BinaryOp::Div {
            return Ok(Lane::Float(row));
        }
        if !may_be_integers {
            return Ok(Lane::Float(row));
        }
        let (x, most) = self.integers(a)?;
        let (y, other) = self.integers(b)?;
        let bound = match op {
            BinaryOp::Add | BinaryOp::Sub => most + other,
            BinaryOp::Mul => most * other,
            BinaryOp::Pow if what == Do::Square => most * most,
            BinaryOp::Pow => return Err(LaneError::LargeIntegers),
            _ => most.max(other),
        };
        if bound > EXACT || most > EXACT || other > EXACT {
            return Err(LaneError::LargeIntegers);
        }
        let integers = self.both(x, y)?;
        let row = self.operation(Do::OneZero, row, row, integers)?;
        Ok(Lane::Mixed {
            row,
            integers,
            bound,
        })
    }

    /// A value as a boolean.
    pub(super) fn truth(&mut self, value: Lane) -> Result<Lane> {
        Ok(match value {
            Lane::Int(value) => Lane::Truth(value != 0),
            Lane::Fixed(value) => Lane::Truth(value != 0.0),
            Lane::Truth(_) | Lane::Mask(_) => value,
            Lane::Float(row) | Lane::Mixed { row, .. } => {
                Lane::Mask(self.operation(Do::Truth, row, row, 0)?)
            }
        })
    }

    /// `a` where the mask lets pass, else `b`.
    pub(super) fn choose(&mut self, mask: Row, a: Lane, b: Lane) -> Result<Lane> {
        if a == b && !matches!(a, Lane::Fixed(_)) {
            return Ok(a);
        }
        let (left, right) = (self.row(a)?, self.row(b)?);
        let row = self.operation(Do::Select, left, right, mask)?;
        match (a, b) {
            (Lane::Mask(_) | Lane::Truth(_), Lane::Mask(_) | Lane::Truth(_)) => Ok(Lane::Mask(row)),
            (Lane::Mask(_) | Lane::Truth(_), _) | (_, Lane::Mask(_) | Lane::Truth(_)) => {
                Err(LaneError::NotNumeric("a boolean or a number"))
            }
            _ if is_large(a) || is_large(b) => Err(LaneError::LargeIntegers),
            _ if !may_be_integer(a) && !may_be_integer(b) => Ok(Lane::Float(row)),
            _ => {
                let (x, most) = self.integers(a)?;
                let (y, other) = self.integers(b)?;
                let integers = self.operation(Do::Select, x, y, mask)?;
                let bound = most.max(other);
                Ok(Lane::Mixed {
                    row,
                    integers,
                    bound,
                })
            }
        }
    }

    pub(super) fn compare_two(&mut self, op: CompareOp, a: Lane, b: Lane) -> Result<Lane> {
        let (a, b) = (self.number(a)?, self.number(b)?);
        let known = |lane: Lane| match lane {
            Lane::Int(value) => Some(Num::Int(value)),
            Lane::Fixed(value) => Some(Num::Float(value)),
            _ => None,
        };
        if let (Some(a), Some(b)) = (known(a), known(b)) {
            let result = holds(op, number::compare(a, b));
            return result
                .map(Lane::Truth)
                .ok_or(LaneError::NotNumeric("`in` or `is`"));
        }
        if matches!(
            op,
            CompareOp::In | CompareOp::NotIn | CompareOp::Is | CompareOp::IsNot
        ) {
            return Err(LaneError::NotNumeric("`in` or `is`"));
        }
        if is_large(a) || is_large(b) {
            return Err(LaneError::LargeIntegers);
        }
        let (left, right) = (self.row(a)?, self.row(b)?);
        self.operation(Do::Compare(op), left, right, 0)
            .map(Lane::Mask)
    }

    fn compare(&mut self, first: &Expr, rest: &[(CompareOp, Expr)]) -> Result<Lane> {
        let mut left = self.expr(first)?;
        let all = self.active;
        let mut result = Lane::Truth(true);
        for (op, operand) in rest {
            let right = self.expr(operand)?;
            let next = self.compare_two(*op, left, right)?;
            left = right;
            result = match (result, next) {
                (Lane::Truth(true), next) => next,
                (Lane::Truth(false), _) | (_, Lane::Truth(false)) => Lane::Truth(false),
                (result, Lane::Truth(true)) => result,
                (a, b) => {
                    let (a, b) = (self.row(a)?, self.row(b)?);
                    Lane::Mask(self.both(a, b)?)
                }
            };
            // Past a comparison that does not hold, nothing is evaluated.
            match result {
                Lane::Truth(false) => break,
                Lane::Truth(true) => {}
                mask => {
                    let mask = self.row(mask)?;
                    self.active = self.both(all, mask)?;
                }
            }
        }
        self.active = all;
        Ok(result)
    }

    fn logic(&mut self, operands: &[Expr], is_or: bool) -> Result<Lane> {
        let all = self.active;
        let (first, rest) = operands.split_first().ok_or(LaneError::Undefined)?;
        let value = self.expr(first)?;
        if rest.is_empty() {
            return Ok(value);
        }
        let decided = match self.truth(value)? {
            Lane::Truth(truth) if truth == is_or => return Ok(value),
            Lane::Truth(_) => return self.logic(rest, is_or),
            mask => self.row(mask)?,
        };
        self.active = if is_or {
            self.without(all, decided)?
        } else {
            self.both(all, decided)?
        };
        let other = self.logic(rest, is_or)?;
        self.active = all;
        if is_or {
            self.choose(decided, value, other)
        } else {
            self.choose(decided, other, value)
        }
    }

    fn if_else(&mut self, [test, then, otherwise]: &[Expr; 3]) -> Result<Lane> {
        let test = self.expr(test)?;
        let mask = match self.truth(test)? {
            Lane::Truth(true) => return self.expr(then),
            Lane::Truth(false) => return self.expr(otherwise),
            mask => self.row(mask)?,
        };
        let all = self.active;
        self.active = self.both(all, mask)?;
        let then = self.expr(then)?;
        self.active = self.without(all, mask)?;
        let otherwise = self.expr(otherwise)?;
        self.active = all;
        self.choose(mask, then, otherwise)
    }
}

fn may_be_integer(value: Lane) -> bool {
    matches!(value, Lane::Int(_) | Lane::Mixed { .. })
}

/// Whether it is an integer that floats may not hold.
fn is_large(value: Lane) -> bool {
    matches!(value, Lane::Int(value) if value.unsigned_abs() > 1 << 53)
}

fn is_two(value: f64) -> bool {
    value.to_bits() == 2.0_f64.to_bits()
}
