//! All filters of one source: lines from bytes, one pass of literals for all, then each filter in turn.
//!
//! In: chunks or entries, `now`, whether the log is live. Out: a `Yield`. No I/O, no clock; knows nothing of Python.

use std::panic::{catch_unwind, AssertUnwindSafe};

use memchr::memchr_iter;

use crate::dates::{Dated, Dater, Moment, Zone};
use crate::detail::Detail;
use crate::failure::{Ids, Verdict, Yield};
use crate::filter::{Filter, Line, Outcome, Report, Sink};
use crate::interest;
use crate::limits::{cut, MAX_SHOWN};
use crate::lines::{begin, bounded, end, next_long, Carry};
use crate::literals::{Literals, Walk};
use crate::regex::Machine;
use crate::search::Search;
use crate::spec;
use crate::text::{decode, AsciiLines, Encoding, Text};
use crate::timing::Clock;

/// Counts since the start, of the engine; rules count for themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub lines: u64,
    pub bytes: u64,
    pub candidates: u64,
    pub dated: u64,
    pub undated: u64,
    pub matched: u64,
    pub nofail: u64,
    pub ignored: u64,
    pub failures: u64,
    pub odd: u64,
    pub old: u64,
    /// Lines with bytes that could not be decoded, of those that were looked at.
    pub undecodable: u64,
}

/// The bytes of a line, whether its literals are known to be of interest to the only filter, whether it was cut.
type Raw<'a> = (&'a [u8], bool, bool);

pub struct Engine {
    pub filters: Vec<Filter>,
    pub daters: Vec<Dater>,
    /// None: some filter takes every line.
    literals: Option<Literals>,
    search: Search,
    carry: Carry,
    encoding: Encoding,
    is_explaining: bool,
    max_line: usize,
    decoded: String,
    pub ids: Ids,
    pub counts: Counts,
    /// Of everything that makes a dump fit: filters and their expressions.
    pub fingerprint: u64,
}

impl Engine {
    /// Compiles everything; an error names filter and rule.
    pub fn new(
        specs: &[spec::Filter],
        limits: &spec::Limits,
        is_explaining: bool,
        encoding: Encoding,
    ) -> Result<Engine, String> {
        let (daters, indices) = daters(specs)?;
        let mut filters = specs
            .iter()
            .zip(&indices)
            .enumerate()
            .map(|(index, (spec, &dater))| Filter::new(index, spec, limits, dater))
            .collect::<Result<Vec<_>, _>>()?;
        if is_explaining {
            filters.iter_mut().for_each(Filter::explain);
        }
        let groups = filters.iter().map(Filter::groups).chain(daters.iter().map(Dater::groups)).max().unwrap_or(0);
        let machine = Machine::new(groups).ok_or("out of memory")?;
        Ok(Engine {
            literals: interest::of_all(specs)?,
            search: Search::new(machine, limits.match_limit.max(1)),
            carry: Carry::default(),
            max_line: limits.max_line.max(1),
            decoded: String::new(),
            ids: Ids::default(),
            counts: Counts::default(),
            fingerprint: crate::dump::fingerprint(specs),
            filters,
            daters,
            encoding,
            is_explaining,
        })
    }

    /// Length of the unfinished last line.
    pub fn pending(&self) -> usize {
        self.carry.length()
    }

    /// Scans a chunk that may begin and end within a line.
    pub fn feed(&mut self, data: &[u8], clock: Clock, out: &mut Yield) {
        self.counts.bytes += data.len() as u64;
        let mut from = 0;
        if self.carry.length() > 0 {
            match memchr::memchr(b'\n', data) {
                None => return self.carry.add(data, self.max_line),
                Some(newline) => {
                    self.carry.add(&data[..newline], self.max_line);
                    from = newline + 1;
                    self.finish(clock, out);
                }
            }
        }
        let to = memchr::memrchr(b'\n', &data[from..]).map_or(from, |newline| from + newline + 1);
        if self.is_explaining || self.literals.is_none() {
            self.every_line(&data[from..to], clock, out);
        } else {
            self.candidate_lines(&data[from..to], clock, out);
        }
        self.carry.add(&data[to..], self.max_line);
    }

