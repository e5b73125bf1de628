//! One compiled expression with what its groups are called, and the ALT and TUPLE groups that feed other names.
//!
//! In: a rule, the filter's names. Out: fields of a hit. Rules of the dialect, §3.1 (complex group names).

use crate::fields::{is_flag, Fields, NameId, Names, CONTENT};
use crate::quoting::tuple;
use crate::regex::{Machine, Regex, Subject};

/// A name that is filled from others.
struct Derived {
    target: NameId,
    /// Group of this expression that has the target's own name.
    own: Option<u32>,
    /// Groups that feed it, sorted by their names.
    sources: Vec<u32>,
}

pub struct Expression {
    pub regex: Regex,
    groups: Vec<(u32, NameId)>,
    alternatives: Vec<Derived>,
    tuples: Vec<Derived>,
}

impl Expression {
    pub fn new(pattern: &str, subject: Subject, names: &mut Names) -> Result<Expression, String> {
        let regex = Regex::compile(pattern, subject)?;
        let mut sorted = regex.names.clone();
        sorted.sort();
        let mut groups = Vec::new();
        for (name, number) in &sorted {
            groups.push((*number, names.number(name).ok_or("too many group names")?));
        }
        let alternatives = derive(&sorted, "alt_", names)?;
        let tuples = derive(&sorted, "tuple_", names)?;
        Ok(Expression { regex, groups, alternatives, tuples })
    }

    /// The group that has a name.
    pub fn group(&self, name: NameId) -> Option<u32> {
        self.groups.iter().find(|group| group.1 == name).map(|group| group.0)
    }

    /// Writes the groups of the last hit into `fields`; groups that took no part leave what is there. The content is not
    /// written: it is a span of the text. `shift` is where the text stands in the line that `fields` has begun with.
    pub fn collect(&self, machine: &Machine, text: &str, shift: usize, fields: &mut Fields) {
        for &(group, name) in &self.groups {
            match machine.group(group) {
                Some(_) if name == CONTENT => {}
                // Of a flag only matters whether it is empty.
                Some((start, end)) if is_flag(name) => {
                    let first = text[start..end].chars().next().map_or(0, char::len_utf8);
                    fields.set_group(name, text, shift, (start, start + first));
                }
                Some(span) => fields.set_group(name, text, shift, span),
                None => {}
            }
        }
        if !(self.alternatives.is_empty() && self.tuples.is_empty()) {
            self.derive(machine, text, fields);
        }
    }

    /// Fills names from ALT and TUPLE groups.
    fn derive(&self, machine: &Machine, text: &str, fields: &mut Fields) {
        let value = |group: u32| machine.group(group).map(|(start, end)| &text[start..end]);
        let mut taken: Vec<NameId> = Vec::new();
        for derived in &self.alternatives {
            let is_missing = derived.own.and_then(value).is_none_or(str::is_empty) && !taken.contains(&derived.target);
            let first = derived.sources.iter().filter_map(|&group| value(group)).find(|value| !value.is_empty());
            if let (true, Some(first)) = (is_missing, first) {
                fields.set(derived.target, first);
                taken.push(derived.target);
            }
        }
        for derived in &self.tuples {
            let own = if taken.contains(&derived.target) {
                fields.get(derived.target).map(str::to_owned)
            } else {
                derived.own.and_then(value).map(str::to_owned)
            };
            let rest = derived.sources.iter().map(|&group| value(group).map(str::to_owned));
            fields.set(derived.target, &tuple(std::iter::once(own).chain(rest)));
        }
    }
}

/// Finds which names groups with a prefix feed. `alt_user1` feeds `user1` and, if nothing better does, `user`.
fn derive(sorted: &[(String, u32)], prefix: &str, names: &mut Names) -> Result<Vec<Derived>, String> {
    let mut found: Vec<(String, Vec<u32>)> = Vec::new();
    let mut feed = |target: &str, group: u32| match found.iter_mut().find(|entry| entry.0 == target) {
        Some(entry) => entry.1.push(group),
        None => found.push((target.to_owned(), vec![group])),
    };
    let stems = sorted.iter().filter_map(|(name, group)| Some((name.strip_prefix(prefix)?, *group)));
    for (stem, group) in stems.clone() {
        feed(target(stem), group);
    }
    if prefix == "alt_" {
        for (stem, group) in stems {
            let exact = target(stem);
            let plain = mapped(exact.trim_end_matches(|c: char| c.is_ascii_digit()));
            if plain != exact && !plain.is_empty() && !matches!(exact, "ip4" | "ip6") {
                feed(plain, group);
            }
        }
    }
    let number = |target: String, sources| {
        let own = sorted.iter().find(|entry| entry.0 == target).map(|entry| entry.1);
        Ok(Derived { target: names.number(&target).ok_or("too many group names")?, own, sources })
    };
    let mut number = number;
    found.into_iter().map(|(target, sources)| number(target, sources)).collect()
}

/// `user_2` → `user`; `id` → `fid`.
fn target(stem: &str) -> &str {
    match stem.rsplit_once('_') {
        Some((name, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => mapped(name),
        _ => mapped(stem),
    }
}

fn mapped(name: &str) -> &str {
    match name {
        "id" => "fid",
        "port" => "fport",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{FID, USER};
    use crate::text::Text;

    fn collect(pattern: &str, text: &str) -> (Names, Fields) {
        let mut names = Names::default();
        let expression = Expression::new(pattern, Subject::Line, &mut names).expect("compiles");
        let mut machine = Machine::new(expression.regex.groups).expect("memory");
        machine.run(&expression.regex, Text::new(text), 0, usize::MAX, 1000);
        let mut fields = Fields::new(names.len());
        expression.collect(&machine, text, 0, &mut fields);
        (names, fields)
    }

    /// The first alternative that is not empty fills a name that is missing or empty.
    #[test]
    fn alternatives_fill_names() {
        let pattern = "^(?P<user>a*)(?P<alt_user>b*)(?P<alt_user_1>c*)(?P<alt_id>d*)$";
        assert_eq!(collect(pattern, "aabb").1.get(USER), Some("aa"));
        assert_eq!(collect(pattern, "bbc").1.get(USER), Some("bb"));
        assert_eq!(collect(pattern, "c").1.get(USER), Some("c"));
        assert_eq!(collect(pattern, "d").1.get(FID), Some("d"));
    }

    /// `alt_user1` fills `user1` as the reference does, and `user` as filters mean it; `alt_user` goes before it.
    #[test]
    fn a_digit_fills_both_names() {
        let (mut names, fields) = collect("(?P<alt_user1>x)", "x");
        let user1 = names.number("user1").expect("known");
        assert_eq!((fields.get(USER), fields.get(user1)), (Some("x"), Some("x")));
        assert_eq!(collect("(?P<alt_user1>x)(?P<alt_user>y)", "xy").1.get(USER), Some("y"));
    }

    /// Tuples print as Python prints them, the name first.
    #[test]
    fn tuples_print_as_python() {
        let (_, fields) =
            collect("(?P<fid>\\S+) (?P<tuple_id_1>\\S+) (?P<tuple_id_2>\\S*)(?P<tuple_id_3>!)?", "a it's b");
        assert_eq!(fields.get(FID), Some("('a', \"it's\", 'b', None)"));
    }
}
