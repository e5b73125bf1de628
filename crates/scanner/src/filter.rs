//! One filter's run over one line: time, prefix, rules, ignores, session, identifier.
//!
//! In: a decoded line with its date. Out: an outcome, failures and odd lines. State: sessions, the last time, the window
//! of a multi-line filter.

use crate::dates::{Dated, Moment};
use crate::dispatch::{lead, Dispatch};
use crate::expression::Expression;
use crate::failure::{Detail, Failure, Ids, Yield};
use crate::fields::{Fields, Names, CONTENT, MLFGAINED, MLFID, NOFAIL};
use crate::identifier::{identify, Identity};
use crate::interest;
use crate::literals::Literals;
use crate::regex::{Found, Subject};
use crate::search::Search;
use crate::session::{Merged, Sessions};
use crate::spec;
use crate::text::Text;
use crate::timing::{settle, settle_logged, Clock, When};
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
    prefix: Option<Expression>,
    rules: Vec<Expression>,
    ignores: Vec<Expression>,
    dispatch: Dispatch,
    pub names: Names,
    /// Which dater reads this filter's dates.
    pub dater: usize,
    /// What a line must contain to be of interest; None: every line is.
    pub interest: Option<Literals>,
    usedns: spec::UseDns,
    findtime: Option<f64>,
    is_all_rules: bool,
    has_sessions: bool,
    pub sessions: Sessions,
    pub last: Option<f64>,
    pub window: Option<Window>,
    pub hits: Vec<u64>,
    fields: Fields,
    base: Fields,
    stripped: String,
}

