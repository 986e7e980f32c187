//! What names a request that a client may send twice, after
//! draft-ietf-httpapi-idempotency-key-header.

use std::str::FromStr;

use sha2::{Digest, Sha256};
use tdev_domain::Invalid;

/// The value of an `Idempotency-Key` header: 1 to 255 visible ASCII characters, chosen by the
/// client, unique within its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// The most characters.
    pub const MAX_CHARS: usize = 255;

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=Self::MAX_CHARS).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "Idempotency-Key",
                "1 to 255 visible ASCII characters",
            ))
        }
    }
}

/// What two requests must have in common to be the same request: the SHA-256, in lower-case
/// hexadecimal, of method, path and body, each preceded by its length.
#[must_use]
pub fn fingerprint(method: &str, path: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        for good in [
            "a",
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            &"k".repeat(255),
        ] {
            assert_eq!(good.parse::<Key>().unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\tb", "é", "\u{7f}", &"k".repeat(256)] {
            assert!(bad.parse::<Key>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn fingerprints_tell_requests_apart(a in any::<[String; 3]>(), b in any::<[String; 3]>()) {
            let of = |r: &[String; 3]| fingerprint(&r[0], &r[1], r[2].as_bytes());
            prop_assert_eq!(of(&a) == of(&b), a == b);
        }

        #[test]
        fn moving_a_byte_between_parts_changes_it(text in "[a-z]{2,8}", cut in 1usize..8) {
            prop_assume!(cut < text.len());
            let (head, tail) = text.split_at(cut);
            prop_assert_ne!(
                fingerprint("POST", head, tail.as_bytes()),
                fingerprint("POST", &text, b"")
            );
        }
    }
}
