//! Steps of runs, and where those come together that something waits for.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tdev_domain::{Gate, GateKey, Joined, Place, RunId, StepRecord, TenantId};

use super::batch::Reading;
use super::body::{self, BODY, Owner};
use super::item::{self, Item};
use super::keys::{self, EXPIRES_AT, ITEM, SK, STEP};
use super::packed::Sample;
use super::page::Listing;
use super::{Table, due};
use crate::{Error, Objects, Result};

const READ: &str = "read steps of a run";
const WRITE: &str = "write a step of a run";
const READ_GATE: &str = "read who has a place in a run";
const WRITE_GATE: &str = "write who has a place in a run";
const MEET: &str = "note who has come to a meeting";

/// How long a step is kept after it was last written, in seconds. A run of less than 370 days so
/// has all its steps for as long as it is kept itself.
const KEPT_FOR: i64 = 400 * 24 * 60 * 60;

/// The parts of a step that may be large.
const LARGE: [&str; 6] = [
    "/state/output",
    "/state/message",
    "/state/reason",
    "/state/error",
    "/tries",
    "/compensation",
];

/// The part of a gate that may be.
const LARGE_OF_GATE: [&str; 1] = ["/waiting"];

/// How many values that are stored beside are waited for at once.
const AT_ONCE: usize = 8;
/// How many items are read at once by a query, which reads a megabyte at most.
const PAGE: usize = 1_000;

const MEMBERS: &str = "members";
const MISSED: &str = "missed";

impl Table {
    /// The steps at these places that have begun, in order of place.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a value that was stored beside one is gone or damaged, too.
    pub async fn steps(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        run: &RunId,
        places: &[Place],
    ) -> Result<Vec<StepRecord>> {
        let mut places = places.to_vec();
        places.sort_unstable();
        // A batch that names an item twice is refused.
        places.dedup();
        let keys = places.iter().map(|place| keys::step(tenant, run, *place));
        let items = self.items(READ, keys, Reading::Consistent).await?;
        let mut steps = decode(objects, owner(tenant, run), items).await?;
        steps.sort_unstable_by_key(|step| step.place);
        Ok(steps)
    }

    /// All steps of a run that have begun, in order; items of maps are left out.
    ///
    /// # Errors
    /// As of [`Self::steps`].
    pub async fn all_steps(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        run: &RunId,
    ) -> Result<Vec<StepRecord>> {
        let items = self.records(tenant, run, STEP).await?;
        decode(objects, owner(tenant, run), items).await
    }

    /// All items of a map of a run that have begun, in order.
    ///
    /// # Errors
    /// As of [`Self::steps`].
    pub async fn items_of_step(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        run: &RunId,
        step: u32,
    ) -> Result<Vec<StepRecord>> {
        let prefix = format!("{ITEM}{step:010}#");
        let items = self.records(tenant, run, &prefix).await?;
        decode(objects, owner(tenant, run), items).await
    }

    /// Writes the next revision of a step. Stores what is too large for the item in `objects`
    /// first.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the stored revision is not the one before; nothing was written. After
    /// [`Error::Transient`] it is not known whether it was.
    pub async fn put_step(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        run: &RunId,
        step: &StepRecord,
        now: Timestamp,
    ) -> Result<()> {
        let body = body::encode(WRITE, objects, owner(tenant, run), step, &LARGE).await?;
        let mut item = keys::step(tenant, run, step.place).attributes();
        item.insert(BODY.to_owned(), body);
        item.insert("revision".to_owned(), item::count(step.revision));
        if let Some(due_at) = step.due_at {
            item.extend(due::of_run(run, Some(step.place), due_at));
        }
        item.insert(EXPIRES_AT.to_owned(), expiry(now));
        let item = item::checked(WRITE, item)?;
        self.put_revision(WRITE, &item, step.revision).await
    }

