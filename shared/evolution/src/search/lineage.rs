//! Who was made of whom, as a chain that shows whether somebody changed it.
//!
//! Everybody who is ever in a population has an [`Entry`]. Each entry is chained to the one before
//! by its hash, SHA-256 of the hash before it followed by the entry's JSON text; the first one to
//! the search's identity. A checkpoint holds the hash of the last entry. Stored one record a line,
//! entries of a generation after those of the one before, they are a file that can only be added
//! to: with the hash from a checkpoint, [`verify`] finds the first line that was changed, left out,
//! moved or put in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::individual::Id;
use crate::Loss;

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

/// A text that is no [`Digest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits")]
pub struct NotADigest;

impl Digest {
    /// The digest of `parts`, one after another.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NotADigest),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(NotADigest);
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// How somebody came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who it is.
    pub id: Id,
    /// The island on which it was made.
    pub island: u32,
    /// Whom it was made of.
    pub parents: Vec<Id>,
    /// The operator that made it, or `agent`, `start` or `copy`.
    pub operator: String,
    /// SHA-256 of its block's text.
    pub block: Digest,
    /// Its mean loss on the cases of its generation.
    pub loss: Loss,
}

/// A line of a lineage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What chains it to the record before it, and all others to it.
    pub hash: Digest,
    /// The [`Entry`], in the text that is hashed.
    pub entry: Box<RawValue>,
}

/// Why a chain of records is not what was once written.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A line is no record.
    #[error("line {line}: not a record of a lineage")]
    Unreadable {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A record does not follow from those before it: it was changed, or something before it was
    /// left out, moved or put in.
    #[error("line {line}: does not follow from what stands before it")]
    Link {
        /// Its number, from 1.
        line: usize,
    },
    /// All that is there is right, but there were more, or others.
    #[error("after line {line}: what follows is missing")]
    End {
        /// The number of the last line, from 1; 0 if there is none.
        line: usize,
    },
}

impl Record {
    /// The record of `entry` after one with the hash `before`.
    pub(super) fn after(before: Digest, entry: &Entry) -> Result<Self, serde_json::Error> {
        let entry = serde_json::value::to_raw_value(entry)?;
        let hash = link(before, &entry);
        Ok(Self { hash, entry })
    }

    /// Whether it is what follows a record with the hash `before`.
    pub fn follows(&self, before: Digest) -> bool {
        self.hash == link(before, &self.entry)
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// If its text is no [`Entry`].
    pub fn entry(&self) -> Result<Entry, serde_json::Error> {
        serde_json::from_str(self.entry.get())
    }

    /// The records one a line, each with its line break.
    ///
    /// # Errors
    ///
    /// None for records that were made or read here.
    pub fn lines(records: &[Self]) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        for record in records {
            text.push_str(&serde_json::to_string(record)?);
            text.push('\n');
        }
        Ok(text)
    }
}

fn link(before: Digest, entry: &RawValue) -> Digest {
    Digest::of(&[&before.0, entry.get().as_bytes()])
}

/// The entries of `lines`, if they are what led from the hash `start` to the hash `head`: those of
/// some generations, and the heads of the checkpoints before and after them. Before the first
/// generation it is [`Population::identity`](super::Population::identity).
///
/// # Errors
///
/// [`Broken`] has the first line that is not as it was.
pub fn verify(lines: &str, start: Digest, head: Digest) -> Result<Vec<Entry>, Broken> {
    let mut entries = Vec::new();
    let mut before = start;
    for (index, text) in lines.lines().enumerate() {
        let line = index + 1;
        let unreadable = |source| Broken::Unreadable { line, source };
        let record: Record = serde_json::from_str(text).map_err(unreadable)?;
        if !record.follows(before) {
            return Err(Broken::Link { line });
        }
        entries.push(record.entry().map_err(unreadable)?);
        before = record.hash;
    }
    if before != head {
        let line = entries.len();
        return Err(Broken::End { line });
    }
    Ok(entries)
}

/// All who come of `id`, itself excluded.
pub fn descendants(entries: &[Entry], id: Id) -> BTreeSet<Id> {
    let mut children: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    for entry in entries {
        for parent in &entry.parents {
            children.entry(*parent).or_default().push(entry.id);
        }
    }
    let mut found = reached(id, |id| children.get(&id).map_or(&[], Vec::as_slice));
    found.remove(&id);
    found
}

/// All of whom `id` comes, itself included, the eldest first. Who has no entry is left out.
pub fn ancestors(entries: &[Entry], id: Id) -> Vec<&Entry> {
    let by_id: BTreeMap<Id, &Entry> = entries.iter().map(|entry| (entry.id, entry)).collect();
    let parents = |id| by_id.get(&id).map_or(&[][..], |entry| &entry.parents);
    let found = reached(id, parents);
    found
        .iter()
        .filter_map(|id| by_id.get(id).copied())
        .collect()
}

/// Everybody to whom `next` leads from `id`, itself included.
fn reached<'a>(id: Id, next: impl Fn(Id) -> &'a [Id]) -> BTreeSet<Id> {
    let mut found = BTreeSet::from([id]);
    let mut waiting = vec![id];
    while let Some(id) = waiting.pop() {
        for other in next(id) {
            if found.insert(*other) {
                waiting.push(*other);
            }
        }
    }
    found
}
