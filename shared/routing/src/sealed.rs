//! Bytes with a header: what they are, in which format, and their SHA-256.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tdev_domain::ArtifactDigest;

use crate::Error;

/// What a sealed value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A [`Snapshot`](crate::model::Snapshot).
    Snapshot,
    /// A [`Memory`](crate::model::Memory).
    Memory,
}

impl Kind {
    const fn magic(self) -> [u8; 8] {
        match self {
            Self::Snapshot => *b"TDEVROUT",
            Self::Memory => *b"TDEVRMEM",
        }
    }

    /// The format this build reads and writes.
    const fn format(self) -> u16 {
        match self {
            Self::Snapshot | Self::Memory => 1,
        }
    }
}

const FORMAT_AT: usize = 8;
const DIGEST_AT: usize = 10;
const BODY_AT: usize = DIGEST_AT + 64;

pub(crate) fn seal(kind: Kind, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let body = postcard::to_stdvec(value).map_err(Error::Encoding)?;
    let mut bytes = Vec::with_capacity(BODY_AT + body.len());
    bytes.extend(kind.magic());
    bytes.extend(kind.format().to_le_bytes());
    bytes.extend(ArtifactDigest::of(&body).as_str().as_bytes());
    bytes.extend(body);
    Ok(bytes)
}

pub(crate) fn open<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T, Error> {
    let (header, body) = bytes.split_at_checked(BODY_AT).ok_or(Error::NotAModel)?;
    if header[..FORMAT_AT] != kind.magic() {
        return Err(Error::NotAModel);
    }
    let found = u16::from_le_bytes([header[FORMAT_AT], header[FORMAT_AT + 1]]);
    if found != kind.format() {
        return Err(Error::Format {
            found,
            expected: kind.format(),
        });
    }
    if header[DIGEST_AT..] != *ArtifactDigest::of(body).as_str().as_bytes() {
        return Err(Error::Corrupt);
    }
    postcard::from_bytes(body).map_err(Error::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_damage_has_its_name() {
        let bytes = seal(Kind::Memory, &"body").unwrap();
        assert_eq!(open::<String>(Kind::Memory, &bytes).unwrap(), "body");

        let wrong_kind = open::<String>(Kind::Snapshot, &bytes);
        assert!(matches!(wrong_kind, Err(Error::NotAModel)));
        let short = open::<String>(Kind::Memory, &bytes[..20]);
        assert!(matches!(short, Err(Error::NotAModel)));

        let mut later = bytes.clone();
        later[FORMAT_AT] = 9;
        let later = open::<String>(Kind::Memory, &later);
        assert!(matches!(later, Err(Error::Format { found: 9, .. })));

        let mut damaged = bytes;
        *damaged.last_mut().unwrap() ^= 1;
        let damaged = open::<String>(Kind::Memory, &damaged);
        assert!(matches!(damaged, Err(Error::Corrupt)));
    }
}
