//! Names and addresses in settings: accepted hosts, trusted origins and proxies.

use std::{fmt, net::IpAddr, str::FromStr};

/// Longest DNS name, and its longest label.
const NAME_LENGTH_MAX: usize = 253;
const LABEL_LENGTH_MAX: usize = 63;

/// A host without its port: an address by value, or a name in lower case without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    /// Parses any text; an IPv6 address may have brackets, but `text` has no port.
    pub fn read(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(address) => Self::Address(address.to_canonical()),
            Err(_) => Self::Name(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// An entry of `ALLOWED_HOSTS`. Ports and a URL's scheme are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRule {
    /// `*`: any host.
    Any,
    One(Host),
    /// `*.example.org`, stored as `.example.org`: every name with this ending.
    Below(String),
}

impl HostRule {
    pub fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::One(allowed), host) => allowed == host,
            (Self::Below(suffix), Host::Name(name)) => name.len() > suffix.len() && name.ends_with(suffix),
            (Self::Below(_), Host::Address(_)) => false,
        }
    }
}

/// A setting's text is malformed.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable;

impl FromStr for HostRule {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let text = match text.split_once("://") {
            Some((scheme, rest)) => {
                read_scheme(scheme)?;
                rest.split(['/', '?', '#']).next().unwrap_or_default()
            }
            None => text.strip_suffix('/').unwrap_or(text),
        };
        let host = split_port(text)?.0;
        if host == "*" {
            return Ok(Self::Any);
        }
        match host.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') => match read_host(&suffix[1..])? {
                Host::Name(name) => Ok(Self::Below(format!(".{name}"))),
                Host::Address(_) => Err(Unreadable),
            },
            Some(_) => Err(Unreadable),
            None => read_host(host).map(Self::One),
        }
    }
}

/// Origin of a page, as in browsers' `Origin` header: `https://nas.local`, `http://nas:8000`. The scheme's default port
/// is omitted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin(String);

impl FromStr for WebOrigin {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let (scheme, rest) = text.split_once("://").ok_or(Unreadable)?;
        let (scheme, own_port) = read_scheme(scheme)?;
        let (host, port) = split_port(rest.strip_suffix('/').unwrap_or(rest))?;
        let host = read_host(host)?;
        Ok(Self(match port.filter(|port| *port != own_port) {
            None => format!("{scheme}://{host}"),
            Some(port) => format!("{scheme}://{host}:{port}"),
        }))
    }
}

/// An address or a network: `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_length: u8,
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        let length = u32::from(self.prefix_length);
        // Shifting by all bits is an overflow, for which every address matches.
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                (one.to_bits() ^ other.to_bits()).checked_shr(u32::BITS - length).unwrap_or(0) == 0
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                (one.to_bits() ^ other.to_bits()).checked_shr(u128::BITS - length).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let (address, prefix_length) = match text.split_once('/') {
            None => (text, None),
            Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| Unreadable)?)),
        };
        let Host::Address(address) = Host::read(address) else { return Err(Unreadable) };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix_length = prefix_length.unwrap_or(longest);
        if prefix_length > longest { Err(Unreadable) } else { Ok(Self { address, prefix_length }) }
    }
}

/// Parses the scheme, in lower case, and its default port.
fn read_scheme(text: &str) -> Result<(&'static str, u16), Unreadable> {
    match text.to_ascii_lowercase().as_str() {
        "http" => Ok(("http", 80)),
        "https" => Ok(("https", 443)),
        _ => Err(Unreadable),
    }
}

/// Splits a host from an optional port; an IPv6 address without a port may omit the brackets.
fn split_port(text: &str) -> Result<(&str, Option<u16>), Unreadable> {
    let (host, port) = if text.starts_with('[') {
        text.split_at(text.find(']').ok_or(Unreadable)? + 1)
    } else {
        match (text.find(':'), text.rfind(':')) {
            (Some(first), Some(last)) if first == last => text.split_at(first),
            _ => (text, ""),
        }
    };
    match (port, port.strip_prefix(':')) {
        ("", _) => Ok((host, None)),
        (_, Some(number)) => number.parse().map(|port| (host, Some(port))).map_err(|_| Unreadable),
        (_, None) => Err(Unreadable),
    }
}

