//! Records that are stored as one compressed text, with their large parts beside the item.
//!
//! A part of more than [`INLINE_BYTES`] is a value in the bucket, and the item has its digest: so
//! no item comes near the 400 KB that DynamoDB allows. Which parts may be large is for each kind
//! of record to say, as JSON pointers.

use std::collections::BTreeMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{ArtifactDigest, TenantId};

use super::item::Item;
use super::packed::Sample;
use crate::{Error, Objects, Result};

/// The most bytes of JSON that a part may have in an item.
pub(super) const INLINE_BYTES: usize = 8 * 1024;

/// The attribute that the record is in.
pub(super) const BODY: &str = "body";

/// Whose values they are, and what the records look like.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) tenant: &'a TenantId,
    /// By what its values are found in the bucket, beside its tenant.
    pub(super) name: &'a (dyn Display + Sync),
    pub(super) sample: Sample,
}

#[derive(Serialize, Deserialize)]
struct Body {
    content: Value,
    /// By the pointer to what `content` lacks, its digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    beside: BTreeMap<String, ArtifactDigest>,
}

/// The attribute that keeps `record`. What is large at `pointers` is stored beside first.
pub(super) async fn encode<T: Serialize + Sync>(
    operation: &'static str,
    objects: &Objects,
    owner: Owner<'_>,
    record: &T,
    pointers: &[&str],
) -> Result<AttributeValue> {
    let mut content = serde_json::to_value(record).map_err(|e| Error::rejected(operation, e))?;
    let mut beside = BTreeMap::new();
    for &pointer in pointers {
        let Some(part) = content.pointer_mut(pointer) else {
            continue;
        };
        let json = part.to_string();
        if json.len() > INLINE_BYTES {
            *part = Value::Null;
            let digest = objects.put_value(owner.tenant, owner.name, json).await?;
            beside.insert(pointer.to_owned(), digest);
        }
    }
    owner.sample.pack(operation, &Body { content, beside })
}

/// The record of an item, with all its parts.
pub(super) async fn decode<T: DeserializeOwned>(
    operation: &'static str,
    objects: &Objects,
    owner: Owner<'_>,
    item: &Item,
) -> Result<T> {
    let body: Body = owner.sample.unpack(operation, item, BODY)?;
    let mut content = body.content;
    for (pointer, digest) in body.beside {
        let json = objects.value(owner.tenant, owner.name, &digest).await?;
        let Some(part) = content.pointer_mut(&pointer) else {
            let message = format!("there is no place for {pointer}");
            return Err(Error::corrupt(operation, message));
        };
        *part = serde_json::from_slice(&json).map_err(|e| Error::corrupt(operation, e))?;
    }
    serde_json::from_value(content).map_err(|e| Error::corrupt(operation, e))
}
