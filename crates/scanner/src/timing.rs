//! Which time a line counts for (§3.10 of the dialect).
//!
//! In: what the date says, `now`, whether the log is live, findtime. Out: the time, or that the line is too old. State:
//! the last time that was used. Without findtime (a test of a filter) no line of history is too old, and each counts for
//! the time that the log gives: one without a date for the last, however long ago, one of the future for its own.

use crate::dates::Moment;

/// How far a live line's date may be off before it counts as now; how long the last time stands in for a missing one.
pub const TOLERANCE: f64 = 60.0;

/// The circumstances of one call.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pub now: f64,
    pub is_live: bool,
}

impl Clock {
    /// `now` in whole seconds, rounded down; made here because the library's function is a call for each line.
    pub fn second(self) -> i64 {
        let second = self.now as i64;
        second - i64::from(second as f64 > self.now)
    }
}

/// When a line counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct When {
    /// None: not known, a match is dropped.
    pub time: Option<f64>,
    /// What the line itself says.
    pub logged: Option<f64>,
}

/// Settles the time of a line; None if it is older than findtime while history is read.
pub fn settle(moment: Moment, clock: Clock, findtime: Option<f64>, last: &mut Option<f64>) -> Option<When> {
    let recent = last.filter(|&last| last > clock.now - TOLERANCE);
    let Moment::At(logged) = moment else {
        let is_test = !clock.is_live && findtime.is_none();
        let recent = if is_test { *last } else { recent };
        let is_known = clock.is_live || is_test || moment == Moment::Unneeded;
        let time = recent.or(is_known.then_some(clock.now));
        return Some(When { time: time.map(|time| counted(time, clock, findtime)), logged: None });
    };
    let logged = logged as f64;
    settle_logged(logged, clock, findtime, last)
}

/// As `settle`, for a line whose time is known to a fraction of a second.
pub fn settle_logged(logged: f64, clock: Clock, findtime: Option<f64>, last: &mut Option<f64>) -> Option<When> {
    let is_off = (logged - clock.now).abs() > TOLERANCE;
    let time = if clock.is_live && is_off { clock.now } else { logged };
    if !clock.is_live && findtime.is_some_and(|findtime| time < clock.now - findtime) {
        return None;
    }
    *last = Some(time);
    Some(When { time: Some(counted(time, clock, findtime)), logged: Some(logged) })
}

/// History counts for no later time than now.
fn counted(time: f64, clock: Clock, findtime: Option<f64>) -> f64 {
    if clock.is_live || findtime.is_none() {
        time
    } else {
        time.min(clock.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(moment: Moment, is_live: bool, last: Option<f64>) -> Option<Option<f64>> {
        let mut last = last;
        settle(moment, Clock { now: 1000.0, is_live }, Some(600.0), &mut last).map(|when| when.time)
    }

    /// Live lines count as now when their date is more than a minute off; history keeps its dates.
    #[test]
    fn live_lines_count_as_now() {
        assert_eq!(time(Moment::At(939), true, None), Some(Some(1000.0)));
        assert_eq!(time(Moment::At(940), true, None), Some(Some(940.0)));
        assert_eq!(time(Moment::At(1061), true, None), Some(Some(1000.0)));
        assert_eq!(time(Moment::At(401), false, None), Some(Some(401.0)));
        assert_eq!(time(Moment::At(399), false, None), None);
        assert_eq!(time(Moment::At(5000), false, None), Some(Some(1000.0)));
    }

    /// Without findtime the log's own times count, and the last one for lines without a date.
    #[test]
    fn tests_believe_the_log() {
        let clock = Clock { now: 1000.0, is_live: false };
        let time = |moment, last: Option<f64>| settle(moment, clock, None, &mut { last }).and_then(|when| when.time);
        assert_eq!(time(Moment::At(5000), None), Some(5000.0));
        assert_eq!(time(Moment::At(1), None), Some(1.0));
        assert_eq!(time(Moment::Missing, Some(5.0)), Some(5.0));
        assert_eq!(time(Moment::Impossible, None), Some(1000.0));
    }

    /// Seconds are rounded down on both sides of 1970.
    #[test]
    fn rounds_down() {
        for now in [0.0, 0.9, 1.0, -0.5, -1.0, -1.5, 1.795e9 + 0.999] {
            assert_eq!(Clock { now, is_live: true }.second(), now.floor() as i64);
        }
    }

    /// Without a date the last time counts if it is recent, else now; in history a missing date leaves it unknown.
    #[test]
    fn undated_lines_follow_the_last() {
        assert_eq!(time(Moment::Missing, true, Some(950.0)), Some(Some(950.0)));
        assert_eq!(time(Moment::Missing, true, Some(940.0)), Some(Some(1000.0)));
        assert_eq!(time(Moment::Impossible, false, Some(100.0)), Some(None));
        assert_eq!(time(Moment::Unneeded, false, None), Some(Some(1000.0)));
        assert_eq!(time(Moment::Unneeded, false, Some(999.0)), Some(Some(999.0)));
        assert_eq!(time(Moment::Unneeded, false, Some(5000.0)), Some(Some(1000.0)));
    }
}
