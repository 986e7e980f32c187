//! What candidates are to be compared with before anything is called evolved.

use serde::{Deserialize, Serialize};
use tdev_program::Value;

use super::{CasesEvaluator, Evaluator, Workbench, metric};
use crate::{Genome, Loss};

/// The most different outputs that are tried as a constant.
const MAX_CONSTANTS: usize = 64;

/// Something trivial and how it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What it is.
    pub name: String,
    /// Its mean loss.
    pub loss: Loss,
}

impl Baseline {
    /// A baseline of that name.
    pub fn new(name: impl Into<String>, loss: Loss) -> Self {
        Self {
            name: name.into(),
            loss,
        }
    }

    /// The agent as it is.
    pub fn unchanged(evaluator: &dyn Evaluator, parent: &Genome, bench: &mut Workbench) -> Self {
        Self::new("unchanged", super::mean_loss(evaluator, parent, bench))
    }
}

/// The best constant among the expected outputs, and their mean where they are numbers.
pub(super) fn constants(evaluator: &CasesEvaluator) -> Vec<Baseline> {
    let expected = evaluator.expected();
    let mut tried: Vec<&Value> = Vec::new();
    for value in expected {
        if tried.len() == MAX_CONSTANTS {
            break;
        }
        if !tried.iter().any(|known| metric::is_same(known, value)) {
            tried.push(value);
        }
    }
    let losses = tried
        .into_iter()
        .map(|value| evaluator.loss_of_constant(value));
    let best = losses.min().unwrap_or(Loss::WORST);
    let mut baselines = vec![Baseline::new("best constant", best)];
    let numbers: Option<Vec<f64>> = expected.iter().map(metric::number).collect();
    if let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) {
        #[expect(clippy::cast_precision_loss, reason = "at most MAX_CASES")]
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let loss = evaluator.loss_of_constant(&Value::Float(mean));
        baselines.push(Baseline::new("mean", loss));
    }
    baselines
}
