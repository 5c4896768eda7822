//! Fetches documents from addresses on public servers only.
//!
//! The name is resolved before connecting, every resolved address is checked, and the connection uses the checked
//! addresses, so a later change of DNS has no effect. Each redirect is checked like the first address.
//! `LIBRARY_FETCH_HOSTS` names private hosts that may be fetched from.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use reqwest::{
    Response, StatusCode, Url,
    header::{CONTENT_TYPE, LOCATION},
};
use tokio::{net::lookup_host, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Library,
    bounds::{ADDRESS_BYTES_MAX, ADDRESS_CHARS_MAX, ADDRESS_HOPS_MAX, ADDRESS_WALL},
    originals::Received,
    sniff,
    store::{
        Store, documents,
        tasks::{self, Work},
    },
    worker::Trouble,
};
use crate::server::https;

/// A private host that may be fetched from: `nas.local` or `nas.local:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchHost {
    host: String,
    /// `None` allows any port.
    port: Option<u16>,
}

/// The text is not a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHost;

impl FromStr for FetchHost {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let url = Url::parse(&format!("http://{text}/")).map_err(|_| NoHost)?;
        let host = url.host_str().filter(|_| url.path() == "/" && url.username().is_empty()).ok_or(NoHost)?;
        let port = text.rsplit_once(':').filter(|_| !text.ends_with(']')).and_then(|(_, port)| port.parse().ok());
        Ok(Self { host: host.to_owned(), port })
    }
}

impl FetchHost {
    fn covers(&self, url: &Url) -> bool {
        url.host_str() == Some(&self.host) && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
    }
}

/// Parses an address and checks it as far as possible without network access.
///
/// # Errors
/// The reason for refusing it, as the end of a sentence.
pub fn check(text: &str, allowed: &[FetchHost]) -> Result<Url, String> {
    if text.len() > ADDRESS_CHARS_MAX {
        return Err(format!("it is longer than {ADDRESS_CHARS_MAX} characters"));
    }
    let url =
        Url::parse(text.trim()).map_err(|_| "it is no address such as https://example.org/report.pdf".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only http and https are fetched".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a name or password".to_owned());
    }
    if is_allowed(&url, allowed) {
        return Ok(url);
    }
    if !matches!(url.port_or_known_default(), Some(80 | 443)) {
        return Err("only the ports 80 and 443 are asked".to_owned());
    }
    match literal(&url) {
        Some(ip) if !is_public(ip) => Err(NOT_PUBLIC.to_owned()),
        _ => Ok(url),
    }
}

const NOT_PUBLIC: &str =
    "it leads into this machine's own network; LIBRARY_FETCH_HOSTS names hosts there that may be asked";

fn is_allowed(url: &Url, allowed: &[FetchHost]) -> bool {
    allowed.iter().any(|host| host.covers(url))
}

/// The URL's IP address, if its host is one. The parser has already normalised unusual notations.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether an address belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

/// By IANA's registry of special-purpose addresses, IPv4.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

/// By IANA's registry of special-purpose addresses, IPv6: 2000::/3 without tunnels to other addresses.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let is_global = a & 0xe000 == 0x2000;
    let is_special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || a == 0x3fff;
    is_global && !is_special
}

/// The checked addresses to connect to.
async fn resolve(url: &Url, allowed: &[FetchHost]) -> Result<Vec<SocketAddr>, Trouble> {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let found = lookup_host((host.as_str(), port)).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|_| Trouble::passing("fetch_failed", format!("{host} could not be found.")))?.collect();
    if addresses.is_empty() {
        return Err(Trouble::passing("fetch_failed", format!("{host} has no address.")));
    }
    if !is_allowed(url, allowed) && !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(refused(NOT_PUBLIC));
    }
    Ok(addresses)
}

fn refused(reason: &str) -> Trouble {
    Trouble::lasting("address_refused", format!("The address is not fetched: {reason}."))
}

