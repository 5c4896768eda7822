//! Security headers of every response.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;
use tracing::error;

/// Headers of all responses: no type sniffing, no referrer to other sites, no frames, no other origins, no devices.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
             microphone=(), midi=(), payment=(), usb=()",
        ),
    ),
];

/// Policy of everything but pages: even if shown as a page, it could do nothing.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Policy of the service worker, which forwards requests.
pub const WORKER_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; connect-src 'self'");

/// Adds the headers, and the data policy unless there is another one.
pub fn add(headers: &mut HeaderMap) {
    // Reserves once for all headers added here and later: these, the policy, and the request's id.
    headers.reserve(HEADERS.len() + 2);
    headers.extend(HEADERS);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(DATA_POLICY);
}

/// Sets the policy of the page that Leptos is about to render, whose scripts carry this request's nonce.
///
/// Runs in the context of every rendering; has no effect if no page is made, as for a server function.
pub fn set_page_policy(reload_sources: &str) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    match HeaderValue::try_from(page_policy(&nonce, reload_sources)) {
        Ok(policy) => response.insert_header(header::CONTENT_SECURITY_POLICY, policy),
        // The page then gets the policy that forbids everything.
        Err(cause) => error!(%cause, "the page's policy is not a header's value"),
    }
}

/// Own files, and inline code with the nonce; WebAssembly may be compiled, text may not be evaluated.
fn page_policy(nonce: &str, reload_sources: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; connect-src 'self'{reload_sources}; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Addresses for live reloading: none except under `cargo leptos watch`.
pub fn reload_sources(options: &LeptosOptions) -> String {
    if std::env::var_os("LEPTOS_WATCH").is_none() {
        return String::new();
    }
    let port = options.reload_external_port.unwrap_or(options.reload_port);
    format!(" ws://127.0.0.1:{port} ws://localhost:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reloading_adds_where_to_connect_and_nothing_else() {
        let (plain, watched) = (page_policy("n", ""), page_policy("n", " ws://localhost:8001"));
        assert!(plain.contains("connect-src 'self';"));
        assert_eq!(watched.replace(" ws://localhost:8001", ""), plain);
        assert!(watched.contains("connect-src 'self' ws://localhost:8001;"));
    }
}
