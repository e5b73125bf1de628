//! One filter's run over one line: time, prefix, rules, ignores, session, identifier.
//!
//! In: a decoded line with its date. Out: an outcome, failures and odd lines. State: sessions, the last time, the window
//! of a multi-line filter.

use std::borrow::Cow;

use crate::dates::{Dated, Moment, Zone};
use crate::detail;
use crate::expressions::Expressions;
use crate::failure::{Failure, Ids, Kind, Yield};
use crate::fields::{Fields, Names, MLFGAINED, MLFID, NOFAIL, USERS};
use crate::identifier::{identify, Identity};
use crate::interest;
use crate::literals::Literals;
use crate::search::Search;
use crate::session::{Merged, Session, Sessions};
use crate::spec;
use crate::stamp::stamped;
use crate::text::Text;
use crate::timing::{settle, settle_logged, Clock, When, TOLERANCE};
use crate::window::Window;

/// Most lines that a multi-line filter may ask for.
const MAX_LINES: usize = 1000;

/// What became of a line for this filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Missed,
    Old,
    Ignored,
    Nofail,
    Fail,
    Undated,
    Odd(&'static str),
}

impl Outcome {
    /// The word of the contract, and the reason of an odd line.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Outcome::Missed => ("missed", ""),
            Outcome::Old => ("old", ""),
            Outcome::Ignored => ("ignored", ""),
            Outcome::Nofail => ("nofail", ""),
            Outcome::Fail => ("fail", ""),
            Outcome::Undated => ("undated", "undated"),
            Outcome::Odd(reason) => ("odd", reason),
        }
    }
}

/// A line as all filters see it.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub text: Text<'a>,
    pub clock: Clock,
    /// The time of a journal entry; dates are then not looked for.
    pub known: Option<f64>,
    /// Whether some bytes could not be decoded.
    pub is_damaged: bool,
}

/// Where results go.
pub struct Sink<'a> {
    pub search: &'a mut Search,
    pub ids: &'a mut Ids,
    pub out: &'a mut Yield,
}

/// What a run gave: the outcome, the rule that matched first and the time.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub outcome: Outcome,
    pub rule: Option<u32>,
    pub time: Option<f64>,
}

pub struct Filter {
    index: u32,
    expressions: Expressions,
    pub names: Names,
    /// Which dater reads this filter's dates.
    pub dater: usize,
    /// What a line must contain to be of interest; None: every line is.
    pub interest: Option<Literals>,
    /// Of dates without a zone, and of the times that are put before journal entries.
    zone: Zone,
    usedns: spec::UseDns,
    findtime: Option<f64>,
    is_all_rules: bool,
    max_lines: usize,
    has_sessions: bool,
    pub sessions: Sessions,
    pub last: Option<f64>,
    pub window: Option<Window>,
    pub hits: Vec<u64>,
    fields: Fields,
    base: Fields,
    /// Fields of the last match, kept only to explain it: a session takes `fields` away.
    matched: Option<Fields>,
    stripped: String,
}

impl Filter {
    /// Compiles a filter; an error names filter and rule.
    pub fn new(index: usize, spec: &spec::Filter, limits: &spec::Limits, dater: usize) -> Result<Filter, String> {
        if spec.maxlines > MAX_LINES {
            return Err(format!("filter {:?}: maxlines {} is more than {MAX_LINES}", spec.name, spec.maxlines));
        }
        let mut names = Names::default();
        let expressions = Expressions::new(spec, &mut names)?;
        Ok(Filter {
            index: index as u32,
            interest: interest::of_filter(spec)?,
            fields: Fields::new(names.len()),
            base: Fields::new(names.len()),
            matched: None,
            hits: vec![0; expressions.len()],
            max_lines: spec.maxlines,
            window: new_window(spec.maxlines),
            sessions: Sessions::new(limits.max_sessions, limits.session_seconds),
            zone: Zone::new(spec.zone.clone()),
            usedns: spec.usedns,
            findtime: spec.findtime,
            is_all_rules: spec.is_all_rules,
            has_sessions: expressions.has_sessions(),
            last: None,
            stripped: String::new(),
            expressions,
            names,
            dater,
        })
    }

    /// Most groups that any expression has.
    pub fn groups(&self) -> u32 {
        self.expressions.groups()
    }

    /// Keeps the fields of a match from now on.
    pub fn explain(&mut self) {
        self.matched = Some(Fields::default());
    }

    /// Fields of the last line that matched.
    pub fn matched_fields(&self) -> &Fields {
        self.matched.as_ref().unwrap_or(&self.fields)
    }

