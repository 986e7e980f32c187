//! One run of a workflow, from its acceptance to its end, over dead workers.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use tdev_domain::{
    Compensation, Invocation, InvocationChange, InvocationId, InvocationStatus, Place, Run, RunId,
    RunMessage, RunState, StepRecord, StepState, Task, TaskMessage, TaskStatus, WakeMessage, Work,
};
use tdev_invocation::keeper::{self, Care};
use tdev_invocation::{Journal, Waiter};
use tdev_run::{Changed, Decision, Store};

use super::census::Census;
use super::corpus::Act;
use super::lane::Lane;
use crate::mail::{Dice, Letter, Mail};
use crate::run::{Finished, Plan, due};
use tdev_tests::process::Heard;

/// The most deliveries of a run.
const MAX_DELIVERIES: usize = 600;
/// The most times that time passes in a run.
const MAX_WAITS: usize = 150;

/// A message of one of the two queues.
#[derive(Debug, Clone, PartialEq)]
enum Message {
    Step(WakeMessage),
    Task(TaskMessage),
}

/// What there is to be done once its time has come.
enum Due<'a> {
    Invocation(&'a Invocation),
    Step(&'a RunId, &'a StepRecord),
    Run(&'a Run),
    Task(&'a Task),
}

/// A run on its way.
struct Running<'l, 'a> {
    lane: &'l mut Lane<'a>,
    root: RunId,
    mail: Mail<Message>,
    /// Invocations whose worker is known to be lost, by the token of its lease.
    orphans: BTreeSet<(InvocationId, u64)>,
    /// What somebody is still to do about it.
    act: Option<Act>,
    /// By how much time has passed beyond what the clock says.
    ahead: SignedDuration,
    /// When what is due then, as its record says, is due by the time that has passed.
    dues: HashMap<(String, Timestamp), Timestamp>,
    kills: usize,
    stalls: usize,
    deliveries: usize,
    afterwards: u64,
}

/// Runs the lane's workflow as planned.
pub(crate) fn run(lane: &mut Lane<'_>, plan: &Plan) -> Result<Finished> {
    let root = lane.accept()?;
    lane.rig.boundaries.begin(&plan.kills);
    let act = lane.flow.act;
    let mut running = Running {
        lane,
        root,
        mail: Mail::new(plan.seed),
        orphans: BTreeSet::new(),
        act,
        ahead: SignedDuration::ZERO,
        dues: HashMap::new(),
        kills: 0,
        stalls: 0,
        deliveries: 0,
        afterwards: plan.afterwards,
    };
    running.call(None);
    let census = running.finish()?;
    let writes = running.lane.rig.boundaries.passed();
    running.lane.rig.boundaries.begin(&[]);
    Ok(Finished {
        ending: census.ending(),
        invocations: census.invocations.into_iter().map(|one| one.id).collect(),
        kills: running.kills,
        stalls: running.stalls,
        interrupted: BTreeSet::new(),
        writes,
    })
}

impl Running<'_, '_> {
    fn finish(&mut self) -> Result<Census> {
        for _ in 0..MAX_WAITS {
            self.deliver_all()?;
            let census = self.census()?;
            if census.is_at_rest() {
                // What comes now comes too late.
                self.lane.rig.boundaries.arrive();
                self.overtaken(true)?;
                self.collect()?;
                for letter in self.mail.rest() {
                    self.deliver(letter)?;
                }
                self.deliver_all()?;
                let after = self.census()?;
                ensure!(
                    after.is_at_rest(),
                    "what came late set it going: {after:#?}"
                );
                return Ok(after);
            }
            if !self.acted(&census)? {
                self.time_passes(&census)?;
            }
        }
        bail!("it is stuck: {:#?}", self.census()?)
    }

    fn census(&self) -> Result<Census> {
        Census::of(&self.lane.rig, &self.root)
    }

    fn deliver_all(&mut self) -> Result<()> {
        while let Some(letter) = self.mail.next() {
            self.deliver(letter)?;
        }
        Ok(())
    }

    fn deliver(&mut self, letter: Letter<Message>) -> Result<()> {
        self.overtaken(false)?;
        self.deliveries += 1;
        ensure!(self.deliveries <= MAX_DELIVERIES, "there is no end to it");
        let body = match &letter.message {
            Message::Step(message) => serde_json::to_string(message)?,
            Message::Task(message) => {
                self.lane.route(message)?;
                return self.collect();
            }
        };
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
    fn lost_over(&mut self, letter: Letter<Message>) -> Result<()> {
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
            let stage = self.lane.rig.stage;
            let message = if sent.queue == stage.journal.step_queue_url {
                Message::Step(serde_json::from_str(&sent.body)?)
            } else if sent.queue == stage.task_queue_url {
                Message::Task(serde_json::from_str(&sent.body)?)
            } else if sent.queue == stage.train_queue_url {
                continue;
            } else {
                bail!("it sent {sent:?}");
            };
            self.mail.send(message, sent.delay > 0);
        }
        Ok(())
    }

    /// Takes note of the leases of workers that are lost.
    fn lost(&mut self) -> Result<()> {
        for record in self.census()?.invocations {
            if matches!(record.status, InvocationStatus::Running { .. }) {
                self.orphans.insert((record.id, record.token));
            }
        }
        Ok(())
    }

    fn run_message(&self, run: &RunId, place: Option<Place>) -> Message {
        Message::Step(WakeMessage::Run(RunMessage {
            tenant: self.lane.rig.tenant.clone(),
            run: run.clone(),
            place,
        }))
    }

    /// Calls a worker for the run, as the gateway does.
    fn call(&mut self, place: Option<Place>) {
        let message = self.run_message(&self.root, place);
        self.mail.send(message, false);
    }

    /// Whether somebody outside does their part now. The message that follows may be lost.
    fn acted(&mut self, census: &Census) -> Result<bool> {
        let (now, rig) = (Timestamp::now(), &self.lane.rig);
        let place = match self.act {
            None => return Ok(false),
            Some(Act::Decide { approved }) => {
                let awaits =
                    |state: &StepState| matches!(state, StepState::AwaitingApproval { .. });
                let Some((run, step)) = census.step(|step| awaits(&step.state)) else {
                    return Ok(false);
                };
                let decision = Decision {
                    approved,
                    by: "ada".to_owned(),
                    comment: String::new(),
                };
                let decided = tdev_run::decide(run, step.place, decision, &rig.runs, now);
                let decided = rig.runtime.block_on(decided)?;
                ensure!(matches!(decided, Changed::Made(_)), "{decided:?}");
                Some(step.place)
            }
            Some(Act::Cancel) => {
                let asleep =
                    |one: &Invocation| matches!(one.status, InvocationStatus::Suspended { .. });
                let waits = |step: &StepRecord| matches!(step.state, StepState::Waiting { .. });
                if !census.invocations.iter().any(asleep) || census.step(waits).is_none() {
                    return Ok(false);
                }
                let cancelled = tdev_run::cancel(&self.root, &rig.runs, now);
                let cancelled = rig.runtime.block_on(cancelled)?;
                ensure!(matches!(cancelled, Changed::Made(_)), "{cancelled:?}");
                None
            }
        };
        self.act = None;
        if !self.mail.dice.once_in(3) {
            self.call(place);
        }
        Ok(true)
    }

    /// What nobody was told of is told by the keeper; else the clock moves to what is due first.
    fn time_passes(&mut self, census: &Census) -> Result<()> {
        if self.told(census)? {
            return Ok(());
        }
        let invocations = census.invocations.iter();
        let invocations = invocations.filter(|one| !one.status.is_final());
        let invocations = invocations.map(|one| (one.due_at, Due::Invocation(one)));
        let steps = census.steps.iter();
        let steps = steps.map(|(run, step)| (step.due_at, Due::Step(run, step)));
        let runs = census.runs.iter().map(|run| (run.due_at, Due::Run(run)));
        let tasks = census.tasks.iter();
        let tasks = tasks.filter(|task| matches!(task.status, TaskStatus::Waiting { .. }));
        let tasks = tasks.map(|task| (task.due_at, Due::Task(task)));
        let mut first: Option<(Timestamp, Due<'_>)> = None;
        for (at, due) in invocations.chain(steps).chain(runs).chain(tasks) {
            let Some(at) = at else { continue };
            let at = self.passes_at(&due, at)?;
            if first.as_ref().is_none_or(|(earliest, _)| at < *earliest) {
                first = Some((at, due));
            }
        }
        let (at, first) = first.with_context(|| format!("nothing is due: {census:#?}"))?;
        self.ahead = self.ahead.max(at.duration_since(Timestamp::now()));
        match first {
            Due::Invocation(one) => self.invocation_is_due(one),
            Due::Step(run, step) => self.step_is_due(run, step),
            Due::Run(run) => self.run_is_due(run, census),
            Due::Task(task) => {
                let (tenant, task) = (task.tenant.clone(), task.id.clone());
                let retry = Message::Task(TaskMessage::Retry { tenant, task });
                self.mail.send(retry, false);
                Ok(())
            }
        }
    }

    /// When something is due by the time that has passed. Its record was written since the last
    /// time that time passed, or is known.
    fn passes_at(&mut self, due: &Due<'_>, at: Timestamp) -> Result<Timestamp> {
        let what = match due {
            Due::Invocation(one) => one.id.to_string(),
            Due::Step(run, step) => format!("{run} {}", step.place),
            Due::Run(run) => run.id.to_string(),
            Due::Task(task) => task.id.to_string(),
        };
        let passes = at.checked_add(self.ahead)?;
        Ok(*self.dues.entry((what, at)).or_insert(passes))
    }

    /// Sends what the keeper sends about what has ended and what waits in the queue of tasks. Says
    /// whether that was anything.
    fn told(&mut self, census: &Census) -> Result<bool> {
        let mut messages = Vec::new();
        for one in census
            .invocations
            .iter()
            .filter(|one| one.status.is_final())
        {
            let journal = &self.lane.rig.journal;
            let kept = keeper::look_after(&one.id, journal, Timestamp::now());
            match self.lane.rig.runtime.block_on(kept)? {
                Care::Tell(Waiter::Step(step)) if census.awaits(&one.id) => {
                    messages.push(self.run_message(&step.run, Some(step.place)));
                }
                Care::Tell(Waiter::Task(task)) => {
                    let knows = |known: &Task| known.id == task && known.status.state().is_final();
                    if !census.tasks.iter().any(knows) {
                        let tenant = self.lane.rig.tenant.clone();
                        messages.push(Message::Task(TaskMessage::Ended { tenant, task }));
                    }
                }
                _ => {}
            }
        }
        for task in &census.tasks {
            if task.status == TaskStatus::Queued {
                let (tenant, task) = (task.tenant.clone(), task.id.clone());
                messages.push(Message::Task(TaskMessage::Permit { tenant, task }));
            }
        }
        let was_anything = !messages.is_empty();
        for message in messages {
            self.mail.send(message, false);
        }
        Ok(was_anything)
    }

    fn invocation_is_due(&mut self, record: &Invocation) -> Result<()> {
        if matches!(record.status, InvocationStatus::Running { .. }) {
            let lost = self.orphans.contains(&(record.id.clone(), record.token));
            ensure!(lost, "a lease was left behind: {record:#?}");
        }
        let (rig, id) = (&self.lane.rig, &record.id);
        let changes = [InvocationChange::to(due(record.clone())?)];
        rig.runtime.block_on(rig.journal.commit(&changes))?;
        let wake = Message::Step(WakeMessage::Invocation(rig.message(id)));
        if self.mail.come_due(|held| *held == wake) {
            return Ok(());
        }
        let kept = keeper::look_after(id, &rig.journal, Timestamp::now());
        match rig.runtime.block_on(kept)? {
            Care::Wake(_) => self.mail.send(wake, false),
            other => bail!("the keeper did not see to {id}: {other:?}"),
        }
        Ok(())
    }

    fn step_is_due(&mut self, run: &RunId, step: &StepRecord) -> Result<()> {
        let past = Timestamp::now().checked_sub(SignedDuration::from_secs(1))?;
        let mut next = step.clone();
        next.due_at = Some(past);
        next.revision += 1;
        match &mut next.state {
            StepState::Paused { until }
            | StepState::Waiting { until }
            | StepState::AwaitingApproval { until, .. } => *until = past,
            _ => {}
        }
        if let Some(Compensation::Paused { until, .. }) = &mut next.compensation {
            *until = past;
        }
        let rig = &self.lane.rig;
        rig.runtime.block_on(rig.runs.put_step(run, &next))?;
        let message = self.run_message(run, Some(step.place));
        if !self.mail.come_due(|held| *held == message) {
            self.mail.send(message, false);
        }
        Ok(())
    }

    /// A run is looked after. One that is being stopped has by then waited long enough for the
    /// workers that might have been about to start something.
    fn run_is_due(&mut self, run: &Run, census: &Census) -> Result<()> {
        let now = Timestamp::now();
        let rig = &self.lane.rig;
        if run.status.state() == RunState::Stopping {
            let running = |step: &StepRecord| {
                let work = step.tries.last().map(|last| &last.work);
                step.state == StepState::Running && !matches!(work, Some(Work::Map { .. }))
            };
            let of_run = census.steps.iter().filter(|(id, _)| *id == run.id);
            for (_, step) in of_run.filter(|(_, step)| running(step)) {
                let mut next = step.clone();
                next.revision += 1;
                if let Some(last) = next.tries.last_mut() {
                    last.started_at = now.checked_sub(SignedDuration::from_mins(5))?;
                }
                rig.runtime.block_on(rig.runs.put_step(&run.id, &next))?;
            }
        }
        let next = Run {
            due_at: Some(now.checked_sub(SignedDuration::from_secs(1))?),
            revision: run.revision + 1,
            ..run.clone()
        };
        rig.runtime.block_on(rig.runs.put_run(&next))?;
        let postponed = tdev_run::postpone(&run.id, &rig.runs, now);
        let postponed = rig.runtime.block_on(postponed)?;
        ensure!(postponed, "the keeper did not see to {run:#?}");
        let message = self.run_message(&run.id, None);
        self.mail.send(message, false);
        Ok(())
    }
}
