//! A safe wrapper of PCRE2: compiled expressions and the machine that runs them.
//!
//! In: patterns in PCRE2 syntax, valid text, a match limit. Out: hit, miss or limit, and the spans of the groups. With
//! `meter.rs` the only `unsafe` of the crate. Note that PCRE2 counts the match limit anew at every start position, so
//! that callers bound start positions as well (see `search.rs`).

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, Ordering};

use pcre2_sys::*;

use crate::text::Text;

/// Longest pattern accepted, in bytes; a longer one does not compile.
const MAX_PATTERN: usize = 1 << 20;
/// JIT stack in bytes, at first and at most; a match that needs more ends as `Found::Limit`.
const STACK: (usize, usize) = (32 * 1024, 512 * 1024);
/// Heap of the interpreter (no JIT) in KiB; a match that needs more ends as `Found::Limit`.
const HEAP_KIB: u32 = 4096;

const UNTRIED: u8 = 0;
const JIT: u8 = 1;
const INTERPRETED: u8 = 2;

/// What one run of an expression gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Hit,
    Miss,
    Limit,
}

/// One compilation of an expression.
struct Code {
    raw: NonNull<pcre2_code_8>,
    state: AtomicU8,
}

// SAFETY: a compiled pattern is immutable after JIT compilation, and that happens only under the exclusive borrow of the
// one `Machine` of the scanner that owns the code.
unsafe impl Send for Code {}
unsafe impl Sync for Code {}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: `raw` came from pcre2_compile_8 and is freed only here.
        unsafe { pcre2_code_free_8(self.raw.as_ptr()) }
    }
}

impl Code {
    fn compile(pattern: &str, options: u32) -> Result<Code, String> {
        let (mut error, mut offset) = (0, 0);
        // SAFETY: the pattern pointer and length describe a live str; the context is created and freed here.
        let raw = unsafe {
            let context = pcre2_compile_context_create_8(ptr::null_mut());
            if context.is_null() {
                return Err("out of memory".into());
            }
            pcre2_set_newline_8(context, PCRE2_NEWLINE_LF);
            pcre2_set_max_pattern_length_8(context, MAX_PATTERN);
            let raw = pcre2_compile_8(pattern.as_ptr(), pattern.len(), options, &mut error, &mut offset, context);
            pcre2_compile_context_free_8(context);
            raw
        };
        match NonNull::new(raw) {
            Some(raw) => Ok(Code { raw, state: AtomicU8::new(UNTRIED) }),
            None => Err(format!("{} at offset {offset}", message(error))),
        }
    }

    /// Translates to machine code at the first use; where that is not possible the interpreter is used.
    fn is_jit(&self) -> bool {
        match self.state.load(Ordering::Relaxed) {
            JIT => true,
            INTERPRETED => false,
            _ => self.translate(),
        }
    }

    #[cold]
    fn translate(&self) -> bool {
        // SAFETY: `raw` is a live compiled pattern; see the note on Send and Sync about exclusivity.
        let status = unsafe { pcre2_jit_compile_8(self.raw.as_ptr(), PCRE2_JIT_COMPLETE) };
        let state = if status == 0 { JIT } else { INTERPRETED };
        self.state.store(state, Ordering::Relaxed);
        state == JIT
    }

    fn info_u32(&self, what: u32) -> u32 {
        let mut value = 0u32;
        // SAFETY: the queries used here write one u32.
        unsafe { pcre2_pattern_info_8(self.raw.as_ptr(), what, ptr::addr_of_mut!(value).cast::<c_void>()) };
        value
    }

    /// The literal that comes last in every match, if there is one.
    fn last_byte(&self) -> Option<u8> {
        let has_one = self.info_u32(PCRE2_INFO_LASTCODETYPE) == 1;
        has_one.then(|| self.info_u32(PCRE2_INFO_LASTCODEUNIT)).and_then(|unit| u8::try_from(unit).ok())
    }

    /// Names and numbers of the named groups.
    fn names(&self) -> Vec<(String, u32)> {
        let count = self.info_u32(PCRE2_INFO_NAMECOUNT) as usize;
        let size = self.info_u32(PCRE2_INFO_NAMEENTRYSIZE) as usize;
        let mut table: *const u8 = ptr::null();
        if count == 0 || size < 3 {
            return Vec::new();
        }
        // SAFETY: the table belongs to the live pattern and holds `count` entries of `size` bytes: a big-endian number
        // and a name that ends with NUL.
        let bytes = unsafe {
            let slot = ptr::addr_of_mut!(table).cast::<c_void>();
            if pcre2_pattern_info_8(self.raw.as_ptr(), PCRE2_INFO_NAMETABLE, slot) != 0 || table.is_null() {
                return Vec::new();
            }
            std::slice::from_raw_parts(table, count * size)
        };
        let entry = |row: &[u8]| {
            let name = row[2..].split(|&b| b == 0).next().unwrap_or_default();
            (String::from_utf8_lossy(name).into_owned(), u32::from(row[0]) << 8 | u32::from(row[1]))
        };
        bytes.chunks_exact(size).map(entry).collect()
    }
}

