//! Built-in functions.

use super::LaneError;
use super::eval::whole;
use super::expr::Lane;
use super::flow::Tracer;
use super::tape::Do;
use crate::ast::{Builtin, CompareOp, Expr};
use crate::vm::number::{self, Num};
use crate::vm::{Error, math};

type Result<T> = std::result::Result<T, LaneError>;

impl Tracer<'_> {
    pub(super) fn builtin(&mut self, builtin: Builtin, arguments: &[Expr]) -> Result<Lane> {
        let values = arguments.iter().map(|argument| self.expr(argument));
        match (builtin, &values.collect::<Result<Vec<_>>>()?[..]) {
            (Builtin::Abs, [value]) => self.absolute(*value),
            (Builtin::Min | Builtin::Max, [first, rest @ ..]) if !rest.is_empty() => {
                let mut best = *first;
                for value in rest {
                    best = self.better(builtin, best, *value)?;
                }
                Ok(best)
            }
            (Builtin::Bool, [value]) => self.truth(*value),
            (Builtin::Float, [value]) => match self.row(*value)? {
                _ if matches!(value, Lane::Fixed(_) | Lane::Float(_)) => Ok(*value),
                row => Ok(Lane::Float(row)),
            },
            (Builtin::Int | Builtin::Round | Builtin::MathFloor | Builtin::Ceil, [value]) => {
                self.whole(builtin, *value)
            }
            (_, [value]) if builtin.is_math() => {
                if let Some(x) = fixed(*value) {
                    let result = math::unary(builtin, x).unwrap_or(Err(Error::Type));
                    return self.outcome(result.map(Num::Float));
                }
                let (row, active) = (self.row(*value)?, self.active);
                self.operation(Do::Math(builtin), row, row, active)
                    .map(Lane::Float)
            }
            (Builtin::Pow | Builtin::Log, [x, y]) => {
                if let (Some(x), Some(y)) = (fixed(*x), fixed(*y)) {
                    let result = math::binary(builtin, x, y).unwrap_or(Err(Error::Type));
                    return self.outcome(result.map(Num::Float));
                }
                let (x, y, active) = (self.row(*x)?, self.row(*y)?, self.active);
                self.operation(Do::Math2(builtin), x, y, active)
                    .map(Lane::Float)
            }
            _ => Err(LaneError::NotNumeric("another function")),
        }
    }

    fn absolute(&mut self, value: Lane) -> Result<Lane> {
        match self.number(value)? {
            Lane::Int(value) => {
                self.outcome(value.checked_abs().map(Num::Int).ok_or(Error::IntegerRange))
            }
            Lane::Fixed(value) => Ok(Lane::Fixed(value.abs())),
            Lane::Mixed {
                row,
                integers,
                bound,
            } => {
                let row = self.operation(Do::Abs, row, row, 0)?;
                Ok(Lane::Mixed {
                    row,
                    integers,
                    bound,
                })
            }
            value => {
                let row = self.row(value)?;
                self.operation(Do::Abs, row, row, 0).map(Lane::Float)
            }
        }
    }

    /// The lesser, or greater, of two; the first if neither is.
    fn better(&mut self, builtin: Builtin, best: Lane, value: Lane) -> Result<Lane> {
        let op = if builtin == Builtin::Max {
            CompareOp::Gt
        } else {
            CompareOp::Lt
        };
        match self.compare_two(op, value, best)? {
            Lane::Truth(true) => Ok(value),
            Lane::Truth(false) => Ok(best),
            mask => {
                let mask = self.row(mask)?;
                self.choose(mask, value, best)
            }
        }
    }

    fn whole(&mut self, builtin: Builtin, value: Lane) -> Result<Lane> {
        match self.number(value)? {
            Lane::Int(value) => Ok(Lane::Int(value)),
            Lane::Fixed(value) => match whole(builtin, value) {
                // Exact: it was an integer a moment ago.
                Ok(value) => self.outcome(number::to_integer(value).map(Num::Int)),
                Err(error) => self.fail(error),
            },
            value => {
                let (row, active) = (self.row(value)?, self.active);
                let row = self.operation(Do::Whole(builtin), row, row, active)?;
                let integers = self.constant_mask(true)?;
                Ok(Lane::Mixed {
                    row,
                    integers,
                    bound: f64::INFINITY,
                })
            }
        }
    }
}

/// A number that is the same in all lanes.
#[expect(clippy::cast_precision_loss, reason = "Python rounds the same")]
fn fixed(value: Lane) -> Option<f64> {
    match value {
        Lane::Int(value) => Some(value as f64),
        Lane::Fixed(value) => Some(value),
        Lane::Truth(value) => Some(if value { 1.0 } else { 0.0 }),
        _ => None,
    }
}
