//! What was asked of the store and the world, counted.

use std::ops::Sub;

/// What may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A record, or a value beside it, is written.
    Write,
    /// It is noted that one more has come to a meeting.
    Note,
    /// Records are read by their keys.
    Read,
    /// All steps, or all items of a map, are read.
    Query,
    /// The progress of an agent's run, a cached output or an item of a list is looked up.
    LookUp,
    /// An agent is started.
    Start,
    /// A worker is called, or whoever waits for the run told.
    Send,
    /// No operation, but a step's record that one gave.
    Record,
}

impl Operation {
    pub const ALL: [(Self, &str); 8] = [
        (Self::Write, "writes"),
        (Self::Note, "notes"),
        (Self::Read, "reads"),
        (Self::Query, "queries"),
        (Self::LookUp, "look-ups"),
        (Self::Start, "starts"),
        (Self::Send, "messages"),
        (Self::Record, "records read"),
    ];
}

/// How often each [`Operation`] was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([usize; Operation::ALL.len()]);

impl Counts {
    pub fn add(&mut self, operation: Operation, number: usize) {
        self.0[operation as usize] += number;
    }

    pub fn of(&self, operation: Operation) -> usize {
        self.0[operation as usize]
    }

    /// All operations.
    pub fn operations(&self) -> usize {
        self.0.iter().sum::<usize>() - self.of(Operation::Record)
    }

    /// By operation, for each of `number`.
    pub fn per(&self, number: usize) -> [f64; Operation::ALL.len()] {
        self.0.map(|count| count as f64 / number as f64)
    }
}

impl Sub for Counts {
    type Output = Self;

    /// What is asked for beyond `less`, which is a part of it.
    fn sub(self, less: Self) -> Self {
        let mut rest = self;
        for (count, less) in rest.0.iter_mut().zip(less.0) {
            *count = count.saturating_sub(less);
        }
        rest
    }
}
