//! A worker's part: to take an invocation and bring it as far as it goes.

use jiff::Timestamp;
use tdev_domain::{
    AgentFailure, Answer, Call, Effect, EffectClass, FailureKind, Invocation, InvocationFailure,
    InvocationId, InvocationStatus, Pending, Stage, Stored, Wait,
};

use crate::error::{Stop, written};
use crate::limits::{MAX_CONFLICTS, MAX_EFFECTS};
use crate::transition::{self, Claim, Refusal, Step, WakeUp};
use crate::{Change, Error, Journal, Machine, Request, Turn, World};

/// What a delivery came to.
///
/// The wake-ups are to be sent before the delivery is acknowledged. One that is lost is sent
/// again by the keeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The invocation is final.
    Settled {
        /// Whoever waited for it.
        wake: Option<WakeUp>,
    },
    /// It waits.
    Suspended {
        /// The child that it called, or itself when its time has come.
        wake: WakeUp,
    },
    /// The worker's time was up; another is to go on at once.
    Yielded {
        /// The invocation itself.
        wake: WakeUp,
    },
    /// Nothing was done.
    NotClaimable {
        /// Why.
        why: Refusal,
        /// When the record alone would allow it.
        retry_at: Option<Timestamp>,
    },
    /// The lease was lost on the way; another worker has the invocation, or it was ended.
    Fenced,
}

/// Takes the invocation `id` and runs it until it ends, waits, or `yield_at` has passed at a tool
/// call. At least one effect is begun before it yields.
///
/// # Errors
///
/// A service failed. The lease is left to expire; a redelivery or the keeper then tries again.
pub async fn drive<J: Journal, W: World, M: Machine>(
    id: &InvocationId,
    journal: &J,
    world: &W,
    machine: &mut M,
    yield_at: Timestamp,
) -> Result<Outcome, Error> {
    let record = match take(id, journal, world).await? {
        Taken::Leased(record) => *record,
        Taken::Not(outcome) => return Ok(outcome),
    };
    let mut lease = Lease {
        journal,
        world,
        machine,
        yield_at,
        record,
        over: Vec::new(),
        heard: Vec::new(),
        begun: false,
        conflicts: 0,
    };
    let outcome = match lease.run().await {
        Err(Stop::Snapshot(message)) => {
            let failure = InvocationFailure::Unresumable { message };
            lease.finish(InvocationStatus::Failed { failure }).await
        }
        outcome => outcome,
    };
    match outcome {
        Ok(outcome) => Ok(outcome),
        Err(Stop::Fenced) => Ok(Outcome::Fenced),
        Err(Stop::Snapshot(_)) => Err(Error::Contended),
        Err(Stop::Error(error)) => Err(error),
    }
}

enum Taken {
    Leased(Box<Invocation>),
    Not(Outcome),
}

async fn take(
    id: &InvocationId,
    journal: &impl Journal,
    world: &impl World,
) -> Result<Taken, Error> {
    for _ in 0..MAX_CONFLICTS {
        let refused = |why, retry_at| Ok(Taken::Not(Outcome::NotClaimable { why, retry_at }));
        let Some(found) = journal.load(id).await? else {
            return refused(Refusal::Unknown, None);
        };
        let now = world.now();
        if let Err((why, retry_at)) = transition::claimable(&found, now) {
            return refused(why, retry_at);
        }
        match transition::claim(&found, now) {
            Claim::Lease(record) => {
                let change = Change::to(*record);
                if written(journal.commit(std::slice::from_ref(&change)).await)? {
                    return Ok(Taken::Leased(Box::new(change.record)));
                }
            }
            Claim::End(status) => {
                let parent = parent_of(&found, journal).await?;
                let (changes, wake) =
                    transition::settled(&found, Vec::new(), status, parent.as_ref(), now);
                if written(journal.commit(&changes).await)? {
                    return Ok(Taken::Not(Outcome::Settled { wake }));
                }
            }
        }
    }
    Err(Error::Contended)
}

pub(crate) async fn parent_of(
    record: &Invocation,
    journal: &impl Journal,
) -> Result<Option<Invocation>, crate::Unavailable> {
    match &record.parent {
        Some(effect) => journal.load(&effect.invocation).await,
        None => Ok(None),
    }
}

/// How the run goes on.
enum Next {
    /// From the input.
    Start,
    /// With the answer to the call at which it stands.
    Answer(Answer),
    /// Not by this worker.
    Stop(Outcome),
}

/// A run under a lease.
struct Lease<'a, J, W, M> {
    journal: &'a J,
    world: &'a W,
    machine: &'a mut M,
    yield_at: Timestamp,
    /// As it stands in the store.
    record: Invocation,
    /// Effects that are over and not in the ledger: they ride on the next write.
    over: Vec<Effect>,
    /// The names of signals that `over` answers with and the stored record still holds.
    heard: Vec<String>,
    /// Whether an effect was begun under this lease.
    begun: bool,
    conflicts: u32,
}

