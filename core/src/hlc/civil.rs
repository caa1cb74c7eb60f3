//! Days since 1970-01-01 to the Gregorian calendar date and back, without a date crate.
//!
//! Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
//! (<https://howardhinnant.github.io/date_algorithms.html>), kept to non-negative days: years are
//! counted from 1 March, so that the leap day is the last of its year and the lengths of the months
//! follow a straight line.

const DAYS_PER_400_YEARS: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// The (year, month, day) of a day counted from 1970-01-01, which must not be negative.
pub fn from_days(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let era = days / DAYS_PER_400_YEARS;
    let day_of_era = days % DAYS_PER_400_YEARS;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// The days from 1970-01-01 to a date of year 1970 or later; `None` if there is no such day.
pub fn to_days(year: i64, month: i64, day: i64) -> Option<i64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=month_length(year, month)).contains(&day)
    {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year / 400;
    let year_of_era = year % 400;
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * DAYS_PER_400_YEARS + day_of_era - EPOCH)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks the calendar one day at a time through every day that an HLC can hold.
    #[test]
    fn every_day_agrees_with_counting_days() {
        let last_day = super::super::MAX_WALL_MS / 86_400_000;
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..=last_day {
            assert_eq!(from_days(days), (year, month, day), "day {days}");
            assert_eq!(to_days(year, month, day), Some(days));
            let leap = if year % 100 == 0 { year % 400 == 0 } else { year % 4 == 0 };
            let lengths = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            day += 1;
            if day > lengths[month as usize - 1] {
                assert_eq!(to_days(year, month, day), None, "{year}-{month}-{day}");
                day = 1;
                month += 1;
            }
            if month > 12 {
                month = 1;
                year += 1;
            }
        }
        assert_eq!((year, month, day), (6429, 10, 18));
    }

    #[test]
    fn days_that_do_not_exist() {
        for (year, month, day) in [
            (1969, 12, 31),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
            (2024, 2, 30),
            (2100, 2, 29),
        ] {
            assert_eq!(to_days(year, month, day), None, "{year}-{month}-{day}");
        }
        assert!(to_days(2000, 2, 29).is_some());
    }
}
