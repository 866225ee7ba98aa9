//! What `build.rs` put into flash: `SCENARIO`, `POLICY`, `NETWORK_WORDS` and `FEATURE_BYTES`.

use restock_device::kernel::Aligned;

include!(concat!(env!("OUT_DIR"), "/images.rs"));

/// Bytes of an image as words, at compile time: what the device borrows needs no alignment tricks.
const fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [i32; WORDS] {
    assert!(BYTES == WORDS * 4, "an image is whole words");
    let mut words = [0; WORDS];
    let mut i = 0;
    while i < WORDS {
        words[i] = i32::from_le_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]]);
        i += 1;
    }
    words
}
