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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Genome;
    use crate::search::{Id, Maker, Score};

    fn individual(child: u32, nodes: u32, losses: &[f64], full: bool) -> Arc<Individual> {
        let losses: Vec<Loss> = losses.iter().map(|loss| Loss::or_worst(*loss)).collect();
        Arc::new(Individual {
            id: Id {
                generation: 1,
                child,
            },
            island: 0,
            genome: Genome::default(),
            text: String::new(),
            nodes,
            score: Score::of(&losses),
            losses,
            full,
            parents: Vec::new(),
            maker: Maker::Copy,
        })
    }

    #[test]
    fn the_best_of_each_size_and_strength_is_kept() {
        let origin = individual(0, 3, &[4.0; 8], true);
        let mut archive = Vec::new();
        let mut offer = |nodes, losses: [f64; 8], full| {
            let fresh = individual(nodes, nodes, &losses, full);
            keep(&mut archive, &fresh, &origin, 79, 0.0);
            let kept = archive.iter().map(|(_, kept)| kept.nodes);
            kept.collect::<Vec<u32>>()
        };
        let strong_on = |part: usize, rest: f64| {
            let mut losses = [rest; 8];
            losses[part] = 0.5;
            losses
        };
        assert_eq!(offer(3, strong_on(2, 4.0), true), [3]);
        assert_eq!(offer(4, strong_on(5, 9.0), true), [3, 4]);
        assert_eq!(offer(25, strong_on(2, 9.0), true), [3, 4, 25]);
        // Better than who is there, then not, then as good but larger.
        assert_eq!(offer(5, strong_on(2, 3.0), true), [5, 4, 25]);
        assert_eq!(offer(2, strong_on(2, 3.5), true), [5, 4, 25]);
        assert_eq!(offer(6, strong_on(2, 3.0), true), [5, 4, 25]);
        assert_eq!(offer(9, strong_on(7, 0.6), false), [5, 4, 25]);
    }

    #[test]
    fn there_is_a_strength_whatever_the_losses() {
        let losses = |values: &[f64]| -> Vec<Loss> {
            values.iter().map(|value| Loss::or_worst(*value)).collect()
        };
        let worst = losses(&[f64::MAX; 8]);
        assert_eq!(strength(&worst, &worst), 0);
        assert_eq!(strength(&losses(&[0.0; 8]), &losses(&[0.0; 8])), 0);
        // Fewer cases than parts.
        assert_eq!(strength(&losses(&[3.0, 1.0]), &losses(&[2.0, 2.0])), 7);
        assert_eq!(strength(&losses(&[1.0, 3.0]), &losses(&[2.0, 2.0])), 3);
    }
}
