//! The moves of an invocation's record. All pure.

use std::slice;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    Answer, Callee, Effect, EffectError, EffectErrorKind, Invocation, InvocationChange,
    InvocationId, InvocationStatus, Pending, RunReport, Stage, StepTry, Stored, TaskId, TenantId,
    Wait,
};

use crate::Request;
use crate::limits::{LEASE, MAX_CHILDREN, MAX_DEPTH, MAX_GATHERED, MAX_TREE_EFFECTS, WAKE_GRACE};

/// A message to be sent: its invocation is ready to run, then or now.
///
/// It need not arrive. What it says can be read from the record, and the keeper does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeUp {
    /// Which invocation.
    pub invocation: InvocationId,
    /// Not before then; at once if that has passed.
    pub at: Timestamp,
}

/// Who waits for an invocation that has ended, and is to be told.
///
/// Like a wake-up it need not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiter {
    /// The invocation that called it, which can go on.
    Invocation(WakeUp),
    /// The task that it was started for, which is still to be settled.
    Task(TaskId),
    /// The step of a run that it was started for.
    Step(StepTry),
}

impl Waiter {
    /// Who beside another invocation waits for this one.
    #[must_use]
    pub fn of(record: &Invocation) -> Option<Self> {
        let task = record.task.clone().map(Self::Task);
        task.or_else(|| record.step.clone().map(Self::Step))
    }
}

/// Why a delivery came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is no such invocation.
    Unknown,
    /// It is final.
    Ended,
    /// Another worker has it.
    Leased,
    /// It waits, and what it waits for has not come.
    Waiting,
}

/// An invocation that is to run `callee` on `input`, for nobody but the client.
///
/// It is stored by a commit of its own, and a message then calls a worker.
#[must_use]
pub fn accept(
    id: InvocationId,
    tenant: TenantId,
    callee: Callee,
    input: Value,
    now: Timestamp,
) -> Invocation {
    let mut record = Invocation {
        id,
        tenant,
        callee,
        input,
        status: InvocationStatus::Queued,
        pending: None,
        gathered: Vec::new(),
        snapshot: None,
        next_effect: 1,
        first_effect: 1,
        signals: Vec::new(),
        signalled: Vec::new(),
        parent: None,
        task: None,
        step: None,
        depth: 0,
        children: 0,
        budget: MAX_TREE_EFFECTS,
        report: RunReport::default(),
        cancel_requested: false,
        token: 0,
        stalls: 0,
        revision: 0,
        due_at: None,
        created_at: now,
        updated_at: now,
    };
    queue(&mut record, now);
    record
}

/// The invocation that the effect `number` of `parent` calls.
pub(crate) fn called_by(
    parent: &Invocation,
    number: u32,
    callee: Callee,
    input: Value,
    now: Timestamp,
) -> Invocation {
    let key = parent.effect_key(number);
    let id = InvocationId::called_by(&key);
    Invocation {
        parent: Some(key),
        depth: parent.depth + 1,
        ..accept(id, parent.tenant.clone(), callee, input, now)
    }
}

pub(crate) fn revised(found: &Invocation, now: Timestamp) -> Invocation {
    Invocation {
        revision: found.revision + 1,
        updated_at: now,
        ..found.clone()
    }
}

pub(crate) fn after(now: Timestamp, wait: jiff::SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

fn queue(record: &mut Invocation, now: Timestamp) {
    record.status = InvocationStatus::Queued;
    record.due_at = Some(after(now, WAKE_GRACE));
}

pub(crate) fn lease(record: &mut Invocation, now: Timestamp) {
    let lease_until = after(now, LEASE);
    record.status = InvocationStatus::Running { lease_until };
    record.due_at = Some(lease_until);
}

fn suspend(record: &mut Invocation, wait: Wait, due_at: Option<Timestamp>) {
    record.status = InvocationStatus::Suspended { wait };
    record.due_at = due_at;
}

/// Why `requests`, which are made at once, are refused before anything is done for them.
pub(crate) fn refusal(record: &Invocation, requests: &[Request]) -> Option<EffectError> {
    let limit = |message: String| Some(EffectError::new(EffectErrorKind::LimitExceeded, message));
    let recorded = |request: &&Request| matches!(request, Request::Recorded(_));
    let calls = |request: &&Request| matches!(request, Request::CallAgent { .. });
    let effects = requests.len() - requests.iter().filter(recorded).count();
    let calls = requests.iter().filter(calls).count();
    if counted(effects) > record.budget {
        return limit(format!(
            "a call and the agents below it may have {MAX_TREE_EFFECTS} effects, and too few are left here"
        ));
    }
    if calls > 0 && record.depth >= MAX_DEPTH {
        return limit(format!("agents may call each other {MAX_DEPTH} deep"));
    }
    if calls > MAX_GATHERED {
        return limit(format!("an agent may call {MAX_GATHERED} others at once"));
    }
    if record.children.saturating_add(counted(calls)) > MAX_CHILDREN {
        return limit(format!("an agent may call {MAX_CHILDREN} others"));
    }
    None
}

fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The invocations that `record` waits for.
pub(crate) fn awaited(record: &Invocation) -> &[InvocationId] {
    match &record.status {
        InvocationStatus::Suspended {
            wait: Wait::Child { invocation },
        } => slice::from_ref(invocation),
        InvocationStatus::Suspended {
            wait: Wait::Children { invocations },
        } => invocations,
        _ => &[],
    }
}

/// What a worker does at a tool call that is not answered on the spot.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Nothing: it lets another worker go on.
    Yield,
    /// Performs the effect.
    Perform,
    /// Lets go until a point in time.
    Sleep {
        /// When.
        until: Timestamp,
    },
    /// Lets go until a signal, or a point in time.
    Hear {
        /// The signal's name.
        signal: String,
        /// When to go on without it.
        until: Timestamp,
    },
    /// Lets go until these invocations, which are to be created, have ended.
    Call(Vec<Invocation>),
}

