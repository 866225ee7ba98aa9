//! Bytes of a file as text, with every complaint about their encoding.

use super::problem::{Place, Report};

/// Largest file read [bytes]: more is a mistake, not a network.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 30;

/// Bytes as UTF-8, without a byte-order mark. What is not UTF-8 or holds a NUL is reported and
/// replaced, so that the rest of the file is still checked.
pub(crate) fn decoded(file: &str, bytes: &[u8], report: &mut Report) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        report.error(Place::whole(file), "the file is UTF-16", "UTF-8 (\"save as\" with that encoding)");
        return String::new();
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let bad = bytes.get(error.valid_up_to()).copied().unwrap_or(0);
            report.error(place_at(file, &before, before.len()), format!("byte 0x{bad:02x} is not UTF-8"), "UTF-8 text");
            String::from_utf8_lossy(bytes).into_owned()
        }
    };
    if let Some(at) = text.find('\0') {
        report.error(place_at(file, &text, at), "a NUL byte", "text");
        return text.replace('\0', "\u{fffd}");
    }
    text
}

/// Line and column of a byte offset.
pub(crate) fn place_at(file: &str, text: &str, offset: usize) -> Place {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// Whether a name can be printed and written to a CSV: not empty, no control characters, at most 64 characters.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 64 && !text.chars().any(char::is_control)
}
