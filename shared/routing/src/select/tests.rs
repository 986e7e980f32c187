use proptest::prelude::*;
use tdev_domain::Invalid;

use super::{Strategy, *};
use crate::calibrate::Signals;
use crate::model::AgentKey;

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn name(text: &str) -> AgentName {
    text.parse().unwrap()
}

fn candidate(agent: &str, capability: &str) -> Candidate {
    Candidate {
        tenant: tenant(),
        agent: name(agent),
        capabilities: vec![capability.parse().unwrap()],
        input_fits: true,
        admission: Admission::Pass,
        in_flight: 0,
        capacity: 10,
        succeeded: 0,
        failed: 0,
        weight: 1,
        run_time_ms: 0.0,
    }
}

/// A translator, two weather agents, and the agent of someone else.
fn candidates() -> Vec<Candidate> {
    vec![
        candidate("translate", "text.translate"),
        candidate("weather", "weather"),
        candidate("weather-b", "weather"),
        Candidate {
            tenant: "other".parse().unwrap(),
            ..candidate("weather-x", "weather")
        },
    ]
}

struct Given {
    capability: Option<Capability>,
    tried: Vec<AgentName>,
    turn: u64,
    /// Of `translate`, `weather` and `weather-b`.
    probabilities: Option<[f32; 3]>,
    in_scope: f32,
    candidates: Vec<Candidate>,
    policy: Policy,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            capability: None,
            tried: Vec::new(),
            turn: 0,
            probabilities: Some([0.1, 0.5, 0.4]),
            in_scope: 0.9,
            candidates: candidates(),
            policy: Policy::default(),
        }
    }
}

impl Given {
    fn decide(&self) -> Decision {
        let tenant = tenant();
        let task = Task {
            tenant: &tenant,
            text: "Will it rain in Oslo?",
            capability: self.capability.as_ref(),
            tried: &self.tried,
            turn: self.turn,
        };
        let agents = ["translate", "weather", "weather-b"].map(AgentKey::from);
        let prediction = self.probabilities.as_ref().map(|probabilities| Prediction {
            agents: &agents,
            probabilities,
            in_scope: self.in_scope,
            threshold: 0.5,
            signals: Signals::default(),
        });
        decide(&task, prediction.as_ref(), &self.candidates, &self.policy)
    }

    fn with_rules(rules: &str) -> Self {
        Self {
            policy: Policy {
                rules: serde_json::from_str(rules).unwrap(),
                ..Policy::default()
            },
            ..Self::default()
        }
    }

    fn with_strategy(strategy: Strategy) -> Self {
        Self {
            policy: Policy {
                strategy,
                ..Policy::default()
            },
            ..Self::default()
        }
    }
}

fn chosen(decision: &Decision) -> Option<&str> {
    decision.chosen.as_ref().map(AgentName::as_str)
}

fn filter_of(decision: &Decision, agent: &str) -> Option<Filter> {
    let removed = &decision.removed;
    removed
        .iter()
        .find(|removed| removed.agent.as_str() == agent)
        .map(|removed| removed.filter)
}

#[test]
fn the_decision_as_a_client_sees_it() {
    let mut given = Given::with_rules(
        r#"[{"id": "no-b", "when": {"pattern": "\\brain"}, "then": {"deny": "weather-b"}}]"#,
    );
    given.candidates[1].in_flight = 4;
    given.candidates[1].succeeded = 90;
    given.probabilities = Some([0.05, 0.8, 0.15]);
    insta::assert_json_snapshot!(given.decide());
}

#[test]
fn what_is_out_of_scope_goes_to_none() {
    let given = Given {
        in_scope: 0.2,
        ..Given::default()
    };
    let decision = given.decide();
    assert_eq!(
        (chosen(&decision), decision.reason),
        (None, Reason::OutOfScope)
    );
    assert!((decision.confidence - 0.8).abs() < 1e-6);
    assert_eq!(
        decision.candidates.len(),
        3,
        "the scores are still explained"
    );
}

#[test]
fn each_filter_removes_by_name() {
    let weather: Capability = "weather".parse().unwrap();
    let mut given = Given {
        capability: Some(weather),
        tried: vec![name("weather-b")],
        ..Given::default()
    };
    for (agent, change) in [
        ("full", (|c| c.in_flight = 9) as fn(&mut Candidate)),
        ("misfit", |c| c.input_fits = false),
        ("none", |c| c.capacity = 0),
        ("resting", |c| {
            c.admission = Admission::Refuse {
                until: jiff::Timestamp::MAX,
            }
        }),
    ] {
        let mut more = candidate(agent, "weather");
        change(&mut more);
        given.candidates.push(more);
    }
    let decision = given.decide();
    assert_eq!(chosen(&decision), Some("weather"));
    for (agent, filter) in [
        ("translate", Some(Filter::Capability)),
        ("weather-b", Some(Filter::Tried)),
        ("full", Some(Filter::Capacity)),
        ("misfit", Some(Filter::Input)),
        ("none", Some(Filter::Capacity)),
        ("resting", Some(Filter::Circuit)),
        ("weather-x", None),
    ] {
        assert_eq!(filter_of(&decision, agent), filter, "{agent}");
    }
}

