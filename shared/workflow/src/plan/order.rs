//! Topological order, and what stands in its way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The nodes of a graph in topological order, given for each node the nodes before it. Of nodes
/// that may come next the one with the lowest number does. If there are cycles, the nodes on them
/// and behind them are left out.
pub(crate) fn topological(before: &[Vec<usize>]) -> Vec<usize> {
    let mut after = vec![Vec::new(); before.len()];
    let mut waiting: Vec<usize> = before.iter().map(Vec::len).collect();
    for (node, sources) in before.iter().enumerate() {
        for source in sources {
            after[*source].push(node);
        }
    }
    let mut ready: BinaryHeap<_> = (0..before.len())
        .filter(|node| waiting[*node] == 0)
        .map(Reverse)
        .collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for next in &after[node] {
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    order
}

/// Cycles of a graph, no two of which share a node, each in the order of its edges and beginning
/// with its lowest node. There is at least one if `order` has not all nodes.
pub(crate) fn cycles(before: &[Vec<usize>], order: &[usize]) -> Vec<Vec<usize>> {
    const NEW: usize = 0;
    // In which walk a node was come by; the ordered ones are on no cycle.
    let mut walk = vec![NEW; before.len()];
    for node in order {
        walk[*node] = usize::MAX;
    }
    let mut cycles = Vec::new();
    for start in 0..before.len() {
        let mut path = Vec::new();
        let mut node = start;
        while walk[node] == NEW {
            walk[node] = start + 1;
            path.push(node);
            // A node that is not ordered has one before it that is not.
            let Some(source) = before[node].iter().find(|s| walk[**s] != usize::MAX) else {
                break;
            };
            node = *source;
        }
        if walk[node] == start + 1
            && let Some(first) = path.iter().position(|on| *on == node)
        {
            let mut cycle = path.split_off(first);
            cycle.reverse();
            let lowest = (0..cycle.len()).min_by_key(|i| cycle[*i]).unwrap_or(0);
            cycle.rotate_left(lowest);
            cycles.push(cycle);
        }
    }
    cycles
}
