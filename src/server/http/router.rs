//! All routes, and what every request passes through.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
    response::IntoResponse,
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    csrf::{CsrfLayer, ProtectionError},
};

use super::{
    candles, chat, deadlines, docs, health,
    host::{self, AllowedHosts},
    json_body::BODY_BYTES_MAX,
    limits::{self, RequestRates},
    metrics, observe, openapi, page, portfolio, problem, request_id, security_headers, stream, watchlist,
};
use crate::{
    error::ApiError,
    server::{config::Config, metrics::Metrics, state::AppState},
};

/// The whole server.
pub fn router(state: AppState, config: &Config) -> Router {
    let api = Router::new()
        .merge(health::router())
        .merge(portfolio::router())
        .merge(watchlist::router())
        .merge(candles::router())
        .merge(chat::router())
        .merge(openapi::router())
        .merge(docs::router())
        .merge(stream::router())
        .fallback(async || ApiError::NotFound);
    let metrics = state.metrics.clone();
    let routes = Router::new().merge(page::router(&state)).merge(metrics::router()).nest("/api", api);
    finish(guard(routes, config).with_state(state), metrics)
}

/// What each request passes before its handler, from the outside in. It stands inside of the routes, so that a refusal
/// is told with the route it was for.
fn guard<S: Clone + Send + Sync + 'static>(routes: Router<S>, config: &Config) -> Router<S> {
    let cross_site = |_: ProtectionError| ApiError::CrossSite.into_response();
    let guards = ServiceBuilder::new()
        .layer(from_fn(observe::tell_route))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(from_fn_with_state(AllowedHosts::new(config), host::check))
        .layer(CsrfLayer::new().with_rejection_response(cross_site))
        .layer(from_fn_with_state(RequestRates::new(&config.limits), limits::check_rate))
        .layer(from_fn_with_state(config.patience, deadlines::keep));
    routes.layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).layer(guards)
}

/// What each answer passes on its way out, from the inside out. It stands around the routes as a whole: a route's own
/// layers do not see the headers of axum's "method not allowed".
fn finish(routes: Router, metrics: Metrics) -> Router {
    Router::new()
        .fallback_service(routes)
        .layer(from_fn(problem::render))
        .layer(map_response(security_headers::add))
        .layer(from_fn_with_state(metrics, observe::record))
        .layer(from_fn(request_id::assign))
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
    use tower::ServiceExt;

    use super::*;
    use crate::server::http::serve::ClientIp;

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
        let app = finish(guard(Router::new().route("/broken/{part}", broken), &config), metrics.clone());
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _logging = tracing::subscriber::set_default(lines);

        let request = Request::get("/broken/7").header("host", "localhost").header("x-request-id", "trace-7");
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ClientIp([127, 0, 0, 1].into()));
        let response = app.oneshot(request).await.unwrap();
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