    /// Forgets what an interrupted run may have left half done.
    pub fn clear(&mut self) {
        self.sessions.clear();
        self.window = new_window(self.max_lines);
    }

    /// Runs over one line; `dated` is its date, already found.
    pub fn run(&mut self, line: Line, dated: Dated, sink: &mut Sink) -> Report {
        let when = match line.known {
            Some(time) => settle_logged(time, line.clock, self.findtime, &mut self.last),
            None => settle(dated.moment, line.clock, self.findtime, &mut self.last),
        };
        let Some(when) = when else {
            let logged = line.known.or(dated.logged()).unwrap_or(line.clock.now);
            sink.out.add_note(self.index, Kind::Old, line.text.str, logged - line.clock.now);
            return Report { outcome: Outcome::Old, rule: None, time: None };
        };
        let mut buffer = std::mem::take(&mut self.stripped);
        let stripped = strip(line.text, dated, &mut buffer);
        let report = match self.window.take() {
            None => self.run_single(line, stripped, when, sink),
            Some(mut window) => {
                window.push(stripped.str, &self.original(line));
                let report = self.run_window(&mut window, when, sink);
                self.window = Some(window);
                report
            }
        };
        self.stripped = buffer;
        let is_on_time = when.logged.is_some_and(|logged| (logged - line.clock.now).abs() <= TOLERANCE);
        if !is_on_time || line.is_damaged {
            self.note(line, dated, when, report, sink);
        }
        report
    }

    /// Says what is worth hearing about the line's time and bytes.
    #[inline(never)]
    fn note(&self, line: Line, dated: Dated, when: When, report: Report, sink: &mut Sink) {
        let off = when.logged.map_or(0.0, |logged| logged - line.clock.now);
        if line.clock.is_live && off.abs() > TOLERANCE {
            sink.out.add_note(self.index, Kind::Off, line.text.str, off);
        }
        if line.is_damaged {
            sink.out.add_note(self.index, Kind::Undecodable, line.text.str, off);
        }
        let is_match = report.rule.is_some() && report.outcome != Outcome::Ignored;
        if !is_match || when.logged.is_some() || dated.moment == Moment::Unneeded {
            return;
        }
        sink.out.add_note(self.index, Kind::Undated, line.text.str, 0.0);
        if dated.moment == Moment::Impossible {
            sink.out.add_odd(self.index as usize, "bad-date", line.text.str);
        }
    }

