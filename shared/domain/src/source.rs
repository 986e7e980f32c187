//! An agent's source text, valid by construction.

use crate::ArtifactDigest;

/// The most bytes an agent's artifact may have: 6.5 KiB.
pub const MAX_AGENT_BYTES: usize = 6_656;

/// Python source of at most [`MAX_AGENT_BYTES`]: UTF-8, not blank, without NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(String);

/// Why bytes are not a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing but white space.
    #[error("the source is empty")]
    Empty,
    /// Over the limit.
    #[error("the source has {bytes} bytes; the limit is {MAX_AGENT_BYTES}")]
    TooLarge {
        /// The size that was sent.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the source is not UTF-8: byte {valid_up_to} starts no valid character")]
    NotUtf8 {
        /// The offset of the first bad byte.
        valid_up_to: usize,
    },
    /// A NUL byte, which no Python source has.
    #[error("the source has a NUL byte at offset {offset}")]
    Nul {
        /// Its offset.
        offset: usize,
    },
}

impl Source {
    /// Checks `bytes` and takes them as source. A leading byte-order mark is part of the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SourceError> {
        if bytes.len() > MAX_AGENT_BYTES {
            return Err(SourceError::TooLarge { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|e| SourceError::NotUtf8 {
            valid_up_to: e.valid_up_to(),
        })?;
        if let Some(offset) = text.find('\0') {
            return Err(SourceError::Nul { offset });
        }
        if text.trim().is_empty() {
            return Err(SourceError::Empty);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Always `false`: an empty source cannot be built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The SHA-256 under which the artifact is stored.
    #[must_use]
    pub fn digest(&self) -> ArtifactDigest {
        ArtifactDigest::of(self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_inclusive() {
        assert!(Source::from_bytes(&[b'#'; MAX_AGENT_BYTES]).is_ok());
        assert_eq!(
            Source::from_bytes(&[b'#'; MAX_AGENT_BYTES + 1]).unwrap_err(),
            SourceError::TooLarge {
                bytes: MAX_AGENT_BYTES + 1
            }
        );
    }

    #[test]
    fn refuses_what_is_not_text() {
        assert_eq!(
            Source::from_bytes(b" \n\t").unwrap_err(),
            SourceError::Empty
        );
        assert_eq!(
            Source::from_bytes(b"ab\xff").unwrap_err(),
            SourceError::NotUtf8 { valid_up_to: 2 }
        );
        assert_eq!(
            Source::from_bytes(b"a\0").unwrap_err(),
            SourceError::Nul { offset: 1 }
        );
    }
}
