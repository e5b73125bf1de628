//! Finds the date of a line among several templates and says when it was.
//!
//! In: a line, `now`, the zone. Out: the span to cut and the moment. State: the template that was right last. Rules of
//! the dialect (§3.8.4), simplified as it allows: the template used last is asked first and believed if it is bound to
//! the line's beginning, the only one, or no further right than it was before; otherwise all are asked, in their order:
//! one bound to the beginning wins at once, else the leftmost, the first of equals. Hit counts and reordering are not
//! needed for that.

mod abbreviations;
pub mod civil;
mod layouts;
mod parts;
mod zones;

use crate::limits::{cut, DATE_REACH};
use crate::regex::{Found, Regex, Subject};
use crate::search::Search;
use crate::spec;
use crate::text::Text;
use layouts::{Layout, Minute};
use parts::Parts;
pub use zones::Zone;

/// What the date of a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// UTC, whole seconds.
    At(i64),
    /// The template `{NONE}`: no date is expected.
    Unneeded,
    /// A date that does not exist.
    Impossible,
    /// No date.
    Missing,
}

/// The date of a line: the span to be cut out and the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    pub start: usize,
    pub end: usize,
    pub moment: Moment,
}

impl Dated {
    pub const MISSING: Dated = Dated { start: 0, end: 0, moment: Moment::Missing };

    /// The time it gives.
    pub fn logged(self) -> Option<f64> {
        match self.moment {
            Moment::At(second) => Some(second as f64),
            _ => None,
        }
    }
}

struct Template {
    regex: Regex,
    cut: u32,
    fields: Vec<(u32, char)>,
    is_anchored: bool,
    layout: Layout,
    minute: Minute,
}

/// The templates of one or more filters, and which of them is in use.
pub struct Dater {
    templates: Vec<Template>,
    zone: Zone,
    /// Index of the template used last, and how far right its date has begun.
    current: Option<(usize, usize)>,
    /// The last result, for other filters with the same templates.
    memo: Option<Dated>,
}

impl Dater {
    /// Compiles the templates; an error names the template.
    pub fn new(dates: &[spec::Date], zone: Zone) -> Result<Dater, String> {
        let templates = dates.iter().map(Template::new).collect::<Result<_, _>>()?;
        Ok(Dater { templates, zone, current: None, memo: None })
    }

    /// Most groups that any template has.
    pub fn groups(&self) -> u32 {
        self.templates.iter().map(|template| template.regex.groups).max().unwrap_or(0)
    }

    pub fn begin_line(&mut self) {
        self.memo = None;
    }

    /// The date of the current line; computed once a line.
    pub fn date(&mut self, text: Text, now: i64, search: &mut Search) -> Dated {
        if let Some(dated) = self.memo {
            return dated;
        }
        let reach = Text { str: cut(text.str, DATE_REACH), is_ascii: text.is_ascii };
        let dated = self.by_current(reach, now, search).unwrap_or_else(|| self.by_all(reach, now, search));
        self.memo = Some(dated);
        dated
    }

    /// Which template is in use and how far right, for a dump.
    pub fn state(&self) -> Option<(usize, usize)> {
        self.current
    }

    /// Takes up what `state` gave; what does not fit is ignored.
    pub fn restore(&mut self, state: Option<(usize, usize)>) {
        self.current = state.filter(|&(index, reach)| index < self.templates.len() && reach <= DATE_REACH);
    }

    fn by_current(&mut self, text: Text, now: i64, search: &mut Search) -> Option<Dated> {
        let (index, reach) = self.current?;
        let is_only = self.templates.len() == 1;
        let template = &mut self.templates[index];
        if let Some(found) = layouts::parse(template.layout, text.bytes(), &mut template.minute, now, &self.zone) {
            if template.is_anchored || found.start <= reach || is_only {
                return Some(Dated { start: found.start, end: found.end, moment: Moment::At(found.time) });
            }
        }
        let (start, dated) = template.find(text, now, &self.zone, search)?;
        (template.is_anchored || is_only || start <= reach).then_some(dated)
    }

    fn by_all(&mut self, text: Text, now: i64, search: &mut Search) -> Dated {
        let mut best: Option<(usize, usize, Dated)> = None;
        // `{NONE}` fits every line, so it is the last resort and never the template in use.
        let mut unneeded = None;
        for (index, template) in self.templates.iter().enumerate() {
            let Some((start, dated)) = template.find(text, now, &self.zone, search) else { continue };
            if dated.moment == Moment::Unneeded {
                unneeded.get_or_insert(dated);
                continue;
            }
            if best.is_none_or(|(_, leftmost, _)| start < leftmost) || template.is_anchored {
                best = Some((index, start, dated));
            }
            if template.is_anchored || start == 0 {
                break;
            }
        }
        let Some((index, start, dated)) = best else { return unneeded.unwrap_or(Dated::MISSING) };
        let reach = self.current.filter(|&(current, _)| current == index).map_or(start, |(_, reach)| reach.max(start));
        self.current = Some((index, reach));
        dated
    }
}

impl Template {
    fn new(date: &spec::Date) -> Result<Template, String> {
        let regex = Regex::compile(&date.pattern, Subject::Line)
            .map_err(|error| format!("date template {:?}: {error}", date.name))?;
        let layout = Layout::from_name(&date.layout)
            .ok_or_else(|| format!("date template {:?}: there is no layout {:?}", date.name, date.layout))?;
        let is_group = |&number: &u32| number <= regex.groups;
        if !is_group(&date.cut) || !date.fields.iter().all(|field| is_group(&field.0)) {
            return Err(format!("date template {:?}: no such group", date.name));
        }
        let (cut, fields, is_anchored) = (date.cut, date.fields.clone(), date.is_anchored);
        Ok(Template { regex, cut, fields, is_anchored, layout, minute: Minute::default() })
    }

    /// Where the whole match begins, and the date.
    fn find(&self, text: Text, now: i64, zone: &Zone, search: &mut Search) -> Option<(usize, Dated)> {
        if search.find(&self.regex, text) != Found::Hit {
            return None;
        }
        let machine = &search.machine;
        let (start, end) = machine.group(self.cut).or_else(|| machine.group(0))?;
        let mut parts = Parts::default();
        let mut is_possible = true;
        for &(number, directive) in &self.fields {
            if directive == 'N' {
                return Some((start, Dated { start, end, moment: Moment::Unneeded }));
            }
            if let Some((from, to)) = machine.group(number) {
                is_possible &= parts.take(directive, &text.str[from..to]).is_some();
            }
        }
        let moment = if is_possible { parts.moment(now, zone) } else { None };
        Some((start, Dated { start, end, moment: moment.map_or(Moment::Impossible, Moment::At) }))
    }
}