    /// The line as it is shown: a journal entry with its time in front.
    fn original<'a>(&self, line: Line<'a>) -> Cow<'a, str> {
        match line.known {
            Some(time) => Cow::Owned(stamped(time, &self.zone, line.text.str)),
            None => Cow::Borrowed(line.text.str),
        }
    }

    fn run_single(&mut self, line: Line, stripped: Text, when: When, sink: &mut Sink) -> Report {
        let mut report = Report { outcome: Outcome::Missed, rule: None, time: when.time };
        self.fields.begin(self.names.len(), stripped.str);
        let Some(span) = self.expressions.content(stripped, sink.search, &mut self.fields) else { return report };
        let text = stripped.slice(span.0, span.1);
        if self.is_all_rules {
            self.base.copy_from(&self.fields);
        }
        let mut position = 0;
        while let Some(rule) = self.expressions.next_hit(text, &mut position, sink.search) {
            if report.rule.is_some() {
                self.fields.copy_from(&self.base);
            }
            self.expressions.rule(rule).collect(&sink.search.machine, text.str, span.0, &mut self.fields);
            let outcome = self.conclude(rule, &[&self.original(line)], &[stripped, text], when, sink);
            report = merged(report, outcome, rule);
            if outcome == Outcome::Ignored || !self.is_all_rules {
                break;
            }
        }
        report
    }

    fn run_window(&mut self, window: &mut Window, when: When, sink: &mut Sink) -> Report {
        let mut report = Report { outcome: Outcome::Missed, rule: None, time: when.time };
        let mut position = 0;
        while let Some((rule, outcome)) = self.next_in_window(window, &mut position, when, sink) {
            report = merged(report, outcome, rule);
            if !self.is_all_rules {
                break;
            }
        }
        report
    }

    /// The next rule that matches the window, which loses the lines of the match, and what the match means.
    fn next_in_window(
        &mut self,
        window: &mut Window,
        position: &mut usize,
        when: When,
        sink: &mut Sink,
    ) -> Option<(usize, Outcome)> {
        self.fields.reset(self.names.len());
        let whole = Text::new(window.text());
        let content = self.expressions.content(whole, sink.search, &mut self.fields)?;
        let text = whole.slice(content.0, content.1);
        let rule = self.expressions.next_hit(text, position, sink.search)?;
        let (expression, machine) = (self.expressions.rule(rule), &sink.search.machine);
        expression.collect(machine, text.str, content.0, &mut self.fields);
        let shift = |span: (usize, usize)| (span.0 + content.0, span.1 + content.0);
        let named = expression.regex.names.iter().filter(|entry| entry.0.starts_with("skiplines"));
        let skipped: Vec<_> = named.filter_map(|entry| machine.group(entry.1)).map(shift).collect();
        let span = shift(machine.group(0).unwrap_or_default());
        let is_part = content != (0, whole.len());
        let (stripped, originals) = window.take(span, &skipped, is_part.then_some(content));
        let lines: Vec<&str> = originals.iter().map(String::as_str).collect();
        let outcome = self.conclude(rule, &lines, &[Text::new(&stripped)], when, sink);
        Some((rule, outcome))
    }

    /// Decides what a match means. `lines` are its complete lines, `texts` what ignore expressions are searched in.
    fn conclude(&mut self, rule: usize, lines: &[&str], texts: &[Text], when: When, sink: &mut Sink) -> Outcome {
        if let Some(matched) = &mut self.matched {
            matched.copy_from(&self.fields);
        }
        if self.expressions.is_ignored(texts, sink.search) {
            return Outcome::Ignored;
        }
        self.hits[rule] += 1;
        let Some(time) = when.time else {
            sink.out.add_odd(self.index as usize, "undated", lines.last().unwrap_or(&""));
            return Outcome::Undated;
        };
        let mut place = None;
        if self.has_sessions && self.fields.get(MLFID).is_some() {
            match self.sessions.merge(&mut self.fields, self.names.len(), lines, time) {
                Merged::Quiet => return Outcome::Nofail,
                Merged::Due(due) => place = Some(due),
            }
        } else if self.fields.filled(NOFAIL).is_some() || self.fields.filled(MLFGAINED).is_some() {
            return Outcome::Nofail;
        }
        self.report(rule, place, lines, when, sink)
    }

    /// Whether an ignore expression fits a line that nothing else was tried on.
    pub fn ignores_line(&mut self, text: Text, dated: Dated, search: &mut Search) -> bool {
        let mut buffer = std::mem::take(&mut self.stripped);
        let is_ignored = self.expressions.is_ignored(&[strip(text, dated, &mut buffer)], search);
        self.stripped = buffer;
        is_ignored
    }

    fn report(&mut self, rule: usize, place: Option<usize>, lines: &[&str], when: When, sink: &mut Sink) -> Outcome {
        let session = place.map(|place| self.sessions.session(place));
        let fields = session.map_or(&self.fields, |session| &session.fields);
        match identify(fields, self.usedns) {
            Identity::Known { id, ip, is_name, host } => {
                let begin = sink.out.details.len();
                let details = &mut sink.out.details;
                detail::pack(details, &ip, fields, session.map(|session| &session.stored), lines);
                session.into_iter().flat_map(Session::users).for_each(|user| detail::add(details, USERS, user));
                let detail = begin..details.len();
                let (time, logged) = (when.time.unwrap_or_default(), when.logged);
                let (id, rule, filter) = (sink.ids.number(&id), rule as u32, self.index);
                sink.out.failures.push(Failure { filter, rule, time, logged, id, is_name, host, detail });
                Outcome::Fail
            }
            Identity::BadAddress => {
                sink.out.add_odd(self.index as usize, "bad-address", lines.last().unwrap_or(&""));
                Outcome::Odd("bad-address")
            }
            Identity::Unwanted => Outcome::Nofail,
            Identity::Missing => {
                if let Some(place) = place {
                    self.sessions.set_pending(place, lines);
                }
                Outcome::Nofail
            }
        }
    }
}

fn new_window(max_lines: usize) -> Option<Window> {
    (max_lines > 1).then(|| Window::new(max_lines))
}

/// The report after one more rule: the first hit names the rule, a failure outweighs what came before.
fn merged(before: Report, outcome: Outcome, rule: usize) -> Report {
    let keeps = before.rule.is_some() && (outcome != Outcome::Fail || before.outcome == Outcome::Fail);
    if keeps {
        return before;
    }
    Report { outcome, rule: Some(rule as u32), ..before }
}

/// The line without its date; `buffer` is used where text stands on both sides of it.
fn strip<'a>(text: Text<'a>, dated: Dated, buffer: &'a mut String) -> Text<'a> {
    if dated.start == 0 {
        return text.slice(dated.end, text.len());
    }
    buffer.clear();
    buffer.push_str(&text.str[..dated.start]);
    buffer.push_str(&text.str[dated.end..]);
    Text { str: buffer, is_ascii: text.is_ascii }
}
