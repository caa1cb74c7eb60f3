//! The hybrid logical clock: its parts, its text and its rule.

use concord_core::hlc::{
    DriftError, Hlc, HlcTextError, MAX_TEXT, MAX_WALL_MS, StepError, bounded_step, step,
};
use proptest::prelude::*;

fn hlc(wall_ms: i64, counter: u16) -> Hlc {
    Hlc::from_parts(wall_ms, counter).unwrap()
}

fn any_hlc() -> impl Strategy<Value = Hlc> {
    let parts =
        (0..=MAX_WALL_MS, any::<u16>()).prop_map(|(wall_ms, counter)| hlc(wall_ms, counter));
    let edges =
        prop::sample::select(vec![Hlc::MIN, Hlc::MAX, hlc(0, u16::MAX), hlc(MAX_WALL_MS, 0)]);
    prop_oneof![9 => parts, 1 => edges]
}

/// An HLC that has a successor.
fn steppable() -> impl Strategy<Value = Hlc> {
    any_hlc().prop_filter("has a successor", |&hlc| hlc < Hlc::MAX)
}

#[test]
fn the_known_value() {
    let known = hlc(1_706_100_000_000, 5);
    assert_eq!(known.as_i64(), 0x018D_3B7C_0500_0005);
    assert_eq!(known.as_i64(), 111_810_969_600_000_005);
    assert_eq!(known.to_string(), "2024-01-24T12:40:00.000Z/5");
}

#[test]
fn the_ends_of_the_range() {
    assert_eq!(Hlc::MIN.to_string(), "1970-01-01T00:00:00.000Z/0");
    assert_eq!(Hlc::MAX.to_string(), "6429-10-17T02:45:55.327Z/65535");
    assert_eq!(Hlc::MAX.to_string().len(), MAX_TEXT);
    assert_eq!("9223372036854775807".parse(), Ok(Hlc::MAX));
    assert!(Hlc::try_from(-1).is_err());
    assert!(Hlc::from_parts(-1, 0).is_err());
    assert!(Hlc::from_parts(MAX_WALL_MS + 1, 0).is_err());
}

#[test]
fn texts_that_are_refused() {
    use HlcTextError::*;
    let cases = [
        ("", Syntax),
        ("-1", Syntax),
        ("+1", Syntax),
        (" 1", Syntax),
        ("1 ", Syntax),
        ("1.0", Syntax),
        ("0x10", Syntax),
        ("2024-01-24", Syntax),
        ("2024-01-24T12:40:00.000Z", Syntax),
        ("2024-01-24T12:40:00.000Z/", Syntax),
        ("2024-01-24T12:40:00.000Z/-1", Syntax),
        ("2024-01-24T12:40:00.000Z/+1", Syntax),
        ("2024-01-24T12:40:00.000Z/5 ", Syntax),
        ("2024-01-24T12:40:00.000Z/5/5", Syntax),
        ("2024-01-24T12:40:00.00Z/5", Syntax),
        ("2024-01-24T12:40:00.0000Z/5", Syntax),
        ("2024-01-24 12:40:00.000Z/5", Syntax),
        ("2024-01-24t12:40:00.000z/5", Syntax),
        ("2024-01-24T12:40:00.000+00/5", Syntax),
        ("-024-01-24T12:40:00.000Z/5", Syntax),
        ("２024-01-24T12:40:00.000Z/5", Syntax),
        ("2024-02-31T12:40:00.000Z/5", Time),
        ("2023-02-29T12:40:00.000Z/5", Time),
        ("2100-02-29T12:40:00.000Z/5", Time),
        ("2024-00-01T12:40:00.000Z/5", Time),
        ("2024-13-01T12:40:00.000Z/5", Time),
        ("2024-01-00T12:40:00.000Z/5", Time),
        ("2024-01-24T24:00:00.000Z/5", Time),
        ("2024-01-24T12:60:00.000Z/5", Time),
        ("2024-01-24T12:40:60.000Z/5", Time),
        ("1969-12-31T23:59:59.999Z/5", Time),
        ("0000-01-01T00:00:00.000Z/5", Time),
        ("2024-01-24T12:40:00.000Z/65536", Counter),
        ("2024-01-24T12:40:00.000Z/99999999999999999999", Counter),
        ("9223372036854775808", TooLarge),
        ("99999999999999999999", TooLarge),
        ("6429-10-17T02:45:55.328Z/0", TooLarge),
        ("9999-12-31T23:59:59.999Z/0", TooLarge),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<Hlc>(), Err(error), "{text:?}");
    }
}

