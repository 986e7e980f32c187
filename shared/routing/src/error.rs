//! What can be wrong with stored bytes, and with a rule as written.

/// Why a model or a memory cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes begin with no known header.
    #[error("the bytes are not what they should be: the header is missing or of another kind")]
    NotAModel,
    /// Written in a format that this build does not read.
    #[error("the bytes are in format {found}; this build reads format {expected}")]
    Format {
        /// The format of the bytes.
        found: u16,
        /// The format this build reads.
        expected: u16,
    },
    /// The bytes do not agree with their own hash, or the parts not with each other.
    #[error("the bytes are damaged")]
    Corrupt,
    /// The body cannot be encoded or decoded.
    #[error("the body cannot be encoded or decoded")]
    Encoding(#[source] postcard::Error),
}
