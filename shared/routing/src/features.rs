//! Text to hashed n-grams.
//!
//! A text has two views, each with its own half of the buckets: words (single words, their first
//! four characters, which most forms of a word share, and pairs of neighbours, the ends of the text
//! included) and the inner structure of words (2 to 5 characters within a word's boundaries).
//! Letters are lower-cased, every digit becomes `0`, apostrophes and combining accents vanish, `?`
//! and `$` are words of their own, and everything else separates words.

use std::ops::Range;

/// Buckets of one view.
pub(crate) const VIEW_BUCKETS: usize = 1 << 14;
/// Buckets of both views together.
pub const BUCKETS: usize = 2 * VIEW_BUCKETS;
/// How many different fingerprints words have.
pub(crate) const FINGERPRINTS: usize = 1 << 19;
/// Characters read of a text; the rest is ignored, which bounds the time of a decision.
pub const MAX_CHARS: usize = 1_024;

const CHARACTER_GRAMS: Range<usize> = 2..6;
/// How many characters of a word are its stem.
const STEM: usize = 4;
const WORD: u64 = 1;
const PAIR: u64 = 2;
const CHARACTERS: u64 = 3;
const START: u64 = 4;

/// A bucket and how often a text falls into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The bucket, below [`BUCKETS`].
    pub bucket: u32,
    /// How often, from 1.
    pub count: u32,
}

/// The n-grams of one text. Owned by the caller and read into again and again, so that reading
/// allocates nothing once the buffers have grown.
#[derive(Debug, Clone, Default)]
pub struct Bag {
    normal: String,
    words: Vec<Range<usize>>,
    hashes: Vec<u32>,
    terms: Vec<Term>,
    fingerprints: Vec<u32>,
}

impl Bag {
    /// A bag with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces what is in the bag by the n-grams of `text`.
    pub fn read(&mut self, text: &str) {
        self.normalise(text);
        self.hashes.clear();
        self.fingerprints.clear();
        let mut previous = "<";
        for range in &self.words {
            let word = &self.normal[range.clone()];
            add_word(&mut self.hashes, &mut self.fingerprints, hash(WORD, word));
            let pair = pair(previous, word);
            add_word(&mut self.hashes, &mut self.fingerprints, pair);
            let stem = hash(START, stem(word));
            self.hashes.push(low_bits(stem, VIEW_BUCKETS));
            add_characters(&mut self.hashes, word);
            previous = word;
        }
        if !self.words.is_empty() {
            let pair = pair(previous, ">");
            add_word(&mut self.hashes, &mut self.fingerprints, pair);
        }
        self.hashes.sort_unstable();
        self.terms.clear();
        for &bucket in &self.hashes {
            match self.terms.last_mut() {
                Some(term) if term.bucket == bucket => term.count += 1,
                _ => self.terms.push(Term { bucket, count: 1 }),
            }
        }
    }

    /// The terms, in ascending order of bucket.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// A finer hash of every word and pair, in the order of the text: buckets are shared by too
    /// many words to tell whether one has been seen before.
    pub(crate) fn fingerprints(&self) -> &[u32] {
        &self.fingerprints
    }

    fn normalise(&mut self, text: &str) {
        self.normal.clear();
        self.words.clear();
        let mut start = 0;
        let folded = text.chars().take(MAX_CHARS).flat_map(char::to_lowercase);
        for c in folded {
            if c.is_alphabetic() {
                self.normal.push(c);
            } else if c.is_numeric() {
                self.normal.push('0');
            } else if !matches!(c, '\'' | '\u{2019}' | '\u{300}'..='\u{36f}') {
                start = self.end_word(start);
                if matches!(c, '?' | '$') {
                    self.normal.push(c);
                    start = self.end_word(start);
                }
            }
        }
        self.end_word(start);
    }

    /// Makes what follows `start` a word, and returns where the next one starts.
    fn end_word(&mut self, start: usize) -> usize {
        let end = self.normal.len();
        if end > start {
            self.words.push(start..end);
        }
        end
    }
}

fn add_word(buckets: &mut Vec<u32>, fingerprints: &mut Vec<u32>, hash: u64) {
    buckets.push(low_bits(hash, VIEW_BUCKETS));
    fingerprints.push(low_bits(hash >> 32, FINGERPRINTS));
}

fn stem(word: &str) -> &str {
    match word.char_indices().nth(STEM) {
        Some((end, _)) => &word[..end],
        None => word,
    }
}

