//! The client as reported by trusted proxies: its address, the host it requested, and whether it used https. The same
//! headers from other peers are ignored, since anyone can send them.

use std::{net::IpAddr, sync::Arc};

use axum::http::{HeaderMap, HeaderName, header, uri::Authority};

use super::serve::{ClientIp, Connection};
use crate::server::config::hosts::{Host, Network};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Most hops that are examined, from the nearest on.
const HOPS_MAX: usize = 32;

/// Trusted proxies. Clones share the list.
#[derive(Clone)]
pub struct TrustedProxies(Arc<[Network]>);

/// The client as the nearest proxies report it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    client: Option<IpAddr>,
    host: Option<String>,
    proto: Option<String>,
}

impl TrustedProxies {
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Sets the fields of `connection` that a trusted proxy reports for this request.
    pub fn apply(&self, connection: &mut Connection, headers: &HeaderMap) {
        let ClientIp(peer) = connection.client;
        if !self.contains(peer) {
            return;
        }
        connection.is_forwarded = [header::FORWARDED, FOR, HOST, PROTO].iter().any(|name| headers.contains_key(name));
        let told = self.read(headers);
        if let Some(client) = told.client {
            connection.client = ClientIp(client);
        }
        connection.is_https = told.proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        connection.forwarded_host = told.host.and_then(|host| Authority::try_from(host).ok());
    }

    /// If a proxy writes one kind of header and passes on the client's headers of the other kind, the two differ in the
    /// client's address; then both are ignored.
    fn read(&self, headers: &HeaderMap) -> Told {
        let (standard, usual) = (self.read_standard(headers), self.read_usual(headers));
        match (standard, usual) {
            (Some(told), None) | (None, Some(told)) => told,
            (Some(told), Some(usual)) if told.client == usual.client => {
                Told { client: told.client, host: told.host.or(usual.host), proto: told.proto.or(usual.proto) }
            }
            (Some(_), Some(_)) | (None, None) => Told::default(),
        }
    }

    /// `Forwarded` (RFC 7239): each proxy appends an element about its own client.
    fn read_standard(&self, headers: &HeaderMap) -> Option<Told> {
        let lines: Vec<_> = headers.get_all(header::FORWARDED).iter().filter_map(|line| line.to_str().ok()).collect();
        let mut told = None;
        for element in lines.iter().rev().flat_map(|line| split(line, ',').into_iter().rev()).take(HOPS_MAX) {
            let parameter = |name: &str| {
                split(element, ';').into_iter().find_map(|pair| {
                    let (key, value) = pair.split_once('=')?;
                    key.trim().eq_ignore_ascii_case(name).then(|| unquote(value.trim()))
                })
            };
            let client = parameter("for").and_then(|node| read_node(&node));
            // If a proxy hides its client, the last known address counts.
            let Some(client) = client else { break };
            told = Some(Told { client: Some(client), host: parameter("host"), proto: parameter("proto") });
            if !self.contains(client) {
                break;
            }
        }
        told
    }

    /// `X-Forwarded-For`: each proxy appends an address; host and scheme are taken from the nearest proxy.
    fn read_usual(&self, headers: &HeaderMap) -> Option<Told> {
        let lines: Vec<_> = headers.get_all(FOR).iter().filter_map(|line| line.to_str().ok()).collect();
        let mut client = None;
        for node in lines.iter().rev().flat_map(|line| line.rsplit(',')).take(HOPS_MAX) {
            let Some(address) = read_node(node.trim()) else { break };
            client = Some(address);
            if !self.contains(address) {
                break;
            }
        }
        let (host, proto) = (last(headers, &HOST), last(headers, &PROTO));
        (client.is_some() || host.is_some() || proto.is_some()).then_some(Told { client, host, proto })
    }
}

/// Last entry of a list.
fn last(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty())
}

/// Splits at separators outside quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|letter| {
        if letter == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && letter == '\\' && !is_escaped;
        letter == separator && !is_quoted
    })
    .collect()
}

fn unquote(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace('\\', ""),
        None => text.to_owned(),
    }
}