#[test]
fn load_up_to_the_limit_is_no_obstacle() {
    let mut given = Given::default();
    given.candidates[1].in_flight = 8;
    assert_eq!(filter_of(&given.decide(), "weather"), None);
    given.candidates[1].in_flight = 9;
    assert_eq!(
        filter_of(&given.decide(), "weather"),
        Some(Filter::Capacity)
    );
}

#[test]
fn a_named_capability_goes_before_the_scope_and_the_floor() {
    let given = Given {
        capability: Some("text.translate".parse().unwrap()),
        probabilities: Some([0.01, 0.5, 0.49]),
        in_scope: 0.1,
        ..Given::default()
    };
    let decision = given.decide();
    assert_eq!(chosen(&decision), Some("translate"));
    assert!((decision.candidates[0].fit - 1.0).abs() < 1e-6);
}

#[test]
fn a_task_waits_rather_than_go_to_the_wrong_agent() {
    let mut given = Given {
        probabilities: Some([0.03, 0.95, 0.02]),
        ..Given::default()
    };
    given.candidates[1].in_flight = 10;
    let decision = given.decide();
    assert_eq!(
        (chosen(&decision), decision.reason),
        (None, Reason::Unavailable)
    );
    assert_eq!(filter_of(&decision, "translate"), Some(Filter::Unlikely));

    given.candidates.remove(1);
    assert_eq!(given.decide().reason, Reason::NoneFits);
}

#[test]
fn experience_and_load_weigh_against_the_text() {
    let mut given = Given::default();
    assert_eq!(chosen(&given.decide()), Some("weather"));
    given.candidates[1].failed = 10;
    assert_eq!(chosen(&given.decide()), Some("weather-b"));
    given.candidates[2].in_flight = 8;
    given.candidates[2].failed = 8;
    assert_eq!(chosen(&given.decide()), Some("weather"));
}

#[test]
fn rules_pin_require_deny_and_refuse() {
    let pin = r#"{"id": "p", "then": {"pin": "translate"}}"#;
    let decision = Given::with_rules(&format!("[{pin}]")).decide();
    assert_eq!(
        (chosen(&decision), decision.reason),
        (Some("translate"), Reason::Pinned)
    );
    assert_eq!(filter_of(&decision, "weather"), Some(Filter::NotPinned));
    assert_eq!(decision.rules[0].id, "p");

    let deny = r#"{"id": "d", "then": {"deny": "translate"}}"#;
    let decision = Given::with_rules(&format!("[{pin}, {deny}]")).decide();
    assert_eq!(
        (chosen(&decision), decision.reason),
        (None, Reason::NoneFits)
    );

    let require = r#"[{"id": "r", "then": {"require": "text.translate"}}]"#;
    assert_eq!(
        chosen(&Given::with_rules(require).decide()),
        Some("translate")
    );

    let refuse = r#"[{"id": "x", "when": {"pattern": "OSLO"}, "then": "refuse"}]"#;
    let decision = Given::with_rules(refuse).decide();
    assert_eq!(
        (chosen(&decision), decision.reason),
        (None, Reason::Refused)
    );

    let elsewhere = r#"[{"id": "x", "when": {"pattern": "bergen"}, "then": "refuse"}]"#;
    let decision = Given::with_rules(elsewhere).decide();
    assert!(decision.chosen.is_some() && decision.rules.is_empty());
}

