//! Detects a file's format: by its first bytes, then by its name and declared media type.

use super::extract::protocol::Format;

/// Number of first bytes that are examined.
pub const HEAD_BYTES: usize = 4_096;

/// Format of a file; `None` if it is not supported.
pub fn format(head: &[u8], name: &str, declared: Option<&str>) -> Option<Format> {
    let declared =
        declared.and_then(|declared| declared.split(';').next()).map(|declared| declared.trim().to_ascii_lowercase());
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let near =
        |needle: &[u8], within: usize| head[..head.len().min(within)].windows(needle.len()).any(|part| part == needle);
    if near(b"%PDF-", 1_024) {
        return Some(Format::Pdf);
    }
    if head.starts_with(b"PK\x03\x04") {
        let is_docx =
            ending == "docx" || declared.as_deref() == Some(Format::Docx.media_type()) || near(b"word/", HEAD_BYTES);
        return is_docx.then_some(Format::Docx);
    }
    let is_utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    if head.is_empty() || (!is_utf16 && !is_text(head)) || head.starts_with(b"{\\rtf") {
        return None;
    }
    let begin = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let is_html = begin.starts_with("<!doctype html")
        || begin.starts_with("<html")
        || begin.contains("<html")
        || begin.contains("<body");
    match (ending.as_str(), declared.as_deref()) {
        _ if is_html => Some(Format::Html),
        ("html" | "htm" | "xhtml", _) | (_, Some("text/html" | "application/xhtml+xml")) => Some(Format::Html),
        ("md" | "markdown", _) | (_, Some("text/markdown")) => Some(Format::Markdown),
        ("csv" | "tsv", _) | (_, Some("text/csv" | "text/tab-separated-values")) => Some(Format::Csv),
        _ => Some(Format::Text),
    }
}

/// Whether the bytes are text: no control characters except those of layout.
fn is_text(head: &[u8]) -> bool {
    let odd = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    !head.contains(&0) && odd * 100 <= head.len()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::pdf(b"%PDF-1.7\n", "report.txt", None, Some(Format::Pdf))]
    #[case::pdf_behind_junk(b"\n\n%PDF-1.7\n", "x", None, Some(Format::Pdf))]
    #[case::docx(b"PK\x03\x04....", "note.docx", None, Some(Format::Docx))]
    #[case::spreadsheet(b"PK\x03\x04....xl/", "book.xlsx", None, None)]
    #[case::html(b"<!DOCTYPE html><p>", "page", None, Some(Format::Html))]
    #[case::html_by_type(b"<p>x</p>", "page", Some("text/html; charset=utf-8"), Some(Format::Html))]
    #[case::markdown(b"# Title", "note.MD", None, Some(Format::Markdown))]
    #[case::csv(b"a,b\n", "t.csv", None, Some(Format::Csv))]
    #[case::text("Zürich".as_bytes(), "note", Some("application/octet-stream"), Some(Format::Text))]
    #[case::utf16(&[0xff, 0xfe, b'a', 0], "a.txt", None, Some(Format::Text))]
    #[case::picture(b"\x89PNG\r\n\x1a\n\0\0", "a.txt", None, None)]
    #[case::program(b"\x7fELF\x02\x01\x01\0", "a.txt", None, None)]
    #[case::rich_text(b"{\\rtf1 x}", "a.rtf", None, None)]
    #[case::nothing(b"", "a.txt", None, None)]
    fn a_file_is_what_its_bytes_say(
        #[case] head: &[u8],
        #[case] name: &str,
        #[case] declared: Option<&str>,
        #[case] expected: Option<Format>,
    ) {
        assert_eq!(format(head, name, declared), expected);
    }
}