#[test]
fn leading_zeros_of_numbers_are_read() {
    assert_eq!("0007".parse(), Ok(hlc(0, 7)));
    assert_eq!("1970-01-01T00:00:00.000Z/00007".parse(), Ok(hlc(0, 7)));
    assert_eq!("2000-02-29T00:00:00.000Z/0".parse::<Hlc>().map(Hlc::wall_ms), Ok(951_782_400_000));
}

#[test]
fn a_full_counter_carries_into_the_milliseconds() {
    assert_eq!(step(hlc(1000, u16::MAX), None, 1000), Ok(hlc(1001, 0)));
    assert_eq!(step(hlc(1000, 3), Some(hlc(1000, u16::MAX)), 7), Ok(hlc(1001, 0)));
}

#[test]
fn a_clock_that_cannot_step() {
    assert_eq!(step(Hlc::MAX, None, 0), Err(StepError::Exhausted));
    assert_eq!(step(Hlc::MIN, Some(Hlc::MAX), 0), Err(StepError::Exhausted));
    assert_eq!(step(Hlc::MIN, None, -1), Err(StepError::NegativeWall(-1)));
    assert_eq!(step(Hlc::MIN, None, i64::MIN), Err(StepError::NegativeWall(i64::MIN)));
    assert_eq!(
        step(Hlc::MIN, None, MAX_WALL_MS + 1),
        Err(StepError::WallTooLarge(MAX_WALL_MS + 1))
    );
    assert_eq!(step(Hlc::MIN, None, MAX_WALL_MS), Ok(hlc(MAX_WALL_MS, 0)));
}

#[test]
fn errors_say_what_is_wrong() {
    let ahead = Hlc::MIN;
    assert_eq!(
        DriftError::RemoteAhead { remote: ahead, ahead_ms: 5 }.to_string(),
        format!("remote hlc {ahead} is 5 ms ahead of the wall clock")
    );
    assert_eq!(
        DriftError::LocalAhead { next: ahead, ahead_ms: 5 }.to_string(),
        format!("next hlc {ahead} would be 5 ms ahead of the wall clock")
    );
    assert_eq!(Hlc::try_from(-1).unwrap_err().to_string(), "out of range for an hlc");
}

#[test]
fn the_bound_tells_whose_clock_is_ahead() {
    let (wall, drift) = (1_000_000, 60_000);
    let at_bound = hlc(wall + 60_000, 7);
    let past_bound = hlc(wall + 60_001, 0);
    assert_eq!(bounded_step(Hlc::MIN, Some(at_bound), wall, drift), Ok(hlc(wall + 60_000, 8)));
    assert_eq!(
        bounded_step(Hlc::MIN, Some(past_bound), wall, drift),
        Err(DriftError::RemoteAhead { remote: past_bound, ahead_ms: 60_001 })
    );
    assert_eq!(bounded_step(at_bound, None, wall, drift), Ok(hlc(wall + 60_000, 8)));
    // The last tick at the bound carries beyond it.
    assert_eq!(
        bounded_step(hlc(wall + 60_000, u16::MAX), None, wall, drift),
        Err(DriftError::LocalAhead { next: past_bound, ahead_ms: 60_001 })
    );
    assert_eq!(
        bounded_step(past_bound, Some(past_bound), wall, drift),
        Err(DriftError::RemoteAhead { remote: past_bound, ahead_ms: 60_001 })
    );
    assert_eq!(
        bounded_step(Hlc::MAX, None, wall, drift),
        Err(DriftError::Step(StepError::Exhausted))
    );
    assert_eq!(
        bounded_step(Hlc::MIN, Some(Hlc::MAX), -5, drift),
        Err(DriftError::Step(StepError::NegativeWall(-5)))
    );
    assert_eq!(bounded_step(hlc(MAX_WALL_MS, 0), None, 0, i64::MAX), Ok(hlc(MAX_WALL_MS, 1)));
}

