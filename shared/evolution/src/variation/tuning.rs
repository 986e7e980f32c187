//! The search for better numbers.

use rand::seq::SliceRandom;
use tdev_program::{Expr, Type};

use super::anatomy::Anatomy;
use super::offspring;
use super::perturbation::{normal, rounded};
use crate::{Genome, Loss, Operator, Rng, Scope, Trial};

/// Searches for better floats in one function of the block with the (1+1)-CMA-ES (Igel, Suttorp
/// and Hansen 2006): covariance matrix adaptation that keeps a Cholesky factor and one point.
///
/// The search is written here because it must yield the same bits everywhere: it draws from the
/// generator it is given, takes `exp` and `log` from `libm`, and adds in a fixed order. Libraries
/// for it take them from the platform, and matrix products from whichever instructions the
/// processor has. One evaluation at a time also suits a share of evaluations that may be small.
///
/// Numbers are tried with six significant digits, so that what is printed is what was measured;
/// at last, with fewer digits if that is no worse.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConstantTuning;

/// The most numbers that are tuned at once.
const MAX_NUMBERS: usize = 12;
/// The significant digits of what is tried.
const DIGITS: usize = 6;

impl Operator for ConstantTuning {
    fn name(&self) -> &'static str {
        "constant-tuning"
    }

    fn arity(&self) -> usize {
        1
    }

    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        trial: &mut Trial<'_>,
    ) -> Option<Genome> {
        let [parent, ..] = parents else {
            return None;
        };
        let (at, anatomy) = Anatomy::draw(parent, scope, rng)?;
        let (places, start) = numbers(&anatomy, rng);
        if places.is_empty() {
            return None;
        }
        let with = |point: &[f64]| {
            let mut function = anatomy.function.clone();
            // From the last, for a sign that merges with a number renumbers what follows.
            for (place, value) in places.iter().zip(point).rev() {
                anatomy.put(&mut function, *place, Expr::Float(*value))?;
            }
            offspring(parent, at, function, scope)
        };
        let first = trial(parent)?;
        let mut tried = |point: &[f64]| match with(point) {
            Some(child) => trial(&child),
            None => Some(Loss::WORST),
        };
        let mut search = Search::from(start, first);
        let rounds = 30 + 20 * places.len();
        let mut has_share = true;
        for _ in 0..rounds {
            has_share = search.step(rng, &mut tried).is_some();
            if !has_share || search.is_still() || search.best == Loss::ZERO {
                break;
            }
        }
        if search.best >= first {
            return None;
        }
        if has_share {
            search.shorten(&mut tried);
        }
        with(&search.point)
    }
}

/// The places of the numbers that may be floats, and what they are.
fn numbers(anatomy: &Anatomy<'_>, rng: &mut Rng) -> (Vec<usize>, Vec<f64>) {
    let mut places: Vec<usize> = (0..anatomy.len())
        .filter(|index| match anatomy.expr(*index) {
            Some(Expr::Float(value)) => value.is_finite(),
            Some(Expr::Int(_)) => anatomy.accepts(*index, Type::Float),
            _ => false,
        })
        .collect();
    places.shuffle(rng);
    places.truncate(MAX_NUMBERS);
    places.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        reason = "where the search begins need not be exact"
    )]
    let value = |place: &usize| match anatomy.expr(*place) {
        Some(Expr::Float(value)) => *value,
        Some(Expr::Int(value)) => *value as f64,
        _ => 0.0,
    };
    let values = places.iter().map(value).collect();
    (places, values)
}

/// The state of the evolution strategy; symbols as in the paper.
struct Search {
    point: Vec<f64>,
    best: Loss,
    /// What one unit of each coordinate is.
    units: Vec<f64>,
    sigma: f64,
    /// The Cholesky factor of the covariance matrix, row by row.
    factor: Vec<f64>,
    /// The smoothed rate of success.
    success: f64,
}

impl Search {
    fn from(point: Vec<f64>, best: Loss) -> Self {
        let n = point.len();
        let mut factor = vec![0.0; n * n];
        for diagonal in factor.iter_mut().step_by(n + 1) {
            *diagonal = 1.0;
        }
        Self {
            units: point.iter().map(|x: &f64| x.abs().max(0.25)).collect(),
            point,
            best,
            sigma: 0.3,
            factor,
            success: 2.0 / 11.0,
        }
    }

