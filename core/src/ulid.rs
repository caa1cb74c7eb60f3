//! ULIDs: 48 bits of Unix milliseconds, then 80 bits that keep them apart; 26 characters of
//! Crockford's base 32 as text. Their order is that of their bytes and of their text.
//!
//! The `ulid` crate encodes and decodes. Its parser lets texts through whose value needs 130 bits,
//! and does not say what is wrong with the others: both are done here.

use std::fmt;
use std::str::FromStr;

use crate::hlc::Hlc;

/// The length of a ULID's text.
pub const TEXT_LEN: usize = ::ulid::ULID_LEN;

/// A ULID as its 16 big-endian bytes.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Ulid([u8; 16]);

/// Why a text is not a ULID.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum UlidTextError {
    /// It has this many characters, not 26.
    Length(usize),
    /// This character, at this position counted from 1, is none of the 32.
    Character(char, usize),
    /// The first character is above 7, so that the value needs more than 128 bits.
    Overflow,
}

impl Ulid {
    /// The ULID that these bytes are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Ulid {
        Ulid(bytes)
    }

    /// The ULID of an HLC: its 64 bits, then 64 random ones. ULIDs made so sort in HLC order.
    pub const fn from_hlc(hlc: Hlc, random: u64) -> Ulid {
        Ulid(((hlc.as_i64() as u128) << 64 | random as u128).to_be_bytes())
    }

    /// Reads a text of exactly 26 digits, in upper or lower case.
    pub fn parse(text: &str) -> Result<Ulid, UlidTextError> {
        match ::ulid::Ulid::from_string(text) {
            Ok(_) if text.as_bytes()[0] > b'7' => Err(UlidTextError::Overflow),
            Ok(ulid) => Ok(Ulid(ulid.to_bytes())),
            Err(_) => Err(diagnose(text)),
        }
    }

    /// Reads a text as Crockford means it to be read: I and L are 1, O is 0, hyphens are skipped.
    ///
    /// <https://www.crockford.com/base32.html>. U stands for no digit and is refused. Positions and
    /// lengths in errors do not count the hyphens.
    pub fn normalize(text: &str) -> Result<Ulid, UlidTextError> {
        let digits = text.chars().filter(|&c| c != '-').map(|c| match c {
            'I' | 'i' | 'L' | 'l' => '1',
            'O' | 'o' => '0',
            other => other,
        });
        Ulid::parse(&digits.collect::<String>())
    }

    /// The bytes, whose order is the order of ULIDs.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A copy of the bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The Unix milliseconds in the first 48 bits.
    pub const fn timestamp_ms(self) -> i64 {
        ::ulid::Ulid::from_bytes(self.0).timestamp_ms() as i64
    }

    /// Writes the text into `buffer` and returns it.
    pub fn encode(self, buffer: &mut [u8; TEXT_LEN]) -> &str {
        ::ulid::Ulid::from_bytes(self.0).array_to_str(buffer)
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.encode(&mut [0; TEXT_LEN]))
    }
}

impl FromStr for Ulid {
    type Err = UlidTextError;

    fn from_str(text: &str) -> Result<Ulid, UlidTextError> {
        Ulid::parse(text)
    }
}

/// What is wrong with a text that the crate refuses: its length if that is wrong, else the first
/// character that is no digit. Both are counted in characters, where the crate counts bytes.
fn diagnose(text: &str) -> UlidTextError {
    let length = text.chars().count();
    match text.chars().zip(1..).find(|&(c, _)| !is_digit(c)) {
        Some((c, position)) if length == TEXT_LEN => UlidTextError::Character(c, position),
        _ => UlidTextError::Length(length),
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_alphanumeric() && !matches!(c.to_ascii_uppercase(), 'I' | 'L' | 'O' | 'U')
}

impl fmt::Display for UlidTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            UlidTextError::Length(length) => {
                write!(f, "The value has length {length}, but a ULID has {TEXT_LEN} characters.")
            }
            UlidTextError::Character(c, position) if c.is_ascii_graphic() => {
                write!(f, "\"{c}\" at position {position} is not a digit of Crockford's base 32.")
            }
            // Stands for bytes that are not UTF-8.
            UlidTextError::Character(char::REPLACEMENT_CHARACTER, position) => {
                write!(
                    f,
                    "The character at position {position} is not a digit of Crockford's base 32."
                )
            }
            // Named by its code point, for it may be one that cannot be seen.
            UlidTextError::Character(c, position) => {
                let code = u32::from(c);
                write!(
                    f,
                    "U+{code:04X} at position {position} is not a digit of Crockford's base 32."
                )
            }
            UlidTextError::Overflow => {
                f.write_str("The first character is greater than 7, so the value would need more than 128 bits.")
            }
        }
    }
}

impl std::error::Error for UlidTextError {}
