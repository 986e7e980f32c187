//! A run under a lease, or about to take one: from effect to effect.

use std::mem;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    AgentFailure, Answer, Call, Effect, EffectClass, FailureKind, Invocation, InvocationChange,
    InvocationFailure, InvocationStatus, Pending, Stage, Stored,
};

use crate::error::{Stop, written};
use crate::limits::{MAX_CONFLICTS, MAX_EFFECTS};
use crate::settle;
use crate::transition::{self, Step, WakeUp};
use crate::{Error, Journal, Machine, Outcome, Request, Turn, World};

/// How the run goes on.
enum Next {
    /// From the input.
    Start,
    /// With the answer to the call at which it stands.
    Answer(Answer),
    /// Not by this worker.
    Stop(Outcome),
}

/// What is done about a tool call.
enum Plan {
    /// It is answered, and no more.
    Answer(Answer),
    /// An effect is begun.
    Begin(EffectClass, Step),
}

/// A run under a lease. One that has just begun takes it with its first write.
pub(crate) struct Lease<'a, J, W, M> {
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

impl<'a, J: Journal, W: World, M: Machine> Lease<'a, J, W, M> {
    /// A run of `record`, which is leased to this worker, or queued and has never been leased.
    pub(crate) fn new(
        record: Invocation,
        journal: &'a J,
        world: &'a W,
        machine: &'a mut M,
        yield_at: Timestamp,
    ) -> Self {
        Self {
            journal,
            world,
            machine,
            yield_at,
            record,
            over: Vec::new(),
            heard: Vec::new(),
            begun: false,
            conflicts: 0,
        }
    }

    /// Brings the run as far as it goes.
    pub(crate) async fn run(&mut self) -> Result<Outcome, Stop> {
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
        let restored = match self.journal.fetch(&self.record, stored).await {
            Ok(snapshot) => {
                let restored = self.machine.restore(&self.record, snapshot).await;
                restored.map_err(Stop::from)
            }
            Err(error) => Err(error.into()),
        };
        match restored {
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
            (Stage::Intended, _) => Ok(self.put_over(pending, settle::outcome_unknown())),
        }
    }

    /// Whether nothing the run did so far is of consequence.
    async fn may_restart(&mut self, pending: &Pending) -> Result<bool, Stop> {
        let inconsequent = |class| matches!(class, EffectClass::Recorded | EffectClass::Timer);
        if !inconsequent(pending.class) {
            return Ok(false);
        }
        let ledger = self.journal.ledger(&self.record.id).await?;
        Ok(ledger.iter().all(|effect| inconsequent(effect.class)))
    }

    async fn restart(&mut self) -> Result<Next, Stop> {
        loop {
            let restarted = transition::restarted(&self.record, self.world.now());
            if self.commit(&[restarted]).await? {
                return Ok(Next::Start);
            }
        }
    }

    /// The number of the effect that begins now.
    fn next_number(&self) -> u32 {
        match (self.over.last(), &self.record.pending) {
            (Some(effect), _) => effect.number + 1,
            (None, Some(pending)) if pending.stage == Stage::Called => pending.number,
            _ => self.record.next_effect,
        }
    }

