use super::*;
use crate::search::lineage::{Digest, Entry};
use crate::search::{Id, Statistics};

fn loss(value: f64) -> Loss {
    Loss::or_worst(value)
}

fn history(losses: &[(f64, f64)]) -> Vec<Statistics> {
    let of = |(generation, (best, median)): (u32, &(f64, f64))| Statistics {
        generation,
        best: loss(*best),
        best_nodes: 3,
        mean: loss(*median),
        median: loss(*median),
        failing: 0,
        population: 4,
        diversity: 1.0,
        nodes: 3,
        most_nodes: 5,
        bytes: 40,
        evaluations: 8,
        plateau: 0,
        operators: Vec::new(),
        alarms: Vec::new(),
    };
    (0..).zip(losses).map(of).collect()
}

fn entry(id: Id, parents: &[Id], operator: &str) -> Entry {
    Entry {
        id,
        island: 1,
        parents: parents.to_vec(),
        operator: operator.to_owned(),
        block: Digest([7; 32]),
        loss: loss(0.25),
    }
}

fn id(generation: u32, child: u32) -> Id {
    Id { generation, child }
}

#[test]
fn a_curve() {
    let history = history(&[
        (f64::MAX, f64::MAX),
        (8.0, f64::MAX),
        (6.0, 9.0),
        (2.0, 7.0),
        (2.0, 4.0),
        (0.0, 3.0),
    ]);
    insta::assert_snapshot!("curve_as_text", curve_text(&history, 26, 9));
    insta::assert_snapshot!("curve_as_svg", curve_svg("packing & <more>", &history));
}

#[test]
fn a_curve_of_little() {
    assert_eq!(curve_text(&[], 10, 5), "");
    assert_eq!(curve_text(&history(&[(f64::MAX, f64::MAX)]), 10, 5), "");
    let flat = curve_text(&history(&[(0.0, 0.0)]), 4, 2);
    assert_eq!(flat, "1 |\n0 |*\n  +----\n   0  0\n");
    let empty = curve_svg("", &[]);
    assert!(empty.ends_with("</svg>\n"));
}

#[test]
fn a_tree_of_ancestors() {
    let entries = [
        entry(Id::ORIGIN, &[], "agent"),
        entry(id(1, 0), &[Id::ORIGIN], "start"),
        entry(id(1, 1), &[Id::ORIGIN], "start"),
        entry(id(1, 2), &[Id::ORIGIN], "start"),
        entry(id(3, 0), &[id(1, 0), id(1, 2)], "<script>\"&'\u{7}"),
    ];
    let drawn = ancestry_svg("whence <b>", &entries, id(3, 0));
    insta::assert_snapshot!("ancestry", drawn);
    assert!(!drawn.contains("1-1"));
}

#[test]
fn many_ancestors_are_drawn_small_and_the_eldest_left_out() {
    let chain = |length: u32| {
        let parent = |at: u32| if at == 0 { vec![] } else { vec![id(at - 1, 0)] };
        let entries = (0..length).map(|at| entry(id(at, 0), &parent(at), "point"));
        ancestry_svg("", &entries.collect::<Vec<_>>(), id(length - 1, 0))
    };
    assert_eq!(chain(60).matches("<text").count(), 120);
    let small = chain(61);
    assert_eq!(small.matches("<text").count(), 0);
    assert_eq!(small.matches("<rect").count(), 61);
    let cut = chain(450);
    assert_eq!(cut.matches("<rect").count(), 400);
    assert!(cut.contains("50 elder ancestors are left out"));
}

#[test]
fn losses_in_a_few_characters() {
    let shorts = [0.0, 1.5, 12.0, 0.123_456, 1e-5, 3e8, f64::MAX].map(|v| short(loss(v)));
    assert_eq!(
        shorts,
        ["0", "1.5", "12", "0.1235", "1.00e-5", "3.00e8", "fails"]
    );
}
