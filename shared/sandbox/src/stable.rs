//! Writes of a compiled program what every compilation of it has in common.
//!
//! The interpreter gives the variables that closures share places in no particular order: a hash
//! table's. So the code of a function that shares two or more of them differs from one compilation
//! to the next, and so may that of the functions around it; and so does the place of a function
//! that is such a variable itself. All else is always the same.

use std::ops::Range;

use monty::MontyRun;
use postcard::Error;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// The bytes of `program` that are the same in any process of this build, and whatever has run.
///
/// They are those that postcard writes, as far as possible, so that they recur in the states of
/// runs; nothing reads them.
pub(crate) fn bytes(program: &MontyRun) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::default();
    program.serialize(&mut writer)?;
    if writer.unordered {
        // The code around all functions.
        writer.bytes.drain(writer.module);
    }
    Ok(writer.bytes)
}

/// As postcard, without what may differ.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// Where the code is that belongs to no function.
    module: Range<usize>,
    /// Whether a function was left out. Those around it come later, so they are left out too.
    unordered: bool,
    /// The name of the unit variant that was written last.
    variant: &'static str,
}

impl Writer {
    fn varint(&mut self, mut value: u128) {
        while value > 0x7f {
            self.bytes.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.push(value.to_le_bytes()[0]);
    }

    fn zigzag(&mut self, value: i128) {
        self.varint(((value << 1) ^ (value >> 127)).cast_unsigned());
    }

    fn part(&mut self, name: &'static str) -> Part<'_> {
        Part {
            start: self.bytes.len(),
            writer: self,
            name,
            place: 0..0,
            shared: 0,
        }
    }

    fn list(&mut self, length: Option<usize>) -> Result<Part<'_>, Error> {
        let length = length.ok_or(Error::SerializeSeqLengthUnknown)?;
        self.varint(length as u128);
        Ok(self.part(""))
    }
}

/// A structure or list that is being written.
struct Part<'a> {
    writer: &'a mut Writer,
    name: &'static str,
    start: usize,
    /// Where it says in which place a name is.
    place: Range<usize>,
    /// How many variables a function shares with those in it and around it.
    shared: usize,
}

