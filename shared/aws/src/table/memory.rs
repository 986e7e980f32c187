//! What agents remember.
//!
//! Remembering and forgetting are effects of an invocation: each has a number, and is done under
//! `<invocation>/<number>`. A worker that was interrupted, or overtaken, does one again, perhaps
//! after the same key was written by others. So the number of the last effect on memory is kept
//! beside the invocation's record, written in the same transaction, and an effect that is not
//! later than it changes nothing: however often and however late an effect is repeated, it
//! happens once, where it stood among all writers' effects.

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{AgentName, EffectKey, TenantId};

use super::item::{self, Item};
use super::keys::{EXPIRES_AT, Key};
use super::{Condition, Table, Write, invocation_item, keys};
use crate::Result;

const REMEMBER: &str = "remember a value";
const FORGET: &str = "forget a value";
const RECALL: &str = "recall a value";

const CONTENT: &str = "content";

impl Table {
    /// What the agent remembers under `key`, unless that has expired.
    pub async fn recall(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Value>> {
        let found = self.item(RECALL, &keys::memory(tenant, agent, key)).await?;
        // Deletion may be days late.
        let expired = |item: &Item| {
            let expires_at = item.get(EXPIRES_AT).and_then(|value| value.as_n().ok());
            expires_at.is_some_and(|at| at.parse::<i64>().is_ok_and(|at| at <= now.as_second()))
        };
        found
            .filter(|item| !expired(item))
            .map(|item| item::json(RECALL, &item, CONTENT))
            .transpose()
    }

    /// Lets the agent remember `value` under `key`, until `expires_at` (to the second) if that is
    /// given. `by` is the effect that does so; done before, it is not done again.
    ///
    /// `key` has at least one character and at most 1,024 bytes, `value` some room in 400 KB.
    #[expect(clippy::too_many_arguments, reason = "an item has as many parts")]
    pub async fn remember(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        key: &str,
        value: &Value,
        expires_at: Option<Timestamp>,
        by: &EffectKey,
        now: Timestamp,
    ) -> Result<()> {
        let mut item = keys::memory(tenant, agent, key).attributes();
        item.insert(CONTENT.to_owned(), item::string(value.to_string()));
        if let Some(expires_at) = expires_at {
            let seconds = item::number(expires_at.as_second());
            item.insert(EXPIRES_AT.to_owned(), seconds);
        }
        let write = Write::Put(item::checked(REMEMBER, item)?, None);
        self.once(REMEMBER, tenant, by, write, now).await
    }

    /// Lets the agent forget what it remembers under `key`. `by` is the effect that does so; done
    /// before, it is not done again.
    pub async fn forget(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        key: &str,
        by: &EffectKey,
        now: Timestamp,
    ) -> Result<()> {
        let write = Write::Delete(keys::memory(tenant, agent, key), None);
        self.once(FORGET, tenant, by, write, now).await
    }

    /// Makes a write as the effect `by`, unless that effect or a later one was made.
    async fn once(
        &self,
        operation: &'static str,
        tenant: &TenantId,
        by: &EffectKey,
        write: Write,
        now: Timestamp,
    ) -> Result<()> {
        let key = keys::memory_mark(tenant, &by.invocation);
        let mark = Write::Put(mark(&key, by.number, now), Some(earlier_than(by.number)));
        // Refused, it was made before.
        self.transact_if(operation, vec![write, mark]).await?;
        Ok(())
    }
}

fn mark(key: &Key, number: u32, now: Timestamp) -> Item {
    let mut mark = key.attributes();
    mark.insert("last_effect".to_owned(), item::number(number));
    let expires_at = now.as_second() + invocation_item::LEDGER_KEPT_FOR;
    mark.insert(EXPIRES_AT.to_owned(), item::number(expires_at));
    mark
}

fn earlier_than(number: u32) -> Condition {
    Condition {
        expression: "attribute_not_exists(PK) OR last_effect < :last_effect",
        values: Some(Item::from([(
            ":last_effect".to_owned(),
            item::number(number),
        )])),
    }
}
