//! What all snapshots of a program's runs have in common, and therefore leave out.

use monty::MontyRun;
use tdev_domain::limits;
use zstd::zstd_safe::{CCtx, CParameter, DCtx, compress_bound, get_frame_content_size};

use crate::stable;

/// zstd's own choice. Little is left to compress: of 390 to 650 bytes, level 19 saves a twentieth.
const LEVEL: i32 = 3;

/// The most bytes a state may have, so that a small snapshot cannot fill the memory. The
/// interpreter writes less than it holds.
const MAX_STATE_BYTES: u64 = limits::MAX_MEMORY_BYTES;

/// A compiled program as the interpreter writes it, most of which recurs in every state of its
/// runs.
///
/// A build makes the same of the same source and tools, in any process.
pub(crate) struct Reference {
    bytes: Vec<u8>,
    digest: u32,
}

/// A state is too large to be written, or there is no memory for it.
#[derive(Debug)]
pub(crate) struct Unfit;

/// Bytes that were not written against this reference.
#[derive(Debug)]
pub(crate) struct Damaged;

impl Reference {
    pub(crate) fn of(program: &MontyRun) -> Result<Self, postcard::Error> {
        let bytes = stable::bytes(program)?;
        let digest = crc32fast::hash(&bytes);
        Ok(Self { bytes, digest })
    }

    /// What tells it from the references of other programs.
    pub(crate) fn digest(&self) -> u32 {
        self.digest
    }

    /// What `state` is beyond the reference.
    pub(crate) fn compress(&self, state: &[u8]) -> Result<Vec<u8>, Unfit> {
        if state.len() as u64 > MAX_STATE_BYTES {
            return Err(Unfit);
        }
        let mut context = CCtx::try_create().ok_or(Unfit)?;
        let mut frame = Vec::with_capacity(compress_bound(state.len()));
        // A prefix, unlike a dictionary, is taken as it is whatever it begins with.
        context
            .set_parameter(CParameter::CompressionLevel(LEVEL))
            .and_then(|_| context.ref_prefix(&self.bytes))
            .and_then(|_| context.compress2(&mut frame, state))
            .map_err(|_| Unfit)?;
        Ok(frame)
    }

    /// The state that was compressed to `frame`.
    pub(crate) fn decompress(&self, frame: &[u8]) -> Result<Vec<u8>, Damaged> {
        let bytes = get_frame_content_size(frame)
            .ok()
            .flatten()
            .filter(|bytes| *bytes <= MAX_STATE_BYTES)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or(Damaged)?;
        let mut context = DCtx::try_create().ok_or(Damaged)?;
        let mut state = Vec::new();
        state.try_reserve_exact(bytes).map_err(|_| Damaged)?;
        context
            .ref_prefix(&self.bytes)
            .and_then(|_| context.decompress(&mut state, frame))
            .map_err(|_| Damaged)?;
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use monty_types::CompileOptions;
    use proptest::prelude::*;

    use super::*;

    fn reference(text: &str) -> Reference {
        let options = CompileOptions::default();
        let program = MontyRun::new(text.to_owned(), "agent.py", Vec::new(), options).unwrap();
        Reference::of(&program).unwrap()
    }

    #[test]
    fn what_the_reference_has_takes_no_room() {
        let reference = reference("def f(a):\n    return [a, 'some text', 17]\n");
        let mut state = b"before".to_vec();
        state.extend(&reference.bytes);
        state.extend(b"after");
        let frame = reference.compress(&state).unwrap();
        assert!(frame.len() < 40, "{}", frame.len());
        assert_eq!(reference.decompress(&frame).unwrap(), state);
    }

    #[test]
    fn another_source_is_another_reference() {
        let digests = ["x = 1", "x = 2", "x = 1 "].map(|text| reference(text).digest());
        assert_eq!(reference("x = 1").digest(), digests[0]);
        assert_ne!(digests[0], digests[1]);
        assert_ne!(digests[0], digests[2]);
    }

    #[test]
    fn a_frame_that_is_too_large_or_does_not_tell_its_size_is_refused() {
        let reference = reference("x = 1");
        // A frame of one segment with eight bytes of size, and the last, empty block.
        let frame = |bytes: u64| {
            let size = bytes.to_le_bytes();
            [&b"\x28\xb5\x2f\xfd\xe0"[..], &size, b"\x01\0\0"].concat()
        };
        assert_eq!(reference.decompress(&frame(0)).unwrap(), b"");
        for bytes in [1, MAX_STATE_BYTES, MAX_STATE_BYTES + 1, u64::MAX] {
            assert!(reference.decompress(&frame(bytes)).is_err(), "{bytes}");
        }
        let unsized_frame = b"\x28\xb5\x2f\xfd\0\x58\x01\0\0";
        assert_eq!(zstd::decode_all(&unsized_frame[..]).unwrap(), b"");
        assert!(reference.decompress(unsized_frame).is_err());
    }

    proptest! {
        #[test]
        fn any_state_comes_back(state in prop::collection::vec(any::<u8>(), 0..5_000)) {
            let reference = reference("x = 1");
            let frame = reference.compress(&state).unwrap();
            prop_assert_eq!(reference.decompress(&frame).unwrap(), state);
        }

        #[test]
        fn any_bytes_are_survived(frame in prop::collection::vec(any::<u8>(), 0..500)) {
            let magic = b"\x28\xb5\x2f\xfd".to_vec();
            let _ = reference("x = 1").decompress(&[magic, frame].concat());
        }
    }
}
