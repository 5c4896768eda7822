//! Parses a message's Markdown into the tree that the page shows.
//!
//! HTML in it is plain text. Links become text followed by their address, and images their description: a model's text
//! must not make the page request anything from another server.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::domain::rich_text::{Block, Span};

/// Greatest nesting; deeper content is shown as plain text.
const DEPTH_MAX: usize = 12;

/// Parses CommonMark with tables and strikethrough.
pub fn read(text: &str) -> Vec<Block> {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let events: Vec<Event<'_>> = parser.collect();
    Reader { events: events.into_iter().peekable(), depth: 0 }.blocks()
}

struct Reader<'a> {
    events: std::iter::Peekable<std::vec::IntoIter<Event<'a>>>,
    depth: usize,
}

impl Reader<'_> {
    /// Blocks up to the enclosing element's end, which is consumed.
    fn blocks(&mut self) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some(event) = self.events.peek() {
            match event {
                Event::End(_) => {
                    self.events.next();
                    break;
                }
                Event::Start(tag) if is_block(tag) => {
                    if let Some(Event::Start(tag)) = self.events.next() {
                        blocks.extend(self.block(tag));
                    }
                }
                Event::Rule => {
                    self.events.next();
                    blocks.push(Block::Rule);
                }
                // Text without a paragraph, as in a tight list.
                _ => blocks.push(Block::Paragraph(self.bare_spans())),
            }
        }
        blocks
    }

    fn block(&mut self, tag: Tag<'_>) -> Option<Block> {
        if self.depth >= DEPTH_MAX {
            return Some(Block::Paragraph(vec![Span::Text(self.plain_text())]));
        }
        self.depth += 1;
        let block = match tag {
            Tag::Heading { .. } => Block::Heading(self.spans()),
            Tag::BlockQuote(_) => Block::Quote(self.blocks()),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) | Tag::HtmlBlock => {
                Block::Code(self.plain_text().trim_end().to_owned())
            }
            Tag::List(start) => Block::List { start, items: self.items() },
            Tag::Table(_) => self.table(),
            _ => Block::Paragraph(self.spans()),
        };
        self.depth -= 1;
        Some(block)
    }

    fn items(&mut self) -> Vec<Vec<Block>> {
        let mut items = Vec::new();
        while let Some(Event::Start(_)) = self.events.next() {
            items.push(self.blocks());
        }
        items
    }

    fn table(&mut self) -> Block {
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        loop {
            match self.events.next() {
                Some(Event::Start(Tag::TableHead)) => head = self.cells(),
                Some(Event::Start(_)) => rows.push(self.cells()),
                _ => return Block::Table { head, rows },
            }
        }
    }

    fn cells(&mut self) -> Vec<Vec<Span>> {
        let mut cells = Vec::new();
        while let Some(Event::Start(_)) = self.events.next() {
            cells.push(self.spans());
        }
        cells
    }

    /// Spans up to the enclosing element's end, which is consumed.
    fn spans(&mut self) -> Vec<Span> {
        let spans = self.bare_spans();
        self.events.next();
        spans
    }

    /// Spans up to a block or the enclosing element's end, which is not consumed.
    fn bare_spans(&mut self) -> Vec<Span> {
        let mut spans = Vec::new();
        loop {
            match self.events.peek() {
                None | Some(Event::End(_) | Event::Rule) => return spans,
                Some(Event::Start(tag)) if is_block(tag) => return spans,
                Some(_) => {}
            }
            match self.events.next() {
                Some(Event::Start(tag)) => self.tagged(&tag, &mut spans),
                Some(Event::Code(code)) => spans.push(Span::Code(code.into_string())),
                Some(Event::SoftBreak) => push_text(&mut spans, " "),
                Some(Event::HardBreak) => spans.push(Span::LineBreak),
                Some(
                    Event::Text(text)
                    | Event::Html(text)
                    | Event::InlineHtml(text)
                    | Event::InlineMath(text)
                    | Event::DisplayMath(text),
                ) => push_text(&mut spans, &text),
                // Footnotes and task lists are not enabled.
                _ => {}
            }
        }
    }

    fn tagged(&mut self, tag: &Tag<'_>, spans: &mut Vec<Span>) {
        if self.depth >= DEPTH_MAX {
            let text = self.plain_text();
            return push_text(spans, &text);
        }
        self.depth += 1;
        let inside = self.spans();
        self.depth -= 1;
        match tag {
            Tag::Strong => spans.push(Span::Strong(inside)),
            Tag::Emphasis => spans.push(Span::Emphasis(inside)),
            Tag::Strikethrough => spans.push(Span::Struck(inside)),
            Tag::Link { dest_url, .. } => {
                let is_bare = matches!(inside.as_slice(), [Span::Text(text)] if **text == **dest_url);
                spans.extend(inside);
                if !is_bare {
                    push_text(spans, &format!(" ({dest_url})"));
                }
            }
            _ => spans.extend(inside),
        }
    }

    /// Text up to the enclosing element's end, which is consumed.
    fn plain_text(&mut self) -> String {
        let (mut text, mut depth) = (String::new(), 0);
        for event in self.events.by_ref() {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(TagEnd::Paragraph | TagEnd::Item) if depth > 0 => {
                    text.push(' ');
                    depth -= 1;
                }
                Event::End(_) if depth == 0 => break,
                Event::End(_) => depth -= 1,
                Event::Text(part) | Event::Code(part) | Event::Html(part) | Event::InlineHtml(part) => {
                    text.push_str(&part);
                }
                Event::SoftBreak | Event::HardBreak => text.push('\n'),
                _ => {}
            }
        }
        text
    }
}

fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}

/// Appends text, merging it with preceding text.
fn push_text(spans: &mut Vec<Span>, text: &str) {
    match spans.last_mut() {
        Some(Span::Text(before)) => before.push_str(text),
        _ => spans.push(Span::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Span {
        Span::Text(text.to_owned())
    }

    fn paragraph(words: &str) -> Block {
        Block::Paragraph(vec![text(words)])
    }

    #[test]
    fn spans_are_read() {
        assert_eq!(
            read("NVDA is **31 %** of *your* `cash`, ~~not~~\n55 %."),
            [Block::Paragraph(vec![
                text("NVDA is "),
                Span::Strong(vec![text("31 %")]),
                text(" of "),
                Span::Emphasis(vec![text("your")]),
                text(" "),
                Span::Code("cash".to_owned()),
                text(", "),
                Span::Struck(vec![text("not")]),
                text(" 55 %."),
            ])]
        );
    }

    #[test]
    fn blocks_are_read() {
        let blocks = read("# Title\n\n- one\n- two\n  1. deep\n\n> quoted\n\n---\n\n```rust\nlet x = 1;\n```\n");
        let deep = Block::List { start: Some(1), items: vec![vec![paragraph("deep")]] };
        assert_eq!(
            blocks,
            [
                Block::Heading(vec![text("Title")]),
                Block::List { start: None, items: vec![vec![paragraph("one")], vec![paragraph("two"), deep]] },
                Block::Quote(vec![paragraph("quoted")]),
                Block::Rule,
                Block::Code("let x = 1;".to_owned()),
            ]
        );
    }

    #[test]
    fn tables_are_read() {
        let cell = |words: &str| vec![text(words)];
        assert_eq!(
            read("| Ticker | Weight |\n|---|---:|\n| NVDA | 31 % |\n| V | |\n"),
            [Block::Table {
                head: vec![cell("Ticker"), cell("Weight")],
                rows: vec![vec![cell("NVDA"), cell("31 %")], vec![cell("V"), vec![]]],
            }]
        );
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(read("a <b onclick=x>b</b>"), [paragraph("a <b onclick=x>b</b>")]);
        assert_eq!(read("<script>alert(1)</script>\n"), [Block::Code("<script>alert(1)</script>".to_owned())]);
    }

    #[test]
    fn links_and_pictures_lead_nowhere() {
        assert_eq!(read("[click](javascript:alert(1))"), [paragraph("click (javascript:alert(1))")]);
        assert_eq!(read("![chart](https://evil.example/?q=1)"), [paragraph("chart")]);
        assert_eq!(read("<https://a.example>"), [paragraph("https://a.example")]);
    }

    #[test]
    fn depth_is_bounded() {
        let blocks = read(&format!("{}deep", "> ".repeat(500)));
        assert!(format!("{blocks:?}").contains("deep"));
        fn depth(blocks: &[Block]) -> usize {
            blocks
                .iter()
                .map(|block| if let Block::Quote(inner) = block { 1 + depth(inner) } else { 1 })
                .max()
                .unwrap_or(0)
        }
        assert!(depth(&blocks) <= DEPTH_MAX + 1);
        read(&"*a ".repeat(5_000));
        read(&format!("{}x{}", "**a _b ".repeat(300), "_**".repeat(300)));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([a-z \n#*_`>|~<\\[\\]()!-]|- |\n\n){0,80}") {
            read(&text);
        }
    }
}