fn add_characters(buckets: &mut Vec<u32>, word: &str) {
    let offset = low_bits(VIEW_BUCKETS as u64, BUCKETS);
    let starts = std::iter::once(None).chain(word.char_indices().map(Some));
    for start in starts {
        // The n-gram begins at the word's left edge, or at one of its characters.
        let (mut state, rest) = match start {
            None => (feed(basis(CHARACTERS), "<"), word),
            Some((at, c)) => {
                let rest = &word[at + c.len_utf8()..];
                (feed(basis(CHARACTERS), &word[at..at + c.len_utf8()]), rest)
            }
        };
        let mut buffer = [0; 4];
        let following = rest.chars().chain(std::iter::once('>'));
        for (length, c) in CHARACTER_GRAMS.zip(following) {
            debug_assert!(length >= CHARACTER_GRAMS.start);
            state = feed(state, c.encode_utf8(&mut buffer));
            buckets.push(offset + low_bits(finish(state), VIEW_BUCKETS));
        }
    }
}

fn pair(first: &str, second: &str) -> u64 {
    finish(feed(feed(feed(basis(PAIR), first), " "), second))
}

fn hash(kind: u64, text: &str) -> u64 {
    finish(feed(basis(kind), text))
}

/// FNV-1a, started differently for each kind of n-gram.
const fn basis(kind: u64) -> u64 {
    0xcbf2_9ce4_8422_2325 ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn feed(state: u64, text: &str) -> u64 {
    text.bytes().fold(state, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Spreads the state over all bits, which FNV alone does not do for the low ones.
const fn finish(state: u64) -> u64 {
    let mixed = (state ^ (state >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

/// `hash` modulo `size`, a power of two of at most 2³².
#[expect(
    clippy::cast_possible_truncation,
    reason = "the mask leaves fewer than 32 bits"
)]
const fn low_bits(hash: u64, size: usize) -> u32 {
    (hash & (size as u64 - 1)) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bag(text: &str) -> Bag {
        let mut bag = Bag::new();
        bag.read(text);
        bag
    }

    fn words(text: &str) -> Vec<String> {
        let bag = bag(text);
        bag.words
            .iter()
            .map(|range| bag.normal[range.clone()].to_owned())
            .collect()
    }

    #[test]
    fn case_digits_and_punctuation_are_folded() {
        assert_eq!(
            words("What's my 401k worth, in USD?"),
            ["whats", "my", "000k", "worth", "in", "usd", "?"]
        );
        assert_eq!(words("STRASSE straße"), ["strasse", "straße"]);
        assert_eq!(words("cafe\u{301}"), ["cafe"]);
        assert_eq!(words(" \n—!"), Vec::<String>::new());
    }

    #[test]
    fn counts_every_n_gram() {
        // Word and stem `ab`, pairs `< ab` and `ab >`; `<a`, `<ab`, `<ab>`, `ab`, `ab>`, `b>`.
        let total: u32 = bag("ab").terms().iter().map(|term| term.count).sum();
        assert_eq!(total, 10);
        assert_eq!(bag("ab").fingerprints().len(), 3);
        assert!(bag("").terms().is_empty());
    }

    #[test]
    fn the_views_share_no_bucket() {
        let bag = bag("transfer");
        let of_words = |term: &&Term| (term.bucket as usize) < VIEW_BUCKETS;
        assert_eq!(bag.terms().iter().filter(of_words).count(), 4);
        assert!(bag.terms().len() > 3);
    }

    #[test]
    fn forms_of_a_word_share_their_stem() {
        assert_eq!(
            ["book", "booked", "bo", "\u{fc}ber\u{fc}hmt"].map(stem),
            ["book", "book", "bo", "\u{fc}ber"]
        );
        let words = |text: &str| -> Vec<u32> {
            let terms = bag(text).terms().to_vec();
            let words = terms
                .into_iter()
                .filter(|t| (t.bucket as usize) < VIEW_BUCKETS);
            words.map(|term| term.bucket).collect()
        };
        let (one, other) = (words("booking"), words("booked"));
        assert_eq!(
            one.iter().filter(|bucket| other.contains(bucket)).count(),
            1
        );
    }

    #[test]
    fn what_a_bag_held_before_leaves_no_trace() {
        let mut used = bag("a much longer text than the next one");
        used.read("pay my bill");
        assert_eq!(used.terms(), bag("pay my bill").terms());
    }

    #[test]
    fn reads_no_further_than_the_limit() {
        let long = "a ".repeat(MAX_CHARS);
        assert_eq!(bag(&long).terms(), bag(&long[..MAX_CHARS]).terms());
    }

    proptest! {
        #[test]
        fn any_text_gives_sorted_terms_in_range(text in any::<String>()) {
            let bag = bag(&text);
            prop_assert!(bag.terms().is_sorted_by(|a, b| a.bucket < b.bucket));
            prop_assert!(bag.terms().iter().all(|t| (t.bucket as usize) < BUCKETS && t.count > 0));
            prop_assert!(bag.fingerprints().iter().all(|f| (*f as usize) < FINGERPRINTS));
        }

        #[test]
        fn ascii_case_and_surrounding_space_change_nothing(text in "[a-zA-Z ]{0,40}") {
            let plain = bag(&text);
            let shouted = bag(&format!("  {} ", text.to_ascii_uppercase()));
            prop_assert_eq!(plain.terms(), shouted.terms());
        }
    }
}
