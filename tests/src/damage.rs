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

/// CRC-32 (ISO-HDLC) from a table of its own: independent of the crate that the formats use.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut crc, mut bit) = (byte as u32, 0);
            while bit < 8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (crc >> 8) ^ TABLE[((crc ^ u32::from(byte)) & 0xff) as usize])
}

/// Puts the right checksum at the end of a file that ends with one, as a deceiver would.
pub fn seal(file: &mut [u8]) {
    if let Some((body, checksum)) = file.split_last_chunk_mut::<4>() {
        *checksum = crc32(body).to_le_bytes();
    }
}
