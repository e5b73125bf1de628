//! Bounds that do not depend on the configuration, each with what happens at it.
//!
//! In: nothing. Out: constants. The configurable ones (`match_limit`, `max_line`, sessions) are in `spec::Limits`.

/// Longest line kept for `matches` and for odd lines, in bytes; the rest of the text is cut off at a character boundary.
pub const MAX_SHOWN: usize = 8 * 1024;

/// Longest value of one captured group, in bytes; cut at a character boundary.
pub const MAX_VALUE: usize = 8 * 1024;

/// Values that one session remembers, in bytes altogether; a value that does not fit is not taken up. Addresses always
/// are: they are four values at most.
pub const MAX_SESSION_FIELDS: usize = 16 * 1024;

/// Users that one session remembers besides the first, and bytes of each; further ones are not remembered.
pub const MAX_USERS: usize = 31;
pub const MAX_USER: usize = 256;

/// Lines that one session remembers, in bytes altogether; a line that does not fit is not remembered.
pub const MAX_SESSION_TEXT: usize = 32 * 1024;

/// Lines in `matches` of one failure: the oldest 31 remembered ones and the current one; those between are dropped.
pub const MAX_MATCHES: usize = 32;

/// Odd lines handed over by one call; all are counted.
pub const MAX_ODD: usize = 100;

/// Bytes of failures' details that are kept for the next call; more is given back to the system.
pub const MAX_KEPT_DETAILS: usize = 1024 * 1024;

/// Identifiers whose Python strings are kept for reuse; all are let go when there are more.
pub const MAX_INTERNED: usize = 65_536;

/// Dates are looked for in this many bytes of a line; one that begins further right is not found.
pub const DATE_REACH: usize = 4096;

/// CPU time that all expressions together may use for one line; then the line is odd and the rest is not tried.
pub const LINE_NANOS: u64 = 600_000;

/// CPU time for one expression, once its first, small match limit was hit; after that the line is odd.
pub const RULE_NANOS: u64 = 250_000;

/// Expressions of one line that may hit their limit; then the rest is not tried. From the first hit on each gets a tenth.
pub const MAX_LIMIT_HITS: u8 = 3;

/// Bytes of a dump; the oldest sessions are left out of one that would be longer.
pub const MAX_DUMP: usize = 4 * 1024 * 1024;

/// Text in the buffer of a multi-line filter, in bytes; the oldest lines are dropped beyond it.
pub const MAX_BUFFER: usize = 64 * 1024;

/// Cuts a text to at most `limit` bytes without splitting a character.
pub fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
