use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn draft(schedule: Option<Schedule>) -> EvolutionDraft {
    EvolutionDraft {
        tenant: "acme".parse().unwrap(),
        agent: "packer".parse().unwrap(),
        base: VersionNumber::FIRST,
        problem: "weibull".parse().unwrap(),
        problem_digest: ArtifactDigest::of(b"problem"),
        seed: u64::MAX,
        settings: json!({"population": 50}),
        policy: json!({}),
        approval_seconds: 60,
        schedule,
        trigger: Trigger::Request,
    }
}

fn accepted() -> Evolution {
    Evolution::accept(EvolutionId::generate(), draft(None), at(0))
}

fn progress(generation: u32) -> Progress {
    Progress {
        generation,
        checkpoint: ArtifactDigest::of(&generation.to_be_bytes()),
        lineage: ArtifactDigest::of(b"lineage"),
        evaluations: u64::from(generation) * 50,
        best: f64::MAX,
        mean: 0.1,
        diversity: 1.0,
    }
}

fn winner() -> Winner {
    Winner {
        source: ArtifactDigest::of(b"source"),
        bytes: 6,
        loss: 0.5,
        base_loss: 1.0,
        evidence: ArtifactDigest::of(b"evidence"),
    }
}

fn approval(approved: bool) -> Approval {
    Approval {
        approved,
        by: ApiKeyId::generate(),
        at: at(0),
        reason: None,
    }
}

fn status(name: StatusName) -> Status {
    match name {
        StatusName::Running => Status::Running,
        StatusName::Paused => Status::Paused,
        StatusName::Examining => Status::Examining {
            stopped: StopReason::Target,
        },
        StatusName::AwaitingApproval => Status::AwaitingApproval {
            reasons: Vec::new(),
            token: None,
        },
        StatusName::Promoting => Status::Promoting {
            registration: RegistrationId::generate(),
        },
        StatusName::Promoted => Status::Promoted {
            version: VersionNumber::FIRST,
        },
        StatusName::Finished => Status::Finished(Ending::NoBetter),
        StatusName::Cancelled => Status::Cancelled,
        StatusName::Failed => Status::Failed {
            error: "Internal".to_owned(),
        },
    }
}

#[test]
fn an_execution_is_begun_each_time_it_is_to_run_and_once() {
    let evolution = accepted();
    assert!(evolution.is_to_begin());
    let first = evolution.execution();
    let begun = evolution.begun(at(1));
    assert!(!begun.is_to_begin());
    assert_eq!(begun.due_at, None);
    let paused = begun.paused(at(2)).unwrap();
    assert!(!paused.is_to_begin());
    let resumed = paused.resumed(at(3)).unwrap();
    assert!(resumed.is_to_begin());
    assert_eq!(resumed.due_at, Some(at(3)));
    assert_ne!(resumed.execution(), first);
    assert!(resumed.execution().len() <= 80);
}

#[test]
fn generations_are_counted_one_by_one_while_it_runs() {
    let evolution = accepted();
    let spent = Spent {
        seconds: 1.5,
        dollars: 0.25,
    };
    assert_eq!(evolution.progressed(progress(1), spent, at(1)), None);
    let first = evolution.progressed(progress(0), spent, at(1)).unwrap();
    assert_eq!(first.progressed(progress(0), spent, at(2)), None);
    let second = first.progressed(progress(1), spent, at(2)).unwrap();
    assert_eq!((second.spent.seconds, second.spent.dollars), (3.0, 0.5));
    assert_eq!(second.next_generation(), 2);
    let paused = second.paused(at(3)).unwrap();
    assert_eq!(paused.progressed(progress(2), spent, at(4)), None);
}

#[test]
fn a_person_answers_once_and_only_when_asked() {
    let examining = accepted()
        .advance(status(StatusName::Examining), at(1))
        .unwrap();
    assert_eq!(examining.answered(approval(true), at(1)), None);
    let examined = examining.examined(winner(), at(2)).unwrap();
    assert_eq!(examined.examined(winner(), at(2)), None);
    let waiting = examined
        .advance(status(StatusName::AwaitingApproval), at(2))
        .unwrap();
    assert_eq!(waiting.token(), None);
    let asked = waiting.asked("token".to_owned(), at(3)).unwrap();
    assert_eq!(asked.token(), Some("token"));
    let answered = asked.answered(approval(false), at(4)).unwrap();
    assert_eq!(answered.answered(approval(true), at(5)), None);
    assert!(!answered.approval.unwrap().approved);
}

