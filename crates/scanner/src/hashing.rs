//! A fast hash with a secret seed, for short texts that attackers choose.
//!
//! In: bytes. Out: 64 bits. Multiplies and folds (as wyhash does) instead of SipHash, which costs 20 ns a key; the seed
//! is the process's own, so that nobody outside can prepare keys that collide. Maps keyed by it are bounded anyway.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The seed; make one for each map.
#[derive(Clone)]
pub struct Seed(u64, u64);

impl Default for Seed {
    fn default() -> Self {
        let random = RandomState::new();
        Seed(random.hash_one(1u8), random.hash_one(2u8) | 1)
    }
}

impl Seed {
    /// Hash of a text.
    pub fn hash(&self, text: &str) -> u64 {
        let mut hasher = self.build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

impl BuildHasher for Seed {
    type Hasher = Fold;

    fn build_hasher(&self) -> Fold {
        Fold { state: self.0, secret: self.1 }
    }
}

/// For keys that are such hashes already: a `u64` is its own hash.
#[derive(Clone, Default)]
pub struct Hashed(u64);

impl BuildHasher for Hashed {
    type Hasher = Hashed;

    fn build_hasher(&self) -> Hashed {
        Hashed(0)
    }
}

impl Hasher for Hashed {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

pub struct Fold {
    state: u64,
    secret: u64,
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
            self.state = fold(self.state ^ u64::from_le_bytes(*chunk), self.secret);
            rest = tail;
        }
        let mut last = [0u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.state = fold(self.state ^ u64::from_le_bytes(last), self.secret ^ ((bytes.len() as u64) << 1));
    }

    fn write_u8(&mut self, byte: u8) {
        self.state ^= u64::from(byte);
    }

    fn write_u32(&mut self, value: u32) {
        self.state ^= u64::from(value);
    }

    fn write_u64(&mut self, value: u64) {
        self.state ^= value;
    }

    fn finish(&self) -> u64 {
        fold(self.state, MULTIPLIER ^ self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Different keys have different hashes, whatever their length and common beginning.
    #[test]
    fn tells_keys_apart() {
        let seed = Seed::default();
        let mut all: Vec<u64> = (0..50_000).map(|n| seed.hash(&format!("198.51.{n}"))).collect();
        all.extend((0..50_000u32).map(|n| seed.hash_one(n)));
        all.extend((0..40).map(|n| seed.hash(&"\0".repeat(n))));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 100_040);
    }
}
