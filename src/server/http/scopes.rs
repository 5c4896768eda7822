//! The scope that each operation of the API needs. What is not listed needs all of them: the page, whose requests are a
//! person's, and an operation that somebody forgot here, which a test names.

use axum::http::Method;

use crate::server::caller::Scope;

/// Operations that read the account and nothing else, besides every `GET` of the API.
const READS: &[(&str, &str)] = &[("POST", "/api/orders/preview")];

/// Operations that change the account.
const CHANGES: &[(&str, &str)] = &[
    ("POST", "/api/alerts"),
    ("PATCH", "/api/alerts/{id}"),
    ("DELETE", "/api/alerts/{id}"),
    ("POST", "/api/alerts/firings/read"),
    ("POST", "/api/chat"),
    ("DELETE", "/api/chat"),
    ("POST", "/api/flows"),
    ("POST", "/api/library/answers"),
    ("POST", "/api/library/answers/{id}/cancel"),
    ("POST", "/api/library/documents"),
    ("PATCH", "/api/library/documents/{id}"),
    ("DELETE", "/api/library/documents/{id}"),
    ("POST", "/api/library/folder"),
    ("POST", "/api/library/tasks/{id}/cancel"),
    ("POST", "/api/library/tasks/{id}/retry"),
    ("POST", "/api/orders"),
    ("DELETE", "/api/orders"),
    ("PATCH", "/api/orders/{id}"),
    ("DELETE", "/api/orders/{id}"),
    ("POST", "/api/portfolio/trade"),
    ("POST", "/api/portfolio/write-off"),
    ("POST", "/api/watchlist"),
    ("DELETE", "/api/watchlist/{ticker}"),
];

/// Operations that change access or settings, or that nothing undoes.
const ADMINISTRATION: &[(&str, &str)] = &[
    ("POST", "/api/portfolio/reset"),
    ("PATCH", "/api/settings"),
    ("GET", "/api/tokens"),
    ("POST", "/api/tokens"),
    ("DELETE", "/api/tokens/{id}"),
];

/// Operations whose tools have scopes of their own.
const ANY: &[(&str, &str)] = &[("POST", "/mcp")];

/// Scope that a request needs, by its method and the template of its route; `None` if any scope will do.
pub fn needed(method: &Method, route: Option<&str>) -> Option<Scope> {
    let Some(route) = route else { return Some(Scope::Admin) };
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let is_in = |list: &[(&str, &str)]| list.contains(&(method, route));
    let is_read =
        method == "GET" && (route.starts_with("/api/") && !route.starts_with("/api/fn/") || route == "/metrics");
    match () {
        () if is_in(ADMINISTRATION) => Some(Scope::Admin),
        () if is_in(ANY) => None,
        () if is_in(CHANGES) => Some(Scope::Trade),
        () if is_read || is_in(READS) => Some(Scope::Read),
        () => Some(Scope::Admin),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::Value;

    use super::*;
    use crate::server::http::openapi::document;

    #[test]
    fn every_described_change_has_its_scope() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        let mut described = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            described.extend(item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
        }
        let listed: Vec<_> = [READS, CHANGES, ADMINISTRATION, ANY].concat();
        let is_listed = |(method, path): &(String, String)| listed.contains(&(method.as_str(), path.as_str()));
        let forgotten: Vec<_> = described.iter().filter(|one| one.0 != "GET" && !is_listed(one)).collect();
        assert!(forgotten.is_empty(), "no scope: {forgotten:?}");
        let is_described =
            |(method, path): &(&str, &str)| described.contains(&((*method).to_owned(), (*path).to_owned()));
        let gone: Vec<_> = listed.iter().filter(|one| one.1 != "/mcp" && !is_described(one)).collect();
        assert!(gone.is_empty(), "not described: {gone:?}");
        let mut once = listed.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), listed.len(), "one scope each");
    }

    #[rstest]
    #[case("GET", Some("/api/portfolio"), Some(Scope::Read))]
    #[case("HEAD", Some("/api/portfolio"), Some(Scope::Read))]
    #[case("POST", Some("/api/orders/preview"), Some(Scope::Read))]
    #[case("POST", Some("/api/orders"), Some(Scope::Trade))]
    #[case("GET", Some("/api/tokens"), Some(Scope::Admin))]
    #[case("POST", Some("/api/portfolio/reset"), Some(Scope::Admin))]
    #[case::server_function("POST", Some("/api/fn/{*name}"), Some(Scope::Admin))]
    #[case::page("GET", Some("/"), Some(Scope::Admin))]
    #[case::nowhere("GET", None, Some(Scope::Admin))]
    #[case::unknown("PUT", Some("/api/orders"), Some(Scope::Admin))]
    fn an_operation_needs_a_scope(#[case] method: &str, #[case] route: Option<&str>, #[case] scope: Option<Scope>) {
        assert_eq!(needed(&method.parse().unwrap(), route), scope);
    }
}
