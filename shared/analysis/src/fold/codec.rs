//! Encodings that text is hidden in.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Base64, standard or URL-safe, with or without padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    STANDARD
        .decode(&text)
        .or_else(|_| URL_SAFE.decode(&text))
        .ok()
}

/// Base32, upper or lower case.
pub(super) fn base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0u32, 0u32);
    for c in text.trim_end_matches('=').chars() {
        let digit = match c.to_ascii_uppercase() {
            c @ 'A'..='Z' => u32::from(c) - u32::from('A'),
            c @ '2'..='7' => u32::from(c) - u32::from('2') + 26,
            _ => return None,
        };
        buffer = (buffer << 5) | digit;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
        buffer &= 0xff;
    }
    Some(bytes)
}

/// Ascii85, or with RFC 1924's alphabet the variant of `b85decode`.
pub(super) fn base85(text: &str, rfc1924: bool) -> Option<Vec<u8>> {
    const RFC1924: &str =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let digit = |c: char| {
        if rfc1924 {
            RFC1924.find(c).and_then(|i| u32::try_from(i).ok())
        } else {
            u32::from(c).checked_sub(33).filter(|digit| *digit < 85)
        }
    };
    let digits = text.chars().map(digit).collect::<Option<Vec<u32>>>()?;
    let mut bytes = Vec::new();
    for group in digits.chunks(5) {
        let mut value = 0u32;
        for i in 0..5 {
            let digit = group.get(i).copied().unwrap_or(84);
            value = value.checked_mul(85)?.checked_add(digit)?;
        }
        bytes.extend(value.to_be_bytes().into_iter().take(group.len() - 1));
    }
    Some(bytes)
}

/// Hexadecimal digits in pairs, with or without white space or `\x` between.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let text = text.replace("\\x", "");
    let digits = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<Vec<u32>>>()?;
    if digits.len() % 2 != 0 {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}

/// Bytes as hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)])
        .collect()
}

/// Each Latin letter moved on by half the alphabet.
pub(crate) fn rot13(text: &str) -> String {
    let rotate = |c: char, first: u8| {
        let place = (u32::from(c) - u32::from(first) + 13) % 26;
        char::from_u32(u32::from(first) + place).unwrap_or(c)
    };
    text.chars()
        .map(|c| match c {
            'a'..='z' => rotate(c, b'a'),
            'A'..='Z' => rotate(c, b'A'),
            _ => c,
        })
        .collect()
}

/// The bytes that `text` stands for, as hexadecimal or else as base64.
pub(crate) fn decoded_bytes(text: &str) -> Option<Vec<u8>> {
    hex(text).or_else(|| base64(text))
}

/// What `text` may be hiding: its readings as base64, base32 and hexadecimal, where they are
/// text themselves.
pub(crate) fn decodings(text: &str) -> Vec<String> {
    let text = text.trim();
    [hex(text), base64(text), base32(text)]
        .into_iter()
        .flatten()
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .filter(|decoded| {
            decoded
                .chars()
                .all(|c| !c.is_control() || c.is_whitespace())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_python_encodes() {
        assert_eq!(base64("aW1wb3J0IG9z").unwrap(), b"import os");
        assert_eq!(base64("aW1wb3J0IG9zIA").unwrap(), b"import os ");
        assert_eq!(base32("NFWXA33SOQQG64Y=").unwrap(), b"import os");
        assert_eq!(base85("X>D+Ca&#bXa{", true).unwrap(), b"import os");
        assert_eq!(base85("Bl.g-Ec`FBEr", false).unwrap(), b"import os");
        assert_eq!(hex("696d 706f").unwrap(), b"impo");
        assert_eq!(rot13("vzcbeg bF"), "import oS");
    }

    #[test]
    fn refuses_what_is_not_encoded() {
        assert_eq!(base64("not base64!"), None);
        assert_eq!(hex("abc"), None);
        assert_eq!(base32("0189"), None);
        assert!(decodings("plain words, plainly").is_empty());
    }
}
