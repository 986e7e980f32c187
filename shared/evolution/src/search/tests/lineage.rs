//! Who comes of whom, and who says so.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::lineage::{Broken, Digest, Entry, Record, ancestors, descendants, verify};
use super::super::{Id, Island, Population};
use super::world::{AGENT, Curve, settings, steps};

fn history() -> (String, Vec<Population>) {
    let (curve, origin) = Curve::new(AGENT, 10);
    let mut settings = settings();
    settings.budget.generations = 5;
    let search = curve.search(origin, settings);
    let (mut lines, mut populations) = (String::new(), Vec::new());
    for step in steps(&search) {
        lines.push_str(&Record::lines(&step.records).unwrap());
        populations.push(step.population);
    }
    (lines, populations)
}

#[test]
fn a_lineage_is_verified_from_any_checkpoint_to_any_later_one() {
    let (lines, populations) = history();
    let (first, last) = (&populations[0], populations.last().unwrap());
    let entries = verify(&lines, first.identity(), last.head()).unwrap();
    assert_eq!(entries.len(), lines.lines().count());
    let later = |entry: &Entry| entry.id.generation > 2;
    let start = entries.iter().position(later).unwrap();
    let rest: Vec<&str> = lines.lines().skip(start).collect();
    let rest = rest.join("\n");
    assert!(verify(&rest, populations[2].head(), last.head()).is_ok());
    assert!(matches!(
        verify(&rest, populations[1].head(), last.head()),
        Err(Broken::Link { line: 1 })
    ));
    for member in last.islands().iter().flat_map(Island::members) {
        let entry = entries.iter().find(|entry| entry.id == member.id).unwrap();
        assert_eq!(entry.block, member.text_digest());
        assert_eq!(
            (&entry.parents, entry.loss),
            (&member.parents, member.score.loss())
        );
    }
}

#[test]
fn one_line_of_a_lineage() {
    let (lines, _) = history();
    let line = lines.lines().nth(40).unwrap();
    insta::assert_snapshot!(line);
}

#[derive(Debug, Clone)]
enum Tampering {
    Change(usize),
    Remove(usize),
    Swap(usize),
    Repeat(usize),
    CutOff(usize),
}

fn tampering(lines: usize) -> impl Strategy<Value = Tampering> {
    prop_oneof![
        (0..lines).prop_map(Tampering::Change),
        (0..lines).prop_map(Tampering::Remove),
        (0..lines - 1).prop_map(Tampering::Swap),
        (0..lines).prop_map(Tampering::Repeat),
        (0..lines).prop_map(Tampering::CutOff),
    ]
}

#[test]
fn the_first_line_that_was_tampered_with_is_found() {
    let (text, populations) = history();
    let (start, head) = (
        populations[0].identity(),
        populations.last().unwrap().head(),
    );
    let whole: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut runner = proptest::test_runner::TestRunner::default();
    let outcome = runner.run(&tampering(whole.len()), |tampering| {
        let mut lines = whole.clone();
        let expected = match tampering {
            Tampering::Change(at) => {
                // A better parent, so to speak.
                lines[at] = lines[at].replacen("\"island\":", "\"island\":1", 1);
                at + 1
            }
            Tampering::Remove(at) => {
                lines.remove(at);
                at + 1
            }
            Tampering::Swap(at) => {
                lines.swap(at, at + 1);
                at + 1
            }
            Tampering::Repeat(at) => {
                lines.insert(at, lines[at].clone());
                at + 2
            }
            Tampering::CutOff(at) => {
                lines.truncate(at);
                at
            }
        };
        let Err(
            Broken::Link { line: found }
            | Broken::End { line: found }
            | Broken::Unreadable { line: found, .. },
        ) = verify(&lines.join("\n"), start, head)
        else {
            return Err(TestCaseError::fail("not noticed"));
        };
        // What is missing at the end shows after the last line that is there.
        prop_assert!(found == expected || found == lines.len() && found + 1 == expected);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_rewritten_chain_does_not_lead_to_the_head() {
    let (text, populations) = history();
    let (start, head) = (
        populations[0].identity(),
        populations.last().unwrap().head(),
    );
    let entries = verify(&text, start, head).unwrap();
    let (mut forged, mut before) = (Vec::new(), start);
    for mut entry in entries {
        if entry.id.generation == 3 {
            entry.parents = vec![Id::ORIGIN];
        }
        let record = Record::after(before, &entry).unwrap();
        before = record.hash;
        forged.push(record);
    }
    let lines = Record::lines(&forged).unwrap();
    let count = forged.len();
    assert!(matches!(verify(&lines, start, head), Err(Broken::End { line }) if line == count));
}

#[test]
fn who_comes_of_whom() {
    let id = |generation, child| Id { generation, child };
    let entry = |of: Id, parents: &[Id]| Entry {
        id: of,
        island: 0,
        parents: parents.to_vec(),
        operator: "leaf".to_owned(),
        block: Digest([0; 32]),
        loss: crate::Loss::ZERO,
    };
    let entries = [
        entry(Id::ORIGIN, &[]),
        entry(id(1, 0), &[Id::ORIGIN]),
        entry(id(1, 1), &[Id::ORIGIN]),
        entry(id(2, 0), &[id(1, 0), id(1, 1)]),
        entry(id(2, 1), &[id(1, 1)]),
        entry(id(3, 0), &[id(2, 0), id(2, 0)]),
    ];
    let of = |who| descendants(&entries, who);
    assert_eq!(of(id(1, 0)), BTreeSet::from([id(2, 0), id(3, 0)]));
    assert_eq!(of(id(1, 1)), BTreeSet::from([id(2, 0), id(2, 1), id(3, 0)]));
    assert_eq!(of(Id::ORIGIN).len(), 5);
    assert_eq!(of(id(3, 0)), BTreeSet::new());
    let before = |who| {
        ancestors(&entries, who)
            .iter()
            .map(|e| e.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(before(id(2, 1)), [Id::ORIGIN, id(1, 1), id(2, 1)]);
    assert_eq!(before(id(3, 0)).len(), 5);
    assert_eq!(before(id(9, 9)), []);
}
