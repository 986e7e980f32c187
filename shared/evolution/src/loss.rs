//! How wrong a candidate is.

use serde::{Deserialize, Serialize};

/// How far from right: finite, never negative, never −0; the less the better.
///
/// There is no way to make one of NaN, an infinity or a negative number, so neither arithmetic nor
/// order needs to think of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
#[serde(try_from = "f64", into = "f64")]
pub struct Loss(f64);

/// A number that is no loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a loss is finite and not negative")]
pub struct NotALoss;

impl Loss {
    /// Exactly right.
    pub const ZERO: Self = Self(0.0);
    /// What fails: it ends with an error, takes too much, or yields something else than was asked.
    pub const WORST: Self = Self(f64::MAX);

    /// The loss of that value; none for NaN, infinities and negative numbers.
    pub fn new(value: f64) -> Option<Self> {
        // Adding zero makes 0 of −0.
        (value.is_finite() && value >= 0.0).then_some(Self(value + 0.0))
    }

    /// The loss of that value, [`Self::WORST`] if it has none.
    pub fn or_worst(value: f64) -> Self {
        Self::new(value).unwrap_or(Self::WORST)
    }

    /// Its value.
    pub fn value(self) -> f64 {
        self.0
    }

    /// The mean, [`Self::WORST`] if one of them is that or there are none.
    pub fn mean(losses: &[Self]) -> Self {
        if losses.is_empty() || losses.contains(&Self::WORST) {
            return Self::WORST;
        }
        let sum: f64 = losses.iter().map(|loss| loss.0).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are fewer cases than 2^53"
        )]
        Self::or_worst(sum / losses.len() as f64)
    }
}

impl Eq for Loss {}

impl Ord for Loss {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Loss {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<f64> for Loss {
    type Error = NotALoss;

    fn try_from(value: f64) -> Result<Self, NotALoss> {
        Self::new(value).ok_or(NotALoss)
    }
}

impl From<Loss> for f64 {
    fn from(loss: Loss) -> Self {
        loss.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_to_compare_is_no_loss() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-300] {
            assert_eq!(Loss::new(bad), None, "{bad}");
            assert_eq!(Loss::or_worst(bad), Loss::WORST);
        }
        let zero = Loss::new(-0.0).unwrap();
        assert!(zero.value().is_sign_positive());
        assert!(serde_json::from_str::<Loss>("-1.0").is_err());
    }

    #[test]
    fn a_mean_is_worst_with_the_worst_in_it() {
        let loss = |value| Loss::new(value).unwrap();
        assert_eq!(Loss::mean(&[loss(1.0), loss(2.0)]), loss(1.5));
        assert_eq!(Loss::mean(&[loss(1.0), Loss::WORST]), Loss::WORST);
        assert_eq!(Loss::mean(&[]), Loss::WORST);
        assert_eq!(Loss::mean(&[loss(1e308), loss(1e308)]), Loss::WORST);
    }
}
