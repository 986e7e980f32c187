//! How a snapshot is sealed: encrypted with AES-256-GCM under a data key.
//!
//! ```text
//! format (1 byte) │ length of the wrapped key (2 bytes, little-endian) │ wrapped key
//!                 │ nonce (12 bytes) │ ciphertext and tag
//! ```
//!
//! What a seal belongs to is authenticated with it: the tenant, the invocation and the effect. A
//! snapshot that is put in the place of another one's is not opened. Whoever writes snapshots
//! compresses them; a seal cannot be compressed.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use tdev_domain::Invocation;

const FORMAT: u8 = 2;
const NONCE_BYTES: usize = 12;

/// Why a seal could not be made or opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum SealError {
    /// It does not begin as a seal does.
    #[error("not a sealed snapshot")]
    NotASeal,
    /// Another build sealed it in another way.
    #[error("the snapshot is sealed in format {found}; this build opens {FORMAT}")]
    Format {
        /// How it is sealed.
        found: u8,
    },
    /// It is damaged, or not what it is taken for, or the key is another.
    #[error("the sealed snapshot is damaged, or belongs elsewhere")]
    Forged,
    /// No random numbers were to be had, or the snapshot is beyond all measure.
    #[error("the snapshot cannot be sealed")]
    Unsealable,
}

/// What a seal belongs to.
#[derive(Debug)]
pub(crate) struct Context(String);

impl Context {
    /// The snapshot of `invocation` at its effect `number`.
    #[must_use]
    pub(crate) fn of(invocation: &Invocation, number: u32) -> Self {
        Self(format!("{}/{}/{number}", invocation.tenant, invocation.id))
    }
}

/// Seals `snapshot` under `key`, whose `wrapped` form is kept with it.
///
/// # Errors
/// [`SealError::Unsealable`].
pub(crate) fn seal(
    key: &[u8; 32],
    wrapped: &[u8],
    context: &Context,
    snapshot: &[u8],
) -> Result<Vec<u8>, SealError> {
    let length = u16::try_from(wrapped.len()).map_err(|_| SealError::Unsealable)?;
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|_| SealError::Unsealable)?;
    let payload = Payload {
        msg: snapshot,
        aad: context.0.as_bytes(),
    };
    let ciphertext = Aes256Gcm::new(key.into())
        .encrypt(Nonce::from_slice(&nonce), payload)
        .map_err(|_| SealError::Unsealable)?;
    let mut sealed = vec![FORMAT];
    sealed.extend(length.to_le_bytes());
    sealed.extend(wrapped);
    sealed.extend(nonce);
    sealed.extend(ciphertext);
    Ok(sealed)
}

/// A seal, taken apart.
#[derive(Debug)]
pub(crate) struct Sealed<'a> {
    /// The key it was made with, as KMS wrapped it.
    pub(crate) wrapped: &'a [u8],
    nonce: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Takes a seal apart.
    ///
    /// # Errors
    /// [`SealError::NotASeal`], [`SealError::Format`].
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, SealError> {
        let (&found, rest) = bytes.split_first().ok_or(SealError::NotASeal)?;
        if found != FORMAT {
            return Err(SealError::Format { found });
        }
        let (length, rest) = rest.split_first_chunk().ok_or(SealError::NotASeal)?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (wrapped, rest) = rest.split_at_checked(length).ok_or(SealError::NotASeal)?;
        let (nonce, ciphertext) = rest
            .split_at_checked(NONCE_BYTES)
            .ok_or(SealError::NotASeal)?;
        Ok(Self {
            wrapped,
            nonce,
            ciphertext,
        })
    }

    /// The snapshot.
    ///
    /// # Errors
    /// [`SealError::Forged`].
    pub(crate) fn open(&self, key: &[u8; 32], context: &Context) -> Result<Vec<u8>, SealError> {
        let payload = Payload {
            msg: self.ciphertext,
            aad: context.0.as_bytes(),
        };
        Aes256Gcm::new(key.into())
            .decrypt(Nonce::from_slice(self.nonce), payload)
            .map_err(|_| SealError::Forged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn context(text: &str) -> Context {
        Context(text.to_owned())
    }

    fn open(bytes: &[u8], key: &[u8; 32], of: &str) -> Result<Vec<u8>, SealError> {
        Sealed::parse(bytes)?.open(key, &context(of))
    }

    #[test]
    fn a_seal_is_opened_by_its_key_in_its_place_alone() {
        let sealed = seal(&KEY, b"wrapped", &context("a/1"), b"snapshot").unwrap();
        assert_eq!(Sealed::parse(&sealed).unwrap().wrapped, b"wrapped");
        assert_eq!(open(&sealed, &KEY, "a/1"), Ok(b"snapshot".to_vec()));
        assert_eq!(open(&sealed, &KEY, "a/2"), Err(SealError::Forged));
        assert_eq!(open(&sealed, &[8; 32], "a/1"), Err(SealError::Forged));
    }

    #[test]
    fn the_same_snapshot_is_never_sealed_the_same() {
        let seals = [(); 2].map(|()| seal(&KEY, b"w", &context("a"), b"snapshot").unwrap());
        assert_ne!(seals[0], seals[1]);
    }

    #[test]
    fn another_format_is_told_from_damage() {
        assert_eq!(
            open(&[1, 0, 0], &KEY, "a"),
            Err(SealError::Format { found: 1 })
        );
        for bytes in [&[][..], &[2], &[2, 9, 0, 1], &[2, 0, 0, 1, 2, 3]] {
            assert_eq!(
                open(bytes, &KEY, "a"),
                Err(SealError::NotASeal),
                "{bytes:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_snapshot_comes_back(
            snapshot in prop::collection::vec(any::<u8>(), 0..5_000),
            wrapped in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let sealed = seal(&KEY, &wrapped, &context("a"), &snapshot).unwrap();
            prop_assert_eq!(open(&sealed, &KEY, "a"), Ok(snapshot));
        }

        #[test]
        fn any_flipped_bit_is_noticed(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut sealed = seal(&KEY, b"wrapped", &context("a"), b"snapshot").unwrap();
            let place = place.index(sealed.len());
            sealed[place] ^= 1_u8 << bit;
            // The wrapped key is authenticated by KMS, not here.
            let in_key = (3..10).contains(&place);
            prop_assert_eq!(open(&sealed, &KEY, "a").is_ok(), in_key);
        }
    }
}