    /// Who has a place where only so many steps of a run, or items of a map, may be under way.
    ///
    /// # Errors
    /// As of [`Self::steps`].
    pub async fn gate(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        run: &RunId,
        key: GateKey,
    ) -> Result<Option<Gate>> {
        let key = keys::gate(tenant, run, key);
        let Some(item) = self.item(READ_GATE, &key).await? else {
            return Ok(None);
        };
        let gate = body::decode(READ_GATE, objects, owner(tenant, run), &item);
        gate.await.map(Some)
    }

    /// Writes the next revision of who has a place.
    ///
    /// # Errors
    /// As of [`Self::put_step`].
    pub async fn put_gate(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        run: &RunId,
        gate: &Gate,
        now: Timestamp,
    ) -> Result<()> {
        let owner = owner(tenant, run);
        let body = body::encode(WRITE_GATE, objects, owner, gate, &LARGE_OF_GATE).await?;
        let mut item = keys::gate(tenant, run, gate.key).attributes();
        item.insert(BODY.to_owned(), body);
        item.insert("revision".to_owned(), item::count(gate.revision));
        item.insert(EXPIRES_AT.to_owned(), expiry(now));
        let item = item::checked(WRITE_GATE, item)?;
        self.put_revision(WRITE_GATE, &item, gate.revision).await
    }

    /// Notes that a member has come to a meeting of a run, and, if so, that what it came for is
    /// missed, which stays noted. Says who has come by then, this one included; to note one twice
    /// is to note it once.
    ///
    /// `meeting` names it within the run; it is a part of a key.
    pub async fn come(
        &self,
        tenant: &TenantId,
        run: &RunId,
        meeting: &str,
        (member, missed): (u32, bool),
        now: Timestamp,
    ) -> Result<Joined> {
        let mut set = format!("SET {EXPIRES_AT} = :expires_at");
        let mut values = Item::from([
            (
                ":member".to_owned(),
                AttributeValue::Ns(vec![member.to_string()]),
            ),
            (":expires_at".to_owned(), expiry(now)),
        ]);
        if missed {
            set = format!("{set}, {MISSED} = :missed");
            values.insert(":missed".to_owned(), AttributeValue::Bool(true));
        }
        let output = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(keys::meeting(tenant, run, meeting).attributes()))
            .update_expression(format!("{set} ADD {MEMBERS} :member"))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|e| Error::from_sdk(MEET, e))?;
        let item = output.attributes.unwrap_or_default();
        let Some(AttributeValue::Ns(members)) = item.get(MEMBERS) else {
            return Err(Error::corrupt(MEET, "members are no set of numbers"));
        };
        Ok(Joined {
            over: u32::try_from(members.len()).unwrap_or(u32::MAX),
            missed: item.contains_key(MISSED),
        })
    }

    /// The items of a run whose sort keys begin with `prefix`, in order.
    async fn records(&self, tenant: &TenantId, run: &RunId, prefix: &str) -> Result<Vec<Item>> {
        let mut items: Vec<Item> = Vec::new();
        loop {
            let last = items.last().map(|last| item::text(READ, last, SK));
            let listing = Listing {
                operation: READ,
                partition: keys::run_partition(tenant, run),
                prefix: Some(prefix),
                descending: false,
                after: last.transpose()?.map(str::to_owned),
                limit: 0,
            };
            let (found, more) = self.query(listing, PAGE).await?;
            let more = more && !found.is_empty();
            items.extend(found);
            if !more {
                return Ok(items);
            }
        }
    }
}

fn owner<'a>(tenant: &'a TenantId, run: &'a RunId) -> Owner<'a> {
    Owner {
        tenant,
        name: run,
        sample: Sample::Runs,
    }
}

fn expiry(now: Timestamp) -> AttributeValue {
    item::number(now.as_second() + KEPT_FOR)
}

/// The steps of these items, in their order.
async fn decode(objects: &Objects, owner: Owner<'_>, items: Vec<Item>) -> Result<Vec<StepRecord>> {
    stream::iter(items)
        .map(async |item| body::decode(READ, objects, owner, &item).await)
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
