//! ULIDs: their text, what is refused and why, and their kinship with HLCs.

use concord_core::hlc::{Hlc, MAX_WALL_MS};
use concord_core::ulid::{TEXT_LEN, Ulid, UlidTextError};
use proptest::prelude::*;

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const KNOWN: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

fn any_ulid() -> impl Strategy<Value = Ulid> {
    any::<[u8; 16]>().prop_map(Ulid::from_bytes)
}

/// The value of a text, digit by digit: the definition, to compare with.
fn by_definition(text: &str) -> u128 {
    text.to_ascii_uppercase()
        .chars()
        .fold(0, |value, c| value * 32 + ALPHABET.find(c).unwrap() as u128)
}

#[test]
fn the_known_values() {
    let known: Ulid = KNOWN.parse().unwrap();
    assert_eq!(known.as_bytes(), &0x0156_3E3A_B5D3_D676_4C61_EFB9_9302_BD5B_u128.to_be_bytes());
    assert_eq!(known.timestamp_ms(), 1_469_922_850_259);
    assert_eq!(Ulid::from_bytes([0; 16]).to_string(), "00000000000000000000000000");
    let last = Ulid::from_bytes([0xFF; 16]);
    assert_eq!(last.to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_eq!(last.timestamp_ms(), (1 << 48) - 1);
}

#[test]
fn texts_that_are_refused() {
    use UlidTextError::*;
    let cases = [
        ("", Length(0)),
        ("01ARZ3NDEKTSV4RRFFQ69G5FA", Length(25)),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAVV", Length(27)),
        (" 01ARZ3NDEKTSV4RRFFQ69G5FAV", Length(27)),
        ("01563e3a-b5d3-d676-4c61-efb99302bd5b", Length(36)),
        ("01ARZ3NDEKTSV4RRFFQ69G5FA ", Character(' ', 26)),
        ("O1ARZ3NDEKTSV4RRFFQ69G5FAV", Character('O', 1)),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAi", Character('i', 26)),
        ("0lARZ3NDEKTSV4RRFFQ69G5FAV", Character('l', 2)),
        ("01ARZ3NDEKTSU4RRFFQ69G5FAV", Character('U', 13)),
        ("01ARZ3NDEK-SV4RRFFQ69G5FAV", Character('-', 11)),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAé", Character('é', 26)),
        // 26 bytes, 13 characters.
        ("ééééééééééééé", Length(13)),
        ("80000000000000000000000000", Overflow),
        ("ZZZZZZZZZZZZZZZZZZZZZZZZZZ", Overflow),
        ("zzzzzzzzzzzzzzzzzzzzzzzzzz", Overflow),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<Ulid>(), Err(error), "{text:?}");
    }
}

#[test]
fn every_overflowing_first_character_is_refused() {
    for (value, first) in ALPHABET.chars().enumerate() {
        let text = format!("{first}{}", &KNOWN[1..]);
        assert_eq!(text.parse::<Ulid>().is_ok(), value <= 7, "{text}");
    }
}

#[test]
fn aliases_are_read_only_when_asked_for() {
    let plain: Ulid = "01100000000000000000000000".parse().unwrap();
    for text in [
        "OIL00000000000000000000000",
        "oil-0000000000-000000000-0000",
        "01100000000000000000000000",
    ] {
        assert_eq!(Ulid::normalize(text), Ok(plain), "{text}");
    }
    assert_eq!(
        Ulid::normalize("U1100000000000000000000000"),
        Err(UlidTextError::Character('U', 1))
    );
    assert_eq!(Ulid::normalize("8-1100000000000000000000000"), Err(UlidTextError::Overflow));
    assert_eq!(Ulid::normalize("--"), Err(UlidTextError::Length(0)));
    assert_eq!(Ulid::normalize(" 01100000000000000000000000"), Err(UlidTextError::Length(27)));
}

#[test]
fn the_reason_names_what_cannot_be_seen() {
    let reason = |text: &str| text.parse::<Ulid>().unwrap_err().to_string();
    assert_eq!(
        reason("01ARZ3NDEKTSV4RRFFQ69G5FA\u{200B}"),
        "U+200B at position 26 is not a digit of Crockford's base 32."
    );
    assert_eq!(
        reason("01ARZ3NDEKTSV4RRFFQ69G5FA\u{FFFD}"),
        "The character at position 26 is not a digit of Crockford's base 32."
    );
    assert_eq!(
        reason("01ARZ3NDEKTSV4RRFFQ69G5FAI"),
        "\"I\" at position 26 is not a digit of Crockford's base 32."
    );
}

