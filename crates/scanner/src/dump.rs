//! The state of a scanner as bytes, for the ledger: sessions, templates in use, last times, windows.
//!
//! In: an engine, or bytes from anywhere. Out: bytes, or whether they were taken up. The format: magic, version,
//! fingerprint of the filters, body, checksum; numbers little-endian, texts with their length. Bytes that are not exactly
//! such a dump of exactly these filters are refused. Bounded by `MAX_DUMP`: the oldest sessions are left out first.

use crate::engine::Engine;
use crate::fields::{Fields, NameId};
use crate::limits::{MAX_DUMP, MAX_MATCHES, MAX_USERS};
use crate::session::Session;
use crate::shown::Shown;
use crate::spec;

const MAGIC: &[u8; 4] = b"STKS";
const VERSION: u16 = 2;
/// Room for what is not a session.
const RESERVE: usize = 512 * 1024;

/// FNV-1a, 64 bits: tells damage and other filters, not malice.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A number for a set of filters; other expressions or templates give another.
pub fn fingerprint(specs: &[spec::Filter]) -> u64 {
    let mut text = String::new();
    for spec in specs {
        text.push_str(&format!("{:?}{:?}{:?}{:?}{}", spec.prefix, spec.rules, spec.dates, spec.usedns, spec.maxlines));
    }
    checksum(text.as_bytes())
}

/// Writes the state of an engine.
pub fn dump(engine: &Engine) -> Vec<u8> {
    let mut writer = Writer(Vec::new());
    writer.0.extend(MAGIC);
    writer.0.extend(VERSION.to_le_bytes());
    writer.u64(engine.fingerprint);
    for dater in &engine.daters {
        let (index, reach) = dater.state().map_or((u32::MAX, 0), |(index, reach)| (index as u32, reach as u32));
        writer.u32(index);
        writer.u32(reach);
    }
    let share = (MAX_DUMP - RESERVE) / engine.filters.len().max(1);
    for filter in &engine.filters {
        writer.f64(filter.last.unwrap_or(f64::NAN));
        let lines: Vec<(&str, &str)> = filter.window.iter().flat_map(|window| window.iter()).collect();
        let fitting = fitting(lines.len(), share / 2, |index| lines[index].0.len() + lines[index].1.len() + 8);
        writer.u32((lines.len() - fitting) as u32);
        for (stripped, original) in &lines[fitting..] {
            writer.text(stripped);
            writer.text(original);
        }
        writer.sessions(filter.sessions.iter().collect(), share / 2);
    }
    let sum = checksum(&writer.0);
    writer.u64(sum);
    writer.0
}

/// Index from which on items fit into `room`.
fn fitting(count: usize, room: usize, size: impl Fn(usize) -> usize) -> usize {
    let mut used = 0;
    for index in (0..count).rev() {
        used += size(index);
        if used > room {
            return index + 1;
        }
    }
    0
}

struct Writer(Vec<u8>);

impl Writer {
    fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    fn f64(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u32(text.len() as u32);
        self.0.extend(text.as_bytes());
    }

    fn shown(&mut self, shown: &Shown) {
        self.u32(shown.len() as u32);
        for line in shown.iter() {
            self.text(line);
        }
    }

    fn sessions(&mut self, sessions: Vec<(&str, &Session)>, room: usize) {
        let mut packed: Vec<Vec<u8>> = Vec::with_capacity(sessions.len());
        for (key, session) in sessions {
            let mut one = Writer(Vec::new());
            one.session(key, session);
            packed.push(one.0);
        }
        let from = fitting(packed.len(), room, |index| packed[index].len());
        self.u32((packed.len() - from) as u32);
        for one in &packed[from..] {
            self.0.extend(one);
        }
    }

    fn session(&mut self, key: &str, session: &Session) {
        self.text(key);
        self.f64(session.begun);
        let flags = [session.is_quiet, session.is_pending];
        self.u32(flags.iter().rev().fold(0, |bits, &flag| bits << 1 | u32::from(flag)));
        self.text(&session.first_user);
        self.u32(session.other_users.len() as u32);
        session.other_users.iter().for_each(|user| self.text(user));
        self.u32(session.fields.iter().count() as u32);
        for (name, value) in session.fields.iter() {
            self.u32(u32::from(name));
            self.text(value);
        }
        self.shown(&session.collected);
        self.shown(&session.stored);
    }
}

