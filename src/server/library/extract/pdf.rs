//! PDF, page by page.
//!
//! A page on which the parser panics is reported as broken, and reading continues with the next one. If a page ends the
//! process, its [`Piece::Begin`] identifies it, and the server restarts reading after it.

use std::panic::{self, AssertUnwindSafe};

use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask,
    font::{Glyph, GlyphRun},
    hayro_cmap::BfString,
    hayro_syntax::{LoadPdfError, Pdf, page::Page},
    interpret_page,
    kurbo::{Affine, BezPath, Point, Rect},
};

use super::{
    Refusal, Sink, Stop,
    layout::{self, Placed},
    protocol::Piece,
};
use crate::server::library::bounds::PAGES_MAX;

/// Characters of one page; a page of small print has about 10,000.
const CHARACTERS_MAX: usize = 400_000;

/// Glyph units per unit of text size.
const UNITS: f64 = 1_000.0;

pub fn read(bytes: Vec<u8>, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => {
            Refusal { code: "encrypted_file", cause: "is protected by a password".to_owned() }
        }
        LoadPdfError::Invalid => Refusal::damaged("is damaged: no PDF reader's rules fit it"),
    })?;
    let pages = u32::try_from(pdf.pages().len()).unwrap_or(u32::MAX);
    if pages > PAGES_MAX {
        return Err(Refusal::too_large("has more than 3,000 pages").into());
    }
    if pages == 0 {
        return Err(Refusal::damaged("is damaged: it has no pages").into());
    }
    sink.put(&Piece::Head { pages, title: title(&pdf) })?;
    let mut cache = InterpreterCache::new();
    for (page, source) in (1..).zip(pdf.pages().iter()) {
        if page < sink.first {
            continue;
        }
        sink.put(&Piece::Begin { page })?;
        match panic::catch_unwind(AssertUnwindSafe(|| read_page(&pdf, source, &cache))) {
            Ok(read) => sink.page(page, &layout::text(read.characters), read.hidden, read.unreadable)?,
            Err(_) => {
                // A cache that a panic interrupted may be inconsistent.
                cache = InterpreterCache::new();
                sink.put(&Piece::Broken { page, cause: "its content is damaged".to_owned() })?;
            }
        }
    }
    Ok(())
}

fn title(pdf: &Pdf) -> Option<String> {
    let title = pdf.metadata().title.as_ref()?;
    let text = match &**title {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    };
    let text = super::clean(&text).0;
    Some(text.replace('\n', " ")).filter(|title| !title.trim().is_empty())
}

fn read_page<'a>(pdf: &'a Pdf, page: &Page<'a>, cache: &InterpreterCache<'a>) -> Reader {
    let (width, height) = page.render_dimensions();
    let area = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let transform = Affine::new(page.initial_transform(true).as_coeffs().map(f64::from));
    let mut context = Context::new(transform, area, cache, pdf.xref(), InterpreterSettings::default());
    let mut reader = Reader { area: area.inflate(2.0, 2.0), characters: Vec::new(), hidden: 0, unreadable: 0 };
    interpret_page(page, &mut context, &mut reader);
    reader
}

/// Collects the characters that a page shows; draws nothing.
struct Reader {
    area: Rect,
    characters: Vec<Placed>,
    /// Number of characters that are not visible: drawn invisibly, or off the page.
    hidden: u32,
    /// Number of glyphs without a known character.
    unreadable: u32,
}

impl Reader {
    fn take(&mut self, glyph: &Glyph<'_>, transform: Affine) {
        let advance = match glyph {
            Glyph::Outline(outline) => outline.advance_width(),
            Glyph::Type3(drawn) => drawn.advance_width(),
        };
        let advance = advance.filter(|advance| *advance > 0.0).map_or(UNITS / 2.0, f64::from);
        let (origin, end, top) =
            (transform * Point::ZERO, transform * Point::new(advance, 0.0), transform * Point::new(0.0, UNITS));
        let Some(unicode) = glyph.as_unicode() else {
            self.unreadable += 1;
            return;
        };
        let mut buffer = [0; 4];
        let text: &str = match &unicode {
            BfString::Char(character) => character.encode_utf8(&mut buffer),
            BfString::String(text) => text,
        };
        if !self.area.contains(origin) {
            self.hidden += u32::from(!text.trim().is_empty());
            return;
        }
        // Vertical text, such as a note in the margin, belongs to no line.
        if (end.y - origin.y).abs() > (end.x - origin.x).abs() {
            self.hidden += u32::from(!text.trim().is_empty());
            return;
        }
        let count = text.chars().count().max(1) as f64;
        let step = (end.x - origin.x) / count;
        for (index, character) in text.chars().enumerate() {
            let left = origin.x + step * index as f64;
            self.characters.push(Placed {
                character,
                left: left as f32,
                right: (left + step) as f32,
                baseline: origin.y as f32,
                size: (top - origin).hypot() as f32,
            });
        }
    }
}

impl<'a> Device<'a> for Reader {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        if matches!(mode, DrawMode::Invisible) {
            self.hidden = self.hidden.saturating_add(u32::try_from(run.glyphs().len()).unwrap_or(u32::MAX));
            return;
        }
        for glyph in run.glyphs() {
            if self.characters.len() >= CHARACTERS_MAX {
                self.unreadable = self.unreadable.saturating_add(1);
                continue;
            }
            self.take(glyph, props.transform * glyph.transform());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::{
        super::{extract, protocol::Format},
        *,
    };

    /// A PDF of one page with this content, its cross-reference table included.
    fn pdf(content: &str) -> Vec<u8> {
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
                .to_owned(),
            format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        ];
        let mut file = "%PDF-1.4\n".to_owned();
        let mut offsets = Vec::new();
        for (number, object) in (1..).zip(&objects) {
            offsets.push(file.len());
            write!(file, "{number} 0 obj\n{object}\nendobj\n").unwrap();
        }
        let table = file.len();
        write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
        offsets.iter().for_each(|offset| writeln!(file, "{offset:010} 00000 n ").unwrap());
        write!(file, "trailer << /Root 1 0 R /Size {} >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).unwrap();
        file.into_bytes()
    }

    fn pieces(content: &str) -> Vec<Piece> {
        let mut output = Vec::new();
        extract(Format::Pdf, pdf(content), 1, &mut output).unwrap();
        let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    fn page(content: &str) -> (String, u32) {
        let page = pieces(content).into_iter().find_map(|piece| match piece {
            Piece::Page { text, dropped, .. } => Some((text, dropped)),
            _ => None,
        });
        page.unwrap()
    }

    #[test]
    fn a_row_keeps_its_numbers() {
        let content = "BT /F1 10 Tf 50 700 Td (Total revenues) Tj 200 0 Td ($66,608) Tj 100 0 Td ($62,286) Tj ET";
        assert_eq!(page(content), ("Total revenues   $66,608   $62,286".to_owned(), 0));
    }

    #[test]
    fn invisible_text_and_text_beside_the_page_is_dropped_and_counted() {
        let content = "BT /F1 10 Tf 50 700 Td (seen) Tj 3 Tr (buy NVDA) Tj 0 Tr 5000 0 Td (far) Tj ET";
        let (text, dropped) = page(content);
        assert_eq!(text, "seen");
        assert!(dropped >= 10, "{dropped}");
    }

    #[test]
    fn a_page_without_text_is_told_as_it_is() {
        assert_eq!(page("0 0 100 100 re f"), (String::new(), 0));
    }
}
