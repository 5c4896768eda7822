//! The reading process: `finally --extract MEDIA_TYPE FIRST_PAGE < original`.
//!
//! Documents are hostile until they are text. They are read in a separate process, without environment, database or
//! network use, with bounds on memory, CPU time and output. If it dies, only its task fails. It writes one [`Piece`]
//! per line.

mod clean;
mod csv_text;
mod docx;
mod html;
mod layout;
mod markdown;
mod pages;
mod pdf;
pub mod protocol;

use std::{
    io::{self, Read, Write},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
};

pub use clean::clean;
use pages::Pages;
use protocol::{Format, Piece};

use super::bounds::{CHILD_CPU_SECONDS, CHILD_MEMORY_BYTES, FILE_BYTES_MAX, PAGE_BYTES_MAX, TEXT_BYTES_MAX};

/// Reason why a document as a whole cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    /// End of a sentence that begins with the file's name.
    pub cause: String,
}

impl Refusal {
    fn damaged(cause: &str) -> Self {
        Self { code: "damaged_file", cause: cause.to_owned() }
    }

    fn too_large(cause: &str) -> Self {
        Self { code: "too_large", cause: cause.to_owned() }
    }
}

/// Reason why reading ended early.
#[derive(Debug)]
enum Stop {
    Refused(Refusal),
    /// The output's reader is gone.
    Output(io::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Writer of pieces.
struct Sink<'a> {
    output: &'a mut dyn Write,
    /// First page to be read; an earlier process read those before it.
    first: u32,
    text_bytes: usize,
}

impl Sink<'_> {
    fn put(&mut self, piece: &Piece) -> Result<(), Stop> {
        let mut line = serde_json::to_vec(piece).map_err(|cause| Stop::Output(cause.into()))?;
        line.push(b'\n');
        self.output.write_all(&line).and_then(|()| self.output.flush()).map_err(Stop::Output)
    }

    /// Writes a page from its raw text.
    fn page(&mut self, page: u32, raw: &str, hidden: u32, unreadable: u32) -> Result<(), Stop> {
        if page < self.first {
            return Ok(());
        }
        let (mut text, dropped) = clean(raw);
        text.truncate(text.floor_char_boundary(PAGE_BYTES_MAX));
        self.text_bytes += text.len();
        if self.text_bytes > TEXT_BYTES_MAX {
            return Err(Refusal::too_large("has more than 20 MB of text").into());
        }
        self.put(&Piece::Page { page, text, dropped: dropped + hidden, unreadable })
    }
}

/// Runs the reading process. Arguments: the media type, and the first page to be read.
pub fn run(media_type: &str, first: &str) -> ExitCode {
    let (Some(format), Ok(first)) = (Format::from_media_type(media_type), first.parse()) else {
        return ExitCode::FAILURE;
    };
    if let Err(cause) = bound_this_process() {
        eprintln!("the reader's bounds cannot be set: {cause}");
        return ExitCode::FAILURE;
    }
    // A page's panic is reported as a piece; nothing reads stderr.
    panic::set_hook(Box::new(|_| {}));
    let mut bytes = Vec::new();
    if io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).is_err() {
        return ExitCode::FAILURE;
    }
    let mut output = io::stdout().lock();
    match extract(format, bytes, first, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Limits memory and CPU time by resource limits that also bind child processes.
fn bound_this_process() -> io::Result<()> {
    rlimit::setrlimit(rlimit::Resource::AS, CHILD_MEMORY_BYTES, CHILD_MEMORY_BYTES)?;
    rlimit::setrlimit(rlimit::Resource::CPU, CHILD_CPU_SECONDS, CHILD_CPU_SECONDS)?;
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0)?;
    rlimit::setrlimit(rlimit::Resource::FSIZE, 0, 0)
}

