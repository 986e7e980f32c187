//! A simulation: messages, workers, a keeper, a clock, and a schedule that decides.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_domain::{
    Answer, Effect, EffectClass, EffectErrorKind, Invocation, InvocationChange, InvocationId,
    InvocationStatus, Wait,
};
use tdev_invocation::keeper::Care;
use tdev_invocation::{
    Error, Journal, Machine, Outcome, Replay, SignalError, Waiter, WakeUp, accept, drive, keeper,
    replay, signal,
};

use crate::machine::Scripted;
use crate::programs::Program;
use crate::python::{self, Python};
use crate::state::{Hands, callee};
use crate::store::Row;

/// When the queue shows a message again that a worker has not acknowledged.
const VISIBILITY: SignedDuration = SignedDuration::from_secs(60);

type Drive = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

/// A worker at a delivery.
pub(crate) struct Worker {
    pub(crate) invocation: InvocationId,
    future: Drive,
}

/// How the environment behaves, beside what a schedule does.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each may be so whatever the others are"
)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Every message is lost.
    pub(crate) loses_messages: bool,
    /// Workers have no time: each lets go as soon as it may.
    pub(crate) yields: bool,
    /// Signals are sent before anything runs, where that is possible.
    pub(crate) signals_early: bool,
    /// Reads that need not be consistent are not.
    pub(crate) lags: bool,
}

pub(crate) struct Sim {
    pub(crate) hands: Hands,
    pub(crate) root: InvocationId,
    pub(crate) manner: Manner,
    pub(crate) messages: Vec<WakeUp>,
    pub(crate) workers: Vec<Worker>,
    /// Outcomes of deliveries, in order.
    pub(crate) outcomes: Vec<Outcome>,
    /// Where workers stood when they were polled: the places to kill them at.
    pub(crate) stops: usize,
    hired: usize,
    signals: Vec<(u32, &'static str, u32)>,
}

/// Polls a future that no schedule is to interrupt.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

impl Sim {
    pub(crate) fn new(program: Program, manner: Manner) -> Self {
        let hands = Hands::new();
        let root: InvocationId = format!("inv_{:032x}", 1).parse().unwrap();
        let mut sim = Self {
            root: root.clone(),
            manner,
            messages: Vec::new(),
            workers: Vec::new(),
            outcomes: Vec::new(),
            stops: 0,
            hired: 0,
            signals: program.signals.to_vec(),
            hands,
        };
        sim.hands.state().store.lags = manner.lags;
        let now = sim.now();
        let tenant = "acme".parse().unwrap();
        let record = accept(
            root.clone(),
            tenant,
            callee(program.agent),
            json!({"n": 1}),
            now,
        );
        run(sim.hands.commit(&[InvocationChange::to(record)])).unwrap();
        sim.send(WakeUp {
            invocation: root,
            at: now,
        });
        if manner.signals_early {
            while sim.send_signal() {}
        }
        sim
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.hands.state().now
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut state = self.hands.state();
        state.now = state.now.checked_add(by).unwrap();
    }

    pub(crate) fn rows(&self) -> BTreeMap<InvocationId, Row> {
        self.hands.state().store.rows.clone()
    }

    pub(crate) fn record(&self, id: &InvocationId) -> Invocation {
        self.hands.state().store.rows[id].record.clone()
    }

    pub(crate) fn send(&mut self, wake: WakeUp) {
        if !self.manner.loses_messages {
            self.messages.push(wake);
        }
    }

    pub(crate) fn hire(&mut self, invocation: InvocationId) {
        let record = self.record(&invocation);
        if record.callee.agent.as_str() == python::NAME {
            self.hire_with(invocation, Python::default());
        } else {
            self.hire_with(invocation, Scripted::new(1));
        }
    }