impl Filter {
    /// Compiles a filter; an error names filter and rule.
    pub fn new(index: usize, spec: &spec::Filter, limits: &spec::Limits, dater: usize) -> Result<Filter, String> {
        if spec.maxlines > MAX_LINES {
            return Err(format!("filter {:?}: maxlines {} is more than {MAX_LINES}", spec.name, spec.maxlines));
        }
        let mut names = Names::default();
        let is_multiline = spec.maxlines > 1;
        let whole = if is_multiline { Subject::Text } else { Subject::Line };
        let mut compile = |rule: &spec::Rule, what: &str, subject| {
            Expression::new(&rule.pattern, subject, &mut names)
                .map_err(|error| format!("filter {:?}, {what}: {error} in {:?}", spec.name, rule.pattern))
        };
        let prefix = spec.prefix.as_ref().map(|rule| compile(rule, "prefregex", whole)).transpose()?;
        let numbered = |what: &'static str| move |n: usize| format!("{what} {n}");
        let mut list = |rules: &[spec::Rule], what: &'static str, subject| {
            let name = numbered(what);
            rules.iter().enumerate().map(|(n, rule)| compile(rule, &name(n), subject)).collect::<Result<Vec<_>, _>>()
        };
        let rules = list(&spec.rules, "failregex", if is_multiline { Subject::Lines } else { whole })?;
        let ignores = list(&spec.ignores, "ignoreregex", whole)?;
        let has_sessions = prefix.iter().chain(&rules).any(|expression| expression.group(MLFID).is_some());
        Ok(Filter {
            index: index as u32,
            dispatch: Dispatch::new(&interest::hints(spec))?,
            interest: interest::of_filter(spec)?,
            fields: Fields::new(names.len()),
            base: Fields::new(names.len()),
            hits: vec![0; rules.len()],
            window: is_multiline.then(|| Window::new(spec.maxlines)),
            sessions: Sessions::new(limits.max_sessions, limits.session_seconds),
            usedns: spec.usedns,
            findtime: spec.findtime,
            is_all_rules: spec.is_all_rules,
            last: None,
            stripped: String::new(),
            prefix,
            rules,
            ignores,
            names,
            dater,
            has_sessions,
        })
    }

    /// Most groups that any expression has.
    pub fn groups(&self) -> u32 {
        let all = self.prefix.iter().chain(&self.rules).chain(&self.ignores);
        all.map(|expression| expression.regex.groups).max().unwrap_or(0)
    }

    /// Fields of the last line that matched.
    pub fn matched_fields(&self) -> &Fields {
        &self.fields
    }

    /// Forgets what an interrupted run may have left half done.
    pub fn clear(&mut self) {
        self.sessions.clear();
        if let Some(window) = &mut self.window {
            window.clear();
        }
    }

    /// Runs over one line; `dated` is its date, already found.
    pub fn run(&mut self, line: Line, dated: Dated, sink: &mut Sink) -> Report {
        let when = match line.known {
            Some(time) => settle_logged(time, line.clock, self.findtime, &mut self.last),
            None => settle(dated.moment, line.clock, self.findtime, &mut self.last),
        };
        let Some(when) = when else { return Report { outcome: Outcome::Old, rule: None, time: None } };
        let mut buffer = std::mem::take(&mut self.stripped);
        let stripped = strip(line.text, dated, &mut buffer);
        let report = match self.window.take() {
            None => self.run_single(line, stripped, when, dated, sink),
            Some(mut window) => {
                window.push(stripped.str, line.text.str);
                let report = self.run_window(line, &mut window, when, sink);
                self.window = Some(window);
                report
            }
        };
        self.stripped = buffer;
        report
    }

    fn run_single(&mut self, line: Line, stripped: Text, when: When, dated: Dated, sink: &mut Sink) -> Report {
        let mut report = Report { outcome: Outcome::Missed, rule: None, time: when.time };
        self.fields.reset(self.names.len());
        let (text, is_cut_short) = match self.content(stripped, sink.search) {
            Ok(Some((start, end))) => (stripped.slice(start, end), false),
            Ok(None) => return report,
            Err(()) => (stripped, true),
        };
        if self.is_all_rules {
            self.base.copy_from(&self.fields);
        }
        let mut has_limit = is_cut_short;
        let lead = lead(text.bytes());
        for position in 0..self.dispatch.candidates(text.bytes()).len() {
            let rule = usize::from(self.dispatch.candidates(text.bytes())[position]);
            if is_cut_short || !self.dispatch.may_match(rule, text.bytes(), lead) {
                continue;
            }
            match sink.search.find(&self.rules[rule].regex, text) {
                Found::Miss => continue,
                Found::Limit => {
                    has_limit = true;
                    continue;
                }
                Found::Hit => {}
            }
            if self.is_all_rules && report.rule.is_some() {
                self.fields.copy_from(&self.base);
            }
            self.rules[rule].collect(&sink.search.machine, text.str, &mut self.fields);
            let outcome = self.conclude(rule, &[line.text.str], &[stripped, text], when, sink);
            report = merged(report, outcome, rule);
            if outcome == Outcome::Ignored || !self.is_all_rules {
                break;
            }
        }
        if report.rule.is_some() && dated.moment == Moment::Impossible && report.outcome != Outcome::Ignored {
            sink.out.add_odd(self.index as usize, "bad-date", line.text.str);
        }
        if has_limit {
            sink.out.add_odd(self.index as usize, "match-limit", line.text.str);
            if report.outcome == Outcome::Missed {
                report.outcome = Outcome::Odd("match-limit");
            }
        }
        report
    }

    /// The span that the rules search; None if the prefix does not match, an error if that is not known.
    fn content(&mut self, text: Text, search: &mut Search) -> Result<Option<(usize, usize)>, ()> {
        let whole = (0, text.len());
        let Some(prefix) = &self.prefix else { return Ok(Some(whole)) };
        match search.find(&prefix.regex, text) {
            Found::Miss => Ok(None),
            Found::Limit => Err(()),
            Found::Hit => {
                prefix.collect(&search.machine, text.str, &mut self.fields);
                let content = prefix.group(CONTENT).and_then(|group| search.machine.group(group));
                Ok(Some(content.filter(|span| span.0 < span.1).unwrap_or(whole)))
            }
        }
    }

    fn run_window(&mut self, line: Line, window: &mut Window, when: When, sink: &mut Sink) -> Report {
        let mut report = Report { outcome: Outcome::Missed, rule: None, time: when.time };
        self.fields.reset(self.names.len());
        let whole = Text::new(window.text());
        let content = match self.content(whole, sink.search) {
            Ok(Some(span)) => span,
            Ok(None) => return report,
            Err(()) => {
                sink.out.add_odd(self.index as usize, "match-limit", line.text.str);
                return Report { outcome: Outcome::Odd("match-limit"), ..report };
            }
        };
        let text = whole.slice(content.0, content.1);
        let lead = lead(text.bytes());
        for rule in 0..self.rules.len() {
            if !self.dispatch.may_match(rule, text.bytes(), lead) {
                continue;
            }
            match sink.search.find(&self.rules[rule].regex, text) {
                Found::Miss => continue,
                Found::Limit => {
                    sink.out.add_odd(self.index as usize, "match-limit", line.text.str);
                    report.outcome = Outcome::Odd("match-limit");
                    continue;
                }
                Found::Hit => {}
            }
            let machine = &sink.search.machine;
            let shift = |span: (usize, usize)| (span.0 + content.0, span.1 + content.0);
            let span = shift(machine.group(0).unwrap_or_default());
            let expression = &self.rules[rule];
            let named = expression.regex.names.iter().filter(|entry| entry.0.starts_with("skiplines"));
            let skipped: Vec<_> = named.filter_map(|entry| machine.group(entry.1)).map(shift).collect();
            expression.collect(machine, text.str, &mut self.fields);
            let is_part = content != (0, whole.len());
            let (stripped, originals) = window.take(span, &skipped, is_part.then_some(content));
            let lines: Vec<&str> = originals.iter().map(String::as_str).collect();
            let outcome = self.conclude(rule, &lines, &[Text::new(&stripped)], when, sink);
            return merged(report, outcome, rule);
        }
        report
    }

    /// Decides what a match means. `lines` are its complete lines, `texts` what ignore expressions are searched in.
    fn conclude(&mut self, rule: usize, lines: &[&str], texts: &[Text], when: When, sink: &mut Sink) -> Outcome {
        if self.is_ignored(texts, sink.search) {
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

    /// Searches the ignore expressions in both the date-stripped line and the content (§10 row 10 of the dialect).
    fn is_ignored(&self, texts: &[Text], search: &mut Search) -> bool {
        let is_same = texts.windows(2).all(|pair| pair[0].str == pair[1].str);
        let texts = if is_same { &texts[..1] } else { texts };
        self.ignores.iter().any(|ignore| texts.iter().any(|&text| search.find(&ignore.regex, text) == Found::Hit))
    }

    /// Whether an ignore expression fits a line that nothing else was tried on.
    pub fn ignores_line(&mut self, text: Text, dated: Dated, search: &mut Search) -> bool {
        let mut buffer = std::mem::take(&mut self.stripped);
        let is_ignored = self.is_ignored(&[strip(text, dated, &mut buffer)], search);
        self.stripped = buffer;
        is_ignored
    }

    fn report(&mut self, rule: usize, place: Option<usize>, lines: &[&str], when: When, sink: &mut Sink) -> Outcome {
        let session = place.map(|place| self.sessions.session(place));
        let fields = session.map_or(&self.fields, |session| &session.fields);
        match identify(fields, self.usedns) {
            Identity::Known { id, ip, is_name, host } => {
                let detail = Detail::new(fields, session.map(|session| &session.stored), lines);
                let ip = (!ip.is_empty()).then(|| sink.ids.number(&ip));
                let (time, logged) = (when.time.unwrap_or_default(), when.logged);
                let (id, rule, filter) = (sink.ids.number(&id), rule as u32, self.index);
                sink.out.failures.push(Failure { filter, rule, time, logged, id, ip, is_name, host, detail });
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
