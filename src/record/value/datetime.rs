//! How are dates and times held, printed and read? As PostgreSQL counts them: from 2000-01-01, with
//! infinities and years before Christ, of which calendars in libraries know only the nearer part.

mod read;

use std::fmt;

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub(super) const DAY: i64 = 86_400 * SECOND;
/// Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;

/// A `date`: days since 2000-01-01; `i32::MAX` is infinity, `i32::MIN` is -infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

/// A `time`: microseconds since midnight, 24:00:00 included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// A `timetz`. Two are equal as PostgreSQL has it when moment and offset are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeTz {
    /// Local time.
    pub time: Time,
    /// Seconds east of Greenwich.
    pub offset: i32,
}

/// A `timestamp`: microseconds since 2000-01-01 00:00:00; `i64::MAX` is infinity, `i64::MIN` is
/// -infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A `timestamptz`: microseconds since 2000-01-01 00:00:00 UTC, infinities as in [`Timestamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimestampTz(pub i64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            i32::MAX => f.write_str("infinity"),
            i32::MIN => f.write_str("-infinity"),
            days => {
                let civil = Civil::from_days(i64::from(days));
                write!(f, "{civil}{}", civil.era())
            }
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / SECOND;
        let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
        write!(f, "{hour:02}:{minute:02}:")?;
        write_seconds(f, self.0.rem_euclid(60 * SECOND))
    }
}

/// Writes the seconds below a minute with as many decimals as they have.
pub(super) fn write_seconds(f: &mut fmt::Formatter<'_>, micros: i64) -> fmt::Result {
    write!(f, "{:02}", micros / SECOND)?;
    let fraction = format!("{:06}", micros % SECOND);
    match fraction.trim_end_matches('0') {
        "" => Ok(()),
        digits => write!(f, ".{digits}"),
    }
}

impl fmt::Display for TimeTz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let seconds = self.offset.unsigned_abs();
        write!(f, "{}{sign}{:02}", self.time, seconds / 3600)?;
        if !seconds.is_multiple_of(3600) {
            write!(f, ":{:02}", seconds / 60 % 60)?;
        }
        if !seconds.is_multiple_of(60) {
            write!(f, ":{:02}", seconds % 60)?;
        }
        Ok(())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_moment(f, self.0, "")
    }
}

impl fmt::Display for TimestampTz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_moment(f, self.0, "+00")
    }
}

fn write_moment(f: &mut fmt::Formatter<'_>, micros: i64, zone: &str) -> fmt::Result {
    match micros {
        i64::MAX => f.write_str("infinity"),
        i64::MIN => f.write_str("-infinity"),
        micros => {
            let civil = Civil::from_days(micros.div_euclid(DAY));
            let time = Time(micros.rem_euclid(DAY));
            write!(f, "{civil} {time}{zone}{}", civil.era())
        }
    }
}

/// A day of the proleptic Gregorian calendar; year 0 is 1 BC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
}

impl Civil {
    /// From days since 2000-01-01. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
    /// `civil_from_days`.
    fn from_days(days: i64) -> Civil {
        let shifted = days + EPOCH_DAYS + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        Civil {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        }
    }

    /// Days since 2000-01-01 (Hinnant's `days_from_civil`); `None` if there is no such day.
    fn to_days(self) -> Option<i64> {
        if !(1..=12).contains(&self.month) || self.day < 1 {
            return None;
        }
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = if self.month > 2 {
            self.month - 3
        } else {
            self.month + 9
        };
        let day_of_year = (153 * shifted_month + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468 - EPOCH_DAYS;
        // The 30th of February would come out as a day of March.
        (Civil::from_days(days) == self).then_some(days)
    }

    fn era(self) -> &'static str {
        if self.year > 0 { "" } else { " BC" }
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let year = if self.year > 0 {
            self.year
        } else {
            1 - self.year
        };
        write!(f, "{year:04}-{:02}-{:02}", self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_print_as_psql_prints_them() {
        assert_eq!(Date(0).to_string(), "2000-01-01");
        assert_eq!(Date(-730_119).to_string(), "0001-01-01");
        assert_eq!(Date(-730_120).to_string(), "0001-12-31 BC");
        assert_eq!(Date(i32::MAX).to_string(), "infinity");
        assert_eq!(Timestamp(1).to_string(), "2000-01-01 00:00:00.000001");
        assert_eq!(TimestampTz(-1).to_string(), "1999-12-31 23:59:59.999999+00");
        assert_eq!(TimestampTz(i64::MIN).to_string(), "-infinity");
        assert_eq!(Time(DAY).to_string(), "24:00:00");
        let kathmandu = TimeTz {
            time: Time(0),
            offset: 20_700,
        };
        assert_eq!(kathmandu.to_string(), "00:00:00+05:45");
    }

    #[test]
    fn dates_read_in_the_forms_people_write() {
        let moment = TimestampTz(757_468_800_000_000);
        for text in [
            "2024-01-02 00:00:00+00",
            "2024-01-02T00:00:00Z",
            "2024-01-02 02:00+02",
            "2024-01-01T18:30:00.000-0530",
            "2024-01-02",
            "2024-01-02 00:00:00 UTC",
        ] {
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
        assert_eq!("2024-01-02 00:00".parse(), Ok(Timestamp(moment.0)));
        assert!("2024-01-02 00:00+02".parse::<Timestamp>().is_err());
        assert_eq!("-Infinity".parse(), Ok(Timestamp(i64::MIN)));
        assert_eq!("0001-12-31 BC".parse(), Ok(Date(-730_120)));
        assert_eq!("12:30".parse(), Ok(Time(45_000 * SECOND)));
        assert_eq!("24:00:00".parse(), Ok(Time(DAY)));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2024-02-30",
            "2024-13-01",
            "2024-01-01x",
            "99999999999999999999-01-01",
            "0000-01-01",
            "yesterday",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in ["24:00:01", "12", "12:60", "1:2:3:4", "12:00:00.", "12:00é"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_date_reads_back(days in any::<i32>()) {
            prop_assert_eq!(Date(days).to_string().parse(), Ok(Date(days)));
        }

        #[test]
        fn every_moment_reads_back(micros in any::<i64>()) {
            prop_assert_eq!(Timestamp(micros).to_string().parse(), Ok(Timestamp(micros)));
            prop_assert_eq!(TimestampTz(micros).to_string().parse(), Ok(TimestampTz(micros)));
        }

        #[test]
        fn every_time_with_zone_reads_back(micros in 0..=DAY, offset in -57_599..57_600) {
            let time = TimeTz { time: Time(micros), offset };
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,20}|[0-9:+. TZBC-]{0,30}") {
            let _ = (text.parse::<Date>(), text.parse::<TimeTz>(), text.parse::<TimestampTz>());
        }
    }
}
