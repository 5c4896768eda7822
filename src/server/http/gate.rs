//! Who a request's caller is: a token's, or the person of this machine, or of another one with a key.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority},
    response::{IntoResponse, Response},
};

use super::serve::Connection;
use crate::{
    error::ApiError,
    server::{
        access::{AccessKeys, LINK_PARAMETER},
        caller::Caller,
        tokens::Tokens,
    },
};

/// Name of the browser's cookie, without the port that is appended, since cookies are per host, not per port.
const COOKIE: &str = "finally_access";

/// Longest lifetime that browsers accept: 400 days.
const COOKIE_SECONDS: u32 = 400 * 86_400;

/// Path that needs no key: the server's health does not reveal the account.
const HEALTH: &str = "/api/health";

/// Checks keys and tokens. Clones share them.
#[derive(Clone)]
pub struct Gate {
    keys: AccessKeys,
    tokens: Tokens,
}

/// Result of checking a request.
pub enum Admission {
    /// It needs no key, or has a valid one.
    Admitted,
    /// A token that must be checked, of a script on this machine or on another one.
    Script {
        token: String,
    },
    /// A browser that opens the link and may have to be signed in.
    Link {
        token: String,
        is_admitted: bool,
        cookie: Cookie,
    },
    Stranger,
}

/// Cookie for the browser.
pub struct Cookie {
    name: String,
    is_secure: bool,
}

impl Gate {
    pub fn new(keys: AccessKeys, tokens: Tokens) -> Self {
        Self { keys, tokens }
    }

    /// Checks a request for a page or for the API.
    pub fn look(&self, request: &Request) -> Admission {
        if let Some(token) = link_token(request) {
            let is_secure = connection(request).is_some_and(|connection| connection.is_https);
            let cookie = Cookie { name: cookie_name(request), is_secure };
            return Admission::Link { token: token.to_owned(), is_admitted: self.admits(request), cookie };
        }
        // A token is never ignored: who sends one means its scopes.
        match bearer(request.headers()) {
            Some(token) => Admission::Script { token: token.to_owned() },
            None if self.admits(request) => Admission::Admitted,
            None => Admission::Stranger,
        }
    }

    fn admits(&self, request: &Request) -> bool {
        if !self.keys.are_asked_for() || is_local(request) || request.uri().path() == HEALTH {
            return true;
        }
        let name = cookie_name(request);
        cookies(request.headers(), &name).any(|key| self.keys.admits_browser(key))
    }

    /// Returns the caller, or a response: a browser that opens the link is redirected to the page without the token in
    /// its address.
    ///
    /// # Errors
    /// [`ApiError::SignInNeeded`], or [`ApiError::TokenInvalid`] for an unknown token.
    pub async fn decide(&self, admission: Admission) -> Result<Result<Caller, Response>, ApiError> {
        match admission {
            Admission::Admitted => Ok(Ok(Caller::ONLY)),
            Admission::Script { token } => match self.tokens.admit(&token).await {
                Some(caller) => Ok(Ok(caller)),
                None if self.keys.are_asked_for() && self.keys.admits_script(&token).await => Ok(Ok(Caller::ONLY)),
                None => Err(ApiError::TokenInvalid),
            },
            Admission::Link { is_admitted: true, .. } => Ok(Err(to_the_page())),
            Admission::Link { token, is_admitted: false, cookie } => {
                let key = self.keys.sign_in(&token).await?.ok_or(ApiError::TokenInvalid)?;
                let mut answer = to_the_page();
                // Invariant: a cookie's name and key are ASCII letters and digits.
                let cookie = HeaderValue::try_from(cookie.holding(&key)).map_err(|_| ApiError::Internal)?;
                answer.headers_mut().insert(header::SET_COOKIE, cookie);
                Ok(Err(answer))
            }
            Admission::Stranger => Err(ApiError::SignInNeeded),
        }
    }
}

impl Cookie {
    fn holding(&self, key: &str) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{}={key}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}", self.name)
    }
}

fn to_the_page() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/"), (header::CACHE_CONTROL, "no-store")]).into_response()
}

/// Token of the link, if the request opens it.
fn link_token(request: &Request) -> Option<&str> {
    if request.method() != Method::GET || request.uri().path() != "/" {
        return None;
    }
    request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix(LINK_PARAMETER)?.strip_prefix('='))
}

fn connection(request: &Request) -> Option<&Connection> {
    request.extensions().get::<Connection>()
}

/// Whether the request comes from a program on this machine, and through no known proxy.
fn is_local(request: &Request) -> bool {
    connection(request).is_some_and(Connection::is_local)
}

/// Name of the cookie for the address that the browser uses.
fn cookie_name(request: &Request) -> String {
    let forwarded = connection(request).and_then(|connection| connection.forwarded_host.as_ref());
    let named = || Authority::try_from(request.headers().get(header::HOST)?.as_bytes()).ok();
    match forwarded.or(request.uri().authority()).cloned().or_else(named).and_then(|host| host.port_u16()) {
        None => COOKIE.to_owned(),
        Some(port) => format!("{COOKIE}_{port}"),
    }
}

/// Values of all cookies with a name.
fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}

/// Token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    // An empty token is a wrong one.
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