impl Part<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        let start = self.writer.bytes.len();
        match (self.name, key) {
            // What runs leave behind.
            ("Executor", "heap_capacity") => {}
            // The places in the function around, where there are any.
            ("Function", "free_var_enclosing_slots") => {
                self.item(value)?;
                if self.writer.bytes[start] != 0 {
                    self.writer.bytes.truncate(start);
                }
            }
            ("Identifier", "opt_namespace_id") => {
                self.item(value)?;
                self.place = start..self.writer.bytes.len();
            }
            ("Identifier", "scope") => {
                self.item(value)?;
                if self.writer.variant == "Cell" {
                    self.writer.bytes.drain(self.place.clone());
                }
            }
            ("Executor", "module_code") => {
                self.item(value)?;
                self.writer.module = start..self.writer.bytes.len();
            }
            ("Function", "free_var_slots" | "cell_var_slots") => {
                self.item(value)?;
                // A list begins with its length.
                self.shared += usize::from(self.writer.bytes[start]);
            }
            _ => self.item(value)?,
        }
        Ok(())
    }

    fn close(self) {
        if self.name == "Function" && (self.shared > 1 || self.writer.unordered) {
            self.writer.unordered = true;
            self.writer.bytes.truncate(self.start);
        }
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty => $write:ident as $wide:ty),* $(,)?) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            self.$write(<$wide>::from(value));
            Ok(())
        })*
    };
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Part<'a>;
    type SerializeTuple = Part<'a>;
    type SerializeTupleStruct = Part<'a>;
    type SerializeTupleVariant = Part<'a>;
    type SerializeMap = Part<'a>;
    type SerializeStruct = Part<'a>;
    type SerializeStructVariant = Part<'a>;

    numbers! {
        serialize_u16: u16 => varint as u128,
        serialize_u32: u32 => varint as u128,
        serialize_u64: u64 => varint as u128,
        serialize_u128: u128 => varint as u128,
        serialize_char: char => varint as u128,
        serialize_i16: i16 => zigzag as i128,
        serialize_i32: i32 => zigzag as i128,
        serialize_i64: i64 => zigzag as i128,
        serialize_i128: i128 => zigzag as i128,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.serialize_u8(value.into())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.bytes.push(value);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_u8(value.cast_unsigned())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.bytes.extend(value.to_le_bytes());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.bytes.extend(value.to_le_bytes());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.serialize_bytes(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.varint(value.len() as u128);
        self.bytes.extend(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_u8(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.bytes.push(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.variant = variant;
        self.serialize_u32(index)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.varint(index.into());
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Part<'a>, Error> {
        self.list(length)
    }

    fn serialize_tuple(self, _: usize) -> Result<Part<'a>, Error> {
        Ok(self.part(""))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Part<'a>, Error> {
        Ok(self.part(""))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Part<'a>, Error> {
        self.varint(index.into());
        Ok(self.part(""))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Part<'a>, Error> {
        self.list(length)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Part<'a>, Error> {
        Ok(self.part(name))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Part<'a>, Error> {
        self.varint(index.into());
        Ok(self.part(""))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! parts {
    ($($trait:ident: $method:ident($($key:ident)?) => $write:ident),* $(,)?) => {
        $(impl $trait for Part<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($key: &'static str,)?
                value: &T,
            ) -> Result<(), Error> {
                self.$write($($key,)? value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        })*
    };
}

parts! {
    SerializeSeq: serialize_element() => item,
    SerializeTuple: serialize_element() => item,
    SerializeTupleStruct: serialize_field() => item,
    SerializeTupleVariant: serialize_field() => item,
    SerializeStruct: serialize_field(key) => field,
    SerializeStructVariant: serialize_field(key) => field,
}

impl SerializeMap for Part<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.item(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use monty_types::CompileOptions;
    use proptest::prelude::*;

    use super::*;

    const SOURCES: [&str; 10] = [
        "x = [1, -2, 3.5, 'text', b'bytes', None, True, 12345678901234567890123]",
        "def f(a, *, b=1, **c):\n    try:\n        return -a\n    except ValueError:\n        raise\n",
        "def one(a):\n    return lambda: a\n",
        "def two(a, b):\n    return lambda: (a, b)\n",
        "def many(a, b, c, d, e, f):\n    def g(): return a, c, e\n    def h(): return b, d, f\n    return g, h\n",
        "def through(a, b):\n    class C:\n        def m(self): return a, b\n    return C\n",
        "fs = [lambda: (a, b, c) for a, b, c in [(1, 2, 3)]]\n",
        "def mixed(a):\n    def g():\n        c = 1\n        def h():\n            nonlocal c\n            return a, c\n        return h\n    return [lambda: (a, p, q) for p, q in [(1, 2)]]\n",
        "def siblings(a):\n    def g(): return a\n    def h(): return g()\n    return h\n",
        "def coroutines(a):\n    import asyncio\n    async def g(b): return a\n    async def h(): return await asyncio.gather(g(1), g(2))\n    return asyncio.run(h())\n",
    ];

    fn compiled(text: &str) -> MontyRun {
        let options = CompileOptions::default();
        MontyRun::new(text.to_owned(), "agent.py", Vec::new(), options).unwrap()
    }

    #[test]
    fn two_compilations_are_written_the_same() {
        for text in SOURCES {
            let first = bytes(&compiled(text)).unwrap();
            for _ in 0..50 {
                assert_eq!(bytes(&compiled(text)).unwrap(), first, "{text}");
            }
        }
    }

    #[test]
    fn shared_variables_are_why_they_would_differ() {
        // If this fails, nothing need be left out any longer.
        let written = || postcard::to_stdvec(&compiled(SOURCES[4])).unwrap();
        let first = written();
        assert!((0..50).any(|_| written() != first));
    }

    #[test]
    fn without_shared_variables_all_but_the_end_is_written_as_by_postcard() {
        for text in &SOURCES[..2] {
            let written = bytes(&compiled(text)).unwrap();
            let whole = postcard::to_stdvec(&compiled(text)).unwrap();
            assert_eq!(whole[..whole.len() - 1], written, "{text}");
        }
    }

    #[test]
    fn functions_before_the_first_that_shares_variables_are_kept() {
        let kept = |text: &str| bytes(&compiled(text)).unwrap().len() - text.len();
        let plain = "def plain(a):\n    return [a + n for n in range(100)]\n";
        let (alone, before) = (kept(SOURCES[3]), kept(&format!("{plain}{}", SOURCES[3])));
        assert!(alone + 50 < before, "{alone}, {before}");
    }

    /// A name of a variable or of a function; the same ones over and over, so that they are shared.
    fn name() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["a", "b", "c", "f", "g", "h"])
    }

    /// Statements, with functions and classes in functions.
    fn block() -> impl Strategy<Value = String> {
        let simple = prop_oneof![
            (name(), name()).prop_map(|(a, b)| format!("{a} = {b}\n")),
            (name(), name()).prop_map(|(a, b)| format!("{a} = lambda {b}: ({a}, {b}, c, h)\n")),
            (name(), name())
                .prop_map(|(a, b)| format!("{a} = [lambda: ({a}, {b}) for {b} in a]\n")),
        ];
        simple.prop_recursive(4, 24, 4, |inner| {
            let body = prop::collection::vec(inner, 1..4);
            let head = prop_oneof![
                (name(), name()).prop_map(|(f, a)| format!("def {f}({a}):\n")),
                (name(), name()).prop_map(|(f, a)| format!("async def {f}({a}=1):\n")),
                name().prop_map(|f| format!("class {f}:\n")),
            ];
            (head, body).prop_map(|(head, body)| {
                let body = body.concat();
                let lines = body.lines().map(|line| format!("    {line}\n"));
                head + &lines.collect::<String>()
            })
        })
    }

    proptest! {
        #[test]
        fn functions_in_functions_are_written_the_same(blocks in prop::collection::vec(block(), 1..4)) {
            let text = blocks.concat();
            let compiled = || {
                let options = CompileOptions::default();
                MontyRun::new(text.clone(), "agent.py", Vec::new(), options)
            };
            let Ok(first) = compiled() else {
                return Err(TestCaseError::reject("it does not compile"));
            };
            let first = bytes(&first).unwrap();
            for _ in 0..5 {
                prop_assert_eq!(&bytes(&compiled().unwrap()).unwrap(), &first, "{}", text);
            }
        }
    }
}