    /// Treats the unfinished last line as whole.
    pub fn finish(&mut self, clock: Clock, out: &mut Yield) {
        if self.carry.length() == 0 {
            return;
        }
        let line = self.carry.take();
        self.counts.lines += 1;
        self.whole_line((&line, None), None, false, clock, out);
        self.carry.reuse(line);
    }

    /// Scans one whole line whose time is known.
    pub fn entry(&mut self, time: f64, line: &[u8], clock: Clock, out: &mut Yield) {
        self.counts.bytes += line.len() as u64;
        self.counts.lines += 1;
        // Entries hold no newline by the dialect (§3.12); where a source lets one through, it is a blank.
        let joined: Vec<u8>;
        let line = match memchr::memchr(b'\n', line) {
            None => line,
            Some(_) => {
                joined = line.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }).collect();
                &joined
            }
        };
        self.whole_line((line, None), Some(time), false, clock, out);
    }

    fn every_line(&mut self, data: &[u8], clock: Clock, out: &mut Yield) {
        let mut from = 0;
        for newline in memchr_iter(b'\n', data) {
            self.counts.lines += 1;
            self.whole_line((&data[from..newline], None), None, false, clock, out);
            from = newline + 1;
        }
    }

    /// Goes from literal to literal; lines between are only counted, and looked at if they are too long.
    fn candidate_lines(&mut self, data: &[u8], clock: Clock, out: &mut Yield) {
        self.counts.lines += memchr_iter(b'\n', data).count() as u64;
        let Some(literals) = self.literals.take() else { return };
        let mut ascii = AsciiLines::new(data);
        let mut walk = Walk::new(&literals, data);
        let mut from = 0;
        while let Some(at) = walk.next(from) {
            let start = begin(data, from, at);
            self.long_lines(data, from, start, clock, out);
            from = end(data, at) + 1;
            let line = start..from - 1;
            self.whole_line((&data[line.clone()], ascii.line(line)), None, true, clock, out);
        }
        self.long_lines(data, from, data.len(), clock, out);
        self.literals = Some(literals);
    }

    fn long_lines(&mut self, data: &[u8], mut from: usize, to: usize, clock: Clock, out: &mut Yield) {
        while let Some(start) = next_long(data, from, to, self.max_line) {
            let newline = end(data, start);
            self.whole_line((&data[start..newline], None), None, false, clock, out);
            from = newline + 1;
        }
    }

    /// The line comes as bytes and, if it is known to be ASCII, as text. `has_literal` says that a literal of some filter
    /// was found in it, cut or not.
    fn whole_line(
        &mut self,
        (raw, ascii): (&[u8], Option<&str>),
        known: Option<f64>,
        has_literal: bool,
        clock: Clock,
        out: &mut Yield,
    ) {
        let (raw, is_long) = bounded(raw, self.max_line);
        let is_hit = has_literal && !is_long && self.filters.len() == 1;
        let mut buffer = std::mem::take(&mut self.decoded);
        let (decoded, is_damaged) = match ascii {
            Some(line) => (Text { str: &line[..raw.len()], is_ascii: true }, false),
            None => decode(raw, &self.encoding, &mut buffer),
        };
        // Replacement characters are longer than what they replace; the bound holds for the text as well.
        let text = Text { str: cut(decoded.str, self.max_line), is_ascii: decoded.is_ascii };
        let is_long = is_long || text.len() < decoded.len();
        let line = Line { text, clock, known, is_damaged };
        self.search.begin_line();
        for dater in &mut self.daters {
            dater.begin_line();
        }
        let mut is_candidate = false;
        for index in 0..self.filters.len() {
            // A bug in the handling of one line must not stop the scanner: the line is odd, the filter's state is let go.
            let run = catch_unwind(AssertUnwindSafe(|| self.one_filter(index, line, (raw, is_hit, is_long), out)));
            is_candidate |= run.unwrap_or_else(|_| {
                self.filters[index].clear();
                self.counts.odd += 1;
                out.add_odd(index, "bug", line.text.str);
                true
            });
        }
        self.counts.candidates += u64::from(is_candidate);
        self.counts.undecodable += u64::from(is_candidate && is_damaged);
        self.decoded = buffer;
    }

    /// Says whether the line was of interest to the filter.
    fn one_filter(&mut self, index: usize, line: Line, (raw, is_hit, is_long): Raw, out: &mut Yield) -> bool {
        let is_wanted = is_hit || self.filters[index].interest.as_ref().is_none_or(|wanted| wanted.is_in(raw));
        let (first, refusals) = (out.failures.len(), self.search.refusals);
        let dated = if is_wanted || self.is_explaining { self.date(index, line, is_wanted) } else { Dated::MISSING };
        let odd = out.odd_count;
        let mut report = if is_wanted {
            let mut sink = Sink { search: &mut self.search, ids: &mut self.ids, out: &mut *out };
            self.filters[index].run(line, dated, &mut sink)
        } else {
            Report { outcome: Outcome::Missed, rule: None, time: None }
        };
        let reason = if is_wanted && self.search.refusals > refusals { "match-limit" } else { "too-long" };
        if reason == "match-limit" || (is_long && report.outcome == Outcome::Missed) {
            out.add_odd(index, reason, line.text.str);
            if report.outcome == Outcome::Missed {
                report.outcome = Outcome::Odd(reason);
            }
        }
        if self.is_explaining && report.outcome == Outcome::Missed && self.is_ignored(index, line, dated) {
            report.outcome = Outcome::Ignored;
        }
        self.count(report, is_wanted, dated, out.failures.len() - first, out.odd_count - odd);
        if self.is_explaining {
            self.explain(index, line, report, first, out);
        }
        is_wanted
    }

    /// The date of a line. One that is not of interest, looked at to explain it, leaves the templates' state alone.
    fn date(&mut self, index: usize, line: Line, is_wanted: bool) -> Dated {
        let number = self.filters[index].dater;
        if line.known.is_some() {
            return Dated::MISSING;
        }
        let now = line.clock.second();
        let dater = &mut self.daters[number];
        if is_wanted {
            return dater.date(line.text, now, &mut self.search);
        }
        let state = dater.state();
        let dated = dater.date(line.text, now, &mut self.search);
        dater.restore(state);
        dater.begin_line();
        dated
    }

    fn is_ignored(&mut self, index: usize, line: Line, dated: Dated) -> bool {
        self.filters[index].ignores_line(line.text, dated, &mut self.search)
    }

    fn count(&mut self, report: Report, is_wanted: bool, dated: Dated, failures: usize, odd: u64) {
        let counts = &mut self.counts;
        if is_wanted {
            let is_dated = matches!(dated.moment, Moment::At(_) | Moment::Unneeded);
            counts.dated += u64::from(is_dated);
            counts.undated += u64::from(!is_dated);
        }
        counts.matched += u64::from(report.rule.is_some());
        counts.failures += failures as u64;
        match report.outcome {
            Outcome::Nofail => counts.nofail += 1,
            Outcome::Ignored => counts.ignored += 1,
            Outcome::Old => counts.old += 1,
            _ => {}
        }
        counts.odd += odd;
    }

    fn explain(&mut self, index: usize, line: Line, report: Report, first: usize, out: &mut Yield) {
        let (verdict, reason) = report.outcome.words();
        let filter = &self.filters[index];
        out.verdicts.push(Verdict {
            n: self.counts.lines,
            filter: index as u32,
            verdict,
            rule: report.rule,
            time: report.time,
            detail: report.rule.map(|_| Detail::of_fields(filter.matched_fields())),
            line: cut(line.text.str, MAX_SHOWN).to_owned(),
            reason,
            failures: first..out.failures.len(),
        });
    }
}

/// One dater for all filters with the same templates and zone, and which filter uses which.
fn daters(specs: &[spec::Filter]) -> Result<(Vec<Dater>, Vec<usize>), String> {
    let mut known = Vec::new();
    let (mut daters, mut indices) = (Vec::new(), Vec::new());
    for spec in specs {
        let key = (&*spec.dates, &*spec.zone);
        let index = known.iter().position(|other| *other == key).unwrap_or(known.len());
        if index == known.len() {
            known.push(key);
            let dater = Dater::new(&spec.dates, Zone::new(spec.zone.clone()));
            daters.push(dater.map_err(|error| format!("filter {:?}, {error}", spec.name))?);
        }
        indices.push(index);
    }
    Ok((daters, indices))
}
