use proptest::prelude::*;
use serde_json::{Value, json};
use tdev_agents::{DURABLE, SAMPLES};
use tdev_domain::Source;

use super::*;

const AGENT: &str = r#""""Counts words."""


def get_capabilities():
    """What this agent can do."""
    return {}


def execute(input):
    """Counts the words of a text."""
    return len(input.split())
"#;

fn analysis(source: &str) -> Analysis {
    tdev_analysis::analyse(&Source::from_bytes(source.as_bytes()).unwrap())
}

fn draft(value: Value) -> ManifestDraft {
    serde_json::from_value(value).unwrap()
}

/// A manifest with nothing wrong, and with `fields` in place of its own.
fn declared(fields: &Value) -> Value {
    let mut manifest = json!({
        "name": "word-count",
        "description": "Counts the words of a text.",
        "capabilities": ["text.count"],
        "examples": [{"input": "a b", "output": 2}],
        "input_schema": {"type": "string"},
        "output_schema": {"type": "integer"},
    });
    for (name, value) in fields.as_object().unwrap() {
        manifest[name] = value.clone();
    }
    manifest
}

/// The probe of an agent that declares this and gives what its examples say.
fn measured(declared: &Value) -> ProbeReport {
    let examples: Vec<_> = declared["examples"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|example| {
            json!({
                "example": example,
                "outcome": {"outcome": "completed", "output": example["output"]},
                "deterministic": true,
            })
        })
        .collect();
    serde_json::from_value(json!({
        "declared": declared,
        "compile_us": 230,
        "describe_us": 5,
        "compiled_bytes": 45_000,
        "examples": examples,
    }))
    .unwrap()
}

fn ran(run: Value) -> ProbeReport {
    let mut probe = measured(&declared(&json!({})));
    probe.examples = vec![serde_json::from_value(run).unwrap()];
    probe
}

fn failure(kind: FailureKind) -> AgentFailure {
    AgentFailure {
        line: Some(6),
        ..AgentFailure::new(kind, "as it happened")
    }
}

/// Decides about [`AGENT`], registered as `word-count`.
fn decided(probed: Probed, submitted: Value, released: bool) -> Decision {
    let agent = "word-count".parse().unwrap();
    let submitted = draft(submitted);
    let subject = Subject {
        agent: &agent,
        submitted: &submitted,
        released,
    };
    decide(subject, &analysis(AGENT), probed)
}

fn probed(probe: ProbeReport) -> Decision {
    decided(Probed::Measured(Box::new(probe)), json!({}), false)
}

/// `admit`, `quarantine` or `reject`, the reason, and the rules found above the weight of a note.
fn summary(decision: Decision) -> (&'static str, String, Vec<String>) {
    let (name, reason, report) = match decision {
        Decision::Admit { report, .. } => ("admit", String::new(), report),
        Decision::Quarantine { report, reason } => ("quarantine", reason, report),
        Decision::Reject { report, reason } => ("reject", reason, report),
    };
    let rules = report
        .findings
        .iter()
        .filter(|f| f.severity > Severity::Info)
        .map(|f| f.rule.clone())
        .collect();
    (name, reason, rules)
}

fn screened(source: &str, submitted: Value, released: bool) -> Screening {
    let agent = "word-count".parse().unwrap();
    let submitted = draft(submitted);
    let subject = Subject {
        agent: &agent,
        submitted: &submitted,
        released,
    };
    screen(subject, &analysis(source))
}

#[test]
fn an_agent_that_is_as_it_says_is_admitted() {
    let decision = probed(measured(&declared(&json!({}))));
    let Decision::Admit {
        manifest,
        quality,
        report,
    } = decision
    else {
        panic!("not admitted: {decision:?}");
    };
    assert_eq!(report.quality.as_ref(), Some(&quality));
    assert_eq!(manifest.description, "Counts the words of a text.");
    insta::assert_json_snapshot!(report);
}

#[test]
fn the_manifest_beside_the_source_fills_in_what_the_code_leaves_out() {
    let submitted = json!({"description": "Counts.", "capabilities": ["text.count"]});
    let probe = measured(&json!({"name": "word-count"}));
    let decision = decided(Probed::Measured(Box::new(probe)), submitted, false);
    assert_eq!(summary(decision).0, "admit");
}