/// Requests one address without following redirects.
async fn ask(url: &Url, allowed: &[FetchHost]) -> Result<Response, Trouble> {
    let addresses = resolve(url, allowed).await?;
    let host = url.host_str().unwrap_or_default();
    let client = https::client_builder()
        .no_proxy()
        .resolve_to_addrs(host, &addresses)
        .build()
        .map_err(|_| Trouble::passing("fetch_failed", "No connection could be prepared."))?;
    client.get(url.clone()).send().await.map_err(|cause| {
        let what = if cause.is_connect() { "does not answer" } else { "broke the connection off" };
        Trouble::passing("fetch_failed", format!("{host} {what}."))
    })
}

/// Requests an address and follows its redirects.
async fn follow(first: Url, allowed: &[FetchHost]) -> Result<(Url, Response), Trouble> {
    let mut url = first;
    for _ in 0..=ADDRESS_HOPS_MAX {
        let response = ask(&url, allowed).await?;
        if !response.status().is_redirection() {
            return Ok((url, response));
        }
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let next = location.and_then(|location| url.join(location).ok());
        let next = next.ok_or_else(|| Trouble::lasting("fetch_failed", "The server redirects to no address."))?;
        url = check(next.as_str(), allowed).map_err(|reason| refused(&reason))?;
    }
    Err(Trouble::lasting("fetch_failed", format!("The server redirects more than {ADDRESS_HOPS_MAX} times.")))
}

/// Stage that fetches the document from its address.
pub async fn stage(library: &Library, store: &Store, work: &Work, stop: &CancellationToken) -> Result<(), Trouble> {
    let id = work.document.clone();
    let document = store.read(move |rows| documents::get(rows, &id)).await?.ok_or(Trouble::Stopped)?;
    let url = check(&document.source, &library.config().fetch_hosts).map_err(|reason| refused(&reason))?;
    let fetched = tokio::select! {
        fetched = timeout(ADDRESS_WALL, fetch(library, store, work, url)) => fetched,
        () = stop.cancelled() => return Err(Trouble::Stopped),
    };
    let (media_type, received) =
        fetched.map_err(|_| Trouble::passing("fetch_failed", "The server took longer than 20 seconds."))??;
    let _naming = library.0.naming.lock().await;
    let (hash, bytes) = (received.hash.clone(), received.bytes);
    let disk = |_| Trouble::passing("busy", "The library's disk did not take what was fetched.");
    library.originals().keep(received).await.map_err(disk)?;
    let (work, now) = (work.clone(), library.now());
    let written = store.write(move |rows| {
        if !tasks::is_running(rows, &work.task)? {
            return Ok(Err(Trouble::Stopped));
        }
        // The same content is already known: the existing document replaces this one.
        let known = documents::with_content(rows, &hash)?.filter(|known| known.id != work.document);
        if let Some(known) = known {
            let text = format!("The library has this very document already: {}.", known.title);
            return Ok(Err(Trouble::lasting("duplicate_document", text)));
        }
        documents::set_content(rows, &work.document, media_type, &hash, bytes, now)?;
        Ok(Ok(()))
    });
    written.await?
}

