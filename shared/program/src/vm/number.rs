//! Python's arithmetic on numbers, as lanes have it too.

use std::cmp::Ordering;

use super::error::{Error, Result};
use super::heap::Val;
use crate::ast::BinaryOp;

/// Up to here every integer is a float.
const EXACT: u64 = 1 << 53;

/// A number: booleans are integers.
#[derive(Clone, Copy)]
pub(crate) enum Num {
    Int(i64),
    Float(f64),
}

impl Num {
    pub(crate) fn of(value: Val) -> Option<Self> {
        match value {
            Val::Bool(value) => Some(Self::Int(value.into())),
            Val::Int(value) => Some(Self::Int(value)),
            Val::Float(value) => Some(Self::Float(value)),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "as Python rounds")]
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<Num> for Val {
    fn from(number: Num) -> Self {
        match number {
            Num::Int(value) => Self::Int(value),
            Num::Float(value) => Self::Float(value),
        }
    }
}

/// `a op b` of two numbers. `None` if the operator is for integers alone and one is a float.
pub(crate) fn arithmetic(op: BinaryOp, a: Num, b: Num) -> Result<Option<Num>> {
    match (a, b) {
        (Num::Int(a), Num::Int(b)) => integers(op, a, b).map(Some),
        _ => floats(op, a.to_f64(), b.to_f64()).map(|f| f.map(Num::Float)),
    }
}

fn integers(op: BinaryOp, a: i64, b: i64) -> Result<Num> {
    let checked = |value: Option<i64>| value.map(Num::Int).ok_or(Error::IntegerRange);
    match op {
        BinaryOp::Add => checked(a.checked_add(b)),
        BinaryOp::Sub => checked(a.checked_sub(b)),
        BinaryOp::Mul => checked(a.checked_mul(b)),
        BinaryOp::Div => quotient(a, b).map(Num::Float),
        BinaryOp::FloorDiv | BinaryOp::Mod if b == 0 => Err(Error::ZeroDivision),
        BinaryOp::FloorDiv => {
            let inexact = a.wrapping_rem(b) != 0 && (a < 0) != (b < 0);
            checked(a.checked_div(b).map(|q| q - i64::from(inexact)))
        }
        BinaryOp::Mod => {
            let rest = a.wrapping_rem(b);
            let other_sign = rest != 0 && (rest < 0) != (b < 0);
            Ok(Num::Int(if other_sign { rest + b } else { rest }))
        }
        BinaryOp::Pow if b < 0 => power(Num::Int(a).to_f64(), Num::Int(b).to_f64()).map(Num::Float),
        BinaryOp::Pow => match (a, b) {
            (_, 0) | (1, _) => Ok(Num::Int(1)),
            (0, _) => Ok(Num::Int(0)),
            (-1, b) => Ok(Num::Int(if b % 2 == 0 { 1 } else { -1 })),
            _ => checked(u32::try_from(b).ok().and_then(|b| a.checked_pow(b))),
        },
        BinaryOp::Shl | BinaryOp::Shr if b < 0 => Err(Error::Value),
        BinaryOp::Shl if a == 0 => Ok(Num::Int(0)),
        BinaryOp::Shl => match u32::try_from(b) {
            Ok(bits) if bits < 64 && (a << bits) >> bits == a => Ok(Num::Int(a << bits)),
            _ => Err(Error::IntegerRange),
        },
        BinaryOp::Shr => Ok(Num::Int(a >> b.min(63))),
        BinaryOp::BitAnd => Ok(Num::Int(a & b)),
        BinaryOp::BitOr => Ok(Num::Int(a | b)),
        BinaryOp::BitXor => Ok(Num::Int(a ^ b)),
    }
}

/// `a / b`, rounded once.
#[expect(clippy::cast_precision_loss, reason = "exact, or rounded on purpose")]
fn quotient(a: i64, b: i64) -> Result<f64> {
    if b == 0 {
        return Err(Error::ZeroDivision);
    }
    let (above, below) = (a.unsigned_abs(), b.unsigned_abs());
    if above <= EXACT && below <= EXACT {
        return Ok(a as f64 / b as f64);
    }
    // So many bits that a last one for "not exact" is never the one that is rounded at.
    let shift = above.leading_zeros() + 63;
    let above = u128::from(above) << shift;
    let below = u128::from(below);
    let bits = (above / below) | u128::from(above % below != 0);
    let scale = f64::from_bits(u64::from(1023 - shift) << 52);
    let magnitude = bits as f64 * scale;
    Ok(if (a < 0) == (b < 0) {
        magnitude
    } else {
        -magnitude
    })
}

/// `a op b` of floats. `None` if floats have no such operator.
#[inline]
pub(crate) fn floats(op: BinaryOp, a: f64, b: f64) -> Result<Option<f64>> {
    Ok(Some(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod if b == 0.0 => {
            return Err(Error::ZeroDivision);
        }
        BinaryOp::Div => a / b,
        BinaryOp::FloorDiv => floor_div(a, b),
        BinaryOp::Mod => modulo(a, b),
        BinaryOp::Pow => power(a, b)?,
        _ => return Ok(None),
    }))
}

