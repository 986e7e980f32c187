//! A suspended run as bytes, and back.

use std::collections::BTreeMap;

use monty_types::MONTY_VERSION;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::AgentFailure;

use crate::run::{Paused, Session, Suspended, ToolCall, Usage};
use crate::{Program, memory};

const MAGIC: &[u8; 8] = b"TDEVSNAP";

/// The version of what this crate writes around the interpreter's own state.
const FORMAT_VERSION: u16 = 4;

/// The header without the interpreter's version.
const HEADER_BYTES: usize = MAGIC.len() + 2 + 1 + 4 + 4;

/// Why bytes are not a snapshot that this build can resume, or a run cannot be written as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum SnapshotFailure {
    /// The bytes begin otherwise than a snapshot does, or end too soon.
    #[error("not a snapshot of a suspended run")]
    NotASnapshot,
    /// Written by another version of this crate.
    #[error("the snapshot has format {found}; this build reads {FORMAT_VERSION}")]
    Format {
        /// The version it was written with.
        found: u16,
    },
    /// Written with another interpreter, whose compiled code and state differ.
    #[error("the snapshot is of interpreter {found}; this build has {MONTY_VERSION}")]
    Interpreter {
        /// The interpreter's version.
        found: String,
    },
    /// Of a run of another program: of another source, with other tools, or compiled otherwise by
    /// another build.
    #[error("the snapshot is of another program, or of another build's form of it")]
    OtherProgram,
    /// The source that it is to be restored with does not compile.
    #[error("the program of the snapshot does not compile")]
    Uncompilable(#[source] AgentFailure),
    /// The contents are damaged.
    #[error("the snapshot is damaged")]
    Damaged,
    /// The state could not be written.
    #[error("the run could not be written as a snapshot")]
    Unwritable(#[source] postcard::Error),
    /// The state is larger than the largest memory an agent may have, or than what there is.
    #[error("the run is too large for a snapshot")]
    TooLarge,
}

/// What a snapshot holds beyond the program.
#[derive(Serialize)]
struct StateRef<'a> {
    usage: &'a Usage,
    #[serde(with = "as_json")]
    calls: &'a [ToolCall],
    #[serde(with = "as_json")]
    made: &'a BTreeMap<u32, ToolCall>,
    #[serde(with = "as_json")]
    given: &'a BTreeMap<u32, Result<Value, String>>,
    interpreter: &'a Paused,
}

#[derive(Deserialize)]
struct State {
    usage: Usage,
    #[serde(with = "as_json")]
    calls: Vec<ToolCall>,
    #[serde(with = "as_json")]
    made: BTreeMap<u32, ToolCall>,
    #[serde(with = "as_json")]
    given: BTreeMap<u32, Result<Value, String>>,
    interpreter: Paused,
}

impl Suspended {
    /// The run as bytes: a header, a checksum, and the state, compressed against the compiled
    /// program, which whoever restores the run has to have.
    ///
    /// The checksum finds damage, not malice: bytes from an untrusted writer must not be resumed.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, SnapshotFailure> {
        let state = postcard::to_stdvec(&StateRef {
            usage: &self.session.usage,
            calls: &self.calls,
            made: &self.session.made,
            given: &self.session.given,
            interpreter: &self.state,
        })
        .map_err(SnapshotFailure::Unwritable)?;
        let reference = self.session.program.reference()?;
        let frame = reference
            .compress(&state)
            .map_err(|_| SnapshotFailure::TooLarge)?;
        let version = MONTY_VERSION.as_bytes();
        let mut bytes = Vec::with_capacity(HEADER_BYTES + version.len() + frame.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.push(u8::try_from(version.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(version);
        bytes.extend_from_slice(&reference.digest().to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&frame).to_le_bytes());
        bytes.extend_from_slice(&frame);
        Ok(bytes)
    }

    /// The run of `program` that [`Self::to_snapshot`] wrote.
    pub fn from_snapshot(program: &Program, bytes: &[u8]) -> Result<Self, SnapshotFailure> {
        let reference = program.reference()?;
        let frame = checked_frame(bytes, reference.digest())?;
        let written = reference
            .decompress(frame)
            .map_err(|_| SnapshotFailure::Damaged)?;
        // The interpreter's decoder is not made for arbitrary bytes; the checksum rules out
        // accidents and this the rest.
        let (decoded, held) =
            memory::measured(|| memory::guarded(|| postcard::from_bytes::<State>(&written)));
        let State {
            usage,
            calls,
            made,
            given,
            interpreter,
        } = decoded
            .map_err(|_| SnapshotFailure::Damaged)?
            .map_err(|_| SnapshotFailure::Damaged)?;
        let session = Session {
            program: program.clone(),
            usage,
            made,
            given,
            held,
        };
        Ok(Self {
            session,
            calls,
            state: Box::new(interpreter),
        })
    }
}

/// The compressed state of a snapshot of a run of the program with this digest.
fn checked_frame(bytes: &[u8], program: u32) -> Result<&[u8], SnapshotFailure> {
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or(SnapshotFailure::NotASnapshot)?;
    let (format, rest) = rest
        .split_first_chunk()
        .ok_or(SnapshotFailure::NotASnapshot)?;
    let found = u16::from_le_bytes(*format);
    if found != FORMAT_VERSION {
        return Err(SnapshotFailure::Format { found });
    }
    let (length, rest) = rest.split_first().ok_or(SnapshotFailure::NotASnapshot)?;
    let (version, rest) = rest
        .split_at_checked((*length).into())
        .ok_or(SnapshotFailure::NotASnapshot)?;
    if version != MONTY_VERSION.as_bytes() {
        return Err(SnapshotFailure::Interpreter {
            found: String::from_utf8_lossy(version).into_owned(),
        });
    }
    let (digest, rest) = rest
        .split_first_chunk()
        .ok_or(SnapshotFailure::NotASnapshot)?;
    let (checksum, frame) = rest
        .split_first_chunk()
        .ok_or(SnapshotFailure::NotASnapshot)?;
    if u32::from_le_bytes(*digest) != program {
        return Err(SnapshotFailure::OtherProgram);
    }
    if crc32fast::hash(frame) != u32::from_le_bytes(*checksum) {
        return Err(SnapshotFailure::Damaged);
    }
    Ok(frame)
}

/// Writes a field as JSON text, for types whose form is not known beforehand.
pub(crate) mod as_json {
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(value).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(de::Error::custom)
    }
}
