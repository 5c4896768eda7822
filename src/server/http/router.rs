//! All routes, and the steps that every request passes through.

use std::{convert::Infallible, panic::AssertUnwindSafe};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use leptos::config::LeptosOptions;
use tower::{Service, ServiceBuilder};
use tracing::{Instrument, info_span};

use super::{
    alerts, candles, chat, corporate_actions, deadlines, docs, events, exports,
    forwarded::TrustedProxies,
    gate::{Admission, Gate, bearer},
    health,
    host::AllowedHosts,
    json_body::BODY_BYTES_MAX,
    library,
    limits::{RateState, RequestRates},
    market, mcp, metrics,
    observe::Observed,
    openapi, orders,
    page::{self, PageFiles},
    performance, performance_exports, portfolio, problem, quotes,
    request_id::{self, RequestId},
    scopes, security_headers,
    serve::Connection,
    settings,
    sites::TrustedSites,
    stream, tokens, tools, watchlist,
};
use crate::{
    error::ApiError,
    server::{
        access::AccessKeys,
        caller::Scope,
        config::{Config, Patience},
        metrics::Metrics,
        state::AppState,
        tokens::Tokens,
        tools::Toolbox,
    },
};

/// The whole server: its routes, and the processing of every response. Clones share both.
///
/// The checks of every request are functions called in turn instead of a stack of layers: each layer of a router clones
/// and boxes everything inside it, for every request.
#[derive(Clone)]
pub struct App {
    routes: Router,
    metrics: Metrics,
}

impl App {
    pub fn new(state: AppState, config: &Config) -> Self {
        let metrics = state.metrics.clone();
        let guards = Guards::new(config, (state.access.clone(), state.tokens.clone()), &state.leptos_options);
        let api = Router::new()
            .merge(health::router())
            .merge(market::router())
            .merge(portfolio::router())
            .merge(orders::router())
            .merge(alerts::router())
            .merge(corporate_actions::router())
            .merge(performance::router())
            .merge(performance_exports::router())
            .merge(watchlist::router())
            .merge(candles::router())
            .merge(chat::router())
            .merge(exports::router())
            .merge(settings::router())
            .merge(openapi::router())
            .merge(events::router())
            .merge(library::router())
            .merge(tokens::router())
            .merge(tools::router())
            .merge(quotes::router())
            .merge(stream::router());
        // Tools call the same handlers, for a caller who has been admitted.
        let toolbox = Toolbox::new(api.clone().with_state(state.clone()));
        let routes = api
            .merge(page::router(&state))
            .merge(metrics::router())
            .merge(docs::router())
            .merge(mcp::router(toolbox, state.shutdown.clone()));
        Self { routes: guard(routes, guards).with_state(state), metrics }
    }

    /// Handles a request. These steps wrap the routes as a whole, which also covers axum's own "method not allowed".
    pub async fn answer(mut self, request: Request) -> Response {
        let id = RequestId::of(request.headers());
        let span = info_span!("request", request.id = %id);
        let answered = async {
            let observed = Observed::begin(&request);
            // A router is always ready.
            let Ok::<_, Infallible>(response) = self.routes.call(request).await;
            let mut response = problem::render(response, &observed, &id);
            security_headers::add(response.headers_mut());
            observed.record(&response, &self.metrics);
            response
        };
        let mut response = answered.instrument(span).await;
        response.headers_mut().insert(request_id::HEADER, id.into());
        response
    }
}

/// Puts the guards before every handler. They are inside the routes, so that a refusal is recorded with its route.
fn guard<S: Clone + Send + Sync + 'static>(routes: Router<S>, guards: Guards) -> Router<S> {
    let layers =
        ServiceBuilder::new().layer(from_fn_with_state(guards, pass)).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    routes.layer(layers)
}

/// Checks that a request must pass, in order. Clones share them.
#[derive(Clone)]
struct Guards {
    proxies: TrustedProxies,
    hosts: AllowedHosts,
    sites: TrustedSites,
    rates: RequestRates,
    gate: Gate,
    files: PageFiles,
    patience: Patience,
}

impl Guards {
    fn new(config: &Config, (access, tokens): (AccessKeys, Tokens), options: &LeptosOptions) -> Self {
        Self {
            proxies: TrustedProxies::new(&config.edge.trusted_proxies),
            hosts: AllowedHosts::new(config),
            sites: TrustedSites::new(&config.edge),
            rates: RequestRates::new(&config.limits),
            gate: Gate::new(access, tokens),
            files: PageFiles::of(options),
            patience: config.patience,
        }
    }

