//! Sessions: lines that belong together by `<F-MLFID>` and count as one attempt (§3.4 of the dialect).
//!
//! In: the fields of a matched line with its flags, its time. Out: whether a failure is due, with merged fields and
//! remembered lines. State: sessions by identifier, first in first out, with a lifetime from the first line on.

use std::collections::{HashMap, VecDeque};

use crate::fields::{Fields, MLFFORGET, MLFGAINED, MLFID, NOFAIL, USER};
use crate::hashing::{Hashed, Seed};
use crate::limits::{cut, MAX_SESSION_FIELDS, MAX_SESSION_TEXT, MAX_USER, MAX_USERS};
use crate::shown::Shown;

/// Memory that a finished session may keep for the next one, in bytes; beyond it is given back.
const MAX_REUSED: usize = 4096;

/// What a matched line says about its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub is_gained: bool,
    pub is_nofail: bool,
    pub is_forget: bool,
}

impl Flags {
    /// Reads the flag groups and removes them: they are no data.
    pub fn take(fields: &mut Fields) -> Flags {
        let is = |name| fields.filled(name).is_some();
        let flags = Flags { is_gained: is(MLFGAINED), is_nofail: is(NOFAIL), is_forget: is(MLFFORGET) };
        [MLFGAINED, NOFAIL, MLFFORGET].into_iter().for_each(|name| fields.unset(name));
        flags
    }
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    pub begun: f64,
    pub fields: Fields,
    /// Lines of matches that were no failures by themselves.
    pub collected: Shown,
    /// Lines of a failure that is pending, or was the last to be reported.
    pub stored: Shown,
    /// Whether the last match was nofail or gained.
    pub is_quiet: bool,
    /// Whether a failure waits for its address.
    pub is_pending: bool,
    pub first_user: String,
    /// Users after the first, each once.
    pub other_users: Vec<String>,
}

impl Session {
    /// Begins anew with these fields, which are moved out.
    fn begin(&mut self, fields: &mut Fields, names: usize, time: f64) {
        self.begun = time;
        self.other_users.clear();
        self.first_user.clear();
        self.add_user(fields);
        if fields.size() <= MAX_SESSION_FIELDS {
            std::mem::swap(&mut self.fields, fields);
        } else {
            self.fields.reset(names);
            self.fields.overlay(fields, MAX_SESSION_FIELDS);
        }
        self.collected.clear();
        self.stored.clear();
        (self.is_quiet, self.is_pending) = (false, false);
    }

    fn add_user(&mut self, fields: &Fields) {
        let Some(user) = fields.filled(USER) else { return };
        if self.first_user.is_empty() {
            self.first_user.push_str(user);
        } else if self.first_user != user {
            self.add_other_user(cut(user, MAX_USER));
        }
    }

    fn add_other_user(&mut self, user: &str) {
        if self.other_users.len() < MAX_USERS && !self.other_users.iter().any(|known| known == user) {
            self.other_users.push(user.to_owned());
        }
    }

    /// All users, if there are several.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        let first = (!self.other_users.is_empty()).then(|| cut(&self.first_user, MAX_USER));
        first.into_iter().chain(self.other_users.iter().map(String::as_str))
    }

    /// Step 2 of §3.4 for a session that is known; the fields are moved out.
    fn merge(&mut self, fields: &mut Fields, flags: Flags) {
        self.add_user(fields);
        let was_quiet = std::mem::take(&mut self.is_quiet);
        if flags.is_gained {
            self.is_pending = false;
        }
        if !was_quiet && !self.is_pending {
            self.stored.clear();
        }
        if self.fields.size() + fields.size() <= MAX_SESSION_FIELDS {
            // A match mostly names everything that its session knows, so that nothing has to be copied.
            fields.underlay(&self.fields);
            std::mem::swap(&mut self.fields, fields);
        } else {
            self.fields.overlay(fields, MAX_SESSION_FIELDS);
        }
    }

    /// Steps 3 and 4: whether the match stays quiet. Of a failure, `stored` are then the lines that go before its own.
    fn settle(&mut self, flags: Flags, lines: &[&str]) -> bool {
        let is_revoked = std::mem::take(&mut self.is_pending) || !self.other_users.is_empty();
        self.is_quiet = (flags.is_nofail || flags.is_gained) && !is_revoked;
        if !self.is_quiet {
            if self.collected.len() > 0 {
                std::mem::swap(&mut self.stored, &mut self.collected);
                self.stored.append(&self.collected, MAX_SESSION_TEXT);
                self.collected.clear();
            }
        } else if !flags.is_forget {
            self.collected.extend(lines, MAX_SESSION_TEXT);
        }
        self.is_quiet
    }

    fn is_oversized(&self) -> bool {
        self.fields.capacity() + self.collected.capacity() + self.stored.capacity() > MAX_REUSED
            || self.other_users.capacity() > 0
    }
}

