//! The best of each kind that an island has seen (MAP-Elites, Mouret & Clune 2015).
//!
//! A kind, or cell, is a size and a strength. The size is the eighth of the allowed nodes that the
//! block takes. The strength is the eighth of the cases, in their order, on which its losses are
//! least in proportion to those of the agent's own block. Only who was judged on all cases is kept.

use std::sync::Arc;

use super::individual::Individual;
use crate::Loss;

/// In how many sizes, and in how many strengths, individuals are divided.
const DIVISIONS: usize = 8;

/// Puts `fresh` into its cell, if it is better than who is there.
pub(super) fn keep(
    archive: &mut Vec<(u16, Arc<Individual>)>,
    fresh: &Arc<Individual>,
    origin: &Individual,
    max_nodes: usize,
    parsimony: f64,
) {
    if !fresh.full {
        return;
    }
    let cell = cell(fresh, origin, max_nodes);
    match archive.binary_search_by_key(&cell, |(cell, _)| *cell) {
        Ok(at) => {
            let kept = &mut archive[at].1;
            let rank = |of: &Individual| of.rank(of.score, parsimony);
            if rank(fresh) < rank(kept) {
                *kept = Arc::clone(fresh);
            }
        }
        Err(at) => archive.insert(at, (cell, Arc::clone(fresh))),
    }
}

fn cell(individual: &Individual, origin: &Individual, max_nodes: usize) -> u16 {
    let nodes = individual.nodes as usize;
    let size = (nodes * DIVISIONS / (max_nodes + 1)).min(DIVISIONS - 1);
    let cell = size * DIVISIONS + strength(&individual.losses, &origin.losses);
    u16::try_from(cell).unwrap_or(u16::MAX)
}

/// The part of the cases on which `losses` are least in proportion to `usual`; of equal ones the
/// first.
fn strength(losses: &[Loss], usual: &[Loss]) -> usize {
    let cases = losses.len().min(usual.len());
    let of_part = |part: usize| {
        let range = part * cases / DIVISIONS..(part + 1) * cases / DIVISIONS;
        // Halves, so that the sum of two is finite.
        let [own, usual] = [losses, usual].map(|of| Loss::mean(&of[range.clone()]).value() / 2.0);
        if range.is_empty() {
            1.0
        } else if own + usual == 0.0 {
            0.5
        } else {
            own / (own + usual)
        }
    };
    let shares: Vec<f64> = (0..DIVISIONS).map(of_part).collect();
    let least = (0..DIVISIONS).min_by(|a, b| shares[*a].total_cmp(&shares[*b]));
    least.unwrap_or_default()
}
