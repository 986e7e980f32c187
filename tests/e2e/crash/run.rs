//! One run of an agent, from its acceptance to its end, over dead workers.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_domain::{
    EffectClass, Invocation, InvocationChange, InvocationId, InvocationStatus, Stage, StepMessage,
    Wait,
};
use tdev_invocation::keeper::Care;
use tdev_invocation::{Journal, WakeUp, keeper, signal};

use crate::boundary::Kill;
use crate::corpus::Signals;
use crate::lane::{Lane, ending};
use crate::mail::{Dice, Letter, Mail};
use tdev_tests::process::Heard;

/// The most deliveries of a run.
const MAX_DELIVERIES: usize = 400;
/// The most times that time passes in a run.
const MAX_WAITS: usize = 100;

/// How a run is to be disturbed.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Decides on what comes twice, late and out of order, up to the first kill.
    pub(crate) seed: u64,
    /// Decides on it from there.
    pub(crate) afterwards: u64,
    /// In order.
    pub(crate) kills: Vec<Kill>,
}

impl Plan {
    /// A run that is not disturbed.
    pub(crate) const fn in_peace(seed: u64) -> Self {
        Self {
            seed,
            afterwards: 0,
            kills: Vec::new(),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            afterwards,
            kills,
        } = self;
        let kills: Vec<_> = kills.iter().map(ToString::to_string).collect();
        let kills = kills.join(" and ");
        write!(f, "{kills} (seeds {seed}, {afterwards})")
    }
}

/// A run that came to its end.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The invocation and all that it called, the first being the root.
    pub(crate) invocations: Vec<InvocationId>,
    /// How many workers were killed.
    pub(crate) kills: usize,
    /// How many were left hanging and overtaken.
    pub(crate) stalls: usize,
    /// The keys of effects that are made at most once and were interrupted.
    pub(crate) interrupted: BTreeSet<String>,
    /// What was written to, in order.
    pub(crate) writes: Vec<String>,
    /// What it came to.
    pub(crate) ending: Value,
}

/// A run on its way.
struct Run<'l, 'a> {
    lane: &'l mut Lane<'a>,
    mail: Mail<StepMessage>,
    known: Vec<InvocationId>,
    /// Invocations whose worker is known to be lost, by the token of its lease.
    orphans: BTreeSet<(InvocationId, u64)>,
    interrupted: BTreeSet<String>,
    kills: usize,
    stalls: usize,
    deliveries: usize,
    to_come: Vec<&'static str>,
    afterwards: u64,
}

/// Runs the lane's agent as planned.
pub(crate) fn run(lane: &mut Lane<'_>, plan: &Plan) -> Result<Finished> {
    let record = lane.invocation()?;
    let root = record.id.clone();
    lane.rig.boundaries.begin(&plan.kills);
    let signals = lane.specimen.signals;
    let of = |when| {
        let chosen = signals.iter().filter(move |(_, known)| *known == when);
        chosen.map(|(name, _)| *name)
    };
    let mut run = Run {
        lane,
        mail: Mail::new(plan.seed),
        known: vec![root.clone()],
        orphans: BTreeSet::new(),
        interrupted: BTreeSet::new(),
        kills: 0,
        stalls: 0,
        deliveries: 0,
        to_come: of(Signals::Awaited).collect(),
        afterwards: plan.afterwards,
    };
    run.write(record)?;
    for name in of(Signals::Early) {
        run.signal(&root, name)?;
    }
    run.mail.send(run.lane.rig.message(&root), false);
    run.finish(&root)?;
    let writes = run.lane.rig.boundaries.passed();
    run.lane.rig.boundaries.begin(&[]);
    let ending = ending(&run.load(&root)?);
    Ok(Finished {
        ending,
        invocations: run.known,
        kills: run.kills,
        stalls: run.stalls,
        interrupted: run.interrupted,
        writes,
    })
}

impl Run<'_, '_> {
    fn finish(&mut self, root: &InvocationId) -> Result<()> {
        for _ in 0..MAX_WAITS {
            while let Some(letter) = self.mail.next() {
                self.deliver(letter)?;
            }
            if self.load(root)?.status.is_final() {
                // What comes now comes too late.
                self.lane.rig.boundaries.arrive();
                self.overtaken(true)?;
                self.collect()?;
                for letter in self.mail.rest() {
                    self.deliver(letter)?;
                }
                while let Some(letter) = self.mail.next() {
                    self.deliver(letter)?;
                }
                return Ok(());
            }
            self.time_passes()?;
        }
        bail!("it is stuck: {:#?}", self.load(root)?)
    }

    fn deliver(&mut self, letter: Letter<StepMessage>) -> Result<()> {
        self.overtaken(false)?;
        self.deliveries += 1;
        ensure!(self.deliveries <= MAX_DELIVERIES, "there is no end to it");
        let body = serde_json::to_string(&letter.message)?;
        let heard = self.lane.rig.worker.deliver(&body, letter.receives)?;
        self.collect()?;
        if self.lane.rig.boundaries.take_arrived() {
            self.lost()?;
        }
        match heard {
            Heard::Answered(_) => Ok(()),
            Heard::Failed(why) => bail!("a delivery failed: {why}"),
            Heard::Killed => {
                self.kills += 1;
                self.lost_over(letter)
            }
            Heard::Stalled => {
                self.stalls += 1;
                self.lost_over(letter)
            }
        }
    }