/// What one filter's part of a dump holds.
struct FilterState {
    last: Option<f64>,
    lines: Vec<(String, String)>,
    sessions: Vec<(String, Session)>,
}

/// Takes up a dump. False, and a fresh state, if it is none of these filters or damaged.
pub fn load(engine: &mut Engine, state: &[u8]) -> bool {
    let read = read(engine, state);
    for dater in &mut engine.daters {
        dater.restore(None);
    }
    for filter in &mut engine.filters {
        filter.clear();
        filter.last = None;
    }
    let Some((daters, filters)) = read else { return false };
    for (dater, state) in engine.daters.iter_mut().zip(daters) {
        dater.restore(state);
    }
    for (filter, state) in engine.filters.iter_mut().zip(filters) {
        filter.last = state.last;
        if let Some(window) = &mut filter.window {
            state.lines.iter().for_each(|(stripped, original)| window.push(stripped, original));
        }
        for (key, session) in state.sessions {
            filter.sessions.restore(&key, session);
        }
    }
    true
}

type State = (Vec<Option<(usize, usize)>>, Vec<FilterState>);

fn read(engine: &Engine, state: &[u8]) -> Option<State> {
    if state.len() > MAX_DUMP {
        return None;
    }
    let (body, sum) = state.split_last_chunk::<8>()?;
    let mut reader = Reader(body);
    let is_ours = reader.take(4)? == MAGIC && reader.take(2)? == VERSION.to_le_bytes();
    if !is_ours || u64::from_le_bytes(*sum) != checksum(body) || reader.u64()? != engine.fingerprint {
        return None;
    }
    let mut daters = Vec::new();
    for _ in &engine.daters {
        let (index, reach) = (reader.u32()?, reader.u32()?);
        daters.push((index != u32::MAX).then_some((index as usize, reach as usize)));
    }
    let mut filters = Vec::new();
    for filter in &engine.filters {
        filters.push(reader.filter(filter.names.len())?);
    }
    reader.0.is_empty().then_some((daters, filters))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn f64(&mut self) -> Option<f64> {
        Some(f64::from_bits(self.u64()?))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()? as usize;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn shown(&mut self) -> Option<Shown> {
        let count = self.u32()? as usize;
        let mut shown = Shown::default();
        for _ in 0..count.min(MAX_MATCHES) {
            shown.push(self.text()?, MAX_DUMP);
        }
        (count < MAX_MATCHES).then_some(shown)
    }

    fn filter(&mut self, names: usize) -> Option<FilterState> {
        let last = Some(self.f64()?).filter(|last| last.is_finite());
        let (mut lines, mut sessions) = (Vec::new(), Vec::new());
        for _ in 0..self.u32()? {
            lines.push((self.text()?.to_owned(), self.text()?.to_owned()));
        }
        for _ in 0..self.u32()? {
            sessions.push((self.text()?.to_owned(), self.session(names)?));
        }
        Some(FilterState { last, lines, sessions })
    }

    fn session(&mut self, names: usize) -> Option<Session> {
        let begun = Some(self.f64()?).filter(|begun| begun.is_finite())?;
        let flags = self.u32()?;
        let first_user = self.text()?.to_owned();
        let count = Some(self.u32()? as usize).filter(|&count| count <= MAX_USERS)?;
        let other_users = (0..count).map(|_| self.text().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
        let mut fields = Fields::new(names);
        for _ in 0..self.u32()? {
            fields.set(NameId::try_from(self.u32()?).ok()?, self.text()?);
        }
        let (collected, stored) = (self.shown()?, self.shown()?);
        let (is_quiet, is_pending) = (flags & 1 != 0, flags & 2 != 0);
        Some(Session { begun, fields, collected, stored, is_quiet, is_pending, first_user, other_users })
    }
}