proptest! {
    #[test]
    fn text_reads_back_in_any_case(ulid in any_ulid(), lower in any::<[bool; TEXT_LEN]>()) {
        let text = ulid.to_string();
        prop_assert_eq!(text.parse(), Ok(ulid));
        prop_assert_eq!(Ulid::normalize(&text), Ok(ulid));
        let mixed: String = text
            .chars()
            .zip(lower)
            .map(|(c, lower)| if lower { c.to_ascii_lowercase() } else { c })
            .collect();
        prop_assert_eq!(mixed.parse(), Ok(ulid));
    }

    #[test]
    fn text_agrees_with_the_definition_and_the_crate(ulid in any_ulid()) {
        let text = ulid.to_string();
        prop_assert_eq!(by_definition(&text).to_be_bytes(), *ulid.as_bytes());
        prop_assert_eq!(&text, &::ulid::Ulid::from_bytes(*ulid.as_bytes()).to_string());
    }

    /// The crate accepts what overflows; on everything else the two agree.
    #[test]
    fn parsing_agrees_with_the_crate(
        text in "[0-9A-Za-z-]{25,27}|\\PC{26}|[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}",
    ) {
        let fits = text.starts_with(|c: char| c.is_ascii_digit() && c <= '7');
        let expected = ::ulid::Ulid::from_string(&text).ok().filter(|_| fits);
        prop_assert_eq!(text.parse().ok(), expected.map(|ulid| Ulid::from_bytes(ulid.to_bytes())));
    }

    #[test]
    fn order_is_that_of_text_and_of_bytes(a in any_ulid(), b in any_ulid()) {
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.cmp(&b), a.as_bytes().cmp(b.as_bytes()));
    }

    /// Any other character in any place: another ULID if it is a digit that fits, refused if not.
    #[test]
    fn one_corrupted_character(
        ulid in any_ulid(),
        position in 0..TEXT_LEN,
        c in prop_oneof![any::<char>(), proptest::char::range('-', 'z')],
    ) {
        let mut text: Vec<char> = ulid.to_string().chars().collect();
        prop_assume!(!text[position].eq_ignore_ascii_case(&c));
        text[position] = c;
        let text: String = text.into_iter().collect();
        let expected = match ALPHABET.find(c.to_ascii_uppercase()) {
            None => Err(UlidTextError::Character(c, position + 1)),
            Some(value) if position == 0 && value > 7 => Err(UlidTextError::Overflow),
            Some(_) => Ok(Ulid::from_bytes(by_definition(&text).to_be_bytes())),
        };
        prop_assert_eq!(text.parse(), expected);
        prop_assert_ne!(expected, Ok(ulid));
    }

    #[test]
    fn a_missing_or_extra_character_is_refused(
        ulid in any_ulid(), position in 0..TEXT_LEN, c in "[0-9A-Z]",
    ) {
        let mut text = ulid.to_string();
        text.remove(position);
        prop_assert_eq!(text.parse::<Ulid>(), Err(UlidTextError::Length(25)));
        text.insert_str(position, &c.repeat(2));
        prop_assert_eq!(text.parse::<Ulid>(), Err(UlidTextError::Length(27)));
    }

    #[test]
    fn ulids_of_hlcs_sort_as_they_do(a in 0..=i64::MAX, b in 0..=i64::MAX, random: [u64; 2]) {
        let (a, b) = (Hlc::try_from(a).unwrap(), Hlc::try_from(b).unwrap());
        let (first, second) = (Ulid::from_hlc(a, random[0]), Ulid::from_hlc(b, random[1]));
        prop_assert_eq!(first.cmp(&second), a.cmp(&b).then(random[0].cmp(&random[1])));
        prop_assert_eq!(first.timestamp_ms(), a.wall_ms());
        prop_assert!(first.timestamp_ms() <= MAX_WALL_MS);
        prop_assert_eq!(&first.as_bytes()[8..], &random[0].to_be_bytes());
    }

    #[test]
    fn arbitrary_text_does_no_harm(text: String) {
        prop_assert!(text.parse::<Ulid>().is_err() || text.len() == TEXT_LEN);
        let _ = Ulid::normalize(&text);
    }
}