/// What becomes of a matched line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// No failure.
    Quiet,
    /// A failure, if the merged fields name somebody; the place of the session in `Sessions`.
    Due(usize),
}

/// The slot of a session that begins and ends with one line: it must not push out another.
const PASSING: usize = 0;

/// The sessions of one filter.
pub struct Sessions {
    /// By hash of the identifier. Should two identifiers ever have one hash, the later session takes the place.
    places: HashMap<u64, usize, Hashed>,
    seed: Seed,
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// Places in the order of their beginning; an entry whose generation has passed is void.
    order: VecDeque<(usize, u32)>,
    max: usize,
    lifetime: f64,
    /// A slot whose session was forgotten by the current line, still to be read.
    leaving: Option<usize>,
}

#[derive(Default)]
struct Slot {
    key: String,
    hash: u64,
    generation: u32,
    is_used: bool,
    session: Session,
}

impl Sessions {
    pub fn new(max: usize, lifetime: f64) -> Sessions {
        Sessions {
            places: HashMap::default(),
            seed: Seed::default(),
            slots: vec![Slot::default()],
            free: Vec::new(),
            order: VecDeque::new(),
            max: max.max(1),
            lifetime,
            leaving: None,
        }
    }

    /// Merges a matched line into its session. `fields` must hold `mlfid` and are moved out; `time` is the line's.
    pub fn merge(&mut self, fields: &mut Fields, names: usize, lines: &[&str], time: f64) -> Merged {
        self.release();
        let flags = Flags::take(fields);
        let key = fields.get(MLFID).unwrap_or_default();
        let hash = self.seed.hash(key);
        let place = match self.find(key, hash, time) {
            Some(place) => {
                self.slots[place].session.merge(fields, flags);
                place
            }
            None => {
                let place = if flags.is_forget { PASSING } else { self.claim(key, hash) };
                self.slots[place].session.begin(fields, names, time);
                place
            }
        };
        let is_quiet = self.slots[place].session.settle(flags, lines);
        if flags.is_forget && place != PASSING {
            self.forget(place);
        }
        if is_quiet {
            Merged::Quiet
        } else {
            Merged::Due(place)
        }
    }

    pub fn session(&self, place: usize) -> &Session {
        &self.slots[place].session
    }

    /// Keeps the current lines, which are due but name nobody yet, until a later one does.
    pub fn set_pending(&mut self, place: usize, lines: &[&str]) {
        let session = &mut self.slots[place].session;
        session.is_pending = true;
        session.stored.extend(lines, MAX_SESSION_TEXT);
    }