impl<J: Journal, W: World, M: Machine> Lease<'_, J, W, M> {
    async fn run(&mut self) -> Result<Outcome, Stop> {
        let mut next = self.enter().await?;
        loop {
            let turn = match next {
                Next::Start => self.machine.start(&self.record).await?,
                Next::Answer(answer) => self.machine.answer(&answer).await?,
                Next::Stop(outcome) => return Ok(outcome),
            };
            next = match turn {
                Turn::Called(call) => self.called(call).await?,
                Turn::Ended(result) => return self.finish(end(result)).await,
            };
        }
    }

    /// Puts the machine where the record says the run stands.
    async fn enter(&mut self) -> Result<Next, Stop> {
        let (Some(pending), Some(stored)) = (&self.record.pending, &self.record.snapshot) else {
            return Ok(Next::Start);
        };
        let pending = pending.clone();
        let snapshot = self.journal.fetch(&self.record, stored).await?;
        match self
            .machine
            .restore(&self.record, snapshot)
            .await
            .map_err(Stop::from)
        {
            Ok(()) => self.proceed(pending).await,
            Err(Stop::Snapshot(_)) if self.may_restart(&pending).await? => self.restart().await,
            Err(stop) => Err(stop),
        }
    }

    /// Goes on from an effect that an earlier worker left.
    async fn proceed(&mut self, pending: Pending) -> Result<Next, Stop> {
        match (pending.stage.clone(), pending.class) {
            (Stage::Called, _) => self.called(pending.call).await,
            (Stage::Answered(answer), _) => Ok(self.put_over(pending, answer)),
            (Stage::Intended, EffectClass::Idempotent) => self.perform(pending).await,
            (Stage::Intended, _) => Ok(self.put_over(pending, transition::outcome_unknown())),
        }
    }

    /// Whether nothing the run did so far is of consequence.
    async fn may_restart(&mut self, pending: &Pending) -> Result<bool, Stop> {
        let inconsequent = |class| matches!(class, EffectClass::Recorded | EffectClass::Timer);
        if pending.stage != Stage::Called && !inconsequent(pending.class) {
            return Ok(false);
        }
        let ledger = self.journal.ledger(&self.record.id).await?;
        Ok(ledger.iter().all(|effect| inconsequent(effect.class)))
    }

    async fn restart(&mut self) -> Result<Next, Stop> {
        while !self
            .commit(&[transition::restarted(&self.record, self.world.now())])
            .await?
        {}
        Ok(Next::Start)
    }

    /// The number of the effect that begins now.
    fn next_number(&self) -> u32 {
        match (self.over.last(), &self.record.pending) {
            (Some(effect), _) => effect.number + 1,
            (None, Some(pending)) if pending.stage == Stage::Called => pending.number,
            _ => self.record.next_effect,
        }
    }

    async fn called(&mut self, call: Call) -> Result<Next, Stop> {
        let pending = Pending {
            number: self.next_number(),
            call,
            class: EffectClass::Recorded,
            stage: Stage::Called,
            begun_at: self.world.now(),
        };
        if pending.number > MAX_EFFECTS {
            let message = format!("called tools more than {MAX_EFFECTS} times");
            let failure = AgentFailure::new(FailureKind::TooManyToolCalls, message);
            return self.finish(end(Err(failure))).await.map(Next::Stop);
        }
        let request = self.world.request(&self.record, &pending.call);
        if let Some(error) = transition::refusal(&self.record, &request) {
            return Ok(self.put_over(pending, Answer::Error(error)));
        }
        let (class, step) = match &request {
            Request::Recorded(answer) => return Ok(self.put_over(pending, answer.clone())),
            Request::Idempotent => (EffectClass::Idempotent, Step::Perform),
            Request::AtMostOnce => (EffectClass::AtMostOnce, Step::Perform),
            Request::Sleep(duration) => {
                let until = transition::after(pending.begun_at, *duration);
                (EffectClass::Timer, Step::Suspend(Wait::Time { until }))
            }
            Request::WaitFor { signal, timeout } => {
                let (signal, until) = (
                    signal.clone(),
                    transition::after(pending.begun_at, *timeout),
                );
                let wait = Wait::Signal { signal, until };
                (EffectClass::Signal, Step::Suspend(wait))
            }
            Request::CallAgent { agent, input } => {
                let callee = match self.world.callee(&self.record, agent).await? {
                    Ok(callee) => callee,
                    Err(error) => return Ok(self.put_over(pending, Answer::Error(error))),
                };
                let child = transition::called_by(
                    &self.record,
                    pending.number,
                    callee,
                    input.clone(),
                    pending.begun_at,
                );
                (EffectClass::Child, Step::Call(Box::new(child)))
            }
        };
        self.begin(Pending { class, ..pending }, step).await
    }

    /// Writes what the worker is about to do, then does it.
    async fn begin(&mut self, pending: Pending, step: Step) -> Result<Next, Stop> {
        let mut kept = None;
        let step = loop {
            if self.record.cancel_requested {
                return self
                    .finish(InvocationStatus::Cancelled)
                    .await
                    .map(Next::Stop);
            }
            if let Step::Suspend(Wait::Signal { signal, .. }) = &step
                && let Some(payload) = self.hear(&signal.clone())
            {
                return Ok(self.put_over(pending, Answer::Value(payload)));
            }
            let now = self.world.now();
            let (stage, step) = if self.begun && now >= self.yield_at {
                (Stage::Called, Step::Yield)
            } else {
                (Stage::Intended, step.clone())
            };
            let snapshot = match &kept {
                Some(stored) => Stored::clone(stored),
                None => kept.insert(self.keep(pending.number).await?).clone(),
            };
            let changes = transition::intended(
                &self.carried(),
                self.over.clone(),
                Pending {
                    stage,
                    ..pending.clone()
                },
                snapshot,
                step.clone(),
                now,
            );
            if self.commit(&changes).await? {
                break step;
            }
        };
        self.begun = true;
        self.step(pending, step).await
    }

    async fn step(&mut self, pending: Pending, step: Step) -> Result<Next, Stop> {
        let wake = |invocation, at| WakeUp { invocation, at };
        let this = self.record.id.clone();
        let now = self.world.now();
        Ok(Next::Stop(match step {
            Step::Perform => return self.perform(pending).await,
            Step::Yield => Outcome::Yielded {
                wake: wake(this, now),
            },
            Step::Suspend(Wait::Time { until } | Wait::Signal { until, .. }) => {
                Outcome::Suspended {
                    wake: wake(this, until),
                }
            }
            Step::Suspend(Wait::Child { invocation }) => Outcome::Suspended {
                wake: wake(invocation, now),
            },
            Step::Call(child) => Outcome::Suspended {
                wake: wake(child.id, now),
            },
        }))
    }

    async fn perform(&mut self, pending: Pending) -> Result<Next, Stop> {
        let key = self.record.effect_key(pending.number);
        let answer = self
            .world
            .perform(&key, &self.record, &pending.call)
            .await?;
        if pending.class == EffectClass::AtMostOnce {
            loop {
                let now = self.world.now();
                let record = transition::performed(&self.record, answer.clone(), now);
                if self.commit(&[Change::to(record)]).await? {
                    break;
                }
            }
        }
        Ok(self.put_over(pending, answer))
    }

    /// Lets the effect ride on the next write.
    fn put_over(&mut self, pending: Pending, answer: Answer) -> Next {
        let effect = transition::over(pending, answer.clone(), self.world.now());
        self.over.push(effect);
        Next::Answer(answer)
    }

    /// Takes the first signal of that name that no one has taken.
    fn hear(&mut self, name: &str) -> Option<serde_json::Value> {
        let heard = take_signal(&mut self.carried(), name)?;
        self.heard.push(name.to_owned());
        Some(heard)
    }

    /// The stored record, less the signals that were heard since.
    fn carried(&self) -> Invocation {
        let mut record = self.record.clone();
        for name in &self.heard {
            take_signal(&mut record, name);
        }
        record
    }

    async fn keep(&mut self, effect: u32) -> Result<Stored, Stop> {
        // A run that yielded here was kept here.
        if let (Some(pending), Some(stored)) = (&self.record.pending, &self.record.snapshot)
            && pending.number == effect
        {
            return Ok(stored.clone());
        }
        let snapshot = self.machine.snapshot().await?;
        Ok(self.journal.keep(&self.record, effect, snapshot).await?)
    }

    async fn finish(&mut self, status: InvocationStatus) -> Result<Outcome, Stop> {
        loop {
            let parent = parent_of(&self.record, self.journal).await?;
            let (changes, wake) = transition::settled(
                &self.carried(),
                self.over.clone(),
                status.clone(),
                parent.as_ref(),
                self.world.now(),
            );
            if self.commit(&changes).await? {
                return Ok(Outcome::Settled { wake });
            }
        }
    }

    /// Commits changes of which the first is this invocation's. If it was not written because the
    /// record has changed, the record is read again, to decide anew.
    async fn commit(&mut self, changes: &[Change]) -> Result<bool, Stop> {
        if written(self.journal.commit(changes).await)? {
            if let Some(change) = changes.first() {
                self.record = change.record.clone();
                self.over.drain(..change.ledger.len().min(self.over.len()));
                self.heard.clear();
            }
            return Ok(true);
        }
        self.conflicts += 1;
        if self.conflicts > MAX_CONFLICTS {
            return Err(Error::Contended.into());
        }
        let found = self.journal.load(&self.record.id).await?;
        let held = |found: &Invocation| {
            found.token == self.record.token
                && matches!(found.status, InvocationStatus::Running { .. })
        };
        self.record = found.filter(held).ok_or(Stop::Fenced)?;
        Ok(false)
    }
}

fn take_signal(record: &mut Invocation, name: &str) -> Option<serde_json::Value> {
    let place = record
        .signals
        .iter()
        .position(|signal| signal.name == name)?;
    Some(record.signals.remove(place).payload)
}

fn end(result: Result<serde_json::Value, AgentFailure>) -> InvocationStatus {
    match result {
        Ok(output) => InvocationStatus::Completed { output },
        Err(failure) => InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        },
    }
}