    /// Tries one point; nothing if it could not be tried.
    fn step(
        &mut self,
        rng: &mut Rng,
        tried: &mut impl FnMut(&[f64]) -> Option<Loss>,
    ) -> Option<()> {
        let n = self.point.len();
        let drawn: Vec<f64> = (0..n).map(|_| normal(rng)).collect();
        let direction: Vec<f64> = self
            .factor
            .chunks(n)
            .map(|row| row.iter().zip(&drawn).map(|(a, z)| a * z).sum())
            .collect();
        let moved = direction.iter().zip(&self.units).zip(&self.point);
        let point: Vec<f64> = moved
            .map(|((d, unit), x)| rounded(x + self.sigma * unit * d, DIGITS))
            .collect();
        let loss = tried(&point)?;
        let is_success = loss <= self.best;
        self.adapt_step(is_success);
        if is_success {
            self.point = point;
            self.best = loss;
            if self.success < 0.44 {
                self.adapt_factor(&drawn, &direction);
            }
        }
        Some(())
    }

    fn adapt_step(&mut self, is_success: bool) {
        const TARGET: f64 = 2.0 / 11.0;
        const RATE: f64 = 1.0 / 12.0;
        let outcome = if is_success { 1.0 } else { 0.0 };
        self.success = (1.0 - RATE) * self.success + RATE * outcome;
        let excess = self.success - TARGET / (1.0 - TARGET) * (1.0 - self.success);
        self.sigma *= libm::exp(excess / (1.0 + self.dimensions() / 2.0));
    }

    fn adapt_factor(&mut self, drawn: &[f64], direction: &[f64]) {
        let kept = 1.0 - 2.0 / (self.dimensions().powi(2) + 6.0);
        let length: f64 = drawn.iter().map(|z| z * z).sum();
        if length == 0.0 {
            return;
        }
        let root = kept.sqrt();
        let added = root / length * ((1.0 + (1.0 - kept) * length / kept).sqrt() - 1.0);
        let rows = self.factor.chunks_mut(drawn.len()).zip(direction);
        for (row, d) in rows {
            for (a, z) in row.iter_mut().zip(drawn) {
                *a = root * *a + added * d * z;
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "there are a few dimensions")]
    fn dimensions(&self) -> f64 {
        self.point.len() as f64
    }

    /// Whether steps are too small to matter.
    fn is_still(&self) -> bool {
        self.sigma < 1e-6
    }

    /// Takes digits away where that makes nothing worse.
    fn shorten(&mut self, tried: &mut impl FnMut(&[f64]) -> Option<Loss>) {
        for index in 0..self.point.len() {
            for digits in 1..=3 {
                let mut point = self.point.clone();
                point[index] = rounded(point[index], digits);
                if point == self.point {
                    break;
                }
                match tried(&point) {
                    None => return,
                    Some(loss) if loss <= self.best => {
                        self.point = point;
                        self.best = loss;
                        break;
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;

    /// The loss after so many evaluations of a quadratic function with axes of very unlike length.
    fn ellipsoid(seed: u64, evaluations: usize) -> f64 {
        let mut rng = Rng::keyed(seed, 0, 0, Purpose::Vary);
        let mut loss = |point: &[f64]| {
            let [x, y, z] = [point[0] - 3.0, point[1] + 2.0, point[2] - 0.5];
            Loss::new((x + y).powi(2) + 100.0 * (x - y).powi(2) + z * z)
        };
        let start = vec![1.0, 1.0, 1.0];
        let first = loss(&start).unwrap();
        let mut search = Search::from(start, first);
        for _ in 0..evaluations {
            search.step(&mut rng, &mut loss).unwrap();
        }
        search.best.value()
    }

    #[test]
    fn the_strategy_finds_the_least() {
        for seed in 0..5 {
            let loss = ellipsoid(seed, 600);
            assert!(loss < 1e-6, "{seed}: {loss}");
        }
    }

    #[test]
    fn the_strategy_yields_the_same_bits_again() {
        assert_eq!(ellipsoid(7, 50).to_bits(), ellipsoid(7, 50).to_bits());
    }
}
