//! Sign-in from other machines, while there are no accounts.

use std::path::Path;

use finally::server::{clock::system_clock, https::client_builder};
use reqwest::{Response, StatusCode, header, redirect::Policy};
use rstest::rstest;
use serde_json::Value;

use crate::{
    app::{TestApp, TestProcess},
    guards::problem,
};

/// A proxy on this machine simulates the network: the client that it reports is another machine.
const BEHIND_A_PROXY: &[(&str, &str)] = &[("TRUSTED_PROXIES", "127.0.0.1"), ("ALLOWED_HOSTS", "nas.local")];

const ELSEWHERE: (&str, &str) = ("x-forwarded-for", "192.0.2.55");

/// Sends a request like a browser on another machine, without following redirects.
async fn ask(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Response {
    let client = client_builder().redirect(Policy::none()).build().unwrap();
    let mut request = client.get(app.client.url(path)).header(ELSEWHERE.0, ELSEWHERE.1);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// Path of the link, and its token.
fn link(app: &TestApp) -> (String, String) {
    let link = app.sign_in_link().unwrap();
    assert!(link.starts_with(&format!("http://nas.local:{}/?token=", app.client.address.port())), "{link}");
    let token = link.split_once('=').unwrap().1.to_owned();
    assert!(token.len() >= 43, "256 bits");
    (format!("/?token={token}"), token)
}

/// Opens the link and returns the cookie.
async fn sign_in(app: &TestApp) -> String {
    let answer = ask(app, &link(app).0, &[]).await;
    assert_eq!((answer.status(), &answer.headers()[header::LOCATION]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_of_another_machine_signs_in_once() {
    let app = TestApp::start_with(BEHIND_A_PROXY).await;
    for path in ["/api/portfolio", "/api/stream/prices", "/api/docs", "/api/nowhere", "/metrics", "/", "/ticker/V"] {
        let answer = ask(&app, path, &[]).await;
        assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
        assert_eq!(problem(answer).await, (StatusCode::UNAUTHORIZED, "sign_in_needed".to_owned()), "{path}");
    }
    assert_eq!(ask(&app, "/api/health", &[]).await.status(), StatusCode::OK);

    let page = ask(&app, "/", &[("accept", "text/html")]).await;
    assert_eq!(page.status(), StatusCode::UNAUTHORIZED);
    let page = page.text().await.unwrap();
    assert!(page.contains("open the link that it printed") && !page.contains("<script"), "{page}");

    let cookie = sign_in(&app).await;
    for path in ["/api/portfolio", "/", "/metrics"] {
        assert_eq!(
            ask(&app, path, &[("cookie", &format!("other=1; {cookie}"))]).await.status(),
            StatusCode::OK,
            "{path}"
        );
    }
    let again = ask(&app, &link(&app).0, &[("cookie", &cookie)]).await;
    assert_eq!(again.status(), StatusCode::SEE_OTHER, "the token does not stay in the address");
    assert!(!again.headers().contains_key(header::SET_COOKIE));
    let changed = cookie.replace(|digit: char| digit.is_ascii_digit(), "0");
    assert_eq!(ask(&app, "/api/portfolio", &[("cookie", &changed)]).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_script_sends_the_token() {
    let app = TestApp::start_with(BEHIND_A_PROXY).await;
    let (_, token) = link(&app);
    for authorization in [format!("Bearer {token}"), format!("bearer {token}")] {
        assert_eq!(ask(&app, "/api/portfolio", &[("authorization", &authorization)]).await.status(), StatusCode::OK);
    }
    for wrong in ["Bearer 0000", &format!("Bearer {}", token.to_uppercase()), &format!("Bearer {token}0")] {
        let answer = ask(&app, "/api/portfolio", &[("authorization", wrong)]).await;
        assert_eq!(problem(answer).await, (StatusCode::UNAUTHORIZED, "token_invalid".to_owned()), "{wrong}");
    }
    let answer = ask(&app, "/api/portfolio", &[("authorization", "Basic YTpi")]).await;
    assert_eq!(problem(answer).await.1, "sign_in_needed");
    assert_eq!(problem(ask(&app, "/?token=0000", &[]).await).await.1, "token_invalid");
}

#[tokio::test]
async fn sign_ins_outlive_a_restart_and_only_their_hashes_are_kept() {
    let app = TestApp::start_with(BEHIND_A_PROXY).await;
    let (cookie, (_, token)) = (sign_in(&app).await, link(&app));
    let authorization = format!("Bearer {token}");
    assert_eq!(ask(&app, "/api/portfolio", &[("authorization", &authorization)]).await.status(), StatusCode::OK);
    let app = app.restart_with(BEHIND_A_PROXY).await;
    assert_ne!(link(&app).1, token, "each start prints a token of its own");
    // A browser reaches the server at the same port as before; here the port is different.
    let key = cookie.split_once('=').unwrap().1;
    let cookie = format!("finally_access_{}={key}", app.client.address.port());
    for header in [("cookie", &cookie), ("authorization", &authorization)] {
        assert_eq!(ask(&app, "/api/portfolio", &[(header.0, header.1)]).await.status(), StatusCode::OK, "{header:?}");
    }
    let database = app.database();
    let _folder = app.stop_and_keep().await;
    let bytes = std::fs::read(database).unwrap();
    for secret in [key, &token] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

/// Runs `finally --revoke-access` on an app's database; returns whether it succeeded, and its output.
async fn revoke(folder: &Path, database: &Path) -> (bool, String) {
    let mut command = TestProcess::command(folder);
    command.arg("--revoke-access").env("DATABASE_URL", format!("sqlite://{}", database.display()));
    let output = command.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn all_sign_ins_are_revoked_while_the_server_is_stopped() {
    let app = TestApp::start_with(BEHIND_A_PROXY).await;
    let (cookie, (_, token)) = (sign_in(&app).await, link(&app));
    let authorization = format!("Bearer {token}");
    assert_eq!(ask(&app, "/api/portfolio", &[("authorization", &authorization)]).await.status(), StatusCode::OK);
    let elsewhere = tempfile::tempdir().unwrap();
    let (is_done, said) = revoke(elsewhere.path(), &app.database()).await;
    assert!(!is_done && said.contains("has to be stopped first"), "{said}");
    assert_eq!(ask(&app, "/api/portfolio", &[("authorization", &authorization)]).await.status(), StatusCode::OK);

    let database = app.database();
    let folder = app.stop_and_keep().await;
    let (is_done, said) = revoke(elsewhere.path(), &database).await;
    assert!(is_done && said.starts_with("2 sign-ins and tokens are revoked."), "{said}");
    let app = TestApp::start_on(folder, BEHIND_A_PROXY, system_clock).await;
    let key = cookie.split_once('=').unwrap().1;
    let cookie = format!("finally_access_{}={key}", app.client.address.port());
    for header in [("cookie", &cookie), ("authorization", &authorization)] {
        let status = ask(&app, "/api/portfolio", &[(header.0, header.1)]).await.status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{header:?}");
    }
    sign_in(&app).await;
    let (is_done, said) = revoke(elsewhere.path(), &elsewhere.path().join("none.db")).await;
    assert!(!is_done && said.contains("there is no database"), "{said}");
}

#[tokio::test]
async fn over_https_the_cookie_is_for_https_alone() {
    let app = TestApp::start_with(BEHIND_A_PROXY).await;
    let https = [("x-forwarded-proto", "https"), ("x-forwarded-host", "nas.local")];
    let answer = ask(&app, &link(&app).0, &https).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("finally_access=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[rstest]
#[case::loopback(&[], &[])]
#[case::loopback_and_a_header_of_anyone(&[], &[ELSEWHERE])]
#[case::everywhere_by_loopback(&[("HOST", "0.0.0.0")], &[])]
#[case::open(&[("ACCESS", "open"), ("TRUSTED_PROXIES", "127.0.0.1")], &[ELSEWHERE])]
#[tokio::test]
async fn nobody_is_asked_on_this_machine_or_where_all_may(
    #[case] variables: &[(&str, &str)],
    #[case] headers: &[(&str, &str)],
) {
    let app = TestApp::start_with(variables).await;
    for path in ["/api/portfolio", "/", "/metrics"] {
        let mut request = app.client.http.get(format!("http://127.0.0.1:{}{path}", app.client.address.port()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
}

/// An address of this machine that others would use; `None` without a network.
fn outer_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

#[tokio::test]
async fn a_server_beyond_loopback_asks_and_prints_a_link_that_works() {
    let Some(outer) = outer_address() else { return };
    let app = TestApp::start_with(&[("HOST", "0.0.0.0")]).await;
    let link = app.sign_in_link().unwrap().to_owned();
    assert!(link.starts_with(&format!("http://{outer}:")), "{link}");
    let client = client_builder().redirect(Policy::none()).build().unwrap();
    let (page, token) = link.split_once("?token=").unwrap();
    assert_eq!(
        client.get(page).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED,
        "our own address is answered"
    );
    let answer = client.get(&link).send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let signed_in = client.get(page).header("cookie", cookie).send().await.unwrap();
    assert_eq!(signed_in.status(), StatusCode::OK);
    let portfolio = client.get(format!("{page}api/portfolio")).bearer_auth(token).send().await.unwrap();
    assert_eq!(portfolio.json::<Value>().await.unwrap()["cash_balance"], 10000.0);
}

#[tokio::test]
async fn the_program_prints_the_link_and_warns_where_all_may_trade() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start_with(folder.path(), &[("ACCESS", "open"), ("HOST", "0.0.0.0")]).await;
    let log = server.terminate_and_read_log().await;
    assert!(log.contains("ACCESS=open"), "{log}");
    let server = TestProcess::start_with(folder.path(), &[]).await;
    let log = server.terminate_and_read_log().await;
    assert!(!log.contains("ACCESS"), "{log}");
}
