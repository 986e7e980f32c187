//! Whether what a step looks at has ended by then.

use super::Problems;
use super::expressions::Looks;
use super::graph::Graph;
use crate::definition::Definition;
use crate::problem::Code;

/// Checks that every step that is looked at is a dependency, directly or not.
///
/// Direct dependencies are known. For the others, the graph is gone through once for every 64
/// steps that are looked at from afar: with n steps and e edges that is at most n/64 times n + e
/// operations on a word, and n words of memory.
pub(super) fn check(
    definition: &Definition,
    graph: &Graph<'_>,
    looks: &Looks,
    problems: &mut Problems,
) {
    let mut far: Vec<(usize, usize)> = Vec::new();
    // By step: the last step found to depend on it directly, from 1.
    let mut direct = vec![0; graph.before.len()];
    for (step, seen) in looks.by_step.iter().enumerate() {
        for before in &graph.before[step] {
            direct[*before] = step + 1;
        }
        let is_far = |other: &&usize| **other != step && direct[**other] != step + 1;
        far.extend(seen.iter().filter(is_far).map(|other| (*other, step)));
    }
    far.sort_unstable();
    far.dedup();
    let mut missing: Vec<(usize, usize)> = Vec::new();
    let mut targets: Vec<usize> = far.iter().map(|(other, _)| *other).collect();
    targets.dedup();
    for block in targets.chunks(64) {
        let reached = descendants(graph, block);
        let (Some(first), Some(last)) = (block.first(), block.last()) else {
            continue;
        };
        let from = far.partition_point(|(other, _)| other < first);
        let to = far.partition_point(|(other, _)| other <= last);
        for (other, step) in &far[from..to] {
            let bit = block.binary_search(other).map_or(0, |place| 1 << place);
            if reached[*step] & bit == 0 {
                missing.push((*step, *other));
            }
        }
    }
    missing.sort_unstable();
    for (step, other) in missing {
        let (id, other) = (&definition.steps[step].id, &definition.steps[other].id);
        let message = format!(
            "{id} looks at steps.{other}, which need not have ended by then: add {other} to its \
             depends_on"
        );
        problems.add(Code::NotADependency, format!("/steps/{step}"), message);
    }
}

/// By step: which of the steps in `block`, by their places in it, it comes after.
pub(crate) fn descendants(graph: &Graph<'_>, block: &[usize]) -> Vec<u64> {
    let mut own = vec![0_u64; graph.before.len()];
    for (place, step) in block.iter().enumerate() {
        own[*step] = 1 << place;
    }
    let mut reached = vec![0_u64; graph.before.len()];
    for step in &graph.order {
        reached[*step] = graph.before[*step]
            .iter()
            .fold(0, |all, before| all | reached[*before] | own[*before]);
    }
    reached
}
