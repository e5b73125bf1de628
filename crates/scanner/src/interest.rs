//! What a line must contain to be of interest to a filter, from the hints of its expressions.
//!
//! In: a filter's specification. Out: literals for the search over chunks, and hints for the rules. A filter that looks
//! at several lines at once needs every line.

use crate::dispatch::usable;
use crate::literals::Literals;
use crate::spec;

/// Literals with and without regard to case; a line that may match contains one of them.
pub type Wanted<'a> = (Vec<&'a [u8]>, Vec<&'a [u8]>);

/// The literals of a filter: the prefix's if they are no more than the rules', which makes the search cheaper. None if
/// nothing is known.
pub fn wanted(spec: &spec::Filter) -> Option<Wanted<'_>> {
    if spec.maxlines > 1 {
        return None;
    }
    let is_each_known = !spec.rules.is_empty() && spec.rules.iter().all(|rule| !usable(rule).is_empty());
    let of_rules: usize = spec.rules.iter().map(|rule| usable(rule).len()).sum();
    let prefix = spec.prefix.as_ref().filter(|prefix| !usable(prefix).is_empty());
    let chosen: Vec<&spec::Rule> = match prefix {
        Some(prefix) if !is_each_known || usable(prefix).len() <= of_rules => vec![prefix],
        _ if is_each_known => spec.rules.iter().collect(),
        _ => return None,
    };
    let (mut exact, mut caseless) = (Vec::new(), Vec::new());
    for rule in chosen {
        let list = if rule.is_caseless { &mut caseless } else { &mut exact };
        list.extend(usable(rule).iter().map(Vec::as_slice));
    }
    Some((sorted(exact), sorted(caseless)))
}

fn sorted(mut literals: Vec<&[u8]>) -> Vec<&[u8]> {
    literals.sort_unstable();
    literals.dedup();
    literals
}

/// The search for one filter; None if it takes every line.
pub fn of_filter(spec: &spec::Filter) -> Result<Option<Literals>, String> {
    wanted(spec).map(|(exact, caseless)| Literals::new(&exact, &caseless)).transpose()
}

/// The search for all filters together; None if one of them takes every line.
pub fn of_all(specs: &[spec::Filter]) -> Result<Option<Literals>, String> {
    let (mut exact, mut caseless) = (Vec::new(), Vec::new());
    for spec in specs {
        let Some(wanted) = wanted(spec) else { return Ok(None) };
        exact.extend(wanted.0);
        caseless.extend(wanted.1);
    }
    Literals::new(&sorted(exact), &sorted(caseless)).map(Some)
}

/// The hints of the rules; in a text of several lines only literals mean anything.
pub fn hints(spec: &spec::Filter) -> Vec<spec::Rule> {
    let hint = |rule: &spec::Rule| {
        let heads = if spec.maxlines > 1 { Vec::new() } else { rule.heads.clone() };
        spec::Rule { heads, ..rule.clone() }
    };
    spec.rules.iter().map(hint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(literals: &[&str]) -> spec::Rule {
        let literals = literals.iter().map(|text| text.as_bytes().to_vec()).collect();
        spec::Rule { literals, ..spec::Rule::default() }
    }

    fn filter(prefix: Option<&[&str]>, rules: &[&[&str]]) -> spec::Filter {
        let rules = rules.iter().map(|literals| rule(literals)).collect();
        spec::Filter { prefix: prefix.map(rule), rules, ..spec::Filter::default() }
    }

    fn exact(spec: &spec::Filter) -> Option<Vec<&[u8]>> {
        wanted(spec).map(|wanted| wanted.0)
    }

    /// The fewer of the prefix's and the rules' literals; none as soon as a line without any may match.
    #[test]
    fn chooses_the_fewer() {
        assert_eq!(exact(&filter(None, &[&["b", "a"], &["a"]])), Some(vec![&b"a"[..], b"b"]));
        assert_eq!(exact(&filter(Some(&["p"]), &[&["a"], &["b"]])), Some(vec![&b"p"[..]]));
        assert_eq!(exact(&filter(Some(&["p", "q", "r"]), &[&["a"], &["b"]])), Some(vec![&b"a"[..], b"b"]));
        assert_eq!(exact(&filter(Some(&["p", "q"]), &[&["a"], &[]])), Some(vec![&b"p"[..], b"q"]));
        assert_eq!(exact(&filter(Some(&[]), &[&["a"], &[]])), None);
        assert_eq!(exact(&filter(None, &[])), None);
        let several = spec::Filter { maxlines: 2, ..filter(None, &[&["a"]]) };
        assert_eq!(exact(&several), None);
    }
}
