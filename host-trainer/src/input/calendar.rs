//! Dates of the civil calendar, as whole days.

use std::fmt;

/// A date. Ordered; days apart are `a.day - b.day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Days since 1970-01-01, which was a Thursday.
    pub day: i32,
}

const DAYS_BEFORE_MONTH: [i32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

impl Date {
    /// A date of the years 1 to 9999, if there is such a day.
    #[must_use]
    pub fn new(year: i32, month: i32, day: i32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > month_days(year, month) {
            return None;
        }
        // Hinnant, "chrono-compatible low-level date algorithms": years begin in March.
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Self { day: era * 146_097 + day_of_era - 719_468 })
    }

    /// Reads `2011-12-09`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let shaped = b.len() == 10
            && b[4] == b'-'
            && b[7] == b'-'
            && b.iter().enumerate().all(|(i, c)| i == 4 || i == 7 || c.is_ascii_digit());
        if !shaped {
            return None;
        }
        Self::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
    }

    /// The date some days later.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self { day: self.day.saturating_add(days) }
    }

    /// Weekday, 0 = Monday.
    #[must_use]
    pub fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday (3). rem_euclid of 7 is 0 to 6.
        usize::try_from((i64::from(self.day) + 3).rem_euclid(7)).unwrap_or(0)
    }

    /// Day of the year, 0 to 364; 29 February shares the day before it, since the seasons know no leap days.
    #[must_use]
    pub fn yearday(self) -> usize {
        let (_, month, day) = self.civil();
        let month = usize::try_from(month - 1).unwrap_or(0).min(11);
        let day = if month == 1 && day == 29 { 28 } else { day };
        usize::try_from(DAYS_BEFORE_MONTH[month] + day - 1).unwrap_or(0)
    }

    /// Year, month and day.
    #[must_use]
    pub fn civil(self) -> (i32, i32, i32) {
        let z = i64::from(self.day) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let m = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * m + 2) / 5 + 1;
        let month = if m < 10 { m + 3 } else { m - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let narrow = |v: i64| i32::try_from(v).unwrap_or(i32::MAX);
        (narrow(year), narrow(month), narrow(day))
    }
}

fn month_days(year: i32, month: i32) -> i32 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + i32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for day in (-700_000..700_000).step_by(37) {
            let date = Date { day };
            let (y, m, d) = date.civil();
            if y >= 1 {
                assert_eq!(Date::new(y, m, d), Some(date));
                assert_eq!(Date::parse(&date.to_string()), Some(date));
            }
        }
    }

    #[test]
    fn known_days_fall_where_the_calendar_says() {
        let date = Date::parse("2010-12-01").unwrap();
        assert_eq!((date.weekday(), date.yearday()), (2, 334));
        assert_eq!(Date::parse("2024-02-29").unwrap().yearday(), 58);
        assert_eq!(Date::parse("2024-12-31").unwrap().yearday(), 364);
        for bad in ["2023-02-29", "2023-13-01", "2023-1-1", "0000-01-01", "٢٠٢٣-٠١", "2023-00-10", ""] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }
}
