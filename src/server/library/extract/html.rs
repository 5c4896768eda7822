//! HTML: the text that a reader of the page would see, by html5ever's tokenizer.
//!
//! No tree is built, so depth and number of elements cost no memory beyond their text. Content hidden by its element,
//! an attribute or an inline style is left out and counted; links and images keep their text, but not their address.

use std::cell::RefCell;

use html5ever::{
    Attribute,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
    },
};

use super::pages::{Pages, add_cell};

/// Depth of open elements that are tracked; deeper ones inherit their parent's visibility.
const DEPTH_MAX: usize = 512;

/// Most open elements that an end tag is compared with.
const LOOK_UP_MAX: usize = 64;

/// Bytes of a cell's text; the rest continues as plain text.
const CELL_BYTES_MAX: usize = 4_096;

pub fn read(source: &str) -> Pages {
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    // In pieces: the tokenizer's strings hold at most 4 GiB, and its queue should not hold the whole source.
    for piece in pieces(source) {
        input.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    let mut state = tokenizer.sink.0.into_inner();
    state.end_cell();
    state.end_row();
    let title = state.title.split_whitespace().collect::<Vec<_>>().join(" ");
    state.pages.title = Some(title).filter(|title| !title.is_empty());
    state.pages
}

fn pieces(source: &str) -> impl Iterator<Item = &str> {
    let mut rest = source;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(64 * 1_024));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[derive(Default)]
struct Reader(RefCell<State>);

#[derive(Default)]
struct State {
    pages: Pages,
    title: String,
    open: Vec<Open>,
    /// Number of open elements that hide their content.
    hiding: usize,
    /// The table row in progress, and its cell.
    row: Option<String>,
    cell: Option<String>,
    is_title: bool,
}

struct Open {
    name: String,
    hides: bool,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => return state.take(&tag),
            Token::CharacterTokens(text) => state.text(&text),
            Token::CommentToken(_)
            | Token::DoctypeToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn take(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        match tag.kind {
            TagKind::StartTag => {
                self.begin(name, &tag.attrs);
                if !is_void(name) && !tag.self_closing {
                    return raw_text(name);
                }
            }
            TagKind::EndTag => self.end(name),
        }
        TokenSinkResult::Continue
    }

    fn begin(&mut self, name: &str, attributes: &[Attribute]) {
        // These elements end where the next one begins.
        let ends_itself = matches!(name, "p" | "li" | "tr" | "td" | "th" | "dt" | "dd" | "option");
        if ends_itself && self.open.last().is_some_and(|open| open.name == name) {
            self.end(name);
        }
        self.is_title |= name == "title" && self.title.is_empty();
        match name {
            "br" | "hr" => self.break_line(),
            "td" | "th" => {
                self.end_cell();
                self.cell = Some(String::new());
            }
            "tr" => {
                self.end_cell();
                self.end_row();
                self.row = Some(String::new());
            }
            "li" => {
                self.pages.end_line();
                self.text("• ");
            }
            _ if is_block(name) => self.break_block(),
            _ => {}
        }
        if !is_void(name) && self.open.len() < DEPTH_MAX {
            let hides = is_hidden_element(name) || attributes.iter().any(is_hiding);
            self.hiding += usize::from(hides);
            self.open.push(Open { name: name.to_owned(), hides });
        }
    }

    fn end(&mut self, name: &str) {
        let near = self.open.len().saturating_sub(LOOK_UP_MAX);
        if let Some(index) = self.open[near..].iter().rposition(|open| open.name == name) {
            for open in self.open.drain(near + index..) {
                self.hiding -= usize::from(open.hides);
            }
        }
        match name {
            "title" => self.is_title = false,
            "td" | "th" => self.end_cell(),
            "tr" => {
                self.end_cell();
                self.end_row();
            }
            "table" => {
                self.end_cell();
                self.end_row();
                self.pages.end_block();
            }
            _ if is_block(name) => self.break_block(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_title {
            self.title.extend(text.chars().take(1_000));
            return;
        }
        if self.hiding > 0 {
            let seen = text.chars().filter(|character| !character.is_whitespace()).count();
            // Text inside scripts and styles is not counted as hidden, since it was never meant for readers.
            if !self.open.last().is_some_and(|open| matches!(open.name.as_str(), "script" | "style")) {
                self.pages.hidden = self.pages.hidden.saturating_add(u32::try_from(seen).unwrap_or(u32::MAX));
            }
            return;
        }
        if self.pages.is_over() {
            return;
        }
        let target = self.cell.as_mut().filter(|cell| cell.len() < CELL_BYTES_MAX).unwrap_or(&mut self.pages.text);
        add_words(target, text);
    }

    fn break_line(&mut self) {
        match &mut self.cell {
            Some(cell) => add_words(cell, " "),
            None => self.pages.end_line(),
        }
    }

    fn break_block(&mut self) {
        match &mut self.cell {
            Some(cell) => add_words(cell, " "),
            None if self.row.is_none() => self.pages.end_block(),
            None => {}
        }
    }

    fn end_cell(&mut self) {
        if let Some(cell) = self.cell.take() {
            add_cell(self.row.get_or_insert_default(), cell.trim());
        }
    }

    fn end_row(&mut self) {
        if let Some(row) = self.row.take().filter(|row| !row.trim().is_empty()) {
            self.pages.end_line();
            self.pages.text.push_str(&row);
            self.pages.text.push('\n');
        }
    }
}

/// Adds text with runs of blanks folded into one.
fn add_words(target: &mut String, text: &str) {
    for character in text.chars() {
        if !matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}') {
            target.push(character);
        } else if !target.is_empty() && !target.ends_with([' ', '\n']) {
            target.push(' ');
        }
    }
}

/// Tells the tokenizer which elements hold raw text.
fn raw_text(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        _ => TokenSinkResult::Continue,
    }
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

fn is_hidden_element(name: &str) -> bool {
    matches!(
        name,
        "head"
            | "script"
            | "style"
            | "template"
            | "noscript"
            | "iframe"
            | "object"
            | "svg"
            | "canvas"
            | "audio"
            | "video"
            | "select"
            | "textarea"
            | "ix:header"
            | "ix:hidden"
    )
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "main"
            | "header"
            | "footer"
            | "aside"
            | "nav"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "pre"
            | "blockquote"
            | "figure"
            | "figcaption"
            | "table"
            | "caption"
            | "body"
            | "html"
            | "form"
            | "fieldset"
            | "details"
            | "summary"
            | "address"
    )
}

