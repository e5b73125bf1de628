//! Runs expressions within a budget, so that no line costs more than its share whatever it contains.
//!
//! In: an expression and a text. Out: hit, miss or limit. PCRE2's match limit counts backtracking per start position
//! and does not count the characters a repeat runs over, so three things bound the work: a first match limit that
//! shrinks with the length of the text, windows of start positions in long texts, and the CPU time of this thread,
//! read between windows, before a limit is raised and now and then between expressions.

use std::time::Instant;

use crate::limits::{LINE_NANOS, MAX_LIMIT_HITS, RULE_NANOS};
use crate::meter::cpu_nanos;
use crate::regex::{Found, Machine, Regex};
use crate::text::Text;

/// Characters times backtracks that the first attempt may take: about 0.1 ms at worst.
const FIRST_STEPS: usize = 200_000;
/// Fewest backtracks the first attempt may take at each start position, however long the text.
const FIRST_LIMIT: usize = 16;
/// As `FIRST_LIMIT`, for texts that are searched from every position in one go.
const SHORT_LIMIT: usize = 128;
/// Texts up to this length are searched in one go.
const SHORT: usize = 256;
/// Start positions of a window times length of the text: about 0.15 ms if each runs to the end of the text and back.
const WINDOW_STEPS: usize = 125_000;
/// A window that took less than this may be followed by one four times as large, in nanoseconds.
const CHEAP_NANOS: u64 = 5_000;
/// Attempts between two looks at the clock.
const ATTEMPTS: usize = 16;

/// The machine and what is left of the current line's budget.
pub struct Search {
    pub machine: Machine,
    match_limit: u32,
    attempts: usize,
    started: Option<u64>,
    limit_hits: u8,
    is_spent: bool,
    /// How often it stayed unknown whether an expression matches, since the start.
    pub refusals: u64,
}

impl Search {
    pub fn new(machine: Machine, match_limit: u32) -> Search {
        Search { machine, match_limit, attempts: 0, started: None, limit_hits: 0, is_spent: false, refusals: 0 }
    }

    /// Gives the next line its full budget.
    pub fn begin_line(&mut self) {
        self.attempts = 0;
        self.started = None;
        self.limit_hits = 0;
        self.is_spent = false;
    }

    /// Looks for the leftmost match. `Limit` means that it is not known whether there is one.
    pub fn find(&mut self, regex: &Regex, text: Text) -> Found {
        self.attempts += 1 + text.len() / 1024;
        if self.attempts >= ATTEMPTS && !self.may_go_on() {
            self.refusals += 1;
            return Found::Limit;
        }
        let first = self.first_limit(regex, text.len());
        if text.len() <= SHORT || regex.is_anchored {
            match self.machine.run(regex, text, 0, usize::MAX, first) {
                Found::Limit => {}
                found => return found,
            }
        }
        let found = self.find_slowly(regex, text, first);
        self.refusals += u64::from(found == Found::Limit);
        found
    }

    /// The first match limit: a power of two, so that it seldom changes between runs.
    fn first_limit(&self, regex: &Regex, length: usize) -> u32 {
        let steps = if regex.is_anchored {
            // By shifts, as a division costs more than all else here, and in large steps, so that most lines have one limit.
            (FIRST_STEPS >> ((length + 32).ilog2() | 1)).max(FIRST_LIMIT)
        } else if length <= SHORT {
            (10 * FIRST_STEPS / (length * length + 32)).max(SHORT_LIMIT)
        } else {
            (FIRST_STEPS / (4 * length)).max(FIRST_LIMIT)
        };
        (1u32 << steps.ilog2()).min(self.match_limit)
    }

    fn may_go_on(&mut self) -> bool {
        self.attempts = 0;
        let now = cpu_nanos();
        let started = *self.started.get_or_insert(now);
        self.is_spent |= now.saturating_sub(started) > LINE_NANOS;
        !self.is_spent
    }

