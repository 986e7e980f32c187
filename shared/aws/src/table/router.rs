//! How a tenant's tasks are routed: its policy, the pointer to its model, and what the next model
//! learns from.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tdev_domain::{Lesson, LessonOrigin, RouterPointer, Routing, TaskId, TenantId};

use super::page::Listing;
use super::{Condition, Put, Table, Write, item, keys};
use crate::{Error, Result};

/// How long a lesson is kept, in seconds.
const LESSON_KEPT_FOR: i64 = 90 * 24 * 60 * 60;

/// How many lessons are read at a time.
const PAGE: usize = 1_000;

/// Something of a client's making, as it is stored.
#[derive(Serialize, Deserialize)]
struct Row {
    revision: u64,
    body: String,
}

/// A lesson as it is stored.
#[derive(Serialize, Deserialize)]
struct LessonRow {
    id: TaskId,
    body: String,
}

impl Table {
    /// How a tenant's tasks are routed; as by default, with revision 0, if it never said.
    pub async fn routing<P: Default + DeserializeOwned>(
        &self,
        tenant: &TenantId,
    ) -> Result<Routing<P>> {
        const OPERATION: &str = "read how tasks are routed";
        let row: Option<Row> = self.entity(OPERATION, &keys::routing(tenant)).await?;
        row.map_or_else(
            || Ok(Routing::default()),
            |row| serde_json::from_str(&row.body).map_err(|e| Error::corrupt(OPERATION, e)),
        )
    }

    /// Stores the next revision of how a tenant's tasks are routed.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the one before it is not what is stored.
    pub async fn put_routing<P: Serialize>(
        &self,
        tenant: &TenantId,
        routing: &Routing<P>,
    ) -> Result<()> {
        const OPERATION: &str = "store how tasks are routed";
        let body = serde_json::to_string(routing).map_err(|e| Error::rejected(OPERATION, e))?;
        let revision = routing.revision;
        let row = Row { revision, body };
        let item = item::encode(OPERATION, &keys::routing(tenant), &row, None)?;
        let condition = match revision.checked_sub(1) {
            None | Some(0) => Condition::absent(),
            Some(found) => Condition::revision(found),
        };
        self.put_item(OPERATION, &item, condition).await
    }

    /// The pointer to the model that a tenant's tasks are routed by, if it has one.
    pub async fn router(&self, tenant: &TenantId) -> Result<Option<RouterPointer>> {
        self.entity("read the pointer to a model", &keys::router(tenant))
            .await
    }

    /// Moves the pointer to its next revision.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the one before it is not what is stored: another writer was first.
    pub async fn move_router(&self, pointer: &RouterPointer) -> Result<()> {
        const OPERATION: &str = "move the pointer to a model";
        let item = item::encode(OPERATION, &keys::router(&pointer.tenant), pointer, None)?;
        let condition = match pointer.revision.checked_sub(1) {
            None => Condition::absent(),
            Some(found) => Condition::revision(found),
        };
        self.put_item(OPERATION, &item, condition).await
    }

    /// Stores what a task taught. A client's word takes the place of the outcome, and not the
    /// other way round.
    pub async fn put_lesson(&self, lesson: &Lesson) -> Result<()> {
        const OPERATION: &str = "store a lesson";
        let body = serde_json::to_string(lesson).map_err(|e| Error::rejected(OPERATION, e))?;
        let id = lesson.task.clone();
        let key = keys::lesson(&lesson.tenant, &lesson.task);
        let expires_at = lesson.at.as_second() + LESSON_KEPT_FOR;
        let row = LessonRow { id, body };
        let item = item::encode(OPERATION, &key, &row, Some(expires_at))?;
        match lesson.origin {
            LessonOrigin::Outcome => {
                self.put_if(OPERATION, &item, Condition::absent()).await?;
                Ok(())
            }
            LessonOrigin::Feedback => self.transact(OPERATION, vec![Write::Put(item, None)]).await,
        }
    }

    /// The newest lessons of a tenant that have not expired at `now`, at most `most`, the oldest
    /// first.
    pub async fn lessons(
        &self,
        tenant: &TenantId,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Lesson>> {
        const OPERATION: &str = "read lessons";
        let mut lessons = Vec::new();
        let mut after = None;
        loop {
            let limit = PAGE.min(most - lessons.len());
            let listing = Listing {
                operation: OPERATION,
                partition: keys::lessons(tenant),
                prefix: None,
                descending: true,
                after,
                limit: u32::try_from(limit).unwrap_or(u32::MAX),
            };
            let page = self.list(listing, |row: &LessonRow| row.id.clone()).await?;
            for row in page.items {
                let lesson: Lesson =
                    serde_json::from_str(&row.body).map_err(|e| Error::corrupt(OPERATION, e))?;
                if lesson.at.as_second() + LESSON_KEPT_FOR > now.as_second() {
                    lessons.push(lesson);
                }
            }
            after = page.next;
            if after.is_none() || lessons.len() >= most {
                lessons.reverse();
                return Ok(lessons);
            }
        }
    }

    async fn put_item(
        &self,
        operation: &'static str,
        item: &item::Item,
        condition: Condition,
    ) -> Result<()> {
        match self.put_if(operation, item, condition).await? {
            Put::Written => Ok(()),
            Put::Refused { error, .. } => Err(error),
        }
    }
}
