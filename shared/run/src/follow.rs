//! What follows from the end of a step: who has come, and who begins.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, future, stream};
use tdev_domain::{Place, StepRecord, StepState, StopCause};
use tdev_workflow::{Branch, DependencyKind, Edge, Kind};

use crate::begin;
use crate::enter::Entry;
use crate::limits::{AT_ONCE, GROUP};
use crate::pass::Pass;
use crate::{Error, Meeting, Members, Store, Unavailable, World};

/// The number of the run's own end among the steps that come together at something.
pub(crate) const END: u32 = u32::MAX;

impl<S: Store, W: World> Pass<'_, S, W> {
    /// Does what follows from a step's end.
    pub(crate) async fn follow(&mut self, record: StepRecord) -> Result<(), Error> {
        if !self.is_running() {
            return Ok(());
        }
        if let Some(item) = record.place.item {
            return self.follow_item(record, item).await;
        }
        let step = record.place.step;
        match &record.state {
            StepState::Failed { error } if !self.plan.tolerates(step) => {
                return self
                    .stop(StopCause::StepFailed {
                        step: record.id.clone(),
                        error: error.clone(),
                    })
                    .await;
            }
            // It ended with its run, or with one that was resumed since.
            StepState::Cancelled => return Ok(()),
            _ => {}
        }
        let plan = Arc::clone(&self.plan);
        if self.needs_place(record.place) {
            self.noted().left.push(step);
        }
        let edges = stream::iter(plan.dependants(step).iter().copied());
        let ready = edges.map(|edge| self.come_to(&record, edge));
        let ready = ready.buffered(AT_ONCE).try_filter_map(future::ok);
        let mut ready: Vec<_> = ready.try_collect().await?;
        ready.sort_by(|(a, _), (b, _)| self.longest_first(*a, *b));
        self.enter_all(ready).await?;
        if let Ok(member) = plan.sinks().binary_search(&step) {
            let end = self.meeting(END, Members::Dependencies);
            if self
                .come(end, plan.sinks().len(), member, false)
                .await?
                .is_some()
            {
                self.complete().await?;
            }
        }
        Ok(())
    }

    /// Notes with a dependant that `record` is over. Says which step is ready, if it is now.
    async fn come_to(
        &self,
        record: &StepRecord,
        edge: Edge,
    ) -> Result<Option<(u32, Entry)>, Unavailable> {
        let step = record.place.step;
        let missed = edge.kind == DependencyKind::Hard && !self.lets_run(record, edge.step);
        let dependencies = self.plan.dependencies(edge.step);
        let of = self.meeting(edge.step, Members::Dependencies);
        let place = dependencies.binary_search_by_key(&step, |edge| edge.step);
        let member = place.unwrap_or_default();
        let all = self.come(of, dependencies.len(), member, missed).await?;
        Ok(all.map(|missed| (edge.step, Entry::unless(missed))))
    }

    /// Begins steps, several at once, in this order.
    pub(crate) async fn enter_all(&self, ready: Vec<(u32, Entry)>) -> Result<(), Error> {
        stream::iter(ready)
            .map(|(step, entry)| self.enter(Place::step(step), entry))
            .buffered(AT_ONCE)
            .try_for_each(future::ok)
            .await
    }

    /// Whether the end of `record` lets a step run that depends on its success.
    pub(crate) fn lets_run(&self, record: &StepRecord, dependant: u32) -> bool {
        let StepState::Completed { output, .. } = &record.state else {
            return false;
        };
        let dependant = &self.plan.step(dependant).id;
        match &self.plan.step(record.place.step).kind {
            Kind::Choice(choice) => {
                let named = |branch: &Branch<_>| branch.then.contains(dependant);
                let is_named =
                    choice.otherwise.contains(dependant) || choice.branches.iter().any(named);
                !is_named || begin::lets_run(output, dependant)
            }
            _ => true,
        }
    }

    pub(crate) fn meeting(&self, step: u32, of: Members) -> Meeting {
        Meeting {
            resumed: self.run.resumed,
            step,
            of,
            group: None,
        }
    }

    /// Notes that one of several has come. Says whether all have, and if so whether what one of
    /// them came for is missed.
    pub(crate) async fn come(
        &self,
        meeting: Meeting,
        members: usize,
        member: usize,
        missed: bool,
    ) -> Result<Option<bool>, Unavailable> {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        if members <= 1 {
            return Ok(Some(missed));
        }
        let run = &self.run.id;
        if members <= GROUP {
            let joined = self
                .store
                .come(run, meeting, number(member), missed)
                .await?;
            return Ok((joined.over >= number(members)).then_some(joined.missed));
        }
        let group = member / GROUP;
        let size = GROUP.min(members - group * GROUP);
        let of_group = Meeting {
            group: Some(number(group)),
            ..meeting
        };
        let joined = self
            .store
            .come(run, of_group, number(member), missed)
            .await?;
        if joined.over < number(size) {
            return Ok(None);
        }
        let groups = members.div_ceil(GROUP);
        let joined = self
            .store
            .come(run, meeting, number(group), joined.missed)
            .await?;
        Ok((joined.over >= number(groups)).then_some(joined.missed))
    }
}
