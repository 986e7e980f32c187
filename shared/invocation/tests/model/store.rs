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
        assert!((1..=limits::MAX_GATHERED + 2).contains(&changes.len()));
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
        let standing = row.into_iter().flat_map(|row| row.record.standing());
        for (effect, before) in change.ledger.iter().zip(standing) {
            assert_eq!(effect.number, before.number);
            if let Stage::Answered(answer) = &before.stage {
                assert_eq!(effect.answer, *answer, "an answer was given and changed");
            }
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
        let intended = next.standing().filter(|pending| {
            pending.stage == Stage::Intended && pending.class != EffectClass::Timer
        });
        for pending in intended {
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
    assert!(to.next_effect as usize >= from.next_effect as usize - from.standing().count());
    for before in from.standing() {
        let after = to.standing().find(|after| after.number == before.number);
        if let (Stage::Answered(_), Some(after)) = (&before.stage, after) {
            assert_eq!(after, before, "an answer was taken back");
        }
    }
    assert!(to.children >= from.children);
    assert!(to.cancel_requested >= from.cancel_requested);
    assert_eq!(
        (&to.callee, &to.input, &to.parent),
        (&from.callee, &from.input, &from.parent)
    );
}

fn check_record(record: &Invocation, ledger: &[Effect]) {
    let begun = ledger.len() + record.standing().count();
    assert_eq!(record.next_effect as usize, begun + 1);
    assert_eq!(record.pending.is_some(), record.snapshot.is_some());
    assert!(record.depth <= limits::MAX_DEPTH);
    assert!(record.children <= limits::MAX_CHILDREN);
    assert!(record.signals.len() <= limits::MAX_SIGNALS);
    let numbers = record.standing().map(|effect| effect.number);
    assert!(numbers.eq(record.next_effect - counted(record)..record.next_effect));
    let alone = record.gathered.is_empty();
    let is = |stage: &Stage| record.standing().any(|effect| effect.stage == *stage);
    let (called, intended) = (is(&Stage::Called), is(&Stage::Intended));
    let class = record.pending.as_ref().map(|pending| pending.class);
    let of_agents = |class| matches!(class, EffectClass::Child | EffectClass::Recorded);
    assert!(alone || record.standing().all(|effect| of_agents(effect.class)));
    match &record.status {
        InvocationStatus::Queued => {
            assert!(record.due_at.is_some());
            assert!(!intended);
        }
        InvocationStatus::Running { .. } => {
            assert!(record.due_at.is_some());
            let waits = matches!(
                class,
                Some(EffectClass::Timer | EffectClass::Signal | EffectClass::Child)
            );
            assert!(!(waits && intended));
        }
        InvocationStatus::Suspended { wait } => {
            assert!(intended && !called);
            let children = match wait {
                Wait::Time { .. } | Wait::Signal { .. } => Vec::new(),
                Wait::Child { invocation } => vec![invocation.clone()],
                Wait::Children { invocations } => invocations.clone(),
            };
            // What a canceller has no room for is due.
            let found = children.is_empty() || record.cancel_requested;
            assert_eq!(record.due_at.is_some(), found);
            let awaited = record.standing().filter(|effect| {
                effect.class == EffectClass::Child && effect.stage == Stage::Intended
            });
            let key = |effect: &Pending| record.effect_key(effect.number);
            let awaited = awaited.map(|effect| InvocationId::called_by(&key(effect)));
            assert!(awaited.eq(children));
        }
        InvocationStatus::Completed { .. }
        | InvocationStatus::Failed { .. }
        | InvocationStatus::Cancelled => {
            assert_eq!(record.standing().count(), 0);
            assert!(record.due_at.is_some() || Waiter::of(record).is_none());
        }
    }
}

fn counted(record: &Invocation) -> u32 {
    u32::try_from(record.standing().count()).unwrap()
}
