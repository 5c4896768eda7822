//! The document that a browser shows if the page itself is refused: plain, without scripts.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderValue, Method, Request, header};

use super::router::is_api;
use crate::error::ApiError;

const STYLE: &str = "body{display:grid;place-content:center;min-height:100dvh;margin:0 auto;padding:0 1rem;\
    max-width:40rem;box-sizing:border-box;font:16px/1.5 system-ui,sans-serif;background:light-dark(#f2f5f8,#0b0f14);\
    color:light-dark(#17202a,#e4ebf2)}h1{font-size:1.25rem}a{color:light-dark(#0a6a9c,#209dd7)}";

/// Reader of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Program,
    /// A browser that requested a page, possibly by a link from another site.
    Person {
        comes_from_elsewhere: bool,
    },
}

impl Reader {
    pub fn of<B>(request: &Request<B>) -> Self {
        let accepts = |value: &HeaderValue| value.to_str().is_ok_and(|types| types.contains("text/html"));
        let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
            && !is_api(request.uri().path())
            && request.headers().get(header::ACCEPT).is_some_and(accepts);
        if is_page {
            Self::Person { comes_from_elsewhere: comes_from_elsewhere(request.headers()) }
        } else {
            Self::Program
        }
    }
}

/// Whether the request followed a link from another site's page.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => matches!(site, "cross-site" | "same-site"),
        // Browsers send fewer headers to plain http addresses of other machines.
        None => {
            text("referer").and_then(|referer| referer.split('/').nth(2)).is_some_and(|from| Some(from) != text("host"))
        }
    }
}

/// The document, and the policy that permits its style.
///
/// A browser that follows another site's link omits the cookie. The document then reloads its own address, so that the
/// browser sends the cookie.
pub fn write(error: &ApiError, request_id: &str, path: &str, comes_from_elsewhere: bool) -> (String, String) {
    let nonce = format!("{:032x}", rand::random::<u128>());
    // A second slash would start another host.
    let is_loaded_anew = comes_from_elsewhere && *error == ApiError::SignInNeeded && !path.starts_with("//");
    let reload = if is_loaded_anew {
        format!("<meta http-equiv=\"refresh\" content=\"0;url={}\">\n", escape(path))
    } else {
        String::new()
    };
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"dark light\">\n{reload}<title>{title} – FinAlly</title>\n\
         <style nonce=\"{nonce}\">{STYLE}</style>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>\n\
         <p><a href=\"\">Try again</a></p>\n<p><small>Request {request_id}</small></p>\n</main>\n</html>\n",
        title = escape(error.title()),
        detail = escape(&error.to_string()),
        request_id = escape(request_id),
    );
    let policy = format!("default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'");
    (page, policy)
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, letter| {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Writing to a string cannot fail.
            letter if letter.is_control() => drop(write!(escaped, " ")),
            letter => escaped.push(letter),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn nothing_of_a_request_is_markup() {
        let error = ApiError::MissingField { field: "<script>\"&\n".to_owned() };
        let (page, _) = write(&error, "<b>", "/", false);
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
        let (page, _) = write(&ApiError::SignInNeeded, "1", "/\"><script>", true);
        assert!(page.contains("content=\"0;url=/&quot;&gt;&lt;script&gt;\""), "{page}");
    }

    #[rstest]
    #[case::a_link_elsewhere(&[("sec-fetch-site", "cross-site")], true)]
    #[case::typed(&[("sec-fetch-site", "none")], false)]
    #[case::ours(&[("sec-fetch-site", "same-origin")], false)]
    #[case::a_link_elsewhere_on_a_plain_address(&[("host", "nas:8000"), ("referer", "http://wiki.local/page")], true)]
    #[case::loaded_anew(&[("host", "nas:8000"), ("referer", "http://nas:8000/")], false)]
    #[case::typed_on_a_plain_address(&[("host", "nas:8000")], false)]
    fn a_page_is_loaded_anew_once(#[case] headers: &[(&str, &str)], #[case] comes_from_elsewhere: bool) {
        let mut request = Request::get("/ticker/V").header("accept", "text/html,*/*");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reader = Reader::of(&request.body(()).unwrap());
        assert_eq!(reader, Reader::Person { comes_from_elsewhere });
        let (page, _) = write(&ApiError::SignInNeeded, "1", "/ticker/V", comes_from_elsewhere);
        assert_eq!(page.contains("0;url=/ticker/V"), comes_from_elsewhere);
        assert!(!write(&ApiError::SignInNeeded, "1", "//evil.example", true).0.contains("refresh"));
    }

    #[rstest]
    #[case::api("/api/portfolio", "text/html")]
    #[case::script("/", "*/*")]
    fn a_program_reads_a_problem(#[case] path: &str, #[case] accept: &str) {
        let request = Request::get(path).header("accept", accept).body(()).unwrap();
        assert_eq!(Reader::of(&request), Reader::Program);
    }
}