fn message(error: i32) -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: the buffer is writable for its whole length.
    let length = unsafe { pcre2_get_error_message_8(error, buffer.as_mut_ptr(), buffer.len()) };
    String::from_utf8_lossy(&buffer[..usize::try_from(length).unwrap_or(0)]).into_owned()
}

/// What an expression is searched in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One line without newlines.
    Line,
    /// Several lines, of which `^` and `$` mean the ends of the whole.
    Text,
    /// Several lines, of which `^` and `$` mean the ends of each, as with Python's `re.MULTILINE`.
    Lines,
}

/// One expression, compiled twice: on bytes for ASCII text, with UTF and Unicode properties for all other text.
pub struct Regex {
    /// None where the pattern means something on bytes only as UTF-8.
    ascii: Option<Code>,
    utf: Code,
    pub is_anchored: bool,
    /// A byte that every match contains, in either case.
    needed: Option<[u8; 2]>,
    /// Number of capture groups, group 0 not counted.
    pub groups: u32,
    pub names: Vec<(String, u32)>,
}

impl Regex {
    /// Compiles a pattern for one kind of subject.
    pub fn compile(pattern: &str, subject: Subject) -> Result<Regex, String> {
        let mut options = PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C;
        // A line holds no newline, so that `.` may as well mean any character: `.*` is then one step, not one for each.
        options |= match subject {
            Subject::Line => PCRE2_DOTALL,
            Subject::Text => 0,
            Subject::Lines => PCRE2_MULTILINE | PCRE2_ALT_CIRCUMFLEX,
        };
        let utf = Code::compile(pattern, options | PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK)?;
        let is_anchored = utf.info_u32(PCRE2_INFO_ALLOPTIONS) & PCRE2_ANCHORED != 0;
        // Before an anchored match PCRE2 walks through the text for a byte that must come last, which mostly costs more
        // than it saves; `needed` is looked for when a match was expensive.
        options |= if is_anchored { PCRE2_NO_START_OPTIMIZE } else { 0 };
        let ascii = if pattern.is_ascii() { Code::compile(pattern, options | PCRE2_NEVER_UTF).ok() } else { None };
        let needed = utf.last_byte().filter(u8::is_ascii);
        let needed = needed.map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]);
        let (groups, names) = (utf.info_u32(PCRE2_INFO_CAPTURECOUNT), utf.names());
        Ok(Regex { ascii, utf, is_anchored, needed, groups, names })
    }

    /// Whether the text certainly contains no match, as far as one byte tells.
    fn is_refuted(&self, text: Text, from: usize) -> bool {
        self.needed.is_some_and(|[lower, upper]| memchr::memchr2(lower, upper, &text.bytes()[from..]).is_none())
    }

    /// Translates now what a run on the text would translate first, so that it does not count for the run.
    pub fn prepare(&self, text: Text) {
        self.code(text.is_ascii).is_jit();
    }

    fn code(&self, is_ascii: bool) -> &Code {
        match &self.ascii {
            Some(code) if is_ascii => code,
            _ => &self.utf,
        }
    }
}

/// Match data, stack and limits, used again for every run.
pub struct Machine {
    context: NonNull<pcre2_match_context_8>,
    data: NonNull<pcre2_match_data_8>,
    stack: *mut pcre2_jit_stack_8,
    ovector: NonNull<usize>,
    pairs: usize,
    filled: usize,
    limit: u32,
    last_start: usize,
}

// SAFETY: everything in a machine is used through `&mut self` or, read-only, through `&self`.
unsafe impl Send for Machine {}
unsafe impl Sync for Machine {}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: all three came from their create functions and are freed only here; the stack may be null.
        unsafe {
            pcre2_match_data_free_8(self.data.as_ptr());
            pcre2_match_context_free_8(self.context.as_ptr());
            pcre2_jit_stack_free_8(self.stack);
        }
    }
}

impl Machine {
    /// Makes a machine for expressions with up to `groups` capture groups; None when memory is out.
    pub fn new(groups: u32) -> Option<Machine> {
        let pairs = groups as usize + 1;
        // SAFETY: plain constructors; each result is checked before use (a null JIT stack is allowed).
        unsafe {
            let data = NonNull::new(pcre2_match_data_create_8(groups + 1, ptr::null_mut()))?;
            let Some(context) = NonNull::new(pcre2_match_context_create_8(ptr::null_mut())) else {
                pcre2_match_data_free_8(data.as_ptr());
                return None;
            };
            let stack = pcre2_jit_stack_create_8(STACK.0, STACK.1, ptr::null_mut());
            if !stack.is_null() {
                pcre2_jit_stack_assign_8(context.as_ptr(), None, stack.cast::<c_void>());
            }
            pcre2_set_heap_limit_8(context.as_ptr(), HEAP_KIB);
            let ovector = NonNull::new(pcre2_get_ovector_pointer_8(data.as_ptr()))?;
            Some(Machine { context, data, stack, ovector, pairs, filled: 0, limit: 0, last_start: usize::MAX })
        }
    }