    /// Searches window by window, raising the match limit where the time allows it.
    fn find_slowly(&mut self, regex: &Regex, text: Text, first: u32) -> Found {
        if self.is_spent {
            return Found::Limit;
        }
        regex.prepare(text);
        let begun = cpu_nanos();
        let started = *self.started.get_or_insert(begun);
        let share = if self.limit_hits == 0 { RULE_NANOS } else { RULE_NANOS / 10 };
        let end = begun + share.min((started + LINE_NANOS).saturating_sub(begun));
        let found = self.walk(regex, text, first, begun, end);
        if found == Found::Limit {
            self.limit_hits += 1;
            self.is_spent |= self.limit_hits >= MAX_LIMIT_HITS;
        }
        found
    }

    fn walk(&mut self, regex: &Regex, text: Text, first: u32, begun: u64, end: u64) -> Found {
        let widest = (WINDOW_STEPS / (text.len() + 1)).max(1);
        let (mut from, mut width, mut limit) = (0usize, widest.div_ceil(8), first);
        // `now` is guessed from the wall clock, `known` what the CPU clock said last.
        let (mut now, mut known, mut watch) = (begun, begun, Instant::now());
        loop {
            let last = if regex.is_anchored { usize::MAX } else { from.saturating_add(width - 1) };
            let found = self.machine.run(regex, text, from, last, limit);
            // The wall clock is cheap and never less than CPU time; the CPU clock is asked only when it matters.
            let then = std::mem::replace(&mut watch, Instant::now());
            let took = watch.duration_since(then).as_nanos() as u64;
            now = now.saturating_add(took);
            match found {
                Found::Hit => return Found::Hit,
                Found::Miss if last >= text.len() => return Found::Miss,
                Found::Miss => {
                    from = boundary(text.str, last + 1);
                    width = next_width(width, took).min(widest);
                }
                Found::Limit if limit >= self.match_limit => return Found::Limit,
                Found::Limit => limit = limit.saturating_mul(4).min(self.match_limit),
            }
            // What comes next may cost four times as much, with a larger limit or a wider window; else it costs the same.
            let factor = if found == Found::Miss && took >= CHEAP_NANOS { 1 } else { 4 };
            if now.saturating_add(took.saturating_mul(factor)) > end {
                // If the thread had to wait meanwhile, the last run was cheaper than the wall clock says.
                let before = std::mem::replace(&mut known, cpu_nanos());
                let dear = took.min(known.saturating_sub(before)).saturating_mul(factor);
                now = known;
                if now.saturating_add(dear) > end {
                    return Found::Limit;
                }
            }
        }
    }
}

fn next_width(width: usize, took: u64) -> usize {
    if took < CHEAP_NANOS {
        width.saturating_mul(4)
    } else if took > 8 * CHEAP_NANOS {
        (width / 4).max(1)
    } else {
        width
    }
}

/// The first character boundary at or after `at`.
fn boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::Subject;

    fn search() -> Search {
        Search::new(Machine::new(4).expect("memory"), 100_000)
    }

    /// Windows find what one search finds, wherever the match begins, in ASCII and other text.
    #[test]
    fn windows_find_the_leftmost_match() {
        let regex = Regex::compile("n(e+)dle", Subject::Line).expect("compiles");
        for filler in ["x", "é"] {
            for before in [0, 1, 63, 64, 65, 200, 300, 5000] {
                let text = format!("{}needle needle{}", filler.repeat(before), filler.repeat(300));
                let mut search = search();
                assert_eq!(search.find(&regex, Text::new(&text)), Found::Hit);
                assert_eq!(search.machine.group(0).map(|span| span.0), Some(before * filler.len()));
            }
            assert_eq!(search().find(&regex, Text::new(&filler.repeat(2000))), Found::Miss);
        }
    }

    /// Quadratic and cubic expressions on long lines end within the line's budget.
    #[test]
    fn bounds_hostile_lines() {
        for pattern in [r"\d+x", r"1.*1.*1.*4", r"^(?:1*)*2", r"(1+)+$2"] {
            let regex = Regex::compile(pattern, Subject::Line).expect("compiles");
            let text = "x".repeat(50_000) + &"1".repeat(50_000);
            let mut search = search();
            search.find(&regex, Text::new("warm up"));
            let begun = cpu_nanos();
            for _ in 0..50 {
                search.find(&regex, Text::new(&text));
            }
            let took = cpu_nanos() - begun;
            assert!(took < 1_500_000, "{pattern}: {took} ns");
        }
    }
}