#[test]
fn a_pattern_is_checked_when_it_is_read() {
    let broken = serde_json::from_str::<Pattern>(r#""(""#)
        .unwrap_err()
        .to_string();
    assert!(
        broken.starts_with("pattern: expected a regular expression"),
        "{broken}"
    );
    let huge: Result<Pattern, Invalid> = "(a{1000}){1000}".to_owned().try_into();
    assert_eq!(huge.unwrap_err().field, "pattern");
}

#[test]
fn strategies_choose_among_the_apt() {
    let mut given = Given::with_strategy(Strategy::LeastConnections);
    given.candidates[1].in_flight = 3;
    assert_eq!(
        chosen(&given.decide()),
        Some("weather-b"),
        "translate is idle too"
    );

    given.policy.strategy = Strategy::ResourceBased;
    given.candidates[1].run_time_ms = 10.0;
    given.candidates[2].run_time_ms = 50.0;
    assert_eq!(chosen(&given.decide()), Some("weather"));
    assert_eq!(given.decide().reason, Reason::ShortestWait);
}

#[test]
fn turns_are_taken_by_weight_and_interleaved() {
    let mut given = Given::with_strategy(Strategy::WeightedRoundRobin);
    given.candidates[1].weight = 3;
    let turns: Vec<_> = (0..8)
        .map(|turn| {
            given.turn = turn;
            chosen(&given.decide()).unwrap().to_owned()
        })
        .collect();
    let weather = |turns: &[String]| turns.iter().filter(|turn| *turn == "weather").count();
    assert_eq!(
        (weather(&turns[..4]), weather(&turns[4..])),
        (3, 3),
        "{turns:?}"
    );
    assert!(turns.windows(4).all(|run| weather(run) == 3));
}

#[test]
fn an_abridged_decision_keeps_what_came_close() {
    let given = Given {
        probabilities: Some([0.02, 0.9, 0.08]),
        ..Given::default()
    };
    let decision = given.decide().abridged(1);
    assert_eq!(decision.candidates.len(), 1);
    assert_eq!(decision.removed[0].agent.as_str(), "weather-b");
    assert_eq!((decision.removed.len(), decision.omitted), (1, 1));
}

#[test]
fn without_a_model_every_agent_fits_equally() {
    let given = Given {
        probabilities: None,
        ..Given::default()
    };
    let decision = given.decide();
    assert_eq!(chosen(&decision), Some("translate"), "the first by name");
    assert!(
        decision
            .candidates
            .iter()
            .all(|c| (c.fit - 0.3333).abs() < 1e-4)
    );
    assert_eq!(decision.scope, None);
}

proptest! {
    #[test]
    fn the_chosen_one_passed_every_filter(
        probabilities in (0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0),
        in_scope in 0.0_f32..1.0,
        state in proptest::collection::vec((0_u32..12, 0_u32..100, any::<bool>()), 3),
        strategy in 0_usize..4,
        turn in any::<u64>(),
    ) {
        let (a, b, c) = probabilities;
        let sum = (a + b + c).max(0.01);
        let mut given = Given::with_strategy([
            Strategy::Learned,
            Strategy::LeastConnections,
            Strategy::WeightedRoundRobin,
            Strategy::ResourceBased,
        ][strategy]);
        given.probabilities = Some([a / sum, b / sum, c / sum]);
        given.in_scope = in_scope;
        given.turn = turn;
        for (candidate, (in_flight, failed, fits)) in given.candidates.iter_mut().zip(state) {
            candidate.in_flight = in_flight;
            candidate.failed = failed;
            candidate.weight = failed;
            candidate.input_fits = fits;
        }
        let decision = given.decide();
        if let Some(agent) = &decision.chosen {
            prop_assert!(in_scope >= 0.5);
            let candidate = given.candidates.iter().find(|c| c.agent == *agent).unwrap();
            prop_assert!(candidate.input_fits && candidate.load() <= MOST_LOAD);
            let scored = decision.candidates.iter().find(|s| s.agent == *agent).unwrap();
            prop_assert!(scored.fit >= 0.0999);
        }
        let accounted = decision.candidates.len() + decision.removed.len();
        prop_assert_eq!(accounted, 3, "every agent of the tenant is explained");
        prop_assert!(decision.candidates.is_sorted_by(|a, b| a.score >= b.score));
        let json = serde_json::to_string(&decision).unwrap();
        let shown = Decision { unavailable: Vec::new(), ..decision };
        prop_assert_eq!(serde_json::from_str::<Decision>(&json).unwrap(), shown);
    }
}

#[test]
fn a_policy_says_what_each_agent_is_to_do() {
    let policy: Policy = serde_json::from_value(serde_json::json!({
        "capacity": 5,
        "agents": {"weather": {"capacity": 2, "weight": 3}, "music": {}},
    }))
    .unwrap();
    let agent = |name: &str| name.parse::<AgentName>().unwrap();
    for (name, capacity, weight) in [("weather", 2, 3), ("music", 5, 1), ("other", 5, 1)] {
        assert_eq!(policy.capacity_of(&agent(name)), capacity);
        assert_eq!(policy.weight_of(&agent(name)), weight);
    }
    let default: Policy = serde_json::from_str("{}").unwrap();
    assert_eq!(default.capacity, 100);
}
