//! Writing row images as `jsonb`, in the binary form of PostgreSQL's
//! `src/include/utils/jsonb.h`. Building the bytes directly costs a fraction of what going through a
//! tree of values does; which keys a relation has, and their order, is worked out once.

/// A column's value, as an image shows it. Bytes are in PostgreSQL's own form.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// SQL null.
    Null,
    /// A boolean.
    Bool(bool),
    /// Text in the database's encoding.
    String(&'a [u8]),
    /// A `numeric`, with its four-byte varlena header.
    Numeric(&'a [u8]),
    /// A `jsonb` object or array, without its varlena header.
    Container(&'a [u8]),
}

const IS_STRING: u32 = 0x0000_0000;
const IS_NUMERIC: u32 = 0x1000_0000;
const IS_BOOL_FALSE: u32 = 0x2000_0000;
const IS_BOOL_TRUE: u32 = 0x3000_0000;
const IS_NULL: u32 = 0x4000_0000;
const IS_CONTAINER: u32 = 0x5000_0000;
const HAS_OFFSET: u32 = 0x8000_0000;
const LENGTH_MASK: u32 = 0x0FFF_FFFF;
const OBJECT: u32 = 0x2000_0000;
/// Every so many entries one holds an offset instead of a length.
const OFFSET_STRIDE: usize = 32;
const VARLENA_HEADER: usize = 4;

/// The image would not fit into a `jsonb` (256 MB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// The keys of an object, in the order that `jsonb` wants: by length, then bytewise.
#[derive(Debug)]
pub struct Keys {
    /// For each position in the object, the index of its field.
    order: Vec<usize>,
    lengths: Vec<u32>,
    bytes: Vec<u8>,
}

impl Keys {
    /// Keys for fields of these names, which are distinct.
    pub fn new(names: &[&[u8]]) -> Keys {
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by(|&a, &b| {
            names[a].len().cmp(&names[b].len()).then_with(|| names[a].cmp(names[b]))
        });
        let lengths = order.iter().map(|&i| names[i].len() as u32).collect();
        let bytes = order.iter().flat_map(|&i| names[i].iter().copied()).collect();
        Keys { order, lengths, bytes }
    }

    /// Appends the object with these fields, given in the order of the names, to `out` as a complete
    /// varlena. On error `out` is as it was.
    pub fn encode(&self, fields: &[Field<'_>], out: &mut Vec<u8>) -> Result<(), TooLarge> {
        let start = out.len();
        let result = self.encode_at(fields, start, out);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn encode_at(
        &self,
        fields: &[Field<'_>],
        start: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), TooLarge> {
        let pairs = self.order.len();
        let entries = start + VARLENA_HEADER + 4;
        out.resize(entries + 8 * pairs, 0);
        out.extend_from_slice(&self.bytes);
        let mut writer = Entries { at: entries, index: 0, total: 0 };
        for &length in &self.lengths {
            writer.add(out, IS_STRING, length as usize)?;
        }
        for &field in &self.order {
            let before = out.len();
            let kind = append(fields[field], start, out);
            let length = out.len() - before;
            writer.add(out, kind, length)?;
        }
        put(out, start + VARLENA_HEADER, pairs as u32 | OBJECT);
        let size = out.len() - start;
        put(out, start, varlena_header(size));
        Ok(())
    }
}

/// Writes the table of lengths in front of the data.
struct Entries {
    at: usize,
    index: usize,
    total: usize,
}

impl Entries {
    fn add(&mut self, out: &mut [u8], kind: u32, length: usize) -> Result<(), TooLarge> {
        self.total += length;
        if self.total > LENGTH_MASK as usize {
            return Err(TooLarge);
        }
        let value = match self.index.is_multiple_of(OFFSET_STRIDE) {
            true => kind | HAS_OFFSET | self.total as u32,
            false => kind | length as u32,
        };
        put(out, self.at + 4 * self.index, value);
        self.index += 1;
        Ok(())
    }
}

/// Appends a field's data, padded as its kind asks, and returns the kind.
fn append(field: Field<'_>, start: usize, out: &mut Vec<u8>) -> u32 {
    match field {
        Field::Null => IS_NULL,
        Field::Bool(false) => IS_BOOL_FALSE,
        Field::Bool(true) => IS_BOOL_TRUE,
        Field::String(bytes) => {
            out.extend_from_slice(bytes);
            IS_STRING
        }
        Field::Numeric(bytes) => {
            append_aligned(bytes, start, out);
            IS_NUMERIC
        }
        Field::Container(bytes) => {
            append_aligned(bytes, start, out);
            IS_CONTAINER
        }
    }
}

fn append_aligned(bytes: &[u8], start: usize, out: &mut Vec<u8>) {
    let padding = (out.len() - start).wrapping_neg() & 3;
    out.resize(out.len() + padding, 0);
    out.extend_from_slice(bytes);
}

fn put(out: &mut [u8], at: usize, value: u32) {
    out[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

/// The header of an uncompressed four-byte varlena of `size` bytes, header included
/// (`SET_VARSIZE_4B`).
pub fn varlena_header(size: usize) -> u32 {
    match cfg!(target_endian = "big") {
        true => size as u32 & 0x3FFF_FFFF,
        false => (size as u32) << 2,
    }
}

/// What the root of a `jsonb` value holds, taken from its container (the bytes behind the varlena
/// header). A scalar root is an array of one element with a flag.
pub fn root_scalar(container: &[u8]) -> Option<RootScalar<'_>> {
    const SCALAR: u32 = 0x1000_0000;
    let header = u32::from_ne_bytes(container.get(..4)?.try_into().ok()?);
    if header & SCALAR == 0 {
        return None;
    }
    let entry = u32::from_ne_bytes(container.get(4..8)?.try_into().ok()?);
    let data = container.get(8..8 + (entry & LENGTH_MASK) as usize)?;
    Some(match entry & 0x7000_0000 {
        IS_NUMERIC => RootScalar::Numeric(data),
        IS_BOOL_FALSE => RootScalar::Bool(false),
        IS_BOOL_TRUE => RootScalar::Bool(true),
        _ => RootScalar::Text,
    })
}

/// A scalar `jsonb` document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootScalar<'a> {
    /// A number.
    Numeric(&'a [u8]),
    /// A boolean.
    Bool(bool),
    /// A string or JSON's null: an image shows its JSON text, to keep them apart from text and from
    /// SQL's null.
    Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_of_a_small_object() {
        let keys = Keys::new(&[b"title", b"id"]);
        let mut out = vec![7; 4];
        keys.encode(&[Field::String(b"abc"), Field::Bool(true)], &mut out).unwrap();
        let word = |i: usize| u32::from_ne_bytes(out[4 + 4 * i..8 + 4 * i].try_into().unwrap());
        assert_eq!(word(0), varlena_header(out.len() - 4));
        assert_eq!(word(1), 2 | OBJECT);
        assert_eq!(word(2), HAS_OFFSET | 2, "key id");
        assert_eq!(word(3), 5, "key title");
        assert_eq!(word(4), IS_BOOL_TRUE);
        assert_eq!(word(5), IS_STRING | 3);
        assert_eq!(&out[4 + 24..], b"idtitleabc");
    }

    #[test]
    fn numbers_are_aligned_to_the_start_of_the_value() {
        let keys = Keys::new(&[b"n"]);
        for shift in 0..4 {
            let mut out = vec![0; shift];
            keys.encode(&[Field::Numeric(b"1234")], &mut out).unwrap();
            assert_eq!(&out[out.len() - 4..], b"1234");
            assert_eq!((out.len() - 4 - shift) % 4, 0);
        }
    }

    #[test]
    fn every_thirty_second_entry_is_an_offset() {
        let names: Vec<String> = (0..40).map(|i| format!("c{i:02}")).collect();
        let names: Vec<&[u8]> = names.iter().map(|n| n.as_bytes()).collect();
        let mut out = Vec::new();
        Keys::new(&names).encode(&[Field::String(b"xy"); 40], &mut out).unwrap();
        let entry = |i: usize| u32::from_ne_bytes(out[8 + 4 * i..12 + 4 * i].try_into().unwrap());
        assert_eq!(entry(32), HAS_OFFSET | (33 * 3));
        assert_eq!(entry(64), HAS_OFFSET | (40 * 3 + 25 * 2));
        assert_eq!(entry(65), 2);
    }

    #[test]
    fn too_large_leaves_the_buffer_alone() {
        let big = vec![b'x'; LENGTH_MASK as usize];
        let mut out = vec![1, 2, 3, 4];
        let keys = Keys::new(&[b"a"]);
        assert_eq!(keys.encode(&[Field::String(&big)], &mut out), Err(TooLarge));
        assert_eq!(out, [1, 2, 3, 4]);
    }
}
