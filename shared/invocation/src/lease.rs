//! A run under a lease, or about to take one: from effect to effect.

mod plan;

use std::mem;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    AgentFailure, Answer, Call, Effect, EffectClass, FailureKind, Invocation, InvocationChange,
    InvocationFailure, InvocationStatus, Pending, Stage, Stored,
};

use crate::claim;
use crate::error::{Stop, written};
use crate::limits::{MAX_CONFLICTS, MAX_EFFECTS};
use crate::settle;
use crate::transition::{self, Step, WakeUp};
use crate::{Error, Journal, Machine, Outcome, Turn, World};

/// How the run goes on.
enum Next {
    /// From the input.
    Start,
    /// With the answers to the calls at which it stands.
    Answer(Vec<Answer>),
    /// Not by this worker.
    Stop(Outcome),
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
                Next::Answer(answers) => self.machine.answer(&answers).await?,
                Next::Stop(outcome) => return Ok(outcome),
            };
            next = match turn {
                Turn::Called(calls) => self.called(calls).await?,
                Turn::Ended(result) => return self.finish(end(result)).await,
            };
        }
    }

    /// Puts the machine where the record says the run stands.
    async fn enter(&mut self) -> Result<Next, Stop> {
        let (Some(pending), Some(stored)) = (&self.record.pending, &self.record.snapshot) else {
            return Ok(Next::Start);
        };
        let class = pending.class;
        let restored = match self.journal.fetch(&self.record, stored).await {
            Ok(snapshot) => {
                let restored = self.machine.restore(&self.record, snapshot).await;
                restored.map_err(Stop::from)
            }
            Err(error) => Err(error.into()),
        };
        match restored {
            Ok(()) => self.proceed().await,
            Err(Stop::Snapshot(_)) if self.may_restart(class).await? => self.restart().await,
            Err(stop) => Err(stop),
        }
    }

    /// Goes on from where an earlier worker left the run.
    async fn proceed(&mut self) -> Result<Next, Stop> {
        let standing: Vec<_> = self.record.standing().cloned().collect();
        if standing.iter().all(|effect| effect.stage == Stage::Called) {
            let calls = standing.into_iter().map(|effect| effect.call);
            return self.called(calls.collect()).await;
        }
        match standing.as_slice() {
            [effect]
                if effect.stage == Stage::Intended && effect.class == EffectClass::Idempotent =>
            {
                self.perform(standing).await
            }
            _ => Ok(self.put_over(standing)),
        }
    }

    /// Whether nothing the run did so far is of consequence, where it stands at an effect of
    /// `class`.
    async fn may_restart(&mut self, class: EffectClass) -> Result<bool, Stop> {
        let inconsequent = |class| matches!(class, EffectClass::Recorded | EffectClass::Timer);
        if !inconsequent(class) {
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

    /// Sees to a tool call, or to several calls of agents that are made at once.
    async fn called(&mut self, calls: Vec<Call>) -> Result<Next, Stop> {
        let begun_at = self.world.now();
        let numbered = (self.next_number()..).zip(calls);
        let effect = |(number, call)| Pending {
            number,
            call,
            class: EffectClass::Recorded,
            stage: Stage::Called,
            begun_at,
        };
        let mut standing: Vec<_> = numbered.map(effect).collect();
        if standing
            .last()
            .is_some_and(|last| last.number > MAX_EFFECTS)
        {
            let message = format!("called tools more than {MAX_EFFECTS} times");
            let failure = AgentFailure::new(FailureKind::TooManyToolCalls, message);
            return self.finish(end(Err(failure))).await.map(Next::Stop);
        }
        match self.plan(&mut standing).await? {
            Some(step) => self.begin(standing, step).await,
            None => Ok(self.put_over(standing)),
        }
    }

    /// Writes what the worker is about to do, then does it.
    async fn begin(&mut self, mut standing: Vec<Pending>, step: Step) -> Result<Next, Stop> {
        let first = standing
            .first()
            .map_or(self.record.next_effect, |it| it.number);
        let mut kept = None;
        let step = loop {
            if self.record.cancel_requested {
                let cancelled = InvocationStatus::Cancelled;
                return self.finish(cancelled).await.map(Next::Stop);
            }
            if let Step::Hear { signal, .. } = &step
                && let Some(payload) = self.hear(signal)
            {
                for effect in &mut standing {
                    effect.stage = Stage::Answered(Answer::Value(payload.clone()));
                }
                return Ok(self.put_over(standing));
            }
            let now = self.world.now();
            let yields = self.begun && now >= self.yield_at;
            let (calls, step) = if yields {
                let calls = standing.iter().cloned().map(|effect| Pending {
                    stage: Stage::Called,
                    ..effect
                });
                (calls.collect(), Step::Yield)
            } else {
                (standing.clone(), step.clone())
            };
            let snapshot = match &kept {
                Some(stored) => Stored::clone(stored),
                None => kept.insert(self.keep(first).await?).clone(),
            };
            let (carried, over) = (self.carried(), self.over.clone());
            let changes = transition::intended(&carried, over, calls, snapshot, step.clone(), now);
            if self.commit(&changes).await? {
                break step;
            }
        };
        self.begun = true;
        match self.outcome(step) {
            Some(outcome) => Ok(Next::Stop(outcome)),
            None => self.perform(standing).await,
        }
    }

    /// What the delivery comes to after such a step; nothing if the worker is to perform it.
    fn outcome(&self, step: Step) -> Option<Outcome> {
        let wake = |invocation, at| WakeUp { invocation, at };
        let now = self.world.now();
        let invocation = self.record.id.clone();
        Some(match step {
            Step::Perform => return None,
            Step::Yield => Outcome::Yielded {
                wake: wake(invocation, now),
            },
            Step::Sleep { until } | Step::Hear { until, .. } => Outcome::Suspended {
                wakes: vec![wake(invocation, until)],
            },
            Step::Call(children) => Outcome::Suspended {
                wakes: children
                    .into_iter()
                    .map(|child| wake(child.id, now))
                    .collect(),
            },
        })
    }

    /// Performs what was written as intended.
    async fn perform(&mut self, mut effects: Vec<Pending>) -> Result<Next, Stop> {
        for effect in &mut effects {
            let key = self.record.effect_key(effect.number);
            let performed = self.world.perform(&key, &self.record, &effect.call).await;
            let answer = performed?;
            if effect.class == EffectClass::AtMostOnce {
                loop {
                    let now = self.world.now();
                    let record = transition::performed(&self.record, answer.clone(), now);
                    if self.commit(&[InvocationChange::to(record)]).await? {
                        break;
                    }
                }
            }
            effect.stage = Stage::Answered(answer);
        }
        Ok(self.put_over(effects))
    }

    /// Lets the effects ride on the next write.
    fn put_over(&mut self, effects: Vec<Pending>) -> Next {
        let now = self.world.now();
        let mut answers = Vec::with_capacity(effects.len());
        for mut effect in effects {
            let answer = match mem::replace(&mut effect.stage, Stage::Called) {
                Stage::Answered(answer) => answer,
                Stage::Called | Stage::Intended => settle::outcome_unknown(),
            };
            answers.push(answer.clone());
            self.over.push(settle::over(effect, answer, now));
        }
        Next::Answer(answers)
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
            claim::taken(&self.record)
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
