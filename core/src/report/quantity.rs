//! Numbers and times as people read them.

/// `12,345`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("−{text}") } else { text }
}

/// `1 event`, `2 events`.
pub fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A time span of at most two units: `4 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. Below a second,
/// milliseconds.
pub fn span(seconds: f64) -> String {
    if seconds.is_nan() || seconds <= 0.0 {
        return "0 s".to_owned();
    }
    if seconds < 1.0 {
        return format!("{} ms", (seconds * 1000.0).ceil());
    }
    let seconds = seconds as i64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => two(hours, "h", minutes % 60, "min"),
        _ => two(days, "d", hours % 24, "h"),
    }
}

/// How long something has been so; a moment is not counted out.
pub fn age(seconds: f64) -> String {
    if seconds < 1.0 { "a moment".to_owned() } else { span(seconds) }
}

fn two(large: i64, unit: &str, small: i64, small_unit: &str) -> String {
    let first = format!("{} {unit}", grouped(large));
    if small == 0 { first } else { format!("{first} {small} {small_unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (-1234567, "−1,234,567"),
            (i64::MIN, "−9,223,372,036,854,775,808"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "event", "events"), "1 event");
        assert_eq!(counted(0, "event", "events"), "0 events");
    }

    #[test]
    fn ages_begin_at_a_second() {
        assert_eq!(age(0.3), "a moment");
        assert_eq!(age(60.0), "1 min");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, text) in [
            (f64::NAN, "0 s"),
            (-5.0, "0 s"),
            (0.25, "250 ms"),
            (59.9, "59 s"),
            (60.0, "1 min"),
            (7200.0, "2 h"),
            (12_060.0, "3 h 21 min"),
            (183_600.0, "2 d 3 h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