async fn fetch(library: &Library, store: &Store, work: &Work, url: Url) -> Result<(&'static str, Received), Trouble> {
    let (url, mut response) = follow(url, &library.config().fetch_hosts).await?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let status = response.status();
    if status != StatusCode::OK {
        let text = format!("{host} answered {status}.");
        let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        return Err(Trouble::Failed { code: "fetch_failed", text, may_pass });
    }
    let declared = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let total = response.content_length();
    let disk = |_| Trouble::passing("busy", "The library's disk did not take what was fetched.");
    let mut incoming = library.originals().receive().await.map_err(disk)?;
    let mut told = 0;
    loop {
        let piece = response.chunk().await;
        let piece = piece.map_err(|_| Trouble::passing("fetch_failed", format!("{host} broke the connection off.")))?;
        let Some(piece) = piece else { break };
        if incoming.bytes + piece.len() as u64 > ADDRESS_BYTES_MAX {
            return Err(Trouble::lasting("file_too_large", "The document is larger than 20 MiB."));
        }
        incoming.write(&piece).await.map_err(disk)?;
        if incoming.bytes - told > ADDRESS_BYTES_MAX / 40 {
            told = incoming.bytes;
            let (task, now) = (work.task.clone(), library.now());
            store.write(move |rows| Ok(tasks::progress(rows, &task, told, total, now)?)).await?;
        }
    }
    let format = sniff::format(&incoming.head, url.path(), declared.as_deref()).ok_or_else(|| {
        Trouble::lasting("unsupported_file", "What is at the address is no PDF, DOCX, HTML, Markdown, CSV or text.")
    })?;
    let received = incoming.finish().await.map_err(disk)?;
    Ok((format.media_type(), received))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://127.0.0.1/")]
    #[case("http://127.1/")]
    #[case("http://0x7f.1/")]
    #[case("http://2130706433/")]
    #[case("http://017700000001/")]
    #[case("http://0/")]
    #[case("http://[::1]/")]
    #[case("http://[::ffff:127.0.0.1]/")]
    #[case("http://[::ffff:10.0.0.1]/")]
    #[case("http://[fe80::1]/")]
    #[case("http://[fd00::1]/")]
    #[case("http://[64:ff9b::7f00:1]/")]
    #[case("http://[2002:7f00:1::]/")]
    #[case("http://[2001:0:1::]/")]
    #[case("http://169.254.169.254/latest/meta-data/")]
    #[case("http://10.0.0.1/")]
    #[case("http://172.16.3.4/")]
    #[case("http://192.168.1.1/")]
    #[case("http://100.64.0.1/")]
    #[case("http://198.18.0.1/")]
    #[case("http://224.0.0.1/")]
    #[case("http://255.255.255.255/")]
    #[case("http://192.0.2.1/")]
    #[case("http://①②⑦.0.0.1/")]
    #[case("https://example.org:8443/")]
    #[case("http://example.org:22/")]
    #[case("http://user@example.org/")]
    #[case("http://user:secret@example.org/")]
    #[case("file:///etc/passwd")]
    #[case("ftp://example.org/")]
    #[case("gopher://example.org/")]
    #[case("example.org")]
    #[case("")]
    fn what_is_not_public_is_refused_before_anything_is_asked(#[case] address: &str) {
        assert!(check(address, &[]).is_err(), "{address}");
    }

    #[rstest]
    #[case("https://www.sec.gov/Archives/edgar/data/12927/report.htm")]
    #[case("http://93.184.215.14/")]
    #[case("https://[2606:2800:21f::1]/")]
    fn what_is_public_is_asked(#[case] address: &str) {
        assert!(check(address, &[]).is_ok(), "{address}");
    }

    #[tokio::test]
    async fn a_name_that_leads_into_the_network_is_refused_before_connecting() {
        let url = Url::parse("http://localhost/").unwrap();
        let Err(Trouble::Failed { code, may_pass, .. }) = resolve(&url, &[]).await else { panic!("it is refused") };
        assert_eq!((code, may_pass), ("address_refused", false));
    }

    #[test]
    fn hosts_of_one_s_own_are_named() {
        let allowed = |host: &str, url: &str| check(url, &[host.parse().unwrap()]).is_ok();
        assert!(allowed("127.0.0.1:9000", "http://127.0.0.1:9000/x.pdf"));
        assert!(!allowed("127.0.0.1:9000", "http://127.0.0.1:9001/x.pdf"));
        assert!(allowed("nas.local", "http://nas.local:8080/x.pdf"));
        assert!(!allowed("nas.local", "http://127.0.0.1/"));
        assert!("http://x".parse::<FetchHost>().is_err() && "a/b".parse::<FetchHost>().is_err());
    }
}
