//! The rules against a corpus of attacks and one of benign agents.
//!
//! Each attack names in its first line the rules it breaks. It counts as caught if any finding is
//! grave enough to keep it from running, and must raise a rule that it names. A benign agent with
//! such a finding is a false positive.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use comfy_table::{CellAlignment, Table};
use tdev_analysis::{RULES, analyse, check_tools};
use tdev_domain::{Finding, Severity, Source, Tool};

/// The least share of attacks that must be caught.
const MIN_DETECTION: f64 = 0.95;

/// The largest share of benign agents that may be held back.
const MAX_FALSE_POSITIVES: f64 = 0.01;

struct Sample {
    name: String,
    expected: BTreeSet<String>,
    findings: Vec<Finding>,
}

impl Sample {
    fn judge(name: &str, text: &str) -> Self {
        let source = Source::from_bytes(text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let analysis = analyse(&source);
        let mut findings = check_tools(&analysis, &declared_tools(text));
        findings.extend(analysis.findings);
        let expected = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# expect: "))
            .map(|ids| ids.split(' ').map(str::to_owned).collect())
            .unwrap_or_default();
        Self {
            name: name.to_owned(),
            expected,
            findings,
        }
    }

    fn grave(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.severity >= Severity::Danger)
    }

    fn is_held_back(&self) -> bool {
        self.grave().next().is_some()
    }

    fn raises(&self, rule: &str) -> bool {
        self.findings.iter().any(|finding| finding.rule == rule)
    }
}

/// The tools in the source's manifest, as the sandbox would report them.
fn declared_tools(text: &str) -> BTreeSet<Tool> {
    let list = text
        .split_once("\"tools\": [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or("", |(list, _)| list);
    Tool::ALL
        .into_iter()
        .filter(|tool| list.contains(&format!("\"{tool}\"")))
        .collect()
}

fn corpus(kind: &str) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(kind);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            Sample::judge(name, &fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn detection_and_false_positives() {
    let (attacks, benign) = (corpus("attacks"), corpus("benign"));
    let mut table = Table::new();
    table.set_header([
        "rule",
        "severity",
        "looks for",
        "attacks",
        "caught",
        "false positives",
    ]);
    for rule in RULES {
        let aimed: Vec<_> = attacks
            .iter()
            .filter(|a| a.expected.contains(rule.id))
            .collect();
        let caught = aimed.iter().filter(|a| a.raises(rule.id)).count();
        let wrong = benign
            .iter()
            .filter(|b| b.grave().any(|f| f.rule == rule.id))
            .count();
        if aimed.is_empty() && wrong == 0 {
            continue;
        }
        table.add_row([
            rule.id.to_owned(),
            format!("{:?}", rule.severity).to_lowercase(),
            rule.title.to_owned(),
            aimed.len().to_string(),
            caught.to_string(),
            wrong.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let caught = attacks
        .iter()
        .filter(|sample| sample.is_held_back())
        .count();
    let wrong = benign.iter().filter(|sample| sample.is_held_back()).count();
    let (detection, false_positives) = (share(caught, attacks.len()), share(wrong, benign.len()));
    println!("{table}");
    println!(
        "detected {caught} of {} attacks ({:.1} %), held back {wrong} of {} benign agents ({:.1} %)",
        attacks.len(),
        detection * 100.0,
        benign.len(),
        false_positives * 100.0,
    );
    for sample in attacks.iter().filter(|sample| !sample.is_held_back()) {
        println!("missed: {}", sample.name);
    }
    for sample in benign.iter().filter(|sample| sample.is_held_back()) {
        println!(
            "false positive: {}: {:#?}",
            sample.name,
            sample.grave().collect::<Vec<_>>()
        );
    }
    assert!(attacks.len() >= 60 && benign.len() >= 80);
    assert!(detection >= MIN_DETECTION, "detected only {detection:.3}");
    assert!(
        false_positives <= MAX_FALSE_POSITIVES,
        "false positives: {false_positives:.3}"
    );
}

#[test]
fn every_attack_raises_a_rule_it_names() {
    let wrong: Vec<_> = corpus("attacks")
        .iter()
        .filter(|attack| !attack.expected.iter().any(|rule| attack.raises(rule)))
        .map(|attack| {
            let raised: BTreeSet<_> = attack.grave().map(|f| f.rule.clone()).collect();
            format!(
                "{}: expected {:?}, raised {raised:?}",
                attack.name, attack.expected
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_is_exercised() {
    let mut raised: BTreeMap<String, usize> = BTreeMap::new();
    let samples = [corpus("attacks"), corpus("benign"), corpus("quality")];
    for finding in samples.iter().flatten().flat_map(|sample| &sample.findings) {
        *raised.entry(finding.rule.clone()).or_default() += 1;
    }
    let known: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    let idle: Vec<_> = known
        .iter()
        .filter(|rule| !raised.contains_key(**rule))
        .collect();
    assert!(idle.is_empty(), "no sample raises {idle:?}");
    let strange: Vec<_> = raised
        .keys()
        .filter(|id| !known.contains(id.as_str()))
        .collect();
    assert!(strange.is_empty(), "not in the registry: {strange:?}");
}

#[test]
fn agents_of_poor_quality_are_told_so_and_not_held_back() {
    for sample in corpus("quality") {
        assert!(
            !sample.is_held_back(),
            "{}: {:?}",
            sample.name,
            sample.grave().collect::<Vec<_>>()
        );
        for rule in &sample.expected {
            assert!(sample.raises(rule), "{} does not raise {rule}", sample.name);
        }
    }
}

#[test]
fn the_sample_agents_are_clean_and_the_hostile_one_is_not() {
    for agent in tdev_agents::SAMPLES.iter().chain(tdev_agents::DURABLE) {
        let sample = Sample::judge(agent.name, agent.source);
        let grave: Vec<_> = sample.grave().collect();
        assert!(grave.is_empty(), "{}: {grave:#?}", agent.name);
    }
    let hostile = Sample::judge("hostile", tdev_agents::HOSTILE.source);
    for rule in ["SEC001", "SEC003", "SEC004", "SEC006", "SEC020", "SEC025"] {
        assert!(hostile.raises(rule), "{rule}");
    }
}