    /// Sees to a tool call.
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
        match self.plan(&pending, request).await? {
            Plan::Begin(class, step) => self.begin(Pending { class, ..pending }, step).await,
            Plan::Answer(answer) => Ok(self.put_over(pending, answer)),
        }
    }

    async fn plan(&mut self, pending: &Pending, request: Request) -> Result<Plan, Stop> {
        if let Some(error) = transition::refusal(&self.record, &request) {
            return Ok(Plan::Answer(Answer::Error(error)));
        }
        let now = pending.begun_at;
        let (class, step) = match request {
            Request::Recorded(answer) => return Ok(Plan::Answer(answer)),
            Request::Idempotent => (EffectClass::Idempotent, Step::Perform),
            Request::AtMostOnce => (EffectClass::AtMostOnce, Step::Perform),
            Request::Sleep(duration) => {
                let until = transition::after(now, duration);
                (EffectClass::Timer, Step::Sleep { until })
            }
            Request::WaitFor { signal, timeout } => {
                let until = transition::after(now, timeout);
                (EffectClass::Signal, Step::Hear { signal, until })
            }
            Request::CallAgent { agent, input } => {
                let number = pending.number;
                match self.world.callee(&self.record, &agent).await? {
                    Ok(callee) => {
                        let child = transition::called_by(&self.record, number, callee, input, now);
                        (EffectClass::Child, Step::Call(Box::new(child)))
                    }
                    Err(error) => return Ok(Plan::Answer(Answer::Error(error))),
                }
            }
        };
        Ok(Plan::Begin(class, step))
    }

    /// Writes what the worker is about to do, then does it.
    async fn begin(&mut self, pending: Pending, step: Step) -> Result<Next, Stop> {
        let mut kept = None;
        let step = loop {
            if self.record.cancel_requested {
                let cancelled = InvocationStatus::Cancelled;
                return self.finish(cancelled).await.map(Next::Stop);
            }
            if let Step::Hear { signal, .. } = &step
                && let Some(payload) = self.hear(signal)
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

    /// Does what was written.
    async fn step(&mut self, pending: Pending, step: Step) -> Result<Next, Stop> {
        let now = self.world.now();
        let invocation = self.record.id.clone();
        let outcome = match step {
            Step::Perform => return self.perform(pending).await,
            Step::Yield => Outcome::Yielded {
                wake: WakeUp {
                    invocation,
                    at: now,
                },
            },
            Step::Sleep { until } | Step::Hear { until, .. } => Outcome::Suspended {
                wake: WakeUp {
                    invocation,
                    at: until,
                },
            },
            Step::Call(child) => Outcome::Suspended {
                wake: WakeUp {
                    invocation: child.id,
                    at: now,
                },
            },
        };
        Ok(Next::Stop(outcome))
    }

    /// Performs an effect that was written as intended.
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
                if self.commit(&[InvocationChange::to(record)]).await? {
                    break;
                }
            }
        }
        Ok(self.put_over(pending, answer))
    }

    /// Lets the effect ride on the next write.
    fn put_over(&mut self, pending: Pending, answer: Answer) -> Next {
        let effect = settle::over(pending, answer.clone(), self.world.now());
        self.over.push(effect);
        Next::Answer(answer)
    }

    /// Takes the first signal of that name that no one has taken.
    fn hear(&mut self, name: &str) -> Option<Value> {
        let heard = take_signal(&mut self.carried(), name)?;
        self.heard.push(name.to_owned());
        Some(heard)
    }

    /// The stored record under the worker's lease, less the signals that were heard since.
    fn carried(&self) -> Invocation {
        let mut record = if self.record.status == InvocationStatus::Queued {
            transition::taken(&self.record)
        } else {
            self.record.clone()
        };
        for name in &self.heard {
            take_signal(&mut record, name);
        }
        record
    }

    /// Puts the snapshot of the run where the record can refer to it.
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

    /// The record as it stands in the store.
    pub(crate) fn into_record(self) -> Invocation {
        self.record
    }

    /// Ends the invocation.
    pub(crate) async fn finish(&mut self, status: InvocationStatus) -> Result<Outcome, Stop> {
        loop {
            let parent = settle::parent_of(&self.record, self.journal, self.conflicts).await?;
            let (changes, waiter) = settle::settled(
                &Invocation {
                    report: self.machine.report(),
                    ..self.carried()
                },
                self.over.clone(),
                status.clone(),
                parent.as_ref(),
                self.world.now(),
            );
            if self.commit(&changes).await? {
                return Ok(Outcome::Settled { waiter });
            }
        }
    }

    /// Commits changes of which the first is this invocation's. If it was not written because the
    /// record has changed, the record is read again, to decide anew.
    async fn commit(&mut self, changes: &[InvocationChange]) -> Result<bool, Stop> {
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
        // Nobody has a lease yet, or this worker still has it.
        let held = |found: &Invocation| {
            found.token == self.record.token
                && mem::discriminant(&found.status) == mem::discriminant(&self.record.status)
        };
        self.record = found.filter(held).ok_or(Stop::Fenced)?;
        Ok(false)
    }
}

fn take_signal(record: &mut Invocation, name: &str) -> Option<Value> {
    let place = record
        .signals
        .iter()
        .position(|signal| signal.name == name)?;
    Some(record.signals.remove(place).payload)
}

fn end(result: Result<Value, AgentFailure>) -> InvocationStatus {
    match result {
        Ok(output) => InvocationStatus::Completed { output },
        Err(failure) => InvocationStatus::Failed {
            failure: InvocationFailure::Agent(failure),
        },
    }
}
