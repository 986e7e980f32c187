//! Whether what a step looks at has ended by then.

use super::Problems;
use super::expressions::{Look, Looks};
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
    let mut far: Vec<Far<'_>> = Vec::new();
    // By step: the last step found to depend on it directly, from 1.
    let mut direct = vec![0; graph.before.len()];
    for (from, seen) in looks.by_step.iter().enumerate() {
        for before in &graph.before[from] {
            direct[*before] = from + 1;
        }
        let is_far = |look: &&Look| look.step != from && direct[look.step] != from + 1;
        far.extend(seen.iter().filter(is_far).map(|look| Far {
            step: look.step,
            from,
            pointer: &look.pointer,
        }));
    }
    far.sort_unstable();
    far.dedup_by_key(|look| (look.step, look.from));
    let mut missing: Vec<Far<'_>> = Vec::new();
    for block in blocks(&far) {
        let reached = reached(graph, &block);
        for (place, step) in block.iter().enumerate() {
            let start = far.partition_point(|look| look.step < *step);
            let of_step = far[start..].iter().take_while(|look| look.step == *step);
            missing.extend(of_step.filter(|look| reached[look.from] & (1 << place) == 0));
        }
    }
    missing.sort_unstable_by_key(|look| (look.from, look.pointer, look.step));
    for look in missing {
        let id = |step: usize| &definition.steps[step].id;
        let message = format!(
            "{} looks at steps.{other}, which need not have ended by then: add {other} to its \
             depends_on",
            id(look.from),
            other = id(look.step)
        );
        problems.add(Code::NotADependency, look.pointer, message);
    }
}

/// A look at a step that is no direct dependency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Far<'a> {
    /// The step that is looked at.
    step: usize,
    /// The step that looks.
    from: usize,
    /// Where it does.
    pointer: &'a str,
}

/// The steps that are looked at, by the number that a word has bits.
fn blocks(far: &[Far<'_>]) -> Vec<Vec<usize>> {
    let mut steps: Vec<usize> = far.iter().map(|look| look.step).collect();
    steps.dedup();
    steps.chunks(64).map(<[usize]>::to_vec).collect()
}

/// By step: which of the steps in `block`, by their places in it, it comes after.
fn reached(graph: &Graph<'_>, block: &[usize]) -> Vec<u64> {
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