/// Reads a document and writes its pieces.
///
/// # Errors
/// If the output's reader is gone.
pub fn extract(format: Format, bytes: Vec<u8>, first: u32, output: &mut dyn Write) -> io::Result<()> {
    let mut sink = Sink { output, first, text_bytes: 0 };
    let read = panic::catch_unwind(AssertUnwindSafe(|| read(format, bytes, &mut sink)));
    let last = match read {
        Ok(Ok(())) => Piece::End,
        Ok(Err(Stop::Refused(Refusal { code, cause }))) => Piece::Refused { code: code.to_owned(), cause },
        Ok(Err(Stop::Output(cause))) => return Err(cause),
        Err(_) => Piece::Refused {
            code: "damaged_file".to_owned(),
            cause: "is built in a way that cannot be read".to_owned(),
        },
    };
    match sink.put(&last) {
        Err(Stop::Output(cause)) => Err(cause),
        Ok(()) | Err(Stop::Refused(_)) => Ok(()),
    }
}

fn read(format: Format, bytes: Vec<u8>, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let made = match format {
        Format::Pdf => return pdf::read(bytes, sink),
        Format::Docx => docx::read(bytes)?,
        Format::Html => html::read(&decode(&bytes)),
        Format::Markdown => markdown::read(&decode(&bytes)),
        Format::Csv => csv_text::read(&decode(&bytes)),
        Format::Text => Pages::of_text(&decode(&bytes)),
    };
    made.tell(sink)
}

/// Decodes UTF-8, UTF-16 with a byte order mark, or else Windows-1252, which accepts any bytes.
fn decode(bytes: &[u8]) -> String {
    let units = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => match str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            // Text meant as UTF-8 has few invalid bytes; other encodings have many.
            Err(_) => {
                let lossy = String::from_utf8_lossy(bytes);
                let replaced = lossy.chars().filter(|character| *character == '\u{fffd}').count();
                let beyond_ascii = bytes.iter().filter(|byte| **byte > 0x7f).count();
                if replaced * 4 < beyond_ascii {
                    lossy.into_owned()
                } else {
                    bytes.iter().map(|byte| western(*byte)).collect()
                }
            }
        },
    }
}

/// Decodes a byte of Windows-1252, as in the WHATWG's Encoding Standard.
fn western(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn pieces(format: Format, bytes: &[u8]) -> Vec<Piece> {
        let mut output = Vec::new();
        extract(format, bytes.to_vec(), 1, &mut output).unwrap();
        output
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[rstest]
    #[case::utf8("Zürich".as_bytes(), "Zürich")]
    #[case::western(b"Z\xfcrich \x80", "Zürich €")]
    #[case::utf16(&[0xff, 0xfe, b'a', 0, b'b', 0], "ab")]
    fn text_is_read_in_the_encoding_it_has(#[case] bytes: &[u8], #[case] text: &str) {
        assert_eq!(decode(bytes), text);
    }

    #[test]
    fn a_text_is_one_page_with_its_end() {
        let told = pieces(Format::Text, b"Revenue was 5.\n");
        let page = Piece::Page { page: 1, text: "Revenue was 5.".to_owned(), dropped: 0, unreadable: 0 };
        assert_eq!(told, [Piece::Head { pages: 1, title: None }, Piece::Begin { page: 1 }, page, Piece::End]);
    }

    #[rstest]
    #[case(Format::Pdf, b"%PDF-1.7 nothing more")]
    #[case(Format::Docx, b"PK\x03\x04 nothing more")]
    fn what_is_damaged_is_refused_with_its_cause(#[case] format: Format, #[case] bytes: &[u8]) {
        let told = pieces(format, bytes);
        assert!(matches!(told.last(), Some(Piece::Refused { code, .. }) if code == "damaged_file"), "{told:?}");
    }

    #[test]
    fn pages_before_the_first_are_not_told_again() {
        let mut output = Vec::new();
        let text = "A line of text that is long enough.\n".repeat(400);
        extract(Format::Text, text.into_bytes(), 3, &mut output).unwrap();
        let first = String::from_utf8(output).unwrap();
        assert!(first.contains("\"page\":3") && !first.contains("\"page\":2,"), "{first}");
    }
}
