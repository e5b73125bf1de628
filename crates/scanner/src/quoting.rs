//! Texts as Python prints them inside a tuple or a set: what filters and actions written for the reference expect.
//!
//! In: values of groups. Out: one text. Knows nothing of fields.

/// Values as Python prints a tuple of them.
pub fn tuple(values: impl Iterator<Item = Option<String>>) -> String {
    let shown: Vec<String> =
        values.map(|value| value.map_or_else(|| "None".to_owned(), |text| quoted(&text))).collect();
    format!("({})", shown.join(", "))
}

/// Texts as Python prints a set of them, in the order given.
pub fn set_of(texts: &[&str]) -> String {
    let shown: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("{{{}}}", shown.join(", "))
}

/// A text as Python's `repr` prints it; control characters of the first 256 are escaped.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if c == quote => shown.extend(['\\', c]),
            c if c.is_control() => shown.push_str(&format!("\\x{:02x}", c as u32)),
            c => shown.push(c),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quotes are chosen and escaped as Python does.
    #[test]
    fn prints_as_python() {
        assert_eq!(set_of(&["a", "it's", "\"'\n\\"]), r#"{'a', "it's", '"\'\n\\'}"#);
        assert_eq!(tuple([Some("a\u{1}".to_owned()), None].into_iter()), r"('a\x01', None)");
    }
}
