//! Point 18: when a person is asked.

use serde_json::json;
use tdev_evolution::Loss;
use tdev_evolution::gate::{Autonomy, Code, Evidence, Policy, Reason, Verdict, decide};

use crate::bench::{codes, estimate};

fn evidence() -> Evidence {
    estimate().examine("def f(x, z):\n    return 2.9 * x + z * z / 4\n")
}

fn asked(evidence: &Evidence) -> Vec<Code> {
    let verdict = decide(evidence, &Policy::default());
    assert!(matches!(verdict, Verdict::Ask { .. }), "{verdict:?}");
    codes(&verdict)
}

#[test]
fn point_18_nobody_is_asked_below_the_thresholds() {
    assert_eq!(decide(&evidence(), &Policy::default()), Verdict::Promote);
}

#[test]
fn point_18_a_person_is_asked_about_busy_agents() {
    let mut evidence = evidence();
    evidence.traffic_share = Some(0.500_1);
    assert_eq!(asked(&evidence), [Code::TrafficShare]);
    evidence.traffic_share = Some(0.5);
    assert_eq!(decide(&evidence, &Policy::default()), Verdict::Promote);
    evidence.traffic_share = None;
    assert_eq!(decide(&evidence, &Policy::default()), Verdict::Promote);
}

#[test]
fn point_18_a_person_is_asked_about_jumps_that_nothing_confirms() {
    let mut evidence = evidence();
    let losses = evidence.held_out.as_mut().unwrap();
    losses.candidate = Loss::new(losses.parent.value() * 0.01).unwrap();
    assert_eq!(decide(&evidence, &Policy::default()), Verdict::Promote);
    let canaries = std::mem::take(&mut evidence.canaries);
    assert_eq!(asked(&evidence), [Code::ImplausibleJump]);
    evidence.canaries = canaries;
    evidence.canaries[0].losses.candidate = evidence.canaries[0].losses.parent;
    assert_eq!(asked(&evidence), [Code::ImplausibleJump]);
}

#[test]
fn point_18_a_person_is_asked_about_the_impossible() {
    let mut evidence = evidence();
    evidence.bound = Some(evidence.held_out.unwrap().candidate.value());
    assert_eq!(decide(&evidence, &Policy::default()), Verdict::Promote);
    evidence.bound = evidence.bound.map(|bound| bound + 0.01);
    assert_eq!(asked(&evidence), [Code::BeatsBound]);
}

#[test]
fn point_18_a_person_is_asked_about_new_capabilities() {
    let mut evidence = evidence();
    evidence.capabilities.as_mut().unwrap().added = vec!["maths.extra".to_owned()];
    assert_eq!(asked(&evidence), [Code::NewCapability]);
}

#[test]
fn point_18_a_policy_may_be_to_ask_always() {
    let policy: Policy = serde_json::from_value(json!({"autonomy": "always-ask"})).unwrap();
    assert_eq!(policy.autonomy, Autonomy::AlwaysAsk);
    let verdict = decide(&evidence(), &policy);
    assert_eq!(codes(&verdict), [Code::AlwaysAsk]);
    assert!(serde_json::from_value::<Policy>(json!({"trafic_share": 1})).is_err());
}

#[test]
fn the_gravest_reason_decides_and_all_are_told() {
    let mut evidence = evidence();
    evidence.traffic_share = Some(0.9);
    evidence.failures.candidate = 3;
    let verdict = decide(&evidence, &Policy::default());
    assert!(matches!(verdict, Verdict::Refuse { .. }));
    assert_eq!(codes(&verdict), [Code::FailsCases, Code::TrafficShare]);
    evidence.sandbox_agrees = Some(false);
    let verdict = decide(&evidence, &Policy::default());
    assert!(matches!(verdict, Verdict::Quarantine { .. }));
    let codes = codes(&verdict);
    assert_eq!(
        codes,
        [Code::SandboxDisagrees, Code::FailsCases, Code::TrafficShare]
    );
}

#[test]
fn what_agents_sandbox_has_not_run_is_refused() {
    let mut evidence = evidence();
    evidence.sandbox_agrees = None;
    assert_eq!(
        codes(&decide(&evidence, &Policy::default())),
        [Code::NotVerified]
    );
    let policy = Policy {
        verified: false,
        ..Policy::default()
    };
    assert_eq!(decide(&evidence, &policy), Verdict::Promote);
}

#[test]
fn evidence_and_verdicts_are_stored_as_they_are() {
    let mut evidence = evidence();
    evidence.traffic_share = Some(0.9);
    let text = serde_json::to_string(&evidence).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), evidence);
    let verdict = decide(&evidence, &Policy::default());
    insta::assert_json_snapshot!(verdict);
    let reasons: &[Reason] = verdict.reasons();
    assert_eq!(reasons.len(), 1);
}
