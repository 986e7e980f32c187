//! From a verdict, an answer or a registration to where the evolution stands next. Pure.

use tdev_domain::RegistrationId;
use tdev_domain::evolution::{Approval, Ending, Evolution, Reason, Status};
use tdev_evolution::gate::{self, Verdict};

/// Where an evolution goes from a verdict about its winner. `base_is_latest` says whether the
/// agent still answers with the version that the search began with.
pub(crate) fn judged(evolution: &Evolution, verdict: Verdict, base_is_latest: bool) -> Status {
    match verdict {
        Verdict::Refuse { reasons } => Status::Finished(Ending::Refused {
            reasons: spoken(reasons),
        }),
        Verdict::Quarantine { reasons } => Status::Finished(Ending::Quarantined {
            reasons: spoken(reasons),
        }),
        _ if !base_is_latest => Status::Finished(Ending::BaseMoved),
        Verdict::Ask { reasons } => Status::AwaitingApproval {
            reasons: spoken(reasons),
            token: None,
        },
        Verdict::Promote => promoting(evolution),
    }
}

/// Where an evolution goes from a person's answer, or from there being none in time.
pub(crate) fn answered(
    evolution: &Evolution,
    answer: Option<&Approval>,
    base_is_latest: bool,
) -> Status {
    match answer {
        None => Status::Finished(Ending::Unanswered),
        Some(answer) if !answer.approved => Status::Finished(Ending::Rejected),
        Some(_) if !base_is_latest => Status::Finished(Ending::BaseMoved),
        Some(_) => promoting(evolution),
    }
}

fn promoting(evolution: &Evolution) -> Status {
    Status::Promoting {
        registration: RegistrationId::promoting(&evolution.id),
    }
}

fn spoken(reasons: Vec<gate::Reason>) -> Vec<Reason> {
    let reason = |reason: gate::Reason| Reason::new(name(reason.code), reason.text);
    reasons.into_iter().map(reason).collect()
}

/// The code's stable name.
fn name(code: gate::Code) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{code:?}"),
    }
}
