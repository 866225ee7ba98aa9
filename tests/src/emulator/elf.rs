//! The loadable part of a 32-bit Arm executable: program headers only, checked before anything is copied.

/// One piece of memory that the executable fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    /// Where the bytes are stored before the program starts; `.data` is copied from there to RAM.
    pub(super) load_address: u32,
    /// The bytes.
    pub(super) bytes: &'a [u8],
}

const PROGRAM_HEADER_BYTES: usize = 32;
const LOADABLE: u32 = 1;
const MACHINE_ARM: u16 = 40;

/// Bytes that the program's segments take in memory from `ram_at` on: `.data`, `.bss` and `.uninit`.
///
/// # Errors
/// As for [`segments`].
pub(super) fn ram_bytes(file: &[u8], ram_at: u32) -> Result<u32, String> {
    segments(file)?;
    let (table, count) = (index(word(file, 28)?), usize::from(half(file, 44)?));
    let mut bytes = 0;
    for at in (0..count).map(|i| table + i * PROGRAM_HEADER_BYTES) {
        if word(file, at)? == LOADABLE && word(file, at + 8)? >= ram_at {
            bytes += word(file, at + 20)?;
        }
    }
    Ok(bytes)
}

/// The loadable segments of an ELF file.
///
/// # Errors
/// One sentence on why the bytes are not a 32-bit little-endian Arm executable.
pub(super) fn segments(file: &[u8]) -> Result<Vec<Segment<'_>>, String> {
    if file.get(..6) != Some(b"\x7fELF\x01\x01".as_slice()) {
        return Err("not a 32-bit little-endian ELF file".to_owned());
    }
    if half(file, 18)? != MACHINE_ARM {
        return Err("not built for Arm".to_owned());
    }
    let table = index(word(file, 28)?);
    let count = usize::from(half(file, 44)?);
    let mut segments = Vec::with_capacity(count);
    for i in 0..count {
        let at = table + i * PROGRAM_HEADER_BYTES;
        let (offset, load_address, length) =
            (index(word(file, at + 4)?), word(file, at + 12)?, index(word(file, at + 16)?));
        if word(file, at)? == LOADABLE && length > 0 {
            let bytes = offset
                .checked_add(length)
                .and_then(|end| file.get(offset..end))
                .ok_or("a segment ends outside the file")?;
            segments.push(Segment { load_address, bytes });
        }
    }
    Ok(segments)
}

fn index(word: u32) -> usize {
    usize::try_from(word).unwrap_or(usize::MAX)
}

fn half(file: &[u8], at: usize) -> Result<u16, String> {
    let bytes = file.get(at..at.saturating_add(2)).ok_or("a header ends outside the file")?;
    Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn word(file: &[u8], at: usize) -> Result<u32, String> {
    let bytes = file.get(at..at.saturating_add(4)).ok_or("a header ends outside the file")?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
