//! The rules that anybody would try.

use super::{Bench, PackingEvaluator};
use crate::Loss;
use crate::problem::Baseline;

/// Below which share of the capacity a gap is too small.
const THRESHOLDS: [f64; 10] = [0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3];
/// How much worse that is, as a share of the capacity.
const PENALTIES: [f64; 6] = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0];

/// First fit, best fit, and best fit that avoids small gaps, its two parameters tried on a grid.
pub(super) fn rules(evaluator: &PackingEvaluator, bench: &mut Bench) -> Vec<Baseline> {
    let first_fit = evaluator.loss_of_rule(|_, _, _| 0.0, bench);
    let best_fit = evaluator.loss_of_rule(|item, room, _| item - room, bench);
    let mut best = (Loss::WORST, 0.0, 0.0);
    for threshold in THRESHOLDS {
        for penalty in PENALTIES {
            let loss = evaluator.loss_of_rule(avoiding(threshold, penalty), bench);
            if loss < best.0 {
                best = (loss, threshold, penalty);
            }
        }
    }
    let (loss, threshold, penalty) = best;
    vec![
        Baseline::new("first fit", first_fit),
        Baseline::new("best fit", best_fit),
        Baseline::new(format!("gaps below {threshold} cost {penalty}"), loss),
    ]
}

/// Best fit, save that gaps below a share of the capacity, but for none at all, are worse by
/// another share.
pub(super) fn avoiding(threshold: f64, penalty: f64) -> impl Fn(f64, f64, f64) -> f64 {
    move |item, room, capacity| {
        let gap = room - item;
        if gap > 0.0 && gap < threshold * capacity {
            -gap - penalty * capacity
        } else {
            -gap
        }
    }
}
