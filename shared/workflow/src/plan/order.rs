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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_may_come_next_the_first_does() {
        let before = [vec![2], vec![], vec![], vec![0, 1]];
        assert_eq!(topological(&before), [1, 2, 0, 3]);
    }

    #[test]
    fn cycles_are_found_and_what_is_beside_them_is_not() {
        // 0 → 1 → 2 → 0, which leads to 3; 4 ⇄ 5; and 6 alone.
        let before = [
            vec![2, 6],
            vec![0],
            vec![1],
            vec![2],
            vec![5],
            vec![4],
            vec![],
        ];
        let order = topological(&before);
        assert_eq!(order, [6]);
        assert_eq!(cycles(&before, &order), [vec![0, 1, 2], vec![4, 5]]);
    }

    #[test]
    fn a_long_cycle_is_found_without_recursion() {
        let count = 100_000;
        let before: Vec<_> = (0..count)
            .map(|node| vec![(node + count - 1) % count])
            .collect();
        assert_eq!(
            cycles(&before, &topological(&before)),
            [(0..count).collect::<Vec<_>>()]
        );
    }
}
