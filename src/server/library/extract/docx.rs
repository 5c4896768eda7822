//! DOCX: the text of `word/document.xml`, with tables as rows of cells.
//!
//! The archive's bounds are checked before unpacking and again during it, since its declared sizes may be false.

use std::io::{Cursor, Read};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use super::{
    Refusal,
    pages::{Pages, add_cell},
};
use crate::server::library::bounds::{XML_DEPTH_MAX, ZIP_BYTES_MAX, ZIP_ENTRIES_MAX, ZIP_RATIO_MAX};

const DOCUMENT: &str = "word/document.xml";

/// Archives smaller than this may have any compression ratio.
const RATIO_FROM_BYTES: u64 = 1 << 20;

pub fn read(bytes: Vec<u8>) -> Result<Pages, Refusal> {
    let xml = unpack(bytes)?;
    let mut reader = Reader::from_str(&xml);
    let mut body = Body::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => body.begin(&tag, false)?,
            Ok(Event::Empty(tag)) => body.begin(&tag, true)?,
            Ok(Event::End(tag)) => body.end(tag.local_name().as_ref()),
            Ok(Event::Text(text)) => body.text(&text.xml10_content()),
            Ok(Event::CData(text)) => body.text(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => {
                if let Ok(Some(character)) = reference.resolve_char_ref() {
                    body.text(character.encode_utf8(&mut [0; 4]));
                } else {
                    body.text(entity(&reference.xml10_content()));
                }
            }
            Ok(Event::Eof) => return Ok(body.pages),
            Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {}
            Err(_) => return Err(Refusal::damaged("is damaged: its text is no well-formed XML")),
        }
        if body.pages.is_over() {
            return Ok(body.pages);
        }
    }
}

/// Resolves XML's five predefined entities; entities of a document type are not expanded.
fn entity(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

fn unpack(bytes: Vec<u8>) -> Result<String, Refusal> {
    let packed = bytes.len() as u64;
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| Refusal::damaged("is damaged: its archive cannot be opened"))?;
    if archive.len() > ZIP_ENTRIES_MAX {
        return Err(Refusal::too_large("is an archive of more than 2,000 entries"));
    }
    let mut entry = archive.by_name(DOCUMENT).map_err(|_| Refusal::damaged("has no text in it"))?;
    let said = entry.size();
    let bound = if said > RATIO_FROM_BYTES {
        ZIP_BYTES_MAX.min(packed.saturating_mul(ZIP_RATIO_MAX))
    } else {
        RATIO_FROM_BYTES
    };
    if said > bound {
        return Err(Refusal::too_large("unpacks to far more than its size"));
    }
    let mut xml = String::new();
    let read = entry.by_ref().take(bound + 1).read_to_string(&mut xml);
    match read {
        Ok(length) if length as u64 > bound => Err(Refusal::too_large("unpacks to far more than its size")),
        Ok(_) => Ok(xml),
        Err(_) => Err(Refusal::damaged("is damaged: its text cannot be unpacked")),
    }
}

#[derive(Default)]
struct Body {
    pages: Pages,
    depth: usize,
    is_text: bool,
    /// Depth of the element whose content is hidden: deleted text or a field's code.
    hidden_at: Option<usize>,
    /// Whether the run has the property "vanish", which hides it.
    run_vanishes: bool,
    is_heading: bool,
    paragraph: String,
    row: Option<String>,
    cell: String,
    tables: usize,
}