    /// Looks for the leftmost match that starts at `from..=last_start` (`usize::MAX`: anywhere after `from`).
    pub fn run(&mut self, regex: &Regex, text: Text, from: usize, last_start: usize, limit: u32) -> Found {
        let code = regex.code(text.is_ascii);
        self.bound(limit, last_start);
        if from > text.len() || !text.str.is_char_boundary(from) {
            return Found::Miss;
        }
        let (subject, length) = (text.str.as_ptr(), text.len());
        let (raw, data, context) = (code.raw.as_ptr(), self.data.as_ptr(), self.context.as_ptr());
        let is_jit = code.is_jit();
        // SAFETY: subject and length describe a live str; a str is valid UTF-8 and `from` lies on a character boundary,
        // which is what running without a check needs; code, data and context are live and exclusively used.
        let status = unsafe {
            if is_jit {
                pcre2_jit_match_8(raw, subject, length, from, 0, data, context)
            } else {
                pcre2_match_8(raw, subject, length, from, PCRE2_NO_UTF_CHECK, data, context)
            }
        };
        self.filled = usize::try_from(status).unwrap_or(0).min(self.pairs);
        match status {
            PCRE2_ERROR_NOMATCH => Found::Miss,
            1.. => Found::Hit,
            _ if regex.is_refuted(text, from) => Found::Miss,
            _ => Found::Limit,
        }
    }

    fn bound(&mut self, limit: u32, last_start: usize) {
        if limit != self.limit {
            self.limit = limit;
            // SAFETY: the context is live.
            unsafe { pcre2_set_match_limit_8(self.context.as_ptr(), limit) };
        }
        if last_start != self.last_start {
            self.last_start = last_start;
            // SAFETY: the context is live; PCRE2_UNSET is usize::MAX, "no limit".
            unsafe { pcre2_set_offset_limit_8(self.context.as_ptr(), last_start) };
        }
    }

    /// The span of a group of the last hit; None where the group took no part.
    pub fn group(&self, number: u32) -> Option<(usize, usize)> {
        let number = number as usize;
        if number >= self.filled {
            return None;
        }
        // SAFETY: `filled` is at most the number of pairs that the match data holds.
        let (start, end) =
            unsafe { (*self.ovector.as_ptr().add(2 * number), *self.ovector.as_ptr().add(2 * number + 1)) };
        (start != PCRE2_UNSET && start <= end).then_some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine::new(8).expect("memory")
    }

    /// Groups, names, unset groups and both compilations give the spans that Python's `re` gives.
    #[test]
    fn finds_groups() {
        let regex = Regex::compile(r"(?P<a>x)?(?P<b>\w+)-(\d)?", Subject::Line).expect("compiles");
        let mut machine = machine();
        assert_eq!(machine.run(&regex, Text::new(" ab-7"), 0, usize::MAX, 1000), Found::Hit);
        assert_eq!((machine.group(1), machine.group(2), machine.group(3)), (None, Some((1, 3)), Some((4, 5))));
        assert_eq!(machine.run(&regex, Text::new("é-"), 0, usize::MAX, 1000), Found::Hit);
        assert_eq!((machine.group(2), machine.group(3), machine.group(9)), (Some((0, 2)), None, None));
        assert_eq!(regex.names, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }

    /// A pattern that is no expression names what is wrong and where.
    #[test]
    fn explains_errors() {
        let error = Regex::compile("a(b", Subject::Line).err().expect("an error");
        assert!(error.contains("offset 3"), "{error}");
    }

    /// A catastrophic match of a text that lacks what every match contains is a miss.
    #[test]
    fn refutes_by_one_byte() {
        let (mut machine, text) = (machine(), "a".repeat(40));
        for (pattern, tail, found) in [
            (r"^(a+)+x\d?$", "!", Found::Miss),
            (r"^(a+)+x\d?$", "xy", Found::Limit),
            (r"(?i)^(a+)+x\d?$", "Xy", Found::Limit),
            (r"(?i)^(a+)+X\d?$", "xy", Found::Limit),
        ] {
            let regex = Regex::compile(pattern, Subject::Line).expect("compiles");
            assert_eq!(machine.run(&regex, Text::new(&format!("{text}{tail}")), 0, usize::MAX, 1000), found, "{tail}");
        }
    }

    /// The match limit ends a catastrophic match, the offset limit keeps start positions in a window.
    #[test]
    fn keeps_limits() {
        let mut machine = machine();
        let regex = Regex::compile(r"^(a+)+$", Subject::Line).expect("compiles");
        let text = format!("{}!", "a".repeat(40));
        assert_eq!(machine.run(&regex, Text::new(&text), 0, usize::MAX, 1000), Found::Limit);
        let regex = Regex::compile("b", Subject::Line).expect("compiles");
        assert_eq!(machine.run(&regex, Text::new("aaab"), 0, 2, 1000), Found::Miss);
        assert_eq!(machine.run(&regex, Text::new("aaab"), 2, 3, 1000), Found::Hit);
    }
}