/// The write before a step: the effects that are `over`, the calls that are made now, the snapshot
/// at them, and what the worker is about to do.
pub(crate) fn intended(
    record: &Invocation,
    over: Vec<Effect>,
    calls: Vec<Pending>,
    snapshot: Stored,
    step: Step,
    now: Timestamp,
) -> Vec<InvocationChange> {
    let mut next = revised(record, now);
    next.next_effect = calls
        .last()
        .map_or(next.next_effect, |last| last.number + 1);
    next.stand_at(calls);
    next.stalls = 0;
    let superseded = next
        .snapshot
        .replace(snapshot)
        .filter(|old| next.snapshot.as_ref() != Some(old));
    next.budget = next.budget.saturating_sub(match &step {
        Step::Yield => 0,
        Step::Call(children) => counted(children.len()),
        Step::Perform | Step::Sleep { .. } | Step::Hear { .. } => 1,
    });
    let mut children = Vec::new();
    match step {
        Step::Yield => queue(&mut next, now),
        Step::Perform => lease(&mut next, now),
        Step::Sleep { until } => suspend(&mut next, Wait::Time { until }, Some(until)),
        Step::Hear { signal, until } => {
            suspend(&mut next, Wait::Signal { signal, until }, Some(until));
        }
        Step::Call(called) => {
            children = called;
            let called = children.iter().map(|child| child.id.clone());
            await_children(&mut next, called.collect(), None, now);
            next.children += counted(children.len());
            share(&mut next.budget, &mut children);
        }
    }
    let mut changes = vec![InvocationChange {
        record: next,
        ledger: over,
        superseded,
    }];
    changes.extend(children.into_iter().map(InvocationChange::to));
    changes
}

/// Waits for `invocations` to end, or goes on if there are none.
fn await_children(
    record: &mut Invocation,
    invocations: Vec<InvocationId>,
    due_at: Option<Timestamp>,
    now: Timestamp,
) {
    let wait = match <[InvocationId; 1]>::try_from(invocations) {
        Ok([invocation]) => Wait::Child { invocation },
        Err(none) if none.is_empty() => return queue(record, now),
        Err(invocations) => Wait::Children { invocations },
    };
    suspend(record, wait, due_at);
}

/// Lends the whole of `budget` to `children`, in equal parts as far as that goes.
fn share(budget: &mut u32, children: &mut [Invocation]) {
    let lent = std::mem::take(budget);
    let number = counted(children.len());
    for (place, child) in (0..).zip(children) {
        child.budget = lent / number + u32::from(place < lent % number);
    }
}

/// The record of an effect that was performed, the lease held on to.
pub(crate) fn performed(record: &Invocation, answer: Answer, now: Timestamp) -> Invocation {
    let mut next = answered(record, answer, now);
    lease(&mut next, now);
    next.stalls = 0;
    next
}

/// A suspended invocation whose wait has come to `answer`, ready to run.
pub(crate) fn resumed(record: &Invocation, answer: Answer, now: Timestamp) -> Invocation {
    let mut next = answered(record, answer, now);
    queue(&mut next, now);
    next
}

/// An invocation that waits for `child`, which has ended so and returns what is left of its budget.
/// It goes on once it waits for no other.
pub(crate) fn told(
    record: &Invocation,
    child: &Invocation,
    answer: &Answer,
    now: Timestamp,
) -> Invocation {
    let mut next = revised(record, now);
    next.budget += child.budget;
    let number = child.parent.as_ref().map(|effect| effect.number);
    for call in next.standing_mut() {
        if Some(call.number) == number {
            call.stage = Stage::Answered(answer.clone());
        }
    }
    let others = awaited(record).iter().filter(|other| **other != child.id);
    await_children(&mut next, others.cloned().collect(), record.due_at, now);
    next
}

fn answered(record: &Invocation, answer: Answer, now: Timestamp) -> Invocation {
    let mut next = revised(record, now);
    if let Some(pending) = &mut next.pending {
        pending.stage = Stage::Answered(answer);
    }
    next
}

/// A run that goes back to its input; nothing it did so far is of consequence.
pub(crate) fn restarted(record: &Invocation, now: Timestamp) -> InvocationChange {
    let mut next = revised(record, now);
    if let Some(abandoned) = next.take_standing().first() {
        next.next_effect = abandoned.number;
    }
    next.first_effect = next.next_effect;
    let superseded = next.snapshot.take();
    lease(&mut next, now);
    InvocationChange {
        record: next,
        ledger: Vec::new(),
        superseded,
    }
}

/// The same invocation, which waits for others, for a worker that ends it with all of them.
pub(crate) fn handed_on(record: &Invocation, now: Timestamp) -> Invocation {
    Invocation {
        due_at: Some(now),
        cancel_requested: true,
        ..revised(record, now)
    }
}

/// The same invocation, the keeper to come back if the wake-up it sends is lost.
pub(crate) fn postponed(record: &Invocation, now: Timestamp) -> Invocation {
    Invocation {
        due_at: Some(after(now, WAKE_GRACE)),
        ..revised(record, now)
    }
}
