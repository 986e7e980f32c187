//! The points at which a worker is killed: every write it makes, before the write and after it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// On which side of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request is lost with the worker.
    Before,
    /// The write is made, and its acknowledgement is lost with the worker.
    After,
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
        }
    }
}

/// The writes of a run, counted as they pass.
pub(crate) struct Boundaries {
    run: Mutex<Run>,
    kill: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug, Default)]
struct Run {
    passed: Vec<String>,
    kills: VecDeque<Kill>,
}

impl Boundaries {
    /// `kill` ends the worker, and returns when it is dead.
    pub(crate) fn new(kill: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            run: Mutex::default(),
            kill: Box::new(kill),
        }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a run in which there are to be these kills, in this order.
    pub(crate) fn begin(&self, kills: &[Kill]) {
        let kills = kills.iter().copied().collect();
        let passed = Vec::new();
        *self.run() = Run { passed, kills };
    }

    /// What the run wrote to, in order.
    pub(crate) fn passed(&self) -> Vec<String> {
        self.run().passed.clone()
    }

    /// Lets a worker make a write, unless it is to be killed there: there is nothing to answer it
    /// then.
    pub(crate) fn pass<T>(&self, place: &str, write: impl FnOnce() -> T) -> Option<T> {
        let moment = {
            let mut run = self.run();
            let at = run.passed.len();
            run.passed.push(place.to_owned());
            let due = run.kills.front().filter(|kill| kill.at == at);
            let moment = due.map(|kill| kill.moment);
            if moment.is_some() {
                run.kills.pop_front();
            }
            moment
        };
        match moment {
            None => Some(write()),
            Some(Moment::Before) => {
                (self.kill)();
                None
            }
            Some(Moment::After) => {
                write();
                (self.kill)();
                None
            }
        }
    }
}
