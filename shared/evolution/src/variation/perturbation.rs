//! Small changes of numbers.

use rand::RngExt;
use tdev_program::{Expr, Function, Node};

use super::subtree::vary_expr;
use crate::{Genome, Operator, Rng, Scope, Trial};

/// Changes one number of the block a little: integers by a step or a factor, floats by a share of
/// their size that is normally distributed, or by rounding.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConstantPerturbation;

impl Operator for ConstantPerturbation {
    fn name(&self) -> &'static str {
        "constant-perturbation"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        _: &mut Trial<'_>,
    ) -> Option<Genome> {
        let mut nodes = parents.first()?.functions.iter().flat_map(Function::nodes);
        if !nodes.any(|node| matches!(node, Node::Expr(Expr::Int(_) | Expr::Float(_)))) {
            return None;
        }
        (0..4).find_map(|_| {
            vary_expr(parents, scope, rng, |anatomy, place, expr, rng| {
                let new = match *expr {
                    Expr::Int(value) => Expr::Int(integer(value, rng)?),
                    Expr::Float(value) => Expr::Float(float(value, rng)?),
                    _ => return None,
                };
                anatomy.with_expr(place, new)
            })
        })
    }
}

fn integer(value: i64, rng: &mut Rng) -> Option<i64> {
    let sign = if rng.random() { 1 } else { -1 };
    match rng.random_range(0..8_u8) {
        0..4 => value.checked_add(sign),
        4 | 5 => value.checked_add(sign * rng.random_range(2..=10)),
        6 if rng.random() => value.checked_mul(2),
        6 => Some(value / 2),
        _ => value.checked_neg(),
    }
}

fn float(value: f64, rng: &mut Rng) -> Option<f64> {
    let new = match rng.random_range(0..8_u8) {
        0..4 => rounded(value + 0.2 * value.abs().max(0.1) * normal(rng), 4),
        4 => value + f64::from(rng.random_range(-4_i8..=4)) / 4.0,
        5 => rounded(value, rng.random_range(1..=2)),
        6 if rng.random() => value * 2.0,
        6 => value / 2.0,
        _ => -value,
    };
    // Zero has one sign here.
    new.is_finite().then_some(new + 0.0)
}

/// A number of the standard normal distribution, by the polar method (Marsaglia and Bray 1964).
pub(super) fn normal(rng: &mut Rng) -> f64 {
    loop {
        let x = 2.0 * rng.random::<f64>() - 1.0;
        let y = 2.0 * rng.random::<f64>() - 1.0;
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * libm::log(square) / square).sqrt();
        }
    }
}

/// `value` with so many significant digits.
pub(super) fn rounded(value: f64, digits: usize) -> f64 {
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    text.parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;

    #[test]
    fn digits_are_significant() {
        assert_eq!(rounded(1234.56, 2).to_bits(), 1200.0_f64.to_bits());
        assert_eq!(
            rounded(-0.000_987_6, 3).to_bits(),
            (-0.000_988_f64).to_bits()
        );
        assert_eq!(rounded(0.0, 3).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn the_normal_distribution_has_mean_0_and_variance_1() {
        let mut rng = Rng::keyed(1, 0, 0, Purpose::Vary);
        let drawn: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }
}
