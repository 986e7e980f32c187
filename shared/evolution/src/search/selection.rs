//! Who has children.

use std::borrow::Cow;

use rand::RngExt;

use super::individual::Individual;
use super::sample::Sample;
use crate::{Loss, Rng, Selection};

/// Draws parents from an island, whose members stand in the order of their ranks.
#[derive(Debug)]
pub(super) enum Selector {
    Tournament { size: u32, members: u32 },
    Lexicase(Lexicase),
}

/// Those who behave alike are considered together.
#[derive(Debug)]
pub(super) struct Lexicase {
    /// Members of the same behaviour, the better first.
    groups: Vec<Vec<u32>>,
    /// For each case on which not all groups are alike, the loss of each group.
    columns: Vec<Vec<Loss>>,
}

impl Selector {
    pub(super) fn new<'a>(
        selection: Selection,
        members: impl ExactSizeIterator<Item = &'a Individual>,
        sample: &Sample,
    ) -> Self {
        match selection {
            Selection::Tournament { size } => Self::Tournament {
                size,
                members: u32::try_from(members.len()).unwrap_or(u32::MAX),
            },
            Selection::Lexicase { .. } => Self::Lexicase(Lexicase::new(members, sample)),
        }
    }

    /// The number of a member; none on an empty island.
    pub(super) fn select(&self, rng: &mut Rng) -> Option<usize> {
        let member = match self {
            Self::Tournament { members: 0, .. } => None,
            // Who stands before another is better.
            Self::Tournament { size, members } => {
                (0..*size).map(|_| rng.random_range(0..*members)).min()
            }
            Self::Lexicase(lexicase) => lexicase.select(rng),
        };
        member.map(|member| member as usize)
    }
}

impl Lexicase {
    fn new<'a>(members: impl Iterator<Item = &'a Individual>, sample: &Sample) -> Self {
        let mut behaviours: Vec<(Cow<'_, [Loss]>, u32)> =
            members.map(|member| member.on(sample)).zip(0..).collect();
        behaviours.sort();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut rows: Vec<&[Loss]> = Vec::new();
        for (behaviour, member) in &behaviours {
            match groups.last_mut() {
                Some(group) if rows.last().is_some_and(|last| *last == &**behaviour) => {
                    group.push(*member);
                }
                _ => {
                    groups.push(vec![*member]);
                    rows.push(behaviour);
                }
            }
        }
        let columns = (0..sample.len())
            .map(|case| rows.iter().map(|row| row[case]).collect::<Vec<Loss>>())
            .filter(|column| column.iter().any(|loss| *loss != column[0]))
            .collect();
        Self { groups, columns }
    }

    fn select(&self, rng: &mut Rng) -> Option<u32> {
        let mut left: Vec<u32> = (0..).take(self.groups.len()).collect();
        let mut cases: Vec<u32> = (0..).take(self.columns.len()).collect();
        while left.len() > 1 && !cases.is_empty() {
            let drawn = rng.random_range(0..size(&cases));
            let column = &self.columns[cases.swap_remove(drawn as usize) as usize];
            let best = left.iter().map(|group| column[*group as usize]).min()?;
            left.retain(|group| column[*group as usize] == best);
        }
        // No two groups are alike on all cases, so there is one left.
        let group = &self.groups[*left.first()? as usize];
        // Of two drawn, the better placed is the smaller.
        let [one, other] = [0; 2].map(|_| rng.random_range(0..size(group)));
        group.get(one.min(other) as usize).copied()
    }
}

fn size(of: &[u32]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}
