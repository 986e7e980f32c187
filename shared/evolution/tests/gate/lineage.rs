//! Searches: what they leave, and when they end.

use std::collections::BTreeSet;

use tdev_evolution::gate::{Code, Policy, Verdict, decide};
use tdev_evolution::search::Population;
use tdev_evolution::search::lineage::{descendants, verify};
use tdev_evolution::variation::operators;

use crate::bench::{RIGHT, Setting, codes, estimate, small, words};

fn searched(setting: &Setting, seed: u64) -> (Population, String) {
    setting.search(operators(&[]).unwrap(), small(seed))
}

#[test]
fn point_04_and_16_the_lineage_is_a_chain_and_has_no_inputs_in_it() {
    let setting = words();
    let (population, lines) = searched(&setting, 3);
    let start = population.identity();
    let entries = verify(&lines, start, population.head()).unwrap();
    assert!(entries.len() > 12);
    for case in setting
        .divided
        .train
        .iter()
        .chain(&setting.divided.held_out)
    {
        assert!(!lines.contains(case.output.as_str().unwrap()));
    }
    // One character changed anywhere is noticed.
    let at = lines.len() / 2;
    let digit = lines[at..].find(|c: char| c.is_ascii_digit()).unwrap() + at;
    let mut tampered = lines.clone();
    let other = if &lines[digit..=digit] == "1" {
        "2"
    } else {
        "1"
    };
    tampered.replace_range(digit..=digit, other);
    assert!(verify(&tampered, start, population.head()).is_err());
    let mut evidence = estimate().examine(RIGHT);
    evidence.origin.is_chained = false;
    let verdict = decide(&evidence, &Policy::default());
    assert_eq!(codes(&verdict), [Code::LineageBroken]);
    assert!(matches!(verdict, Verdict::Quarantine { .. }));
}

#[test]
fn point_17_descendants_of_who_is_held_are_held() {
    let setting = estimate();
    let (population, lines) = searched(&setting, 5);
    let start = population.identity();
    let entries = verify(&lines, start, population.head()).unwrap();
    let parent = entries
        .iter()
        .find_map(|entry| entry.parents.last().copied())
        .unwrap();
    let found = descendants(&entries, parent);
    let children: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry.parents.contains(&parent))
        .map(|entry| entry.id)
        .collect();
    assert!(!children.is_empty() && children.is_subset(&found));
    let mut evidence = setting.examine(RIGHT);
    evidence.origin.is_tainted = true;
    let verdict = decide(&evidence, &Policy::default());
    assert_eq!(codes(&verdict), [Code::TaintedAncestor]);
    assert!(matches!(verdict, Verdict::Quarantine { .. }));
}

#[test]
fn point_03_and_19_a_search_ends_within_its_budget() {
    let setting = estimate();
    let budget = small(7).budget.evaluations;
    let (population, _) = searched(&setting, 7);
    assert!(
        population.evaluations() <= budget,
        "{}",
        population.evaluations()
    );
    assert!(population.best().score.loss() <= population.origin().score.loss());
}
