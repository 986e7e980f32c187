//! Tasks: their records, their queue, and the writes that move them.
//!
//! A record is stored as one compressed text (`body`), since what is in it is for the most part of
//! a client's making; beside it stand the attributes by which it is found.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use tdev_domain::order::FairShare;
use tdev_domain::{
    Arrival, ArrivalBlock, Arrivals, Invalid, Task, TaskDraft, TaskId, TaskState, TaskStatus,
    TenantId,
};

use super::index::{Index, IndexQuery};
use super::item::{self, Item};
use super::keys::{AGENDA, AGENDA_AT, EXPIRES_AT, PK, SK};
use super::page::Listing;
use super::{Condition, Page, PageRequest, Put, Table, Write, dead_letters, keys, packed};
use crate::{Error, Result};

/// How often a reservation is tried anew when the same tenant's tasks meet.
const RESERVATIONS: u32 = 16;

/// How long a task is kept after its end, in seconds.
const KEPT_FOR: i64 = 30 * 24 * 60 * 60;

/// The most tasks that are looked at for one page of a listing.
const MAX_LIMIT: u32 = 1_000;

const READ: &str = "read a task";
const STATUS: &str = "status";
const BODY: &str = "body";

/// A task as the agenda names it. What has just changed may be missing, or still there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgendaTask {
    /// Its place in the queue, or when it is due; as text, by which the agenda is ordered.
    pub at: String,
    /// The owner.
    pub tenant: TenantId,
    /// The task.
    pub id: TaskId,
}

impl Table {
    /// The task with this id, if the tenant has one.
    pub async fn task(&self, tenant: &TenantId, id: &TaskId) -> Result<Option<Task>> {
        let item = self.item(READ, &keys::task(tenant, id)).await?;
        item.map(|item| decode(READ, &item)).transpose()
    }

    /// The task as it is, or was a moment ago: what has just been stored may be missing.
    pub async fn glance_at_task(&self, tenant: &TenantId, id: &TaskId) -> Result<Option<Task>> {
        let item = self.glance(READ, &keys::task(tenant, id)).await?;
        item.map(|item| decode(READ, &item)).transpose()
    }

