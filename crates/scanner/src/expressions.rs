//! The expressions of one filter: prefix, rules with their hints, ignores.
//!
//! In: a specification; texts. Out: what the prefix leaves, which rules hit, whether an ignore fits. Knows neither time
//! nor sessions.

use crate::dispatch::{lead, Dispatch};
use crate::expression::Expression;
use crate::fields::{Fields, Names, CONTENT, MLFID};
use crate::interest;
use crate::regex::{Found, Subject};
use crate::search::Search;
use crate::spec;
use crate::text::Text;

pub struct Expressions {
    prefix: Option<Expression>,
    rules: Vec<Expression>,
    ignores: Vec<Expression>,
    dispatch: Dispatch,
}

impl Expressions {
    /// Compiles everything; an error names filter and expression.
    pub fn new(spec: &spec::Filter, names: &mut Names) -> Result<Expressions, String> {
        let is_multiline = spec.maxlines > 1;
        let whole = if is_multiline { Subject::Text } else { Subject::Line };
        let of_rules = if is_multiline { Subject::Lines } else { whole };
        let mut compile = |rule: &spec::Rule, what: String, subject| {
            Expression::new(&rule.pattern, subject, names)
                .map_err(|error| format!("filter {:?}, {what}: {error} in {:?}", spec.name, rule.pattern))
        };
        let prefix = spec.prefix.as_ref().map(|rule| compile(rule, "prefregex".into(), whole)).transpose()?;
        let mut list = |rules: &[spec::Rule], what: &str, subject| {
            let each = |(n, rule)| compile(rule, format!("{what} {n}"), subject);
            rules.iter().enumerate().map(each).collect::<Result<Vec<_>, _>>()
        };
        let rules = list(&spec.rules, "failregex", of_rules)?;
        let ignores = list(&spec.ignores, "ignoreregex", whole)?;
        Ok(Expressions { prefix, rules, ignores, dispatch: Dispatch::new(&interest::hints(spec))? })
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    pub fn rule(&self, index: usize) -> &Expression {
        &self.rules[index]
    }

    /// Most groups that any expression has.
    pub fn groups(&self) -> u32 {
        let all = self.prefix.iter().chain(&self.rules).chain(&self.ignores);
        all.map(|expression| expression.regex.groups).max().unwrap_or(0)
    }

    /// Whether matches may belong to sessions.
    pub fn has_sessions(&self) -> bool {
        self.prefix.iter().chain(&self.rules).any(|expression| expression.group(MLFID).is_some())
    }

    /// The span that the rules search, with the prefix's groups in `fields`; None if the prefix does not match.
    pub fn content(&self, text: Text, search: &mut Search, fields: &mut Fields) -> Option<(usize, usize)> {
        let whole = (0, text.len());
        let Some(prefix) = &self.prefix else { return Some(whole) };
        if search.find(&prefix.regex, text) != Found::Hit {
            return None;
        }
        prefix.collect(&search.machine, text.str, 0, fields);
        let content = prefix.group(CONTENT).and_then(|group| search.machine.group(group));
        Some(content.filter(|span| span.0 < span.1).unwrap_or(whole))
    }

    /// The next rule that hits, in rule order; `position` is where to begin and moves on, 0 at first.
    pub fn next_hit(&self, text: Text, position: &mut usize, search: &mut Search) -> Option<usize> {
        let (bytes, lead) = (text.bytes(), lead(text.bytes()));
        for candidate in &self.dispatch.candidates(bytes)[*position..] {
            *position += 1;
            let rule = usize::from(candidate.rule);
            if self.dispatch.may_match(candidate, bytes, &lead)
                && search.find(&self.rules[rule].regex, text) == Found::Hit
            {
                return Some(rule);
            }
        }
        None
    }

    /// Searches the ignore expressions in both the date-stripped line and the content (§10 row 10 of the dialect).
    pub fn is_ignored(&self, texts: &[Text], search: &mut Search) -> bool {
        if self.ignores.is_empty() {
            return false;
        }
        let is_same = texts.windows(2).all(|pair| pair[0].str == pair[1].str);
        let texts = if is_same { &texts[..1] } else { texts };
        self.ignores.iter().any(|ignore| texts.iter().any(|&text| search.find(&ignore.regex, text) == Found::Hit))
    }
}
