//! Where nodes are drawn: in columns, each step right of all it depends on.

use super::DrawnEdge;

/// The place of a node: its column and its row in that, both from 0.
pub(super) type Place = (usize, usize);

/// The places of `count` nodes, which are in topological order.
///
/// A step's column is the length of the longest path to it. In a column, steps are put in the
/// order of the middle of what they depend on, and then once of what depends on them, which keeps
/// most lines from crossing.
pub(super) fn places(count: usize, edges: &[DrawnEdge]) -> Vec<Place> {
    let mut columns = vec![0; count];
    let (mut before, mut after) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    // The edges are in the order of their first ends, and so each column is right when it is read.
    for edge in edges {
        let (from, to) = edge.ends;
        columns[to] = columns[to].max(columns[from] + 1);
        before[to].push(from);
        after[from].push(to);
    }
    let width = columns.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); width];
    for (node, column) in columns.iter().enumerate() {
        members[*column].push(node);
    }
    let mut rows = vec![0; count];
    let number = |column: &[usize], rows: &mut Vec<usize>| {
        for (row, node) in column.iter().enumerate() {
            rows[*node] = row;
        }
    };
    for column in &members {
        number(column, &mut rows);
    }
    for column in &mut members {
        column.sort_by_cached_key(|node| middle(&before[*node], &rows, rows[*node]));
        number(column, &mut rows);
    }
    for column in members.iter_mut().rev() {
        column.sort_by_cached_key(|node| middle(&after[*node], &rows, rows[*node]));
        number(column, &mut rows);
    }
    columns.into_iter().zip(rows).collect()
}

/// The middle row of `nodes`, in thousandths; that of `own` if there are none.
fn middle(nodes: &[usize], rows: &[usize], own: usize) -> usize {
    if nodes.is_empty() {
        return own * 1_000;
    }
    let sum: usize = nodes.iter().map(|node| rows[*node]).sum();
    sum * 1_000 / nodes.len()
}
