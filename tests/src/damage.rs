//! Bytes that were cut off, flipped or replaced: every way there is, of a file small enough for all of them.

/// Every truncation, the empty file included, and one byte too many.
pub fn every_cut(whole: &[u8], mut each: impl FnMut(&[u8], String)) {
    for length in 0..whole.len() {
        each(&whole[..length], format!("cut to {length} of {} bytes", whole.len()));
    }
    let longer = [whole, &[0]].concat();
    each(&longer, format!("{} bytes and one more", whole.len()));
}

/// Every single bit, flipped.
pub fn every_flip(whole: &[u8], mut each: impl FnMut(&[u8], String)) {
    let mut damaged = whole.to_vec();
    for bit in 0..whole.len() * 8 {
        damaged[bit / 8] ^= 1 << (bit % 8);
        each(&damaged, format!("bit {} of byte {} flipped", bit % 8, bit / 8));
        damaged[bit / 8] ^= 1 << (bit % 8);
    }
}

/// Every other value of every byte.
pub fn every_byte(whole: &[u8], mut each: impl FnMut(&[u8], String)) {
    let mut damaged = whole.to_vec();
    for at in 0..whole.len() {
        for value in 0..=u8::MAX {
            if value != whole[at] {
                damaged[at] = value;
                each(&damaged, format!("byte {at} is {value:#04x} instead of {:#04x}", whole[at]));
            }
        }
        damaged[at] = whole[at];
    }
}

/// Puts the right checksum at the end of a file that ends with one, as a deceiver would.
pub fn seal(file: &mut [u8]) {
    if let Some((body, checksum)) = file.split_last_chunk_mut::<4>() {
        *checksum = crate::checksum::crc32(body).to_le_bytes();
    }
}
