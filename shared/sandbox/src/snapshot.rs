//! A suspended run as bytes, and back.

use monty::FunctionCall;
use monty_types::MONTY_VERSION;
use serde::{Deserialize, Serialize};

use crate::memory;
use crate::run::{Session, Suspended, ToolCall};

const MAGIC: &[u8; 8] = b"TDEVSNAP";

/// The version of what this crate writes around the interpreter's own state.
const FORMAT_VERSION: u16 = 2;

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
    /// The contents are damaged.
    #[error("the snapshot is damaged")]
    Damaged,
    /// The state could not be written.
    #[error("the run could not be written as a snapshot")]
    Unwritable(#[source] postcard::Error),
}

#[derive(Serialize)]
struct PayloadRef<'a> {
    session: &'a Session,
    #[serde(with = "as_json")]
    call: &'a ToolCall,
    state: &'a FunctionCall,
}

#[derive(Deserialize)]
struct Payload {
    session: Session,
    #[serde(with = "as_json")]
    call: ToolCall,
    state: FunctionCall,
}

impl Suspended {
    /// The run as bytes: a header, a checksum and the state, the compiled agent included.
    ///
    /// The checksum finds damage, not malice: bytes from an untrusted writer must not be resumed.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, SnapshotFailure> {
        let payload = postcard::to_stdvec(&PayloadRef {
            session: &self.session,
            call: &self.call,
            state: &self.state,
        })
        .map_err(SnapshotFailure::Unwritable)?;
        let version = MONTY_VERSION.as_bytes();
        let mut bytes = Vec::with_capacity(payload.len() + version.len() + 15);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.push(u8::try_from(version.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(version);
        bytes.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
        bytes.extend_from_slice(&payload);
        Ok(bytes)
    }

    /// The run that [`Self::to_snapshot`] wrote.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, SnapshotFailure> {
        let payload = checked_payload(bytes)?;
        // The interpreter's decoder is not made for arbitrary bytes; the checksum rules out
        // accidents and this the rest.
        let (decoded, held) =
            memory::measured(|| memory::guarded(|| postcard::from_bytes::<Payload>(payload)));
        let Payload {
            mut session,
            call,
            state,
        } = decoded
            .map_err(|_| SnapshotFailure::Damaged)?
            .map_err(|_| SnapshotFailure::Damaged)?;
        session.held = held;
        Ok(Self {
            session,
            call,
            state: Box::new(state),
        })
    }
}

fn checked_payload(bytes: &[u8]) -> Result<&[u8], SnapshotFailure> {
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
    let (checksum, payload) = rest
        .split_first_chunk()
        .ok_or(SnapshotFailure::NotASnapshot)?;
    if crc32fast::hash(payload) == u32::from_le_bytes(*checksum) {
        Ok(payload)
    } else {
        Err(SnapshotFailure::Damaged)
    }
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