    /// All sessions, the oldest first, for a dump.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Session)> {
        let is_valid = |&&(place, generation): &&(usize, u32)| {
            self.slots[place].is_used && self.slots[place].generation == generation && self.leaving != Some(place)
        };
        self.order
            .iter()
            .filter(is_valid)
            .map(|&(place, _)| (self.slots[place].key.as_str(), &self.slots[place].session))
    }

    /// Puts back a session of a dump.
    pub fn restore(&mut self, key: &str, session: Session) {
        let hash = self.seed.hash(key);
        if !self.places.contains_key(&hash) {
            let place = self.claim(key, hash);
            self.slots[place].session = session;
        }
    }

    pub fn clear(&mut self) {
        *self = Sessions::new(self.max, self.lifetime);
    }

    fn find(&mut self, key: &str, hash: u64, time: f64) -> Option<usize> {
        let place = *self.places.get(&hash)?;
        if self.slots[place].key != key || time > self.slots[place].session.begun + self.lifetime {
            self.forget(place);
            self.release();
            return None;
        }
        Some(place)
    }

    /// A slot for a new session; the oldest session gives way when all are in use.
    fn claim(&mut self, key: &str, hash: u64) -> usize {
        while self.places.len() >= self.max {
            let Some((place, generation)) = self.order.pop_front() else { break };
            if self.slots[place].is_used && self.slots[place].generation == generation {
                self.forget(place);
                self.release();
            }
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[place];
        slot.is_used = true;
        slot.key.clear();
        slot.key.push_str(key);
        slot.hash = hash;
        self.order.push_back((place, slot.generation));
        self.places.insert(hash, place);
        self.tidy();
        place
    }

    /// Takes a session out; its slot stays readable until the next line.
    fn forget(&mut self, place: usize) {
        self.places.remove(&self.slots[place].hash);
        self.leaving = Some(place);
    }

    fn release(&mut self) {
        let Some(place) = self.leaving.take() else { return };
        let slot = &mut self.slots[place];
        slot.is_used = false;
        slot.generation = slot.generation.wrapping_add(1);
        if slot.session.is_oversized() || slot.key.capacity() > MAX_REUSED {
            slot.session = Session::default();
            slot.key = String::new();
        }
        self.free.push(place);
    }

    /// Drops void entries once they outnumber the valid ones.
    fn tidy(&mut self) {
        if self.order.len() > 2 * self.max + 16 {
            let slots = &self.slots;
            self.order.retain(|&(place, generation)| slots[place].is_used && slots[place].generation == generation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{CIDR, DNS, FID, IP4, IP6};

    fn fields(id: &str, values: &[(u16, &str)]) -> Fields {
        let mut fields = Fields::new(11);
        fields.set(MLFID, id);
        for (name, value) in values {
            fields.set(*name, value);
        }
        fields
    }

    /// The oldest session gives way, wherever forgotten ones have left holes.
    #[test]
    fn is_first_in_first_out() {
        let mut sessions = Sessions::new(3, 300.0);
        for round in 0..1000 {
            let id = round.to_string();
            sessions.merge(&mut fields(&id, &[(NOFAIL, "x")]), 11, &["line"], 1.0);
            if round % 2 == 0 {
                sessions.merge(&mut fields(&id, &[(NOFAIL, "x"), (MLFFORGET, "x")]), 11, &["line"], 1.0);
            }
            assert!(sessions.places.len() <= 3 && sessions.order.len() < 30 && sessions.slots.len() <= 6);
        }
        let kept: Vec<&str> = sessions.iter().map(|(key, _)| key).collect();
        assert_eq!(kept, ["995", "997", "999"]);
    }

    /// An address takes the place of every other form of address; other fields stay.
    #[test]
    fn keeps_one_address() {
        let mut sessions = Sessions::new(10, 300.0);
        let mut addresses = |values: &[(u16, &str)]| -> Vec<(u16, String)> {
            let Merged::Due(place) = sessions.merge(&mut fields("a", values), 11, &["line"], 1.0) else {
                panic!("quiet")
            };
            let fields = &sessions.session(place).fields;
            fields.iter().filter(|each| each.0 != MLFID).map(|(name, value)| (name, value.to_owned())).collect()
        };
        let user = (USER, "u".to_owned());
        addresses(&[(IP4, "192.0.2.1"), (CIDR, "24"), (USER, "u")]);
        assert_eq!(addresses(&[(IP6, "2001:db8::1")]), [(IP6, "2001:db8::1".to_owned()), user.clone()]);
        assert_eq!(addresses(&[(DNS, "host.example")]), [(DNS, "host.example".to_owned()), user.clone()]);
        assert_eq!(addresses(&[(IP4, "192.0.2.2")]), [(IP4, "192.0.2.2".to_owned()), user.clone()]);
        assert_eq!(addresses(&[]), [(IP4, "192.0.2.2".to_owned()), user]);
    }

    /// However much a session remembers, it takes up a new address.
    #[test]
    fn always_takes_addresses() {
        let (mut sessions, long) = (Sessions::new(10, 300.0), "x".repeat(MAX_SESSION_FIELDS / 2));
        let first = &[(IP4, "192.0.2.1"), (FID, &long), (USER, &long)];
        for values in [&first[..], &[(IP6, "2001:db8::1")]] {
            sessions.merge(&mut fields("a", values), 11, &["line"], 1.0);
        }
        let (_, session) = sessions.iter().next().expect("a session");
        assert_eq!((session.fields.get(IP4), session.fields.get(IP6)), (None, Some("2001:db8::1")));
    }

    /// A session ends its lifetime after its first line, not its last.
    #[test]
    fn has_a_lifetime() {
        let mut sessions = Sessions::new(10, 300.0);
        for time in [0.0, 200.0, 301.0] {
            let Merged::Due(place) = sessions.merge(&mut fields("a", &[]), 11, &["line"], time) else {
                panic!("quiet")
            };
            let is_new = time != 200.0;
            assert_eq!(sessions.session(place).fields.get(IP4).is_none(), is_new);
            sessions.slots[place].session.fields.set(IP4, "192.0.2.1");
        }
    }
}
