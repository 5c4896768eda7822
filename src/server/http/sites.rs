//! Requests that other sites' pages make a browser send.
//!
//! They must not change anything (CSRF) nor use up a person's rate, so they are refused before they are counted, reads
//! included. Links from other sites to a page are followed.

use std::{collections::HashSet, sync::Arc};

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header, uri::Authority},
};

use super::serve::Connection;
use crate::{
    error::ApiError,
    server::config::{edge::EdgeConfig, hosts::WebOrigin},
};

/// The server's own origin is always trusted. Clones share the others.
#[derive(Clone)]
pub struct TrustedSites(Arc<HashSet<WebOrigin>>);

impl TrustedSites {
    pub fn new(config: &EdgeConfig) -> Self {
        Self(Arc::new(config.trusted_origins.iter().cloned().collect()))
    }

    /// Refuses requests from other sites' pages.
    ///
    /// # Errors
    /// [`ApiError::CrossSite`].
    pub fn check(&self, request: &Request) -> Result<(), ApiError> {
        let headers = request.headers();
        let is_ours = match text(headers, "sec-fetch-site") {
            Some("same-origin" | "none") => true,
            Some(_) => self.trusts(headers),
            // A program, or a browser that omits the header, as for a plain http address of another machine.
            None => !headers.contains_key(header::ORIGIN) || is_own(request) || self.trusts(headers),
        };
        if is_ours || is_navigation(request) { Ok(()) } else { Err(ApiError::CrossSite) }
    }

    fn trusts(&self, headers: &HeaderMap) -> bool {
        let origin = || headers.get(header::ORIGIN)?.to_str().ok()?.parse().ok();
        !self.0.is_empty() && origin().is_some_and(|origin| self.0.contains(&origin))
    }
}

/// Whether the page comes from the same host that it requests.
fn is_own(request: &Request) -> bool {
    let headers = request.headers();
    let forwarded = request.extensions().get::<Connection>().and_then(|connection| connection.forwarded_host.as_ref());
    let asked = forwarded.or(request.uri().authority()).map(Authority::as_str).or_else(|| text(headers, "host"));
    let origin = text(headers, "origin").and_then(|origin| origin.split_once("://"));
    match (origin, asked) {
        (Some(("http" | "https", own)), Some(asked)) => own.eq_ignore_ascii_case(asked),
        _ => false,
    }
}

/// Whether a person navigates to a page. A frame of another site could not show it, so it is refused.
fn is_navigation(request: &Request) -> bool {
    let headers = request.headers();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && text(headers, "sec-fetch-mode") == Some("navigate")
        && matches!(text(headers, "sec-fetch-dest"), None | Some("document" | "empty"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty())
}