impl Body {
    fn begin(&mut self, tag: &BytesStart<'_>, is_empty: bool) -> Result<(), Refusal> {
        let name = tag.local_name();
        match name.as_ref() {
            "t" => self.is_text = !is_empty,
            "tab" if self.depth > 0 => self.text_anyway("   "),
            "br" | "cr" => self.text_anyway("\n"),
            "vanish" | "webHidden" => self.run_vanishes = true,
            "pStyle" => {
                let style = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == "val");
                self.is_heading = style.is_some_and(|style| {
                    let value = style.value.to_ascii_lowercase();
                    value.starts_with("heading") || value == "title"
                });
            }
            "del" | "instrText" | "moveFrom" if !is_empty => {
                self.hidden_at.get_or_insert(self.depth);
            }
            "tbl" => self.tables += 1,
            "tr" if self.tables == 1 => self.row = Some(String::new()),
            _ => {}
        }
        if !is_empty {
            self.depth += 1;
            if self.depth > XML_DEPTH_MAX {
                return Err(Refusal::damaged("is nested deeper than any document is"));
            }
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        if self.hidden_at.is_some_and(|at| self.depth <= at) {
            self.hidden_at = None;
        }
        match name {
            "t" => self.is_text = false,
            "r" => self.run_vanishes = false,
            "p" => self.end_paragraph(),
            "tc" if self.tables == 1 => {
                let cell = std::mem::take(&mut self.cell);
                add_cell(self.row.get_or_insert_default(), cell.trim());
            }
            "tr" if self.tables == 1 => {
                let row = self.row.take().unwrap_or_default();
                self.pages.text.push_str(&row);
                self.pages.end_line();
            }
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                self.pages.end_block();
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_text {
            self.text_anyway(text);
        }
    }

    fn text_anyway(&mut self, text: &str) {
        if self.run_vanishes || self.hidden_at.is_some() {
            self.pages.hidden =
                self.pages.hidden.saturating_add(u32::try_from(text.trim().chars().count()).unwrap_or(0));
        } else {
            self.paragraph.push_str(text);
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if self.tables > 0 {
            self.cell.push_str(&paragraph.replace('\n', " "));
            self.cell.push(' ');
            return;
        }
        if std::mem::take(&mut self.is_heading) {
            self.pages.end_block();
            let title = paragraph.trim();
            if self.pages.title.is_none() && !title.is_empty() {
                self.pages.title = Some(title.to_owned());
            }
        }
        self.pages.text.push_str(&paragraph);
        self.pages.end_block();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn packed(xml: &str) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file(DOCUMENT, SimpleFileOptions::default()).unwrap();
        archive.write_all(xml.as_bytes()).unwrap();
        archive.finish().unwrap().into_inner()
    }

    fn text(xml: &str) -> String {
        super::super::clean(&read(packed(xml)).unwrap().text).0
    }

    #[test]
    fn paragraphs_and_tables_are_lines() {
        let xml = "<w:document xmlns:w='w'><w:body><w:p><w:pPr><w:pStyle w:val='Heading1'/></w:pPr><w:r><w:t>Results</w:t></w:r></w:p>\
            <w:p><w:r><w:t>Sales grew &amp; </w:t></w:r><w:r><w:t>fell.</w:t></w:r></w:p>\
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Sales</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>$</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>10</w:t></w:r></w:p></w:tc></w:tr></w:tbl>\
            </w:body></w:document>";
        assert_eq!(text(xml), "Results\n\nSales grew & fell.\n\nSales   $10");
        assert_eq!(read(packed(xml)).unwrap().title.as_deref(), Some("Results"));
    }

    #[test]
    fn hidden_and_deleted_text_is_dropped_and_counted() {
        let xml = "<d><p><r><rPr><vanish/></rPr><t>buy</t></r><del><r><t>NVDA</t></r></del><r><t>seen</t></r></p></d>";
        let pages = read(packed(xml)).unwrap();
        assert_eq!((pages.text.trim(), pages.hidden), ("seen", 7));
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let xml = format!("<d>{}</d>", " ".repeat(40 << 20));
        let bytes = packed(&xml);
        assert!(bytes.len() < 100_000);
        assert_eq!(read(bytes).unwrap_err().code, "too_large");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let xml = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert_eq!(read(packed(&xml)).unwrap_err().code, "damaged_file");
    }

    #[test]
    fn entities_of_its_own_are_not_expanded() {
        let xml = "<!DOCTYPE d [<!ENTITY a 'boom'>]><d><p><r><t>x&a;&#65;y</t></r></p></d>";
        assert_eq!(text(xml), "xAy");
    }
}
