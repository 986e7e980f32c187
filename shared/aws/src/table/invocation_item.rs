//! How an invocation's record, and an addition to its ledger, become items and back.
//!
//! Most of a record is a client's values, and none of it but the revision takes part in a
//! condition, so the record is stored as one compressed text (`body`). A value of more than
//! [`INLINE_BYTES`] is stored beside the item and `body` has its digest: so no item comes near the
//! 400 KB that DynamoDB allows, and what a run carries along is written once and not at every
//! effect. A snapshot that is in the record is an attribute of its own, as bytes. So is the last
//! addition to the ledger, if it is small and comes with the end of the run: it never moves from
//! there, as a final record never changes, and saves an item of its own.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{
    Answer, ArtifactDigest, Effect, Invocation, InvocationId, InvocationStatus, Stage, Stored,
    TenantId,
};

use super::due::{self, EARLY};
use super::item::{self, Item};
use super::keys::EXPIRES_AT;
use super::{invocation_listing, keys, packed};
use crate::{Error, Objects, Result};

/// The most bytes of JSON that a value may have in an item.
const INLINE_BYTES: usize = 8 * 1024;

/// How long after its acceptance an invocation's first place on the agenda is: while the message
/// that calls a worker is still to be waited for.
const FIRST_LOOK: SignedDuration = SignedDuration::from_secs(20);

/// How long an invocation is kept after its end, in seconds.
const KEPT_FOR: i64 = 30 * 24 * 60 * 60;

/// How long a part of a ledger is kept that is written before the end, in seconds. A run of less
/// than 370 days so has its whole ledger for as long as it is kept itself.
pub(super) const LEDGER_KEPT_FOR: i64 = 400 * 24 * 60 * 60;

const BODY: &str = "body";
const SNAPSHOT: &str = "snapshot";
const LEDGER: &str = "ledger";

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Input,
    Output,
    Args,
    Answer,
    Gathered,
    Logs,
}

#[derive(Serialize, Deserialize)]
struct Body<T> {
    content: T,
    /// Where `content` lacks a value, its digest.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    beside: BTreeMap<Place, ArtifactDigest>,
}

/// The effects of an addition, or the digest of them as a value.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Addition {
    Here(Vec<Effect>),
    Beside(ArtifactDigest),
}

/// The item of `record`. Large values are stored beside it first.
pub(super) async fn encode(
    operation: &'static str,
    objects: &Objects,
    record: &Invocation,
) -> Result<Item> {
    let mut content = record.clone();
    let mut item = keys::invocation(&record.tenant, &record.id).attributes();
    if let Some(Stored::Inline(bytes)) = &mut content.snapshot {
        let bytes = Blob::new(std::mem::take(bytes));
        item.insert(SNAPSHOT.to_owned(), AttributeValue::B(bytes));
    }
    let mut beside = BTreeMap::new();
    for (place, json) in take_large(&mut content).map_err(|e| Error::rejected(operation, e))? {
        let digest = objects.put_value(&record.tenant, &record.id, json).await?;
        beside.insert(place, digest);
    }
    let body = packed::pack(operation, &Body { content, beside })?;
    // What was only accepted is not listed: what is soon over enters the index once.
    if record.revision > 0 {
        let listed = invocation_listing::attributes(record);
        item.extend(listed.map_err(|e| Error::rejected(operation, e))?);
    }
    item.insert(BODY.to_owned(), body);
    let revision = AttributeValue::N(record.revision.to_string());
    item.insert("revision".to_owned(), revision);
    if let Some(due_at) = record.due_at {
        let at = agenda_time(record.created_at, due_at);
        item.extend(due::attributes(&record.id, at));
    }
    if record.status.is_final() {
        item.insert(EXPIRES_AT.to_owned(), item::number(end_of_keeping(record)));
    }
    item::checked(operation, item)
}

/// The record of an item, with all its values.
pub(super) async fn decode(
    operation: &'static str,
    objects: &Objects,
    mut item: Item,
) -> Result<Invocation> {
    let body: Body<Invocation> = packed::unpack(operation, &item, BODY)?;
    let mut record = body.content;
    if let Some(Stored::Inline(bytes)) = &mut record.snapshot {
        let Some(AttributeValue::B(blob)) = item.remove(SNAPSHOT) else {
            return Err(Error::corrupt(operation, "there is no snapshot"));
        };
        *bytes = blob.into_inner();
    }
    let (tenant, id) = (record.tenant.clone(), record.id.clone());
    for (place, digest) in body.beside {
        let json = objects.value(&tenant, &id, &digest).await?;
        put_back(&mut record, place, &json).map_err(|e| Error::corrupt(operation, e))?;
    }
    Ok(record)
}

/// The item of `effects`, which are added to the ledger of `record` and not none.
pub(super) async fn encode_addition(
    operation: &'static str,
    objects: &Objects,
    record: &Invocation,
    first: u32,
    effects: &[Effect],
) -> Result<Item> {
    let rejected = |e: serde_json::Error| Error::rejected(operation, e);
    let json = serde_json::to_string(effects).map_err(rejected)?;
    let addition = if json.len() > INLINE_BYTES {
        Addition::Beside(objects.put_value(&record.tenant, &record.id, json).await?)
    } else {
        Addition::Here(effects.to_vec())
    };
    let body = packed::pack(operation, &addition)?;
    let mut item = keys::effects(&record.tenant, &record.id, first).attributes();
    item.insert(BODY.to_owned(), body);
    let expires_at = if record.status.is_final() {
        end_of_keeping(record)
    } else {
        record.updated_at.as_second() + LEDGER_KEPT_FOR
    };
    item.insert(EXPIRES_AT.to_owned(), item::number(expires_at));
    Ok(item)
}