    /// A tenant's tasks, the newest first: all of them, or those that stand at `state`.
    ///
    /// A page may have fewer than `limit` tasks, or none, and yet not be the last: `limit` is how
    /// many are looked at.
    pub async fn tasks(
        &self,
        tenant: &TenantId,
        state: Option<TaskState>,
        page: &PageRequest,
    ) -> Result<Page<Task>> {
        const OPERATION: &str = "list tasks";
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let listing = Listing {
            operation: OPERATION,
            partition: keys::tasks(tenant),
            prefix: None,
            descending: true,
            after: page.cursor::<TaskId>(OPERATION)?.map(String::from),
            limit,
        };
        let limit = limit as usize;
        let (mut items, stopped) = self.query(listing, limit).await?;
        let more = stopped || items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| item::text(OPERATION, last, SK).map(str::to_owned));
        let state = state.map(|state| item::string(state.as_str()));
        let wanted = items
            .iter()
            .filter(|item| state.is_none() || item.get(STATUS) == state.as_ref());
        Ok(Page {
            items: wanted
                .map(|item| decode(OPERATION, item))
                .collect::<Result<_>>()?,
            next: next.transpose()?,
        })
    }

    /// Accepts a task: reserves its place and stores it. A permit is to be sent after it.
    ///
    /// The place is reserved first. One that is lost in between has had its number and its part of
    /// the tenant's share, and so delays nobody but its own tenant; none is stored that was not
    /// counted.
    ///
    /// # Errors
    /// As of [`Table::reserve_arrivals`].
    pub async fn admit_task(
        &self,
        draft: &TaskDraft,
        share: &FairShare,
        now: Timestamp,
    ) -> Result<Task> {
        let (place, _) = self.reserve_arrivals(&draft.tenant, share, 0, now).await?;
        let task = draft.clone().admit(TaskId::generate(), place, now);
        self.write_task(&task).await?;
        Ok(task)
    }

    /// Reserves a place for a tenant's task, and for as many as `more` after it.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant's tasks arrive faster than they can be numbered.
    pub async fn reserve_arrivals(
        &self,
        tenant: &TenantId,
        share: &FairShare,
        more: u32,
        now: Timestamp,
    ) -> Result<(Arrival, ArrivalBlock)> {
        const OPERATION: &str = "reserve places for tasks";
        let mut tries = 1;
        loop {
            let found = self.arrivals(tenant, tries > 1).await?;
            let (place, block, next) = found.reserve(share, more, now);
            let counted = put_arrivals(OPERATION, tenant, &found, &next)?;
            match self.write(OPERATION, vec![counted]).await {
                Err(Error::Conflict { .. }) if tries < RESERVATIONS => tries += 1,
                counted => return counted.map(|()| (place, block)),
            }
        }
    }

    /// Puts a failed task in the queue again and takes it off the dead letters. A permit is to be
    /// sent after it. `None` if there is no such task, or it has not failed.
    ///
    /// # Errors
    /// As of [`Table::reserve_arrivals`].
    pub async fn redrive_task(
        &self,
        tenant: &TenantId,
        id: &TaskId,
        share: &FairShare,
        now: Timestamp,
    ) -> Result<Option<Task>> {
        const OPERATION: &str = "redrive a task";
        let mut tries = 1;
        loop {
            let found = self.arrivals(tenant, true).await?;
            let Some(failed) = self.task(tenant, id).await? else {
                return Ok(None);
            };
            let (place, _, next) = found.reserve(share, 0, now);
            let Ok(task) = failed.redriven(place, now) else {
                return Ok(None);
            };
            let writes = vec![
                put_arrivals(OPERATION, tenant, &found, &next)?,
                put(OPERATION, &task)?,
                Write::Delete(keys::dead_letter(tenant, id), None),
            ];
            match self.transact(OPERATION, writes).await {
                Err(Error::Conflict { .. }) if tries < RESERVATIONS => tries += 1,
                written => return written.map(|()| Some(task)),
            }
        }
    }

    /// Writes the next revision of a task. One that is given up becomes a dead letter in the same
    /// transaction.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the task has changed since it was read; nothing was written.
    pub async fn write_task(&self, task: &Task) -> Result<()> {
        const OPERATION: &str = "write a task";
        let mut writes = vec![put(OPERATION, task)?];
        if let Some(letter) = task.dead_letter() {
            writes.push(dead_letters::put(OPERATION, &letter)?);
        }
        self.write(OPERATION, writes).await
    }

    /// The head of the queue: the tasks that are to be taken first, of all tenants.
    pub async fn queued_tasks(&self, page: &PageRequest) -> Result<Page<AgendaTask>> {
        self.agenda("read the queue of tasks", keys::QUEUED_TASKS, None, page)
            .await
    }

    /// The tasks that wait and whose time has come at `now`, the longest due first.
    pub async fn due_tasks(&self, now: Timestamp, page: &PageRequest) -> Result<Page<AgendaTask>> {
        let until = Some(keys::task_due_at(now));
        self.agenda("find due tasks", keys::DUE_TASKS, until, page)
            .await
    }

    async fn agenda(
        &self,
        operation: &'static str,
        partition: &'static str,
        until: Option<String>,
        page: &PageRequest,
    ) -> Result<Page<AgendaTask>> {
        let after = page.after.as_deref();
        let query = IndexQuery {
            operation,
            index: Index::Agenda,
            partition: partition.to_owned(),
            since: None,
            until,
            filter: None,
            descending: false,
            after: after
                .map(|cursor| start(partition, cursor))
                .transpose()
                .map_err(|source| Error::Cursor { operation, source })?,
            limit: Some(page.limit.clamp(1, MAX_LIMIT) as usize),
        };
        let (items, last) = self.query_index(query).await?;
        let decode = |item: &Item| agenda_task(operation, item);
        let next = last.as_ref().map(decode).transpose()?;
        Ok(Page {
            items: items.iter().map(decode).collect::<Result<_>>()?,
            next: next.map(|last| format!("{} {} {}", last.tenant, last.id, last.at)),
        })
    }

    /// What is kept of the tasks a tenant has sent, now or a moment ago.
    async fn arrivals(&self, tenant: &TenantId, consistent: bool) -> Result<Arrivals> {
        const OPERATION: &str = "read a tenant's arrivals";
        let key = keys::arrivals(tenant);
        let item = self.read(OPERATION, &key, consistent).await?;
        let arrivals = item.map(|item| item::decode(OPERATION, item)).transpose()?;
        Ok(arrivals.unwrap_or_default())
    }

    /// Writes all or nothing; a single put costs half of what it costs in a transaction.
    async fn write(&self, operation: &'static str, mut writes: Vec<Write>) -> Result<()> {
        if let [Write::Put(..)] = writes.as_slice()
            && let Some(Write::Put(item, Some(condition))) = writes.pop()
        {
            return match self.put_if(operation, &item, condition).await? {
                Put::Written => Ok(()),
                Put::Refused { error, .. } => Err(error),
            };
        }
        self.transact(operation, writes).await
    }
}