    /// The worker that had this message is lost.
    fn lost_over(&mut self, letter: Letter<StepMessage>) -> Result<()> {
        if self.kills + self.stalls == 1 {
            self.mail.dice = Dice::new(self.afterwards);
        }
        self.lost()?;
        if self.mail.dice.once_in(2) {
            self.mail.redeliver(letter);
        }
        Ok(())
    }

    /// Lets the worker go on that hangs, if there is one and it is time.
    fn overtaken(&mut self, end: bool) -> Result<()> {
        if self.lane.rig.boundaries.go_on(end) {
            self.lane.rig.worker.dismiss()?;
            self.collect()?;
            self.lost()?;
        }
        Ok(())
    }

    /// Puts what was sent into the mail.
    fn collect(&mut self) -> Result<()> {
        for sent in self.lane.rig.outbox.collect() {
            let to = &self.lane.rig.stage.journal.step_queue_url;
            ensure!(sent.queue == *to, "it sent {sent:?}");
            let message: StepMessage = serde_json::from_str(&sent.body)?;
            self.know(&message.invocation);
            self.mail.send(message, sent.delay > 0);
        }
        Ok(())
    }

    fn know(&mut self, invocation: &InvocationId) {
        if !self.known.contains(invocation) {
            self.known.push(invocation.clone());
        }
    }

    /// Takes note of what a worker that is lost was in the middle of, as far as it was written.
    fn lost(&mut self) -> Result<()> {
        for id in self.known.clone() {
            let record = self.load(&id)?;
            if !matches!(record.status, InvocationStatus::Running { .. }) {
                continue;
            }
            if let Some(pending) = &record.pending
                && pending.class == EffectClass::AtMostOnce
            {
                let key = record.effect_key(pending.number).to_string();
                match pending.stage {
                    Stage::Intended => self.interrupted.insert(key),
                    Stage::Called | Stage::Answered(_) => self.interrupted.remove(&key),
                };
            }
            self.orphans.insert((id, record.token));
        }
        Ok(())
    }

    /// Leases run out, what was slept for is over, the keeper comes by, and who is waited for
    /// makes up their mind.
    fn time_passes(&mut self) -> Result<()> {
        let mut place = 0;
        while let Some(id) = self.known.get(place).cloned() {
            place += 1;
            let record = self.load(&id)?;
            if record.status.is_final() {
                continue;
            }
            if let InvocationStatus::Suspended { wait } = &record.status {
                match wait {
                    Wait::Child { invocation } => {
                        self.know(invocation);
                        continue;
                    }
                    Wait::Children { invocations } => {
                        for invocation in invocations {
                            self.know(invocation);
                        }
                        continue;
                    }
                    Wait::Signal { signal, .. } => {
                        let awaited = self.to_come.iter().position(|name| name == signal);
                        if let Some(awaited) = awaited {
                            let name = self.to_come.remove(awaited);
                            self.signal(&id, name)?;
                            continue;
                        }
                    }
                    Wait::Time { .. } => {}
                }
            }
            if matches!(record.status, InvocationStatus::Running { .. }) {
                let lost = self.orphans.contains(&(id.clone(), record.token));
                ensure!(lost, "a lease was left behind: {record:#?}");
            }
            self.write(due(record)?)?;
            if self.mail.come_due(|held| held.invocation == id) {
                continue;
            }
            let kept = keeper::look_after(&id, &self.lane.rig.journal, Timestamp::now());
            match self.lane.rig.runtime.block_on(kept)? {
                Care::Wake(wake) => self.wake(&wake),
                other => bail!("the keeper did not see to {id}: {other:?}"),
            }
        }
        Ok(())
    }

    fn wake(&mut self, wake: &WakeUp) {
        self.mail
            .send(self.lane.rig.message(&wake.invocation), false);
    }

    /// Sends a signal that carries its own name. The wake-up that follows may be lost.
    fn signal(&mut self, id: &InvocationId, name: &str) -> Result<()> {
        let sent = signal(
            id,
            None,
            name,
            json!(name),
            &self.lane.rig.journal,
            Timestamp::now(),
        );
        let wake = self.lane.rig.runtime.block_on(sent)?;
        if let Some(wake) = wake
            && !self.mail.dice.once_in(3)
        {
            self.wake(&wake);
        }
        Ok(())
    }

    fn load(&self, id: &InvocationId) -> Result<Invocation> {
        let found = self
            .lane
            .rig
            .runtime
            .block_on(self.lane.rig.journal.load(id))?;
        found.with_context(|| format!("{id} is lost"))
    }

    fn write(&self, record: Invocation) -> Result<()> {
        let changes = [InvocationChange::to(record)];
        Ok(self
            .lane
            .rig
            .runtime
            .block_on(self.lane.rig.journal.commit(&changes))?)
    }
}

/// The record as it would be if all its times had come.
pub(crate) fn due(mut record: Invocation) -> Result<Invocation> {
    let past = Timestamp::now().checked_sub(SignedDuration::from_secs(1))?;
    match &mut record.status {
        InvocationStatus::Running { lease_until } => *lease_until = past,
        InvocationStatus::Suspended {
            wait: Wait::Time { until } | Wait::Signal { until, .. },
        } => *until = past,
        _ => {}
    }
    record.due_at = Some(past);
    record.revision += 1;
    Ok(record)
}
