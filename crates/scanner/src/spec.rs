//! What a scanner is made of, as plain values: the Rust side of the protocols in `_scanner.pyi`.
//!
//! In: nothing. Out: values that `engine` compiles. Must not know Python.

/// One expression; see `RuleSpec`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    pub pattern: String,
    pub literals: Vec<Vec<u8>>,
    pub heads: Vec<Vec<u8>>,
    pub is_caseless: bool,
}

/// One date template; see `DateSpec`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Date {
    pub name: String,
    pub pattern: String,
    pub cut: u32,
    pub fields: Vec<(u32, char)>,
    pub is_anchored: bool,
    pub layout: String,
}

/// What is done with a host name that a filter found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UseDns {
    Yes,
    #[default]
    Warn,
    No,
    Raw,
}

/// One jail's filter; see `FilterSpec`.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub name: String,
    pub prefix: Option<Rule>,
    pub rules: Vec<Rule>,
    pub ignores: Vec<Rule>,
    pub dates: Vec<Date>,
    pub maxlines: usize,
    pub usedns: UseDns,
    pub findtime: Option<f64>,
    pub is_all_rules: bool,
    pub zone: Vec<(i64, i64)>,
}

/// Bounds of one scanner; see `LimitSpec`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub match_limit: u32,
    pub max_line: usize,
    pub max_sessions: usize,
    pub session_seconds: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { match_limit: 100_000, max_line: 128 * 1024, max_sessions: 1024, session_seconds: 300.0 }
    }
}