/// The effects of an addition to a ledger.
pub(super) async fn decode_addition(
    operation: &'static str,
    objects: &Objects,
    tenant: &TenantId,
    id: &InvocationId,
    item: &Item,
) -> Result<Vec<Effect>> {
    match packed::unpack(operation, item, BODY)? {
        Addition::Here(effects) => Ok(effects),
        Addition::Beside(digest) => {
            let json = objects.value(tenant, id, &digest).await?;
            serde_json::from_slice(&json).map_err(|e| Error::corrupt(operation, e))
        }
    }
}

/// Keeps the last addition to the ledger in the final item of its record. `false` if it is too
/// large for that.
pub(super) fn keep_ledger(
    operation: &'static str,
    item: &mut Item,
    effects: &[Effect],
) -> Result<bool> {
    let json = serde_json::to_string(effects).map_err(|e| Error::rejected(operation, e))?;
    let fits = json.len() <= INLINE_BYTES;
    if fits {
        item.insert(LEDGER.to_owned(), packed::pack(operation, &effects)?);
    }
    Ok(fits)
}

/// The addition to the ledger that the item of a record keeps.
pub(super) fn kept_ledger(operation: &'static str, item: &Item) -> Result<Vec<Effect>> {
    if item.contains_key(LEDGER) {
        packed::unpack(operation, item, LEDGER)
    } else {
        Ok(Vec::new())
    }
}

/// The agenda's time for a record that is due at `due_at`: a whole number of minutes from when it
/// was accepted and a worker should have come, and less than [`EARLY`] early. So a run that is
/// soon over stands in one place from its acceptance on; what is found early is left for the next
/// time.
fn agenda_time(created_at: Timestamp, due_at: Timestamp) -> Timestamp {
    let first = created_at.saturating_add(FIRST_LOOK).unwrap_or(due_at);
    let periods = due_at.duration_since(first).as_secs() / EARLY.as_secs();
    first
        .checked_add(SignedDuration::from_secs(periods * EARLY.as_secs()))
        .unwrap_or(due_at)
        .min(due_at)
}

fn end_of_keeping(record: &Invocation) -> i64 {
    record.updated_at.as_second() + KEPT_FOR
}

/// The JSON values of a record, by place.
fn values(record: &mut Invocation) -> Vec<(Place, &mut Value)> {
    let mut values = vec![(Place::Input, &mut record.input)];
    if let InvocationStatus::Completed { output } = &mut record.status {
        values.push((Place::Output, output));
    }
    if let Some(pending) = &mut record.pending {
        values.push((Place::Args, &mut pending.call.args));
        if let Stage::Answered(Answer::Value(answer)) = &mut pending.stage {
            values.push((Place::Answer, answer));
        }
    }
    values
}

/// Takes out what is too large for the item, as JSON.
fn take_large(record: &mut Invocation) -> Result<Vec<(Place, String)>, serde_json::Error> {
    let mut large = Vec::new();
    for (place, value) in values(record) {
        let json = value.to_string();
        if json.len() > INLINE_BYTES {
            *value = Value::Null;
            large.push((place, json));
        }
    }
    let gathered = serde_json::to_string(&record.gathered)?;
    if gathered.len() > INLINE_BYTES {
        record.gathered.clear();
        large.push((Place::Gathered, gathered));
    }
    let logs = serde_json::to_string(&record.report.logs)?;
    if logs.len() > INLINE_BYTES {
        record.report.logs.clear();
        large.push((Place::Logs, logs));
    }
    Ok(large)
}

fn put_back(record: &mut Invocation, place: Place, json: &[u8]) -> Result<(), serde_json::Error> {
    match place {
        Place::Gathered => record.gathered = serde_json::from_slice(json)?,
        Place::Logs => record.report.logs = serde_json::from_slice(json)?,
        Place::Input | Place::Output | Place::Args | Place::Answer => {}
    }
    for (_, value) in values(record).into_iter().filter(|(of, _)| *of == place) {
        *value = serde_json::from_slice(json)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn a_place_on_the_agenda_is_kept_and_never_too_late() {
        let accepted: Timestamp = "2026-01-01T00:00:07Z".parse().unwrap();
        let first = accepted + 20.seconds();
        for (due, place) in [
            // The message that is waited for; leases of a run that is soon over.
            (20, 20),
            (45, 20),
            (79, 20),
            // A run that takes longer, and one that sleeps for a day.
            (80, 80),
            (150, 140),
            (86_400, 86_360),
            // A clock that went back.
            (-5, -5),
        ] {
            let due = accepted + due.seconds();
            let found = agenda_time(accepted, due);
            assert_eq!(found, accepted + place.seconds());
            assert!(found <= due && (due < first || due < found + 1.minute()));
        }
    }
}
