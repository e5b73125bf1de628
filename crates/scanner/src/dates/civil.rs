//! The proleptic Gregorian calendar in whole days and seconds.
//!
//! In: civil dates. Out: days and seconds since 1970-01-01. Knows no zones. The day count is Howard Hinnant's
//! "days_from_civil": years begin in March, so that the leap day is the last of its year.

pub const DAY: i64 = 86_400;

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01; any year that occurs in a log.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970-01-01.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let index = (5 * of_year + 2) / 153;
    let month = if index < 10 { index + 3 } else { index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * index + 2) / 5 + 1)
}

/// Days since 1970-01-01, or None for a date that does not exist.
pub fn checked_days(year: i64, month: i64, day: i64) -> Option<i64> {
    let exists =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
    exists.then(|| days(year, month, day))
}

/// Day of the week, Monday = 0.
pub fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counting days and reading them back agree over 800 years, day by day.
    #[test]
    fn goes_both_ways() {
        let mut expected = days(1700, 1, 1);
        for year in 1700..2500 {
            for month in 1..=12 {
                for day in 1..=month_days(year, month) {
                    assert_eq!(days(year, month, day), expected);
                    assert_eq!(civil(expected), (year, month, day));
                    expected += 1;
                }
            }
        }
        assert_eq!((days(1970, 1, 1), weekday(0)), (0, 3));
        assert_eq!(checked_days(2026, 2, 29), None);
    }
}
