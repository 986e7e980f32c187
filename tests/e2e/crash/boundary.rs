//! The points at which a worker is killed or left hanging: every write it makes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tdev_tests::process::Victim;

/// What becomes of the write, and of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request is lost with the worker.
    Before,
    /// The write is made, and its acknowledgement is lost with the worker.
    After,
    /// The request outlives the worker, and arrives when others have made so many more writes, or
    /// else at the end.
    Late {
        /// How many.
        by: usize,
    },
    /// The worker is not killed: it hangs, while others make so many writes or come to the end,
    /// and then goes on as if nothing had been.
    Stalled {
        /// How many.
        by: usize,
    },
}

/// Where to kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kill {
    /// At which write of the run, from 0.
    pub(crate) at: usize,
    pub(crate) moment: Moment,
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.moment {
            Moment::Before => write!(f, "before write {}", self.at),
            Moment::After => write!(f, "after write {}", self.at),
            Moment::Stalled { by } => write!(f, "(left hanging) at write {} for {by}", self.at),
            Moment::Late { by } => write!(f, "with write {} late by {by}", self.at),
        }
    }
}

/// The writes of a run, counted as they pass.
pub(crate) struct Boundaries {
    run: Mutex<Run>,
    victim: Victim,
}

#[derive(Default)]
struct Run {
    passed: Vec<String>,
    kills: VecDeque<Kill>,
    /// What is on its way, and at which write it arrives.
    late: Vec<(usize, Request)>,
    /// Whether any of it has arrived.
    arrived: bool,
    /// Lets the worker go on that hangs, and at which write.
    stalled: Option<(usize, Sender<()>)>,
}

type Request = Box<dyn FnOnce() + Send>;

impl Boundaries {
    /// The writes of `victim`.
    pub(crate) fn of(victim: Victim) -> Self {
        Self {
            run: Mutex::default(),
            victim,
        }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a run in which there are to be these kills, in this order.
    pub(crate) fn begin(&self, kills: &[Kill]) {
        *self.run() = Run {
            kills: kills.iter().copied().collect(),
            ..Run::default()
        };
    }

    /// What the run wrote to, in order.
    pub(crate) fn passed(&self) -> Vec<String> {
        self.run().passed.clone()
    }

    /// Lets the worker go on that hangs, if its time has come or this is the end. Says whether it
    /// does.
    pub(crate) fn go_on(&self, end: bool) -> bool {
        let mut run = self.run();
        let passed = run.passed.len();
        let due = run.stalled.take_if(|(when, _)| end || *when <= passed);
        due.is_some_and(|(_, worker)| worker.send(()).is_ok())
    }

    /// Whether something arrived late since this was last asked.
    pub(crate) fn take_arrived(&self) -> bool {
        std::mem::take(&mut self.run().arrived)
    }

    /// Lets everything arrive that is on its way.
    pub(crate) fn arrive(&self) {
        self.arrive_by(usize::MAX);
    }

    /// Lets arrive what is to by the write `at`.
    fn arrive_by(&self, at: usize) {
        let due: Vec<_> = {
            let mut run = self.run();
            let due = run.late.extract_if(.., |(when, _)| *when <= at);
            due.map(|(_, request)| request).collect()
        };
        for request in due {
            request();
            self.run().arrived = true;
        }
    }

    /// Lets a worker make a write, unless it is to be killed there: there is nothing to answer it
    /// then.
    pub(crate) fn pass<T>(
        &self,
        place: &str,
        write: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (at, kill) = {
            let mut run = self.run();
            let at = run.passed.len();
            run.passed.push(place.to_owned());
            let due = run.kills.front().is_some_and(|kill| kill.at == at);
            let kill = if due { run.kills.pop_front() } else { None };
            (at, kill)
        };
        self.arrive_by(at);
        match kill.map(|kill| kill.moment) {
            None => return Some(write()),
            Some(Moment::Before) => {}
            Some(Moment::After) => drop(write()),
            Some(Moment::Late { by }) => {
                let request = Box::new(move || drop(write()));
                self.run().late.push((at + 1 + by, request));
            }
            Some(Moment::Stalled { by }) => {
                let (go_on, told) = channel();
                self.run().stalled = Some((at + 1 + by, go_on));
                self.victim.stall();
                return told.recv().is_ok().then(write);
            }
        }
        self.victim.kill();
        None
    }
}
