//! `math` and rounding.

use super::error::{Error, Result};
use super::number::math_power;
use crate::ast::{Builtin, Constant};

impl Constant {
    /// Its value.
    pub fn value(self) -> f64 {
        match self {
            Self::Pi => std::f64::consts::PI,
            Self::E => std::f64::consts::E,
            Self::Inf => f64::INFINITY,
        }
    }
}

/// A function of `math` that takes a float and returns one; `None` for any other.
#[inline]
pub(crate) fn unary(function: Builtin, x: f64) -> Option<Result<f64>> {
    Some(match function {
        Builtin::Sqrt if x < 0.0 => Err(Error::Value),
        Builtin::Sqrt => Ok(x.sqrt()),
        Builtin::Exp => {
            let result = libm::exp(x);
            if result.is_infinite() && x.is_finite() {
                Err(Error::Overflow)
            } else {
                Ok(result)
            }
        }
        Builtin::Log if x <= 0.0 => Err(Error::Value),
        Builtin::Log => Ok(libm::log(x)),
        Builtin::Sin => periodic(libm::sin, x),
        Builtin::Cos => periodic(libm::cos, x),
        Builtin::Tan => periodic(libm::tan, x),
        Builtin::Tanh => Ok(libm::tanh(x)),
        _ => return None,
    })
}

fn periodic(function: fn(f64) -> f64, x: f64) -> Result<f64> {
    if x.is_infinite() {
        Err(Error::Value)
    } else {
        Ok(function(x))
    }
}

/// A function of `math` that takes two floats and returns one; `None` for any other.
pub(crate) fn binary(function: Builtin, x: f64, y: f64) -> Option<Result<f64>> {
    match function {
        Builtin::Pow => Some(math_power(x, y)),
        Builtin::Log => Some(log(x, y)),
        _ => None,
    }
}

fn log(x: f64, base: f64) -> Result<f64> {
    if x <= 0.0 || base <= 0.0 {
        return Err(Error::Value);
    }
    let below = libm::log(base);
    if below == 0.0 {
        Err(Error::ZeroDivision)
    } else {
        Ok(libm::log(x) / below)
    }
}

/// `round(x)` before it is made an integer: half to even.
pub(crate) fn round_half_even(x: f64) -> f64 {
    x.round_ties_even()
}

/// `round(x, digits)`: the decimal nearest to the exact value, half to even, as a float.
pub(crate) fn round_to(x: f64, digits: i64) -> Result<f64> {
    if !x.is_finite() || x == 0.0 || digits > 323 {
        return Ok(x);
    }
    if digits < -308 {
        return Ok(0.0_f64.copysign(x));
    }
    let text = if digits >= 0 {
        let digits = usize::try_from(digits).unwrap_or_default();
        format!("{x:.digits$}")
    } else {
        round_left(x, digits)
    };
    let result: f64 = text.parse().map_err(|_| Error::Value)?;
    if result.is_infinite() {
        Err(Error::Overflow)
    } else {
        Ok(result)
    }
}

/// Rounds to a power of ten; `digits` is negative.
fn round_left(x: f64, digits: i64) -> String {
    let scientific = format!("{x:e}");
    let exponent: i64 = scientific
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or_default();
    let kept = exponent + digits;
    if let Ok(kept) = usize::try_from(kept) {
        return format!("{x:.kept$e}");
    }
    let sign = if x < 0.0 { "-" } else { "" };
    // Less than one unit is left: it rounds up if it is more than half a unit.
    let half: f64 = format!("5e{}", -digits - 1)
        .parse()
        .unwrap_or(f64::INFINITY);
    if x.abs() > half {
        format!("{sign}1e{}", -digits)
    } else {
        format!("{sign}0.0")
    }
}

/// `round(x, digits)` of an integer: half to even.
pub(crate) fn round_integer(x: i64, digits: i64) -> Result<i64> {
    if digits >= 0 {
        return Ok(x);
    }
    let Some(unit) = u32::try_from(-digits)
        .ok()
        .and_then(|d| 10_i128.checked_pow(d))
    else {
        return Ok(0);
    };
    let x = i128::from(x);
    let (whole, rest) = (x.div_euclid(unit), x.rem_euclid(unit));
    let up = match (rest * 2).cmp(&unit) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Greater => 1,
        std::cmp::Ordering::Equal => whole & 1,
    };
    i64::try_from((whole + up) * unit).map_err(|_| Error::IntegerRange)
}