/// `a % b`; `b` is not zero.
pub(crate) fn modulo(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest == 0.0 {
        return 0.0_f64.copysign(b);
    }
    if (b < 0.0) == (rest < 0.0) {
        rest
    } else {
        rest + b
    }
}

/// `a // b`; `b` is not zero.
pub(crate) fn floor_div(a: f64, b: f64) -> f64 {
    let rest = a % b;
    let mut whole = (a - rest) / b;
    if rest != 0.0 && (b < 0.0) != (rest < 0.0) {
        whole -= 1.0;
    }
    if whole == 0.0 {
        return 0.0_f64.copysign(a / b);
    }
    let floor = whole.floor();
    if whole - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    }
}

fn is_odd(value: f64) -> bool {
    value.is_finite() && (value.abs() % 2.0).to_bits() == 1.0_f64.to_bits()
}

/// What `a ** b` and `math.pow(a, b)` have in common where one of them is not finite.
fn power_at_infinity(a: f64, b: f64) -> Option<f64> {
    if a.is_finite() && b.is_finite() {
        return None;
    }
    let one = |value: f64| (value - 1.0).abs() <= 0.0;
    Some(if b == 0.0 || one(a) {
        1.0
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if b.is_infinite() {
        match a.abs().partial_cmp(&1.0) {
            Some(Ordering::Equal) => 1.0,
            Some(Ordering::Greater) if b > 0.0 => f64::INFINITY,
            Some(Ordering::Less) if b < 0.0 => f64::INFINITY,
            _ => 0.0,
        }
    } else {
        let magnitude = if b > 0.0 { f64::INFINITY } else { 0.0 };
        if is_odd(b) {
            magnitude.copysign(a)
        } else {
            magnitude
        }
    })
}

/// The power of finite numbers. A square is a product, which rounds better than any power.
fn finite_power(a: f64, b: f64) -> f64 {
    if b.to_bits() == 2.0_f64.to_bits() {
        a * a
    } else {
        libm::pow(a, b)
    }
}

/// `a ** b`
pub(crate) fn power(a: f64, b: f64) -> Result<f64> {
    if let Some(result) = power_at_infinity(a, b) {
        return Ok(result);
    }
    if a == 0.0 && b < 0.0 {
        return Err(Error::ZeroDivision);
    }
    if a < 0.0 && b.fract() != 0.0 {
        return Err(Error::Unsupported);
    }
    let result = finite_power(a, b);
    if result.is_infinite() {
        Err(Error::Overflow)
    } else {
        Ok(result)
    }
}

/// `math.pow(a, b)`
pub(crate) fn math_power(a: f64, b: f64) -> Result<f64> {
    if let Some(result) = power_at_infinity(a, b) {
        return Ok(result);
    }
    if a == 0.0 && b < 0.0 || a < 0.0 && b.fract() != 0.0 {
        return Err(Error::Value);
    }
    let result = finite_power(a, b);
    if result.is_infinite() {
        Err(Error::Overflow)
    } else {
        Ok(result)
    }
}

/// Compares an integer with a float exactly; `None` with NaN.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "within bounds that are checked"
)]
fn integer_to_float(a: i64, b: f64) -> Option<Ordering> {
    if a.unsigned_abs() <= EXACT {
        return (a as f64).partial_cmp(&b);
    }
    if b.is_nan() {
        return None;
    }
    // 2**63 and above, and below -2**63.
    if b >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if b < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    // A float so large that it is compared here is whole, or below every such integer.
    let whole = b.floor();
    Some(a.cmp(&(whole as i64)).then(if b > whole {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}

/// How two numbers compare; `None` with NaN.
#[inline]
pub(crate) fn compare(a: Num, b: Num) -> Option<Ordering> {
    match (a, b) {
        (Num::Int(a), Num::Int(b)) => Some(a.cmp(&b)),
        (Num::Float(a), Num::Float(b)) => a.partial_cmp(&b),
        (Num::Int(a), Num::Float(b)) => integer_to_float(a, b),
        (Num::Float(a), Num::Int(b)) => integer_to_float(b, a).map(Ordering::reverse),
    }
}

/// The integer that a whole float is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "within bounds that are checked"
)]
pub(crate) fn to_integer(value: f64) -> Result<i64> {
    if value.is_nan() {
        Err(Error::Value)
    } else if value.is_infinite() {
        Err(Error::Overflow)
    } else if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        Ok(value as i64)
    } else {
        Err(Error::IntegerRange)
    }
}