/// Parses an address with or without a port; `None` for `unknown` and obfuscated names.
fn read_node(text: &str) -> Option<IpAddr> {
    let host = match text.rsplit_once(':') {
        Some((host, _)) if host.ends_with(']') || !host.contains(':') => host,
        _ => text,
    };
    match Host::read(host) {
        Host::Address(address) => Some(address),
        Host::Name(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use rstest::rstest;

    use super::*;

    fn told(headers: &[(&'static str, &str)]) -> (Option<String>, Option<String>, Option<String>) {
        let networks: Vec<Network> = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map(|text| text.parse().unwrap()).into();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let told = TrustedProxies::new(&networks).read(&map);
        (told.client.map(|client| client.to_string()), told.host, told.proto)
    }

    #[rstest]
    #[case::none(&[], None)]
    #[case::one(&["192.0.2.1"], Some("192.0.2.1"))]
    #[case::with_a_port(&["192.0.2.1:4711"], Some("192.0.2.1"))]
    #[case::ipv6(&["2001:db8::1"], Some("2001:db8::1"))]
    #[case::ipv6_with_a_port(&["[2001:db8::1]:4711"], Some("2001:db8::1"))]
    #[case::what_the_client_made_up(&["198.51.100.1, 192.0.2.1"], Some("192.0.2.1"))]
    #[case::behind_a_trusted_one(&["198.51.100.1, 192.0.2.1, 10.0.0.7"], Some("192.0.2.1"))]
    #[case::in_lines(&["198.51.100.1", "192.0.2.1,10.0.0.7", "fd00::1"], Some("192.0.2.1"))]
    #[case::only_trusted_ones(&["10.0.0.9, 10.0.0.7"], Some("10.0.0.9"))]
    #[case::not_an_address(&["192.0.2.1, unknown, 10.0.0.7"], Some("10.0.0.7"))]
    #[case::rubbish(&["' OR 1=1"], None)]
    fn the_client_is_the_nearest_hop_that_is_not_trusted(#[case] lines: &[&str], #[case] client: Option<&str>) {
        let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        assert_eq!(told(&headers).0.as_deref(), client);
    }

    #[rstest]
    #[case::plain(&["for=192.0.2.1;proto=https;host=nas.local"], (Some("192.0.2.1"), Some("nas.local"), Some("https")))]
    #[case::quoted(&[r#"For="[2001:db8::1]:4711"; Proto=https"#], (Some("2001:db8::1"), None, Some("https")))]
    #[case::a_quoted_comma(&[r#"for=192.0.2.1;host="a,b;c""#], (Some("192.0.2.1"), Some("a,b;c"), None))]
    #[case::made_up(&["for=198.51.100.1;host=evil.example, for=192.0.2.1;host=nas"], (Some("192.0.2.1"), Some("nas"), None))]
    #[case::hops(&["for=192.0.2.1;proto=https", "for=10.0.0.7;proto=http"], (Some("192.0.2.1"), None, Some("https")))]
    #[case::hidden(&["for=192.0.2.1, for=_hidden"], (None, None, None))]
    #[case::unknown(&["for=unknown;host=nas"], (None, None, None))]
    fn the_standard_header_says_the_same(
        #[case] lines: &[&str],
        #[case] expected: (Option<&str>, Option<&str>, Option<&str>),
    ) {
        let headers: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        let (client, host, proto) = told(&headers);
        assert_eq!((client.as_deref(), host.as_deref(), proto.as_deref()), expected);
    }

    #[test]
    fn two_headers_that_differ_count_for_nothing() {
        let usual = ("x-forwarded-for", "192.0.2.1");
        assert_eq!(told(&[usual, ("forwarded", "for=198.51.100.1;host=evil.example")]), (None, None, None));
        let proto = ("x-forwarded-proto", "http, https");
        let agreed = told(&[usual, proto, ("forwarded", "for=192.0.2.1;host=nas")]);
        assert_eq!(agreed, (Some("192.0.2.1".to_owned()), Some("nas".to_owned()), Some("https".to_owned())));
    }

    #[test]
    fn the_host_and_the_scheme_may_come_alone() {
        let (client, host, proto) =
            told(&[("x-forwarded-host", "evil.example, nas.local"), ("x-forwarded-proto", "https")]);
        assert_eq!((client, host.as_deref(), proto.as_deref()), (None, Some("nas.local"), Some("https")));
    }
}
