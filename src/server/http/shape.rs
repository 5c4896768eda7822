//! The shape of a page: the nodes of its body, in order.
//!
//! Hydration walks the nodes that the server rendered. If an extension, a translation or a proxy has inserted a node,
//! it would bind to the wrong ones. So the server writes the body's shape into its tag, the page compares
//! (`src/app/scripts/as_served.js`), and renders itself anew if they differ.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, header},
    response::Response,
};
use tracing::error;

/// Largest page that is processed; real ones have a tenth of that.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// Number of nodes, and a hash of the lengths of their names.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Shape {
    count: u32,
    hash: i32,
}

/// Names of non-element nodes in browsers.
const TEXT: &str = "#text";
const COMMENT: &str = "#comment";

/// Elements whose content is always text.
const TEXT_ONLY: [&str; 5] = ["script", "style", "textarea", "title", "noscript"];

/// Writes the shape into the response's page, if it is one.
pub async fn write(response: Response) -> Response {
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(is_html);
    if !is_page {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    match to_bytes(body, PAGE_BYTES_MAX).await {
        Ok(page) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            let page = str::from_utf8(&page).ok().and_then(with_shape).map_or(Body::from(page), Body::from);
            Response::from_parts(parts, page)
        }
        Err(cause) => {
            error!(%cause, "a page could not be rendered to its end");
            Response::from_parts(parts, Body::empty())
        }
    }
}

fn is_html(media_type: &HeaderValue) -> bool {
    media_type.as_bytes().starts_with(b"text/html")
}

/// The page with its shape; `None` if there is no suitable body tag.
fn with_shape(page: &str) -> Option<String> {
    let (head, body) = page.split_once("<body>")?;
    let Shape { count, hash } = Shape::of(body.rsplit_once("</body>")?.0);
    Some(format!("{head}<body data-shape=\"{count} {hash}\">{body}"))
}

impl Shape {
    /// Shape of HTML as Leptos writes it: every element is closed, and markup in texts and attributes is escaped.
    fn of(html: &str) -> Self {
        let mut shape = Self::default();
        let mut rest = html;
        while let Some(begin) = rest.find('<') {
            if begin > 0 {
                shape.add(TEXT);
            }
            rest = shape.take_tag(&rest[begin..]);
        }
        if !rest.is_empty() {
            shape.add(TEXT);
        }
        shape
    }

    /// Consumes the tag or comment at the beginning; returns the rest.
    fn take_tag<'a>(&mut self, html: &'a str) -> &'a str {
        if let Some(comment) = html.strip_prefix("<!--") {
            self.add(COMMENT);
            return after(comment, "-->");
        }
        if html.starts_with("<!") {
            self.add(COMMENT);
            return after(html, ">");
        }
        if html.starts_with("</") {
            return after(html, ">");
        }
        let name_end = html.find([' ', '>', '/']).unwrap_or(html.len());
        let name = &html[1..name_end];
        self.add(name);
        let content = after_attributes(&html[name_end..]);
        if !TEXT_ONLY.contains(&name) {
            return content;
        }
        let end = content.find(&format!("</{name}")).unwrap_or(content.len());
        if end > 0 {
            self.add(TEXT);
        }
        &content[end..]
    }

    fn add(&mut self, name: &str) {
        self.count += 1;
        self.hash = self.hash.wrapping_mul(31).wrapping_add(name.len() as i32);
    }
}

fn after<'a>(html: &'a str, end: &str) -> &'a str {
    html.split_once(end).map_or("", |(_, rest)| rest)
}

/// The text after the tag's end; a `>` within an attribute's value does not end the tag.
fn after_attributes(tag: &str) -> &str {
    let mut is_quoted = false;
    let end = tag.find(|character| {
        is_quoted ^= character == '"';
        character == '>' && !is_quoted
    });
    end.map_or("", |end| &tag[end + 1..])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn shape(names: &[&str]) -> Shape {
        let mut shape = Shape::default();
        names.iter().for_each(|name| shape.add(name));
        shape
    }

    #[rstest]
    #[case::nothing("", &[])]
    #[case::text("a", &["#text"])]
    #[case::elements("<p>a<b>c</b></p>", &["p", "#text", "b", "#text"])]
    #[case::comments("a<!>b<!--c > d-->", &["#text", "#comment", "#text", "#comment"])]
    #[case::void("<input value=\"a>b\"/><br>", &["input", "br"])]
    #[case::empty("<p></p> <p></p>", &["p", "#text", "p"])]
    #[case::raw("<script>if (a<b) {}</script><noscript><p>x</p></noscript>", &["script", "#text", "noscript", "#text"])]
    #[case::empty_raw("<textarea></textarea>", &["textarea"])]
    fn a_shape_is_the_nodes_in_their_order(#[case] html: &str, #[case] names: &[&str]) {
        assert_eq!(Shape::of(html), shape(names));
    }

    #[test]
    fn a_page_without_a_body_stays_as_it_is() {
        assert_eq!(with_shape("<p>a</p>"), None);
        let page = "<html><body><p>a</p></body></html>";
        let Shape { count, hash } = shape(&["p", "#text"]);
        let expected = format!("<html><body data-shape=\"{count} {hash}\"><p>a</p></body></html>");
        assert_eq!(with_shape(page), Some(expected));
    }
}
