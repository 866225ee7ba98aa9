//! One 64-bit digest for traces and images: FNV-1a over little-endian words.
//!
//! It tells a change, it is no protection against an adversary.

use core::hash::Hasher;
use fnv::FnvHasher;

/// A running digest.
#[derive(Default)]
pub struct Digest(FnvHasher);

impl core::fmt::Debug for Digest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Digest({:016x})", self.value())
    }
}

impl Clone for Digest {
    fn clone(&self) -> Self {
        Self(FnvHasher::with_key(self.0.finish()))
    }
}

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds words.
    pub fn words(&mut self, words: &[i32]) {
        for w in words {
            self.0.write(&w.to_le_bytes());
        }
    }

    /// Adds a wide number.
    pub fn wide(&mut self, value: i64) {
        self.0.write(&value.to_le_bytes());
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// The digest so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.finish()
    }
}

/// The key of a name: what products and nodes are known by in images, draws and blobs.
#[must_use]
pub fn name_key(name: &str) -> u64 {
    let mut digest = Digest::new();
    digest.bytes(name.as_bytes());
    digest.value()
}