#[test]
fn only_what_nothing_speaks_against_is_run() {
    assert_eq!(screened(AGENT, json!({}), false), Screening::Probe);

    let cut = AGENT.replace("len(input.split())", "len input");
    let Screening::Settled(Decision::Reject { report, reason }) = screened(&cut, json!({}), false)
    else {
        panic!("a syntax error was let through");
    };
    assert!(reason.contains("on line 11"), "{reason}");
    assert_eq!((report.probe, report.quality), (None, None));

    let large = json!({"description": "x".repeat(40_000)});
    let Screening::Settled(decision) = screened(AGENT, large, false) else {
        panic!("an over-size manifest was let through");
    };
    assert_eq!(summary(decision).2, ["MAN007"]);
}

#[test]
fn a_security_finding_holds_an_agent_back_unrun_until_it_is_released() {
    let hostile = AGENT.replace("return len", "open('/etc/passwd')\n    return len");
    let Screening::Settled(decision) = screened(&hostile, json!({}), false) else {
        panic!("a hostile agent was let through");
    };
    let (name, reason, rules) = summary(decision);
    assert_eq!(name, "quarantine");
    assert!(reason.contains("on line 11"), "{reason}");
    assert!(
        reason.ends_with("it was not run; a person may release it"),
        "{reason}"
    );
    assert!(
        rules.iter().all(|rule| rule.starts_with("SEC")),
        "{rules:?}"
    );
    assert_eq!(screened(&hostile, json!({}), true), Screening::Probe);
}

#[test]
fn a_released_agent_is_admitted_with_its_findings() {
    let hostile = AGENT.replace("return len", "open('/etc/passwd')\n    return len");
    let agent = "word-count".parse().unwrap();
    let subject = Subject {
        agent: &agent,
        submitted: &ManifestDraft::default(),
        released: true,
    };
    let probe = Probed::Measured(Box::new(measured(&declared(&json!({})))));
    let decision = decide(subject, &analysis(&hostile), probe);
    let (name, _, rules) = summary(decision);
    assert_eq!(name, "admit");
    assert!(
        rules.iter().any(|rule| rule.starts_with("SEC")),
        "{rules:?}"
    );
}

#[test]
fn the_sample_agents_may_be_run() {
    for sample in SAMPLES.iter().chain(DURABLE) {
        let screening = screened(sample.source, json!({}), false);
        assert_eq!(screening, Screening::Probe, "{}", sample.name);
    }
}

#[test]
fn every_way_of_failing_before_a_manifest_has_its_consequence() {
    let decisions: Vec<_> = FailureKind::ALL
        .map(|kind| {
            let decision = decided(Probed::Failed(failure(kind)), json!({}), false);
            (kind, summary(decision))
        })
        .into_iter()
        .collect();
    insta::assert_json_snapshot!(decisions);
    for kind in FailureKind::ALL {
        let decision = decided(Probed::Failed(failure(kind)), json!({}), true);
        assert_eq!(
            summary(decision).0,
            "reject",
            "there is no manifest to admit: {kind:?}"
        );
    }
}

#[test]
fn an_agent_that_takes_its_process_with_it_is_held_back() {
    let (name, reason, rules) = summary(decided(Probed::Died, json!({}), false));
    assert_eq!((name, rules), ("quarantine", vec!["PRB004".to_owned()]));
    insta::assert_snapshot!(reason);
    assert_eq!(summary(decided(Probed::Died, json!({}), true)).0, "reject");
}

#[test]
fn a_manifest_that_is_wrong_is_refused_field_by_field() {
    let cases = [
        json!({"capabilities": ["No Good"], "tools": ["fly"], "description": ""}),
        json!({"name": "letter-count"}),
        json!({"input_schema": {"type": "nothing"}}),
        json!({"output_schema": {"$ref": "https://example.org/schema"}}),
        json!({"examples": [{"input": 3, "output": 2}]}),
        json!({"examples": [{"input": "a", "output": "two"}]}),
        json!({"tools": ["now"]}),
        json!({"utterances": vec!["x".repeat(500); 50], "capabilities": ["a"], "examples": [{"input": "y".repeat(9_000), "output": 1}]}),
    ]
    .map(|fields| summary(probed(measured(&declared(&fields)))));
    insta::assert_json_snapshot!(cases);
}

#[test]
fn the_name_sent_beside_the_source_must_agree_too() {
    let probe = Probed::Measured(Box::new(measured(&declared(&json!({})))));
    let (name, reason, rules) = summary(decided(probe, json!({"name": "other"}), false));
    assert_eq!((name, rules), ("reject", vec!["MAN002".to_owned()]));
    insta::assert_snapshot!(reason);
}