/// Parses a valid host: an address, or a name of labels whose last one is not a number.
fn read_host(text: &str) -> Result<Host, Unreadable> {
    let host = Host::read(text);
    if let Host::Name(name) = &host {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_label = |label: &str| (1..=LABEL_LENGTH_MAX).contains(&label.len()) && label.bytes().all(is_letter);
        let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
        if name.len() > NAME_LENGTH_MAX
            || !name.split('.').all(is_label)
            || name.rsplit('.').next().is_none_or(is_number)
        {
            return Err(Unreadable);
        }
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::name("nas", "nas")]
    #[case::name_and_port("nas:8000", "nas")]
    #[case::capitals("NAS.Local", "nas.local")]
    #[case::dot_at_the_end("nas.local.", "nas.local")]
    #[case::underscore("finally_web:8000", "finally_web")]
    #[case::address_line("http://nas.local/", "nas.local")]
    #[case::address_line_with_all("HTTPS://nas.local:8443/ticker/NVDA?x#y", "nas.local")]
    #[case::slash_at_the_end("nas.local/", "nas.local")]
    #[case::ipv4("192.0.2.7:8000", "192.0.2.7")]
    #[case::ipv6("2001:DB8:0::7", "[2001:db8::7]")]
    #[case::ipv6_in_brackets("[2001:db8::7]", "[2001:db8::7]")]
    #[case::ipv6_and_port("[2001:db8::7]:8000", "[2001:db8::7]")]
    #[case::ipv6_address_line("http://[2001:db8::7]:8000/", "[2001:db8::7]")]
    #[case::mapped("::ffff:192.0.2.7", "192.0.2.7")]
    fn a_host_is_read_however_it_is_written(#[case] text: &str, #[case] host: &str) {
        let Ok(HostRule::One(read)) = text.parse() else { panic!("{text} is a host") };
        assert_eq!(read.to_string(), host);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::no_port("nas:")]
    #[case::port_is_no_number("nas:80a")]
    #[case::port_too_large("nas:70000")]
    #[case::another_scheme("ftp://nas")]
    #[case::user("user@nas")]
    #[case::user_of_an_address_line("http://user@nas/")]
    #[case::network("10.0.0.0/8")]
    #[case::path("nas.local/finally")]
    #[case::star_in_the_middle("nas.*.org")]
    #[case::star_without_a_dot("*example.org")]
    #[case::star_of_addresses("*.0.0.1")]
    #[case::two_stars("*.*")]
    #[case::empty_label("nas..local")]
    #[case::not_ascii("näs.local")]
    #[case::not_an_ipv4_address("192.0.2")]
    #[case::open_bracket("[2001:db8::7")]
    #[case::text_behind_brackets("[::1]8000")]
    #[case::quotes("\"nas\"")]
    #[case::only_a_scheme("http://")]
    fn anything_else_is_no_host(#[case] text: &str) {
        assert_eq!(text.parse::<HostRule>(), Err(Unreadable));
    }

    #[rstest]
    #[case::below("*.example.org", "a.example.org", true)]
    #[case::far_below("*.example.org", "a.b.example.org", true)]
    #[case::not_itself("*.example.org", "example.org", false)]
    #[case::not_a_neighbour("*.example.org", "badexample.org", false)]
    #[case::not_a_prefix("*.example.org", "a.example.org.evil.example", false)]
    #[case::with_a_port("*.example.org:8000", "a.example.org", true)]
    #[case::any_name("*", "anything", true)]
    #[case::any_address("*:8000", "192.0.2.1", true)]
    fn a_star_stands_for_what_is_in_front(#[case] rule: &str, #[case] host: &str, #[case] is_allowed: bool) {
        assert_eq!(rule.parse::<HostRule>().unwrap().allows(&Host::read(host)), is_allowed);
    }

    #[rstest]
    #[case("https://nas.local", Some("https://nas.local"))]
    #[case("HTTPS://NAS.local:443/", Some("https://nas.local"))]
    #[case("http://nas:8000", Some("http://nas:8000"))]
    #[case("http://[::1]:80", Some("http://[::1]"))]
    #[case("nas.local", None)]
    #[case("https://nas.local/finally", None)]
    #[case("https://*.local", None)]
    #[case("null", None)]
    #[case("*", None)]
    fn an_origin_is_a_scheme_a_host_and_a_port(#[case] text: &str, #[case] origin: Option<&str>) {
        assert_eq!(text.parse::<WebOrigin>().ok().map(|origin| origin.0).as_deref(), origin);
    }

    #[rstest]
    #[case("10.0.0.0/8", "10.255.0.1", true)]
    #[case("10.0.0.0/8", "11.0.0.1", false)]
    #[case("10.0.0.0/8", "::ffff:10.0.0.1", true)]
    #[case("0.0.0.0/0", "192.0.2.1", true)]
    #[case("0.0.0.0/0", "2001:db8::1", false)]
    #[case("127.0.0.1", "127.0.0.1", true)]
    #[case("127.0.0.1", "127.0.0.2", false)]
    #[case("fd00::/8", "fdff::1", true)]
    #[case("fd00::/8", "fe80::1", false)]
    #[case("::/0", "fe80::1", true)]
    fn a_network_holds_what_begins_as_it_does(#[case] network: &str, #[case] address: &str, #[case] holds: bool) {
        assert_eq!(network.parse::<Network>().unwrap().contains(address.parse().unwrap()), holds);
    }

    #[rstest]
    #[case("10.0.0.0/33")]
    #[case("fd00::/129")]
    #[case("10.0.0.0/")]
    #[case("10.0.0.0/-1")]
    #[case("10.0.0.0:8000")]
    #[case("proxy")]
    #[case("*")]
    fn a_network_is_not_guessed_at(#[case] text: &str) {
        assert_eq!(text.parse::<Network>(), Err(Unreadable));
    }
}