#[test]
fn who_is_cancelled_is_followed_by_nobody() {
    let daily = Schedule {
        every_hours: Some(24),
        ..Schedule::default()
    };
    let id = EvolutionId::generate();
    let evolution = Evolution::accept(id, draft(Some(daily)), at(0)).begun(at(1));
    assert_eq!(evolution.due_at, Some(at(86_400)));
    assert_eq!(evolution.cancelled(at(2)).unwrap().due_at, None);
    let other = ArtifactDigest::of(b"changed");
    let follow = || {
        let base = VersionNumber::FIRST.next();
        evolution.followed_by(base, other.clone(), Trigger::Schedule, at(86_400))
    };
    let next = follow();
    assert_eq!(next, follow(), "the same, however often");
    assert_ne!(next.id, evolution.id);
    assert_eq!(next.draft.seed, 0, "another search");
    assert_eq!(next.draft.schedule, Some(daily));
    assert_eq!(evolution.handed_over(at(86_400)).due_at, None);
}

#[test]
fn one_promotion_has_one_registration() {
    let id = EvolutionId::generate();
    let registration = RegistrationId::promoting(&id);
    assert_eq!(registration, RegistrationId::promoting(&id));
    assert_ne!(registration, RegistrationId::promoting(&id.following()));
    assert_eq!(registration.as_str().parse(), Ok(registration));
}

#[test]
fn what_is_asked_and_answered_is_stable() {
    let tenant: TenantId = "acme".parse().unwrap();
    let evolution: EvolutionId = "evo_00000000000000000000000000000001".parse().unwrap();
    let shard = Shard {
        generation: 3,
        checkpoint: ArtifactDigest::of(b"checkpoint"),
        from: 0,
        to: 25,
    };
    let done = ShardDone {
        shard: shard.clone(),
        children: ArtifactDigest::of(b"children"),
        seconds: 0.5,
    };
    let step = Step {
        next: Next::FanOut,
        shards: vec![shard.clone()],
        approval_seconds: None,
    };
    let merge = EvolveRequest::Merge {
        tenant: tenant.clone(),
        evolution: evolution.clone(),
        leg: 1,
        done: vec![done.clone()],
    };
    let ask = PromoteRequest::Ask {
        tenant,
        evolution,
        token: "token".to_owned(),
    };
    insta::assert_json_snapshot!(json!([step, merge, ask]));
    for answer in [EvolveAnswer::Step(step), EvolveAnswer::Shard(done)] {
        let json = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<EvolveAnswer>(&json).unwrap(), answer);
    }
    for next in Next::ALL {
        assert_eq!(serde_json::to_value(next).unwrap(), next.as_str());
    }
}

/// What can happen to an evolution.
#[derive(Debug, Clone)]
enum Happens {
    To(StatusName),
    Progress,
    Examined,
    Asked,
    Answered(bool),
    Begun,
    Resumed,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        (0..StatusName::ALL.len()).prop_map(|n| Happens::To(StatusName::ALL[n])),
        Just(Happens::Progress),
        Just(Happens::Examined),
        Just(Happens::Asked),
        any::<bool>().prop_map(Happens::Answered),
        Just(Happens::Begun),
        Just(Happens::Resumed),
    ]
}

fn apply(evolution: &Evolution, what: &Happens) -> Option<Evolution> {
    let now = at(9);
    match what {
        Happens::To(name) => evolution.advance(status(*name), now).ok(),
        Happens::Progress => {
            let next = progress(evolution.next_generation());
            evolution.progressed(next, Spent::default(), now)
        }
        Happens::Examined => evolution.examined(winner(), now),
        Happens::Asked => evolution.asked("token".to_owned(), now),
        Happens::Answered(yes) => evolution.answered(approval(*yes), now),
        Happens::Begun => evolution.is_to_begin().then(|| evolution.begun(now)),
        Happens::Resumed => evolution.resumed(now).ok(),
    }
}

proptest! {
    /// Whatever happens in whatever order: each change is one revision, generations never go
    /// back, nothing leaves a final state, and the record survives its JSON.
    #[test]
    fn every_path_is_lawful(path in proptest::collection::vec(happens(), 0..60)) {
        let mut evolution = accepted();
        let mut seen = vec![StatusName::Running];
        for what in path {
            let Some(next) = apply(&evolution, &what) else {
                continue;
            };
            prop_assert!(!evolution.status.name().is_final());
            prop_assert_eq!(next.revision, evolution.revision + 1);
            prop_assert!(next.next_generation() >= evolution.next_generation());
            prop_assert!(next.executions <= next.resumed + 1);
            let json = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Evolution>(&json).unwrap(), &next);
            evolution = next;
            seen.push(evolution.status.name());
        }
        let at = |name| seen.iter().position(|found| *found == name);
        if let Some(promoted) = at(StatusName::Promoted) {
            prop_assert!(at(StatusName::Examining).is_some_and(|first| first < promoted));
            prop_assert!(at(StatusName::Promoting).is_some_and(|first| first < promoted));
        }
        if evolution.approval.is_some() {
            prop_assert!(at(StatusName::AwaitingApproval).is_some());
        }
    }
}