#[test]
fn a_tool_that_is_not_declared_is_refused() {
    let source = AGENT.replace("return len", "log('x')\n    return len");
    let agent = "word-count".parse().unwrap();
    let subject = Subject {
        agent: &agent,
        submitted: &ManifestDraft::default(),
        released: false,
    };
    let probe = Probed::Measured(Box::new(measured(&declared(&json!({})))));
    let (name, _, rules) = summary(decide(subject, &analysis(&source), probe));
    assert_eq!((name, rules), ("reject", vec!["TOOL001".to_owned()]));
}

#[test]
fn examples_must_run_and_give_what_they_say() {
    let example = json!({"input": "a b", "output": 2});
    let gave = |output: Value| {
        json!({
            "example": example,
            "outcome": {"outcome": "completed", "output": output},
            "deterministic": true,
        })
    };
    let failed = |kind: FailureKind| {
        json!({
            "example": example,
            "outcome": {"outcome": "failed", "kind": kind, "message": "as it happened", "line": 11},
            "deterministic": true,
        })
    };
    let free = json!({
        "example": {"input": "a b"},
        "outcome": {"outcome": "completed", "output": "two"},
        "deterministic": true,
    });
    let fickle = json!({
        "example": example,
        "outcome": {"outcome": "completed", "output": 2.0},
        "deterministic": false,
    });
    let stopped = json!({"example": example, "stopped_at": "emit"});
    let cases = [
        gave(json!(2.0)),
        gave(json!(3)),
        free,
        fickle,
        failed(FailureKind::Raised),
        failed(FailureKind::TimedOut),
        failed(FailureKind::Forbidden),
        failed(FailureKind::Interpreter),
        stopped,
    ]
    .map(|run| summary(probed(ran(run))));
    insta::assert_json_snapshot!(cases);

    let forbidden = Probed::Measured(Box::new(ran(failed(FailureKind::Forbidden))));
    let (name, _, rules) = summary(decided(forbidden, json!({}), true));
    assert_eq!((name, rules), ("reject", vec!["PRB005".to_owned()]));
}

/// What a probe can come to: a death, a failure, or a report with examples that went somehow.
fn outcomes() -> impl Strategy<Value = Probed> {
    let kinds = || proptest::sample::select(&FailureKind::ALL[..]);
    let run = prop_oneof![
        (0..3u8).prop_map(|output| json!({"outcome": "completed", "output": output})),
        kinds().prop_map(|kind| json!({"outcome": "failed", "kind": kind, "message": "m"})),
    ];
    let runs = proptest::collection::vec((run, any::<bool>()), 0..4).prop_map(|runs| {
        let mut probe = measured(&declared(&json!({})));
        probe.examples = runs
            .into_iter()
            .map(|(outcome, deterministic)| {
                serde_json::from_value(json!({
                    "example": {"input": "a", "output": 1},
                    "outcome": outcome,
                    "deterministic": deterministic,
                }))
                .unwrap()
            })
            .collect();
        Probed::Measured(Box::new(probe))
    });
    prop_oneof![
        Just(Probed::Died),
        kinds().prop_map(|kind| Probed::Failed(failure(kind))),
        runs,
    ]
}

proptest! {
    #[test]
    fn what_is_admitted_has_no_error_and_no_security_finding_nobody_accepted(
        probed in outcomes(),
        released in any::<bool>(),
        hostile in any::<bool>(),
    ) {
        let source = AGENT.replace("return len", "open('/etc/passwd')\n    return len");
        let source = if hostile { source.as_str() } else { AGENT };
        let agent = "word-count".parse().unwrap();
        let submitted = ManifestDraft::default();
        let subject = Subject { agent: &agent, submitted: &submitted, released };
        match decide(subject, &analysis(source), probed) {
            Decision::Admit { report, .. } => {
                let worst = report.worst().unwrap_or(Severity::Info);
                prop_assert!(worst < Severity::Danger || (worst == Severity::Danger && released));
                prop_assert!(report.probe.is_some() && report.quality.is_some());
            }
            Decision::Quarantine { report, .. } => {
                prop_assert_eq!(report.worst(), Some(Severity::Danger));
                prop_assert!(!released && report.quality.is_none());
            }
            Decision::Reject { report, .. } => {
                prop_assert_eq!(report.worst(), Some(Severity::Error));
                prop_assert!(report.quality.is_none());
            }
        }
    }
}