proptest! {
    #[test]
    fn parts_make_the_whole(wall_ms in 0..=MAX_WALL_MS, counter: u16) {
        let hlc = hlc(wall_ms, counter);
        prop_assert_eq!((hlc.wall_ms(), hlc.counter()), (wall_ms, counter));
        prop_assert_eq!(hlc.as_i64(), wall_ms * 65_536 + i64::from(counter));
        prop_assert_eq!(Hlc::try_from(hlc.as_i64()), Ok(hlc));
    }

    #[test]
    fn both_text_forms_read_back(hlc in any_hlc()) {
        prop_assert_eq!(hlc.to_string().parse(), Ok(hlc));
        prop_assert_eq!(hlc.as_i64().to_string().parse(), Ok(hlc));
    }

    /// As text the times sort like the HLCs; the counters are not padded and do not.
    #[test]
    fn order_is_that_of_the_parts(a in any_hlc(), b in any_hlc()) {
        prop_assert_eq!(a.cmp(&b), (a.wall_ms(), a.counter()).cmp(&(b.wall_ms(), b.counter())));
        let time = |hlc: Hlc| hlc.to_string()[..24].to_owned();
        prop_assert_eq!(a.wall_ms().cmp(&b.wall_ms()), time(a).cmp(&time(b)));
    }

    #[test]
    fn a_character_out_of_shape_is_refused(hlc in any_hlc(), position in 0..25_usize, c: char) {
        let mut text: Vec<char> = hlc.to_string().chars().collect();
        let digit_kept = text[position].is_ascii_digit() && c.is_ascii_digit();
        prop_assume!(text[position] != c && !digit_kept);
        text[position] = c;
        let text: String = text.into_iter().collect();
        prop_assert_eq!(text.parse::<Hlc>(), Err(HlcTextError::Syntax));
    }

    /// Whatever is accepted is written as it was read, but for zeros before a number.
    #[test]
    fn nothing_else_is_accepted(
        date in "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        time in "[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}",
        counter in "[1-9][0-9]{0,5}",
    ) {
        let text = format!("{date}T{time}Z/{counter}");
        if let Ok(hlc) = text.parse::<Hlc>() {
            prop_assert_eq!(hlc.to_string(), text);
        }
    }

    #[test]
    fn bare_integers_are_read_to_the_last(value: u64) {
        let expected = i64::try_from(value).ok().and_then(|bits| Hlc::try_from(bits).ok());
        prop_assert_eq!(value.to_string().parse().ok(), expected);
    }

    #[test]
    fn arbitrary_text_does_no_harm(text in "\\PC*|[0-9TZ:./-]{20,32}") {
        let _ = text.parse::<Hlc>();
    }

    #[test]
    fn a_step_is_the_least_value_allowed(
        last in steppable(), remote in prop::option::of(steppable()), wall_ms in 0..=MAX_WALL_MS,
    ) {
        let next = step(last, remote, wall_ms).unwrap();
        prop_assert!(next > last);
        prop_assert!(next.wall_ms() >= wall_ms);
        prop_assert!(remote.is_none_or(|remote| next > remote));
        let before = next.as_i64() - 1;
        let still_allowed = before > last.as_i64()
            && before >= wall_ms << 16
            && remote.is_none_or(|remote| before > remote.as_i64());
        prop_assert!(!still_allowed, "{next} is not the least");
    }

    /// Ticks rise whatever the wall clock and the remote clocks do.
    #[test]
    fn a_run_of_steps_rises(
        start in 0..=MAX_WALL_MS / 2,
        moves in prop::collection::vec(
            (-100_000..100_000_i64, prop::option::of(-100_000..100_000_i64)), 1..100,
        ),
    ) {
        let mut last = hlc(start, 0);
        for (wall, remote) in moves {
            let wall = (start + wall).max(0);
            let remote = remote.map(|ms| hlc((start + ms).max(0), 9));
            let next = step(last, remote, wall).unwrap();
            prop_assert!(next > last && remote.is_none_or(|remote| next > remote));
            last = next;
        }
    }

    #[test]
    fn the_bound_holds_and_changes_nothing_else(
        last in any_hlc(),
        remote in prop::option::of(any_hlc()),
        wall_ms in -1..=MAX_WALL_MS + 1,
        drift in 0..=i64::MAX,
    ) {
        match bounded_step(last, remote, wall_ms, drift) {
            Ok(next) => {
                prop_assert_eq!(Ok(next), step(last, remote, wall_ms));
                prop_assert!(i128::from(next.wall_ms()) <= i128::from(wall_ms) + i128::from(drift));
            }
            Err(DriftError::RemoteAhead { remote: named, ahead_ms }) => {
                prop_assert_eq!(Some(named), remote);
                prop_assert_eq!(ahead_ms, named.wall_ms() - wall_ms);
                prop_assert!(ahead_ms > drift);
            }
            Err(DriftError::LocalAhead { next, ahead_ms }) => {
                prop_assert_eq!(Ok(next), step(last, remote, wall_ms));
                prop_assert!(ahead_ms > drift);
            }
            Err(DriftError::Step(error)) => {
                prop_assert_eq!(Err(error), step(last, remote, wall_ms));
            }
        }
    }
}
