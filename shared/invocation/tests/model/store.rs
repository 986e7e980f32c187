//! A store with the exact conditions, which checks whatever is written.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use tdev_domain::{
    Effect, EffectClass, Invocation, InvocationChange, InvocationId, InvocationStatus, Pending,
    Stage, Stored, Wait,
};
use tdev_invocation::{Waiter, limits};

/// One invocation as stored.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) record: Invocation,
    pub(crate) ledger: Vec<Effect>,
    /// The worker that has or had the last lease.
    pub(crate) holder: Option<usize>,
    /// The record as it was before each write, the last one first.
    before: Vec<Invocation>,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<InvocationId, Row>,
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// The effects that may be performed, by key.
    pub(crate) intents: BTreeMap<String, Pending>,
    /// Commits that were written.
    pub(crate) commits: usize,
    /// Commits that were refused, by worker.
    pub(crate) refused: Vec<usize>,
    /// Whether a read that need not be consistent shows what was, and how often there was one.
    pub(crate) lags: bool,
    glances: usize,
}

impl Store {
    /// Writes all or nothing. `worker` is who writes in the name of the first record's lease.
    pub(crate) fn commit(&mut self, worker: Option<usize>, changes: &[InvocationChange]) -> bool {
        let ids: BTreeSet<_> = changes.iter().map(|change| &change.record.id).collect();
        assert_eq!(ids.len(), changes.len(), "an item twice in a transaction");
        assert!((1..=9).contains(&changes.len()));
        let may = changes.iter().all(|change| {
            let stored = self.rows.get(&change.record.id);
            stored
                .map(|row| row.record.revision + 1)
                .unwrap_or_default()
                == change.record.revision
        });
        if !may {
            self.refused.extend(worker);
            return false;
        }
        if let (Some(worker), Some(first)) = (worker, changes.first()) {
            self.check_lease(worker, first);
        }
        for change in changes {
            self.write(change);
        }
        self.commits += 1;
        true
    }

    /// Nothing a worker writes after another one has taken the lease may pass.
    fn check_lease(&mut self, worker: usize, first: &InvocationChange) {
        let row = self.rows.get_mut(&first.record.id).unwrap();
        if first.record.token > row.record.token {
            row.holder = Some(worker);
        } else if !row.record.cancel_requested && row.record.stalls < limits::MAX_STALLS {
            assert_eq!(row.holder, Some(worker), "a write under a lost lease");
        }
    }

    fn write(&mut self, change: &InvocationChange) {
        let next = &change.record;
        let row = self.rows.get(&next.id);
        if let Some(row) = row {
            check_move(&row.record, next);
        }
        let mut ledger = row.map(|row| row.ledger.clone()).unwrap_or_default();
        if let Some(Row { record, .. }) = row
            && let Some(pending) = &record.pending
            && let Stage::Answered(answer) = &pending.stage
            && let Some(effect) = change.ledger.first()
        {
            assert_eq!(effect.answer, *answer, "an answer was given and changed");
        }
        for effect in &change.ledger {
            assert_eq!(
                effect.number as usize,
                ledger.len() + 1,
                "a gap in the ledger"
            );
            ledger.push(effect.clone());
        }
        check_record(next, &ledger);
        if let Some(pending) = &next.pending
            && pending.stage == Stage::Intended
            && pending.class != EffectClass::Timer
        {
            let key = next.effect_key(pending.number).to_string();
            let earlier = self.intents.insert(key, pending.clone());
            assert!(
                earlier.is_none_or(|earlier| earlier.call == pending.call),
                "a key twice"
            );
        }
        if let Some(Stored::Object(key)) = &change.superseded {
            self.objects.remove(key).unwrap();
        }
        let holder = row.and_then(|row| row.holder);
        let before = row.map(|row| [slice::from_ref(&row.record), &row.before].concat());
        let record = next.clone();
        self.rows.insert(
            next.id.clone(),
            Row {
                record,
                ledger,
                holder,
                before: before.unwrap_or_default(),
            },
        );
    }

    /// The record as it is, or where the store lags up to three writes behind, or not yet there.
    pub(crate) fn glance(&mut self, id: &InvocationId) -> Option<Invocation> {
        self.glances += 1;
        let row = self.rows.get(id)?;
        match if self.lags { self.glances % 4 } else { 0 } {
            0 => Some(row.record.clone()),
            behind => row.before.get(behind - 1).cloned(),
        }
    }

    /// The invocations whose `due_at` has passed, ended ones too.
    pub(crate) fn due(&self, now: jiff::Timestamp) -> Vec<InvocationId> {
        let due = |row: &&Row| row.record.due_at.is_some_and(|due_at| due_at <= now);
        self.rows
            .values()
            .filter(due)
            .map(|row| row.record.id.clone())
            .collect()
    }
}

fn check_move(from: &Invocation, to: &Invocation) {
    assert!(!from.status.is_final(), "a final record was changed");
    assert!(to.token == from.token || to.token == from.token + 1);
    assert!(to.next_effect >= from.next_effect - u32::from(from.pending.is_some()));
    assert!(to.children >= from.children);
    assert!(to.cancel_requested >= from.cancel_requested);
    assert_eq!(
        (&to.callee, &to.input, &to.parent),
        (&from.callee, &from.input, &from.parent)
    );
}

fn check_record(record: &Invocation, ledger: &[Effect]) {
    let begun = ledger.len() + usize::from(record.pending.is_some());
    assert_eq!(record.next_effect as usize, begun + 1);
    assert_eq!(record.pending.is_some(), record.snapshot.is_some());
    assert!(record.depth <= limits::MAX_DEPTH);
    assert!(record.children <= limits::MAX_CHILDREN);
    assert!(record.signals.len() <= limits::MAX_SIGNALS);
    let stage = record.pending.as_ref().map(|pending| {
        assert_eq!(pending.number + 1, record.next_effect);
        &pending.stage
    });
    let class = record.pending.as_ref().map(|pending| pending.class);
    match &record.status {
        InvocationStatus::Queued => {
            assert!(record.due_at.is_some());
            assert!(!matches!(stage, Some(Stage::Intended)));
        }
        InvocationStatus::Running { .. } => {
            assert!(record.due_at.is_some());
            let waits = matches!(
                class,
                Some(EffectClass::Timer | EffectClass::Signal | EffectClass::Child)
            );
            assert!(!(waits && matches!(stage, Some(Stage::Intended))));
        }
        InvocationStatus::Suspended { wait } => {
            assert_eq!(stage, Some(&Stage::Intended));
            assert_eq!(record.due_at.is_none(), matches!(wait, Wait::Child { .. }));
        }
        InvocationStatus::Completed { .. }
        | InvocationStatus::Failed { .. }
        | InvocationStatus::Cancelled => {
            assert_eq!(stage, None);
            assert!(record.due_at.is_some() || Waiter::of(record).is_none());
        }
    }
}