    /// Applies the reports of trusted proxies.
    fn look(&self, request: &mut Request) {
        if self.proxies.are_none() {
            return;
        }
        let Some(mut connection) = request.extensions_mut().remove::<Connection>() else { return };
        self.proxies.apply(&mut connection, request.headers());
        request.extensions_mut().insert(connection);
    }

    /// Returns the reason to refuse a request, or its admission. Requests from other sites' pages do not count towards
    /// a person's rate.
    fn check(&self, request: &Request) -> Result<(Admission, Option<RateState>), ApiError> {
        self.hosts.check(request)?;
        // A browser sends a token only where a program of the page's own site told it to.
        if bearer(request.headers()).is_none() {
            self.sites.check(request)?;
        }
        let is_file = self.files.contain(request.uri().path());
        let rate = self.rates.check(request, is_file)?;
        // The files are public: anyone can read the program's source.
        Ok((if is_file { Admission::Admitted } else { self.gate.look(request) }, rate))
    }
}

/// Handles a request that passes, or refuses it.
async fn pass(State(guards): State<Guards>, mut request: Request, next: Next) -> Response {
    guards.look(&mut request);
    let route = request.extensions().get::<MatchedPath>().cloned();
    // The page handles every other path.
    let is_nowhere = route.is_none() && is_api(request.uri().path());
    let (admitted, rate) = match guards.check(&request) {
        Ok((caller, rate)) => (guards.gate.decide(caller).await, rate),
        Err(refusal @ ApiError::TooManyRequests { .. }) => (Err(refusal), guards.rates.used_up()),
        Err(refusal) => (Err(refusal), None),
    };
    let needed = scopes::needed(request.method(), route.as_ref().map(MatchedPath::as_str));
    let mut response = match admitted {
        Ok(Err(answer)) => answer,
        Ok(Ok(_)) if is_nowhere => ApiError::NotFound.into_response(),
        Ok(Ok(caller)) if needed.is_some_and(|scope| !caller.scopes.include(scope)) => {
            let scope = needed.map(Scope::as_str).unwrap_or_default();
            ApiError::NotAllowed { scope: scope.to_owned() }.into_response()
        }
        Ok(Ok(caller)) => {
            request.extensions_mut().insert(caller);
            let answer = deadlines::keep(guards.patience, request, |request| next.run(request));
            let answer = AssertUnwindSafe(answer).catch_unwind().await;
            problem::of_server_function(answer.unwrap_or_else(|panic| problem::of_panic(&*panic))).await
        }
        Err(refusal) => refusal.into_response(),
    };
    if let Some(rate) = rate {
        rate.write(response.headers_mut());
    }
    // Passes the template to the outer steps, which cannot see it.
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// Whether a path belongs to the API rather than to the page.
pub fn is_api(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use axum::{body::Body, extract::Request, http::StatusCode, routing::get};
    use http_body_util::BodyExt;
    use serde_json::Value;

    use super::*;
    use crate::server::http::{serve::ClientIp, socket_handoff::SocketHandoff};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_handler_s_panic_is_a_problem_and_is_told_with_the_request_s_id() {
        let metrics = Metrics::default();
        let broken = get(async || -> () { panic!("the defect") });
        let config = Config::from_lookup(|_| None).unwrap();
        let options = LeptosOptions::builder().output_name("finally").build();
        let guards = Guards::new(&config, (AccessKeys::none(), Tokens::none()), &options);
        let routes = guard(Router::new().route("/broken/{part}", broken), guards);
        let app = App { routes, metrics: metrics.clone() };
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _logging = tracing::subscriber::set_default(lines);

        let request = Request::get("/broken/7").header("host", "localhost").header("x-request-id", "trace-7");
        let mut request = request.body(Body::empty()).unwrap();
        let client = ClientIp([127, 0, 0, 1].into());
        request.extensions_mut().insert(Connection::new(client, client.0, SocketHandoff::default()));
        let response = app.answer(request).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&problem["code"], &problem["request_id"]), (&"internal".into(), &"trace-7".into()));
        assert!(!problem.to_string().contains("the defect"));

        let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines.len(), 2, "{told}");
        assert!(lines[0].contains("ERROR") && lines[0].contains("the defect"), "{told}");
        assert!(lines[1].contains("GET /broken/7") && lines[1].contains("http.status=500"), "{told}");
        assert!(lines[1].contains(r#"http.route="/broken/{part}""#), "{told}");
        assert!(lines.iter().all(|line| line.contains("request.id=trace-7")), "{told}");
        let counted = r#"finally_requests_total{route="/broken/{part}",method="GET",status="500"} 1"#;
        assert!(metrics.write().unwrap().contains(counted));
    }
}