    pub(crate) fn hire_with(
        &mut self,
        invocation: InvocationId,
        mut machine: impl Machine + 'static,
    ) {
        let hands = self.hands.of(self.hired);
        self.hired += 1;
        let yield_at = if self.manner.yields {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let id = invocation.clone();
        let future: Drive = Box::pin(async move {
            let delivery = drive(&id, &hands, &hands, &mut machine, yield_at).await?;
            Ok(delivery.outcome)
        });
        self.workers.push(Worker { invocation, future });
    }

    /// Lets a worker go on to its next stop; `true` if it came to one.
    pub(crate) fn poll(&mut self, worker: usize) -> bool {
        let polled = self.workers[worker].future.as_mut();
        let Poll::Ready(result) = polled.poll(&mut Context::from_waker(Waker::noop())) else {
            self.stops += 1;
            return true;
        };
        let done = self.workers.remove(worker);
        match result {
            Ok(outcome) => {
                match outcome.clone() {
                    Outcome::Settled {
                        waiter: Some(Waiter::Invocation(wake)),
                    }
                    | Outcome::Yielded { wake } => self.send(wake),
                    Outcome::Suspended { wakes } => {
                        for wake in wakes {
                            self.send(wake);
                        }
                    }
                    Outcome::Settled { .. } | Outcome::NotClaimable { .. } | Outcome::Fenced => {}
                }
                self.outcomes.push(outcome);
            }
            Err(Error::Unavailable(_)) => self.show_again(done.invocation),
            Err(error) => panic!("{error:?}"),
        }
        false
    }

    /// Lets a new worker do all it can for an invocation.
    pub(crate) fn work(&mut self, invocation: &InvocationId) -> Outcome {
        self.work_with(invocation, Scripted::new(1))
    }

    pub(crate) fn work_with(&mut self, invocation: &InvocationId, machine: Scripted) -> Outcome {
        self.hire_with(invocation.clone(), machine);
        let worker = self.workers.len() - 1;
        while self.poll(worker) {}
        self.outcomes.last().unwrap().clone()
    }

    /// Lets workers, messages and time go on until `there` holds after some worker's stop.
    pub(crate) fn until(&mut self, there: impl Fn(&Self) -> bool) {
        for _ in 0..20_000 {
            if there(self) {
                return;
            }
            if self.workers.is_empty() && !self.deliver() {
                self.wait();
                self.sweep();
            }
            if !self.workers.is_empty() {
                self.poll(0);
            }
        }
        panic!("never there");
    }

    /// Kills a worker; the queue will show its message again.
    pub(crate) fn kill(&mut self, worker: usize) {
        let killed = self.workers.remove(worker);
        self.show_again(killed.invocation);
    }

    fn show_again(&mut self, invocation: InvocationId) {
        let at = self.now().checked_add(VISIBILITY).unwrap();
        self.send(WakeUp { invocation, at });
    }

    /// Hands the earliest message that may be seen to a worker.
    pub(crate) fn deliver(&mut self) -> bool {
        let now = self.now();
        let visible = self.messages.iter().position(|message| message.at <= now);
        let message = visible.map(|place| self.messages.remove(place));
        message.is_some_and(|message| {
            self.hire(message.invocation);
            true
        })
    }

    pub(crate) fn sweep(&mut self) {
        let now = self.now();
        let due = self.hands.state().store.due(now);
        for id in due {
            let care = run(keeper::look_after(&id, &self.hands, now)).unwrap();
            if let Care::Wake(wake) = care {
                // The keeper's own message arrives: it is sent until it does.
                self.messages.push(wake);
            }
        }
    }

    /// Sends the next signal; not if there is none, or nobody to get it.
    pub(crate) fn send_signal(&mut self) -> bool {
        let Some(&(depth, name, payload)) = self.signals.first() else {
            return false;
        };
        let rows = self.rows();
        let Some(row) = rows.values().find(|row| row.record.depth == depth) else {
            return false;
        };
        let result = run(signal(
            &row.record.id,
            None,
            name,
            json!(payload),
            &self.hands,
            self.now(),
        ));
        self.signals.remove(0);
        match result {
            Ok(Some(wake)) => self.send(wake),
            Ok(None) | Err(SignalError::Ended) => {}
            Err(error) => panic!("{error:?}"),
        }
        true
    }

    fn a_signal_is_awaited(&self) -> bool {
        self.rows().values().any(|row| {
            let status = &row.record.status;
            matches!(
                status,
                InvocationStatus::Suspended {
                    wait: Wait::Signal { .. }
                }
            )
        })
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.rows().values().all(|row| row.record.status.is_final())
    }

    /// Lets everybody do what there is to be done, until all invocations are final and all
    /// messages are used up. `at_stop` sees every stop a worker comes to.
    pub(crate) fn settle(&mut self, mut at_stop: impl FnMut(&mut Self, usize)) {
        let mut turn = 0;
        for _ in 0..20_000 {
            if !self.workers.is_empty() {
                turn = (turn + 1) % self.workers.len();
                if self.poll(turn) {
                    at_stop(self, turn);
                }
            } else if !self.deliver() {
                if self.a_signal_is_awaited() && self.send_signal() {
                    continue;
                }
                if self.is_settled() && self.messages.is_empty() {
                    return;
                }
                self.wait();
                self.sweep();
            }
        }
        panic!(
            "stuck: {:#?}",
            self.rows()
                .values()
                .map(|row| &row.record)
                .collect::<Vec<_>>()
        );
    }

    /// Lets time pass until something is due.
    fn wait(&mut self) {
        let rows = self.rows();
        let lives = rows.values().filter(|row| !row.record.status.is_final());
        let due = lives.filter_map(|row| row.record.due_at);
        let visible = self.messages.iter().map(|message| message.at);
        let next = due.chain(visible).min().expect("nothing will ever happen");
        let mut state = self.hands.state();
        state.now = state.now.max(next);
    }

    /// What holds at the end of every run, however it went.
    pub(crate) fn check(&self) {
        assert!(self.is_settled());
        let rows = self.rows();
        let performed = self.hands.state().performed.clone();
        let mut in_ledgers = 0;
        for row in rows.values() {
            for effect in &row.ledger {
                let key = row.record.effect_key(effect.number).to_string();
                let times = performed.get(&key).map_or(0, |performed| performed.1);
                let unknown = matches!(
                    &effect.answer,
                    Answer::Error(error) if error.kind == EffectErrorKind::OutcomeUnknown
                );
                in_ledgers += usize::from(times > 0);
                match effect.class {
                    EffectClass::Idempotent => assert!(times >= 1 || unknown, "{key} was lost"),
                    EffectClass::AtMostOnce => {
                        assert!(times <= 1, "{key} was performed {times} times");
                        assert!(times == 1 || unknown, "{key} was lost");
                    }
                    _ => assert_eq!(times, 0, "{key}"),
                }
            }
            assert_eq!(replayed(row), Replay::Identical, "{:?}", row.record);
        }
        assert_eq!(in_ledgers, performed.len(), "an effect is in no ledger");
    }

    /// The effects that were performed, without what was drawn at random: tool
    /// and arguments, and under how many keys.
    pub(crate) fn effects(&self) -> BTreeMap<String, usize> {
        let mut effects = BTreeMap::new();
        for (call, _) in self.hands.state().performed.values() {
            let mut args = call.args.clone();
            if let Some(args) = args.as_object_mut() {
                args.remove("drawn");
            }
            *effects.entry(format!("{} {args}", call.tool)).or_default() += 1;
        }
        effects
    }

    pub(crate) fn status(&self, id: &InvocationId) -> InvocationStatus {
        self.record(id).status
    }

    pub(crate) fn output(&self) -> Value {
        match self.status(&self.root) {
            InvocationStatus::Completed { output } => output,
            status => panic!("{status:?}"),
        }
    }

    pub(crate) fn ledger(&self, id: &InvocationId) -> Vec<Effect> {
        self.hands.state().store.rows[id].ledger.clone()
    }

    /// The only invocation that is so deep.
    pub(crate) fn at_depth(&self, depth: u32) -> InvocationId {
        let rows = self.rows();
        let mut found = rows.into_values().filter(|row| row.record.depth == depth);
        let row = found.next().unwrap();
        assert!(found.next().is_none());
        row.record.id
    }
}

fn replayed(row: &Row) -> Replay {
    let Row { record, ledger, .. } = row;
    if record.callee.agent.as_str() == python::NAME {
        run(replay(record, ledger, &mut Python::default())).unwrap()
    } else {
        run(replay(record, ledger, &mut Scripted::new(1))).unwrap()
    }
}