/// The write of a task's next revision.
fn put(operation: &'static str, task: &Task) -> Result<Write> {
    let status = task.status.state();
    let mut item = keys::task(&task.tenant, &task.id).attributes();
    item.insert(STATUS.to_owned(), item::string(status.as_str()));
    let revision = AttributeValue::N(task.revision.to_string());
    item.insert("revision".to_owned(), revision);
    item.insert(BODY.to_owned(), packed::pack(operation, task)?);
    if status.is_final() {
        let expires_at = task.updated_at.as_second() + KEPT_FOR;
        item.insert(EXPIRES_AT.to_owned(), item::number(expires_at));
    }
    let agenda = match (&task.status, task.due_at) {
        (TaskStatus::Queued, _) => {
            let place = task.virtual_deadline.sort_key(task.id.as_str());
            Some((keys::QUEUED_TASKS, place))
        }
        (_, Some(due_at)) => Some((keys::DUE_TASKS, keys::task_due_at(due_at))),
        (_, None) => None,
    };
    if let Some((agenda, at)) = agenda {
        item.insert(AGENDA.to_owned(), item::string(agenda));
        item.insert(AGENDA_AT.to_owned(), item::string(at));
    }
    let condition = match task.revision.checked_sub(1) {
        None => Condition::absent(),
        Some(found) => Condition::revision(found),
    };
    Ok(Write::Put(item::checked(operation, item)?, Some(condition)))
}

/// The write of what is kept after a reservation. It has a name of its own: two that are made at
/// once leave the same clock and count, and each must know its own write from the other's.
fn put_arrivals(
    operation: &'static str,
    tenant: &TenantId,
    found: &Arrivals,
    next: &Arrivals,
) -> Result<Write> {
    let mut item = item::encode(operation, &keys::arrivals(tenant), next, None)?;
    let name = TaskId::generate();
    item.insert("last".to_owned(), item::string(name.as_str()));
    let condition = match found.admitted {
        0 => Condition::absent(),
        found => Condition {
            expression: "admitted = :found",
            values: Some(Item::from([(
                ":found".to_owned(),
                AttributeValue::N(found.to_string()),
            )])),
        },
    };
    Ok(Write::Put(item, Some(condition)))
}

fn decode(operation: &'static str, item: &Item) -> Result<Task> {
    packed::unpack(operation, item, BODY)
}

fn agenda_task(operation: &'static str, item: &Item) -> Result<AgendaTask> {
    let [pk, sk, at] = [PK, SK, AGENDA_AT].map(|name| item::text(operation, item, name));
    let (pk, sk) = (pk?, sk?);
    let (tenant, id) = keys::parse_task(pk, sk)
        .ok_or_else(|| Error::corrupt(operation, format!("{pk} {sk} is no task")))?;
    let at = at?.to_owned();
    Ok(AgendaTask { at, tenant, id })
}

