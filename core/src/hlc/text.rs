//! The text form: `2024-01-24T12:40:00.000Z/5`, or on input the bare integer as well.
//!
//! The time is in UTC at exactly three decimals, the counter in decimal. 2^47 milliseconds end in
//! the year 6429, so that every year has four digits and needs no sign.

use std::fmt;
use std::str::FromStr;

use super::{Hlc, civil};

/// The length of the longest text form: `2024-01-24T12:40:00.000Z/65535`.
pub const MAX_TEXT: usize = 30;

/// What the part before the counter looks like; `0` stands for any digit.
const SHAPE: &[u8; 25] = b"0000-00-00T00:00:00.000Z/";

const MS_PER_DAY: i64 = 86_400_000;

/// Why a text is not an HLC.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum HlcTextError {
    /// Neither of the two forms.
    Syntax,
    /// A day or a time of day that does not exist, or one before 1970.
    Time,
    /// A counter above 65535.
    Counter,
    /// An integer above 2^63 - 1, or a time too late for one.
    TooLarge,
}

impl Hlc {
    /// Writes the text form into `buffer` and returns the part of it that was used.
    pub fn encode(self, buffer: &mut [u8; MAX_TEXT]) -> &[u8] {
        let (days, ms) = (self.wall_ms() / MS_PER_DAY, self.wall_ms() % MS_PER_DAY);
        let (year, month, day) = civil::from_days(days);
        buffer[..SHAPE.len()].copy_from_slice(SHAPE);
        write_digits(&mut buffer[0..4], year);
        write_digits(&mut buffer[5..7], month);
        write_digits(&mut buffer[8..10], day);
        write_digits(&mut buffer[11..13], ms / 3_600_000);
        write_digits(&mut buffer[14..16], ms / 60_000 % 60);
        write_digits(&mut buffer[17..19], ms / 1000 % 60);
        write_digits(&mut buffer[20..23], ms % 1000);
        let counter = self.counter();
        let end = SHAPE.len() + counter.checked_ilog10().unwrap_or(0) as usize + 1;
        write_digits(&mut buffer[SHAPE.len()..end], i64::from(counter));
        &buffer[..end]
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; MAX_TEXT];
        let text = self.encode(&mut buffer);
        f.pad(std::str::from_utf8(text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Hlc {
    type Err = HlcTextError;

    fn from_str(text: &str) -> Result<Hlc, HlcTextError> {
        if is_number(text) {
            let bits: i64 = text.parse().map_err(|_| HlcTextError::TooLarge)?;
            return Hlc::try_from(bits).map_err(|_| HlcTextError::TooLarge);
        }
        let (time, counter) = text.split_at_checked(SHAPE.len()).ok_or(HlcTextError::Syntax)?;
        if !has_shape(time.as_bytes()) || !is_number(counter) {
            return Err(HlcTextError::Syntax);
        }
        let wall_ms = parse_time(time.as_bytes()).ok_or(HlcTextError::Time)?;
        let counter = counter.parse().map_err(|_| HlcTextError::Counter)?;
        Hlc::from_parts(wall_ms, counter).map_err(|_| HlcTextError::TooLarge)
    }
}

fn parse_time(text: &[u8]) -> Option<i64> {
    let days = civil::to_days(digits(&text[0..4]), digits(&text[5..7]), digits(&text[8..10]))?;
    let (hour, minute) = (digits(&text[11..13]), digits(&text[14..16]));
    let (second, ms) = (digits(&text[17..19]), digits(&text[20..23]));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days * MS_PER_DAY + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms)
}

fn has_shape(text: &[u8]) -> bool {
    text.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits(text: &[u8]) -> i64 {
    text.iter().fold(0, |value, byte| value * 10 + i64::from(byte - b'0'))
}

fn write_digits(field: &mut [u8], mut value: i64) {
    for byte in field.iter_mut().rev() {
        *byte = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

impl fmt::Display for HlcTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HlcTextError::Syntax => f.write_str(
                "The value is neither a time with a counter nor a non-negative integer.",
            ),
            HlcTextError::Time => f.write_str("The time is invalid, or before 1970."),
            HlcTextError::Counter => f.write_str("The counter must be between 0 and 65535."),
            HlcTextError::TooLarge => {
                write!(f, "The greatest hlc is {}, or {}.", Hlc::MAX, Hlc::MAX.as_i64())
            }
        }
    }
}

impl std::error::Error for HlcTextError {}