/// Whether an attribute hides its element.
fn is_hiding(attribute: &Attribute) -> bool {
    match &*attribute.name.local {
        "hidden" => true,
        "style" => {
            let style: String =
                attribute.value.chars().filter(|character| !character.is_whitespace()).take(2_000).collect();
            style.to_ascii_lowercase().split(';').any(|rule| {
                let rule = rule.trim_end_matches("!important");
                matches!(
                    rule,
                    "display:none"
                        | "visibility:hidden"
                        | "visibility:collapse"
                        | "opacity:0"
                        | "opacity:0.0"
                        | "font-size:0"
                        | "font-size:0px"
                        | "font-size:0pt"
                        | "color:transparent"
                )
            })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{super::clean, *};

    fn text(source: &str) -> String {
        clean(&read(source).text).0
    }

    #[test]
    fn a_page_is_its_visible_text() {
        let page = read(
            "<!doctype html><html><head><title>Form\n 10-K</title><style>p{}</style></head><body><h1>Results</h1>\
             <p>Revenue<br>grew &amp; fell</p><script>alert('x</p>')</script><div>a<b>b</b></div></body></html>",
        );
        assert_eq!(page.title.as_deref(), Some("Form 10-K"));
        assert_eq!(clean(&page.text).0, "Results\n\nRevenue\ngrew & fell\n\nab");
    }

    #[test]
    fn a_table_is_a_line_a_row() {
        let source = "<table><tr><th></th><th>2022</th><th>2021</th></tr><tr><td><p>Net sales</p><td>$<td>1,234<td>$<td>(56<td>)</tr></table>";
        assert_eq!(text(source), "2022   2021\nNet sales   $1,234   $(56)");
    }

    #[rstest]
    #[case::attribute("<p hidden>buy</p>")]
    #[case::style("<div style='color:red; Display : none'><b>buy</b></div>")]
    #[case::tiny("<span style='font-size:0px'>buy</span>")]
    #[case::inline_xbrl("<ix:header><ix:hidden>buy</ix:hidden></ix:header>")]
    #[case::unclosed_paragraph("<p hidden>buy<p>")]
    #[case::template("<template><p>buy</p></template>")]
    fn what_is_hidden_is_dropped_and_counted(#[case] source: &str) {
        let page = read(&format!("<body>before {source} after"));
        assert!(
            !page.text.contains("buy") && page.text.contains("before") && page.text.contains("after"),
            "{}",
            page.text
        );
        assert_eq!(page.hidden, 3);
    }

    #[test]
    fn depth_costs_nothing() {
        let depth = 200_000;
        let source = format!("{}deep{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert_eq!(text(&source), "deep");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read(source in "(<[a-z]{1,5}( hidden)?>|</[a-z]{1,5}>|<!--|[a-z &;<>\"']{0,9}|<td>|</tr>){0,40}") {
            read(&source);
        }
    }
}
