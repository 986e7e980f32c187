//! The queue between the workers, as bad as a queue may be: it delivers twice, late and out of
//! order, as a seed decides.

/// A small generator of numbers that are the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Letter<M> {
    pub(crate) message: M,
    /// How often it was received, this time included.
    pub(crate) receives: usize,
    not_before: usize,
    /// Whether the queue may still be late with it, or deliver it again.
    untroubled: bool,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Mail<M> {
    pub(crate) dice: Dice,
    round: usize,
    ready: Vec<Letter<M>>,
    /// What is to come at a time of its own.
    delayed: Vec<Letter<M>>,
}

impl<M: Clone> Mail<M> {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            round: 0,
            ready: Vec::new(),
            delayed: Vec::new(),
        }
    }

    /// Takes a message to deliver, `delayed` if the sender said so. That may be ignored: a queue
    /// cannot hold anything back for longer than a quarter of an hour.
    pub(crate) fn send(&mut self, message: M, delayed: bool) {
        let letter = Letter {
            message,
            receives: 1,
            not_before: 0,
            untroubled: true,
        };
        if delayed && !self.dice.once_in(4) {
            self.delayed.push(letter);
        } else {
            self.ready.push(letter);
        }
    }

    /// Takes back what was not acknowledged.
    pub(crate) fn redeliver(&mut self, letter: Letter<M>) {
        self.ready.push(Letter {
            receives: letter.receives + 1,
            not_before: self.round + self.dice.below(4),
            ..letter
        });
    }

    /// The next to deliver, if anything is to be delivered now.
    pub(crate) fn next(&mut self) -> Option<Letter<M>> {
        self.round += 1;
        loop {
            let earliest = self.ready.iter().map(|letter| letter.not_before).min()?;
            self.round = self.round.max(earliest);
            let due: Vec<usize> = (0..self.ready.len())
                .filter(|&place| self.ready[place].not_before <= self.round)
                .collect();
            let place = due[self.dice.below(due.len())];
            let mut letter = self.ready.swap_remove(place);
            if letter.untroubled {
                letter.untroubled = false;
                let again = Letter {
                    not_before: self.round + 1 + self.dice.below(4),
                    ..letter.clone()
                };
                if self.dice.once_in(5) {
                    self.ready.push(again);
                    continue;
                }
                if self.dice.once_in(3) {
                    self.ready.push(again);
                }
            }
            return Some(letter);
        }
    }

    /// Whether a message that was held back, and is one of these, comes now that its time has come.
    pub(crate) fn come_due(&mut self, is_it: impl Fn(&M) -> bool) -> bool {
        let held = |letter: &Letter<M>| is_it(&letter.message);
        let Some(place) = self.delayed.iter().position(held) else {
            return false;
        };
        if self.dice.once_in(2) {
            return false;
        }
        let letter = self.delayed.remove(place);
        self.ready.push(letter);
        true
    }

    /// Everything that was not delivered yet.
    pub(crate) fn rest(&mut self) -> Vec<Letter<M>> {
        let mut rest = std::mem::take(&mut self.ready);
        rest.append(&mut self.delayed);
        rest
    }
}
