//! The page, rendered by the server, and its files.

use std::{
    collections::BTreeSet,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use axum::{
    Router,
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
    middleware::map_response,
};
use leptos::{
    config::LeptosOptions,
    prelude::{use_context, with_context},
};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, file_and_error_handler_with_context};
use leptos_router::{Method, SsrMode};
use tower::ServiceBuilder;
use tower_http::{
    compression::CompressionLayer,
    services::{ServeDir, ServeFile, fs::ServeFileSystemResponseBody},
    set_header::{SetResponseHeader, SetResponseHeaderLayer},
};

use super::{router::is_api, security_headers, shape};
use crate::{
    app::{
        Document,
        address::{self, Address},
        render_document,
    },
    server::state::AppState,
};

/// Location of the page's files, and whether their names carry a hash.
#[derive(Debug, Clone)]
pub struct Site {
    pub root: PathBuf,
    pub hash_files: bool,
}

const HASH_FILE: &str = "hash.txt";

impl Site {
    /// Locates the files beside the program, as in the bundle, or where cargo-leptos reports them if it started the
    /// program.
    ///
    /// # Errors
    /// If the program's folder is unknown.
    pub fn locate() -> io::Result<Self> {
        let program = env::current_exe()?;
        let folder = program.parent().map(PathBuf::from).unwrap_or_default();
        let root = env::var_os("LEPTOS_SITE_ROOT").map_or_else(|| folder.join("site"), PathBuf::from);
        let hash_files = match env::var("LEPTOS_HASH_FILES") {
            Ok(value) => value == "true",
            Err(_) => folder.join(HASH_FILE).exists(),
        };
        Ok(Self { root, hash_files })
    }

    /// Identifies the page's build: a hash over its files' hashes. During development files have no hashes, and their
    /// time of change is used.
    pub fn build(&self) -> Arc<str> {
        let mut hasher = DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        let program = env::current_exe().unwrap_or_default();
        let hashes = fs::read(program.with_file_name(HASH_FILE)).ok().filter(|_| self.hash_files);
        match hashes {
            Some(hashes) => hashes.hash(&mut hasher),
            None => age(&program).hash(&mut hasher),
        }
        format!("{:016x}", hasher.finish()).into()
    }

    /// Options for Leptos.
    pub fn leptos_options(&self) -> LeptosOptions {
        let reload_port = env::var("LEPTOS_RELOAD_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8001);
        LeptosOptions::builder()
            .output_name("finally")
            .site_root(self.root.to_string_lossy().into_owned())
            .site_pkg_dir("pkg")
            .hash_files(self.hash_files)
            .reload_port(reload_port)
            .build()
    }
}

/// A file's modification time and length.
fn age(path: &Path) -> Option<(SystemTime, u64)> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

const SERVICE_WORKER: &str = "/sw.js";

/// The service worker's script. Browsers check it for a new version at each visit; its policy permits requests to this
/// server only.
fn service_worker(
    options: &LeptosOptions,
) -> SetResponseHeader<SetResponseHeader<ServeFile, HeaderValue>, HeaderValue> {
    ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, security_headers::WORKER_POLICY))
        .service(ServeFile::new(format!("{}{SERVICE_WORKER}", options.site_root)))
}

/// Paths of the page's files. Other paths are rendered.
#[derive(Debug, Clone)]
pub struct PageFiles {
    package: Arc<str>,
    /// Files outside the package, as at the start; at most [`FILES_MAX`].
    others: Arc<BTreeSet<String>>,
}

/// Address of the script that loads the program's lazy parts; the page's main script imports it.
fn loader_address(options: &LeptosOptions) -> String {
    let hashes = env::current_exe().and_then(|program| fs::read_to_string(program.with_file_name(HASH_FILE)));
    let hashes = hashes.ok().filter(|_| options.hash_files).unwrap_or_default();
    let hash = hashes.lines().find_map(|line| line.strip_prefix("split: ")).unwrap_or(UNHASHED);
    format!("/{}/__wasm_split.{hash}.js", options.site_pkg_dir)
}

/// Placeholder that cargo-leptos writes instead of a hash.
const UNHASHED: &str = "______________________";

/// More files than a site has outside its package.
const FILES_MAX: usize = 256;

impl PageFiles {
    pub fn of(options: &LeptosOptions) -> Self {
        // A missing site has no files; a warning at the start reports it.
        let entries = fs::read_dir(&*options.site_root).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let paths = files.filter_map(|file| Some(format!("/{}", file.file_name().to_str()?)));
        Self {
            package: format!("/{}/", options.site_pkg_dir).into(),
            others: Arc::new(paths.take(FILES_MAX).collect()),
        }
    }

    pub fn contain(&self, path: &str) -> bool {
        path.starts_with(&*self.package) || self.others.contains(path)
    }
}

/// Sets the status of a page that says that there is none: its path is a route's, but names no ticker. Server functions
/// come here too, and set their own.
fn set_status() {
    let is_page = with_context(|request: &Parts| !is_api(request.uri.path()));
    if let (Some(true), Address::Unknown, Some(response)) = (is_page, Address::here(), use_context::<ResponseOptions>())
    {
        response.set_status(StatusCode::NOT_FOUND);
    }
}

/// The page and its files: every path outside the API.
pub fn router(state: &AppState) -> Router<AppState> {
    let options = &state.leptos_options;
    let package = format!("{}/{}", options.site_root, options.site_pkg_dir);
    // A hashed name's content never changes; a missing one may appear with the next build.
    let caching = if options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" };
    let cache = move |answer: &Response<ServeFileSystemResponseBody>| {
        answer.status().is_success().then(|| HeaderValue::from_static(caching))
    };
    let files = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, cache))
        .service(ServeDir::new(package).precompressed_br().precompressed_gzip());
    let reload_sources = security_headers::reload_sources(options);
    let set_policy = move || security_headers::set_page_policy(&reload_sources);
    let prepare = {
        let set_policy = set_policy.clone();
        move || {
            set_policy();
            set_status();
        }
    };
    // Rendered completely, so that a browser without scripts shows everything too.
    let pages = address::PATHS.map(|path| AxumRouteListing::new(path.to_owned(), SsrMode::Async, [Method::Get], []));
    let about = Document { build: Arc::clone(&state.build), loader: loader_address(options).into() };
    Router::new()
        .leptos_routes_with_context(state, pages.into(), prepare, {
            let (options, about) = (options.clone(), about.clone());
            move || render_document(options.clone(), about.clone())
        })
        .fallback(file_and_error_handler_with_context::<AppState, _>(set_policy, move |options| {
            render_document(options, about.clone())
        }))
        .layer(map_response(shape::write))
        .layer(CompressionLayer::new())
        .route_service(SERVICE_WORKER, service_worker(options))
        .nest_service(&format!("/{}", options.site_pkg_dir), files)
}