/// All four keys of the item that `<tenant> <task> <place>` names.
fn start(partition: &str, cursor: &str) -> Result<Item, Invalid> {
    let malformed = || Invalid::new("after", "what the page before ended with");
    let (tenant, rest) = cursor.split_once(' ').ok_or_else(malformed)?;
    let (id, at) = rest.split_once(' ').ok_or_else(malformed)?;
    let mut start = keys::task(&tenant.parse()?, &id.parse()?).attributes();
    start.insert(AGENDA.to_owned(), item::string(partition));
    start.insert(AGENDA_AT.to_owned(), item::string(at));
    Ok(start)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tdev_domain::order::Priority;
    use tdev_domain::retry::RetryPolicy;

    use super::*;

    fn task() -> Task {
        let draft = TaskDraft {
            tenant: "acme".parse().unwrap(),
            text: "will it rain".to_owned(),
            input: json!({"x": 1.0}),
            capability: None,
            priority: Priority::NORMAL,
            deadline: None,
            retry: RetryPolicy::default(),
        };
        let now = Timestamp::from_second(100).unwrap();
        let share = FairShare::default();
        let (place, _, _) = Arrivals::default().reserve(&share, 0, now);
        draft.admit(TaskId::generate(), place, now)
    }

    fn item(task: &Task) -> Item {
        match put("test", task).unwrap() {
            Write::Put(item, _) => item,
            write @ Write::Delete(..) => panic!("{write:?}"),
        }
    }

    #[test]
    fn a_queued_task_is_found_by_its_place_and_a_waiting_one_by_its_time() {
        let queued = task();
        let found = agenda_task("test", &item(&queued)).unwrap();
        let place = queued.virtual_deadline.sort_key(queued.id.as_str());
        let expected = AgendaTask {
            at: place,
            tenant: queued.tenant.clone(),
            id: queued.id.clone(),
        };
        assert_eq!(found, expected);
        assert_eq!(item(&queued)[AGENDA], item::string("TASKS"));

        let now = Timestamp::from_second(200).unwrap();
        let waiting = queued.put_off(json!({}), now).unwrap();
        assert_eq!(item(&waiting)[AGENDA], item::string("TASKS#DUE"));
        let due = keys::task_due_at(waiting.due_at.unwrap());
        assert_eq!(item(&waiting)[AGENDA_AT], item::string(due));
        let Write::Put(_, Some(condition)) = put("test", &waiting).unwrap() else {
            panic!("a put")
        };
        assert_eq!(condition.expression, "revision = :revision");

        let rejected = queued
            .turned_away(tdev_domain::Rejection::NoneFits, json!({}), now)
            .unwrap();
        assert!(!item(&rejected).contains_key(AGENDA));
        assert!(item(&rejected).contains_key(EXPIRES_AT));
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let before = task();
        let item = item(&before);
        assert_eq!(decode("test", &item).unwrap(), before);
        assert_eq!(item[STATUS], item::string("queued"));
        assert_eq!(item["revision"], item::number(0));
    }

    #[test]
    fn a_cursor_comes_back_as_the_keys_it_was_made_of() {
        let task = task();
        let place = task.virtual_deadline.sort_key(task.id.as_str());
        let cursor = format!("{} {} {place}", task.tenant, task.id);
        let mut keys = keys::task(&task.tenant, &task.id).attributes();
        keys.insert(AGENDA.to_owned(), item::string(keys::QUEUED_TASKS));
        keys.insert(AGENDA_AT.to_owned(), item::string(place));
        assert_eq!(start(keys::QUEUED_TASKS, &cursor), Ok(keys));
        for malformed in ["", "acme", "acme task_1 5", "ACME task_1 5"] {
            assert!(start(keys::QUEUED_TASKS, malformed).is_err());
        }
    }
}
