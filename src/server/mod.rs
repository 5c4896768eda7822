//! The server: settings, services, start and graceful stop.

pub mod access;
pub mod alerts;
mod backup;
pub mod caller;
pub mod clock;
pub mod config;
pub mod copilot;
pub mod corporate_actions;
pub mod equity;
pub mod events;
pub mod execution;
mod health_probe;
pub mod http;
pub mod https;
pub mod ledger;
pub mod library;
mod library_events;
pub mod market;
mod mcp_stdio;
pub mod metrics;
pub mod orders;
pub mod pacing;
pub mod parts;
pub mod performance;
mod revoke_access;
pub mod state;
pub mod tokens;
pub mod tools;
pub mod watchlist;

use std::{
    env,
    io::{self, IsTerminal},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use futures::future::try_join_all;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::{AbortHandle, JoinHandle},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

use self::{
    access::AccessKeys,
    alerts::AlertDesk,
    caller::Caller,
    clock::Clock,
    config::{Config, SimulatorConfig, edge::Access, variables::ConfigError},
    copilot::Copilot,
    events::{Events, ping},
    execution::Execution,
    http::{App, Door, FanOut, Site, StreamPlaces},
    ledger::{KeepMarketSeed, Ledger, RecordDay, RecordPrices, StoreError, file_of},
    library::Library,
    market::{
        directory::Directory,
        feed::Feed,
        hours::Hours,
        massive::{Massive, Reference},
        simulator::Simulator,
        wanted::Wanted,
    },
    metrics::Metrics,
    orders::OrderDesk,
    parts::Parts,
    performance::PerformanceDesk,
    state::{AppState, Services},
    tokens::Tokens,
    watchlist::WatchlistService,
};
use crate::{
    domain::{account_id::AccountId, orders::rules::FillModel},
    error::ApiError,
};

/// Time for open requests to finish at a stop.
const DRAIN_MAX: Duration = Duration::from_millis(1_200);

/// Time for the copilot to record an interruption.
const COPILOT_MAX: Duration = Duration::from_millis(200);

/// Time to store the last prices.
const PRICES_MAX: Duration = Duration::from_millis(200);

/// Time for the ledger to close its file after that.
const CLOSE_MAX: Duration = Duration::from_millis(500);

/// Reason why the server did not start: one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot listen on {address}: {cause}; set HOST and PORT to an address that is free, such as PORT=8001")]
    Listen { address: SocketAddr, cause: io::Error },
    #[error("the market's seed cannot be kept, since the database takes no writes; is its disk full?")]
    MarketSeed,
    #[error("no HTTPS client can be made: {0}")]
    HttpsClient(#[from] reqwest::Error),
    #[error("the folder of the program cannot be told: {0}")]
    Site(io::Error),
    #[error("the keys of other machines cannot be read: {0}")]
    Access(ApiError),
    #[error("the open orders cannot be read: {0}")]
    Orders(ApiError),
    #[error("the alerts cannot be read: {0}")]
    Alerts(ApiError),
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    /// Sign-in link for a browser on another machine, if access requires one.
    pub sign_in_link: Option<String>,
    shutdown: CancellationToken,
    /// Cancelled after the last request, to close the ledger.
    closing: CancellationToken,
    serving: JoinHandle<()>,
    copilot: Copilot,
    /// Services needed to store the last prices.
    last_words: (Ledger, Feed, Clock),
    writer: ledger::Ended,
    feed: AbortHandle,
    parts: Parts,
}

impl Server {
    /// Opens the database, starts the market and listens.
    ///
    /// # Errors
    /// If a part cannot start; everything is stopped then.
    pub async fn start(config: Config, site: Site) -> Result<Self, StartError> {
        let shutdown = CancellationToken::new();
        let (metrics, closing, clock) = (Metrics::default(), CancellationToken::new(), config.clock);
        let parts = Parts::new(shutdown.clone());
        let hours = if config.massive.is_some() { Hours::Exchange } else { config.simulator.hours };
        let (ledger, writer) =
            Ledger::open(&config.database_url, clock, hours, metrics.clone(), closing.clone()).await?;
        parts.spawn("the ledger", writer.clone().cancelled_owned());
        let address = SocketAddr::new(config.host, config.port);
        let failed = |cause| StartError::Listen { address, cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;

        let directory = Arc::new(match &config.massive {
            Some(massive) => Directory::Massive(Reference::new(massive.clone(), clock)?),
            None => Directory::Simulator,
        });
        let wanted = Wanted::start(ledger.wanted(), ledger.watched(), &parts);
        let (followed, stop) = (wanted.subscribe(), shutdown.clone());
        let ((feed, feed_task), company_actions) = match &config.massive {
            Some(massive) => {
                let massive = Massive::new(massive.clone(), clock)?;
                let company_actions = massive.company_actions();
                (Feed::start(massive, followed, clock, stop).await, Some(company_actions))
            }
            None => {
                let simulator = simulator(&ledger, config.simulator, clock).await?;
                // Only the strict model looks at volumes.
                let is_strict = config.fills.model == FillModel::Strict;
                let simulator = if is_strict { simulator.with_volume() } else { simulator };
                (Feed::start(simulator, followed, clock, stop).await, None)
            }
        };
        let feed_end = feed_task.abort_handle();
        parts.spawn("the market feed", async {
            // A panic was already printed on stderr.
            let _ = feed_task.await;
        });
        let performance = PerformanceDesk::new(ledger.clone(), feed.clone(), wanted.clone(), clock, config.benchmark);
        let keeper = equity::keep(performance.clone(), metrics.clone(), shutdown.clone());
        parts.spawn("the equity curve's keeper", keeper);
        if let Some(reference) = company_actions {
            let (ledger, feed, stop) = (ledger.clone(), feed.clone(), shutdown.clone());
            let following = corporate_actions::follow(reference, ledger, feed, clock, stop);
            parts.spawn("the splits and dividends", following);
        }
        let execution = Execution::new(feed.clone(), wanted.clone(), ledger.clone(), clock, config.fills);
        let marks = orders::matcher::start(&ledger, &feed, (clock, config.fills), metrics.clone(), &parts)
            .await
            .map_err(StartError::Orders)?;
        let orders = OrderDesk::new(feed.clone(), execution.clone(), ledger.clone(), (clock, config.fills), marks);
        let verdicts = alerts::watcher::start(&ledger, &feed, (clock, config.fills), metrics.clone(), &parts)
            .await
            .map_err(StartError::Alerts)?;
        let alerts = AlertDesk::new(ledger.clone(), wanted.clone(), clock, verdicts);
        let watchlist = WatchlistService::new(ledger.clone(), Arc::clone(&directory), clock);
        let copilot_parts = copilot::Parts {
            ledger: ledger.clone(),
            feed: feed.clone(),
            execution: execution.clone(),
            orders: orders.clone(),
            alerts: alerts.clone(),
            watchlist: watchlist.clone(),
            performance: performance.clone(),
            clock,
            metrics: metrics.clone(),
            shutdown: shutdown.clone(),
            kept_path: copilot::path_beside(&config.database_url),
            port: address.port(),
        };
        let copilot = Copilot::new(&config.copilot, copilot_parts)?;
        if let Err(cause) = copilot.close_turns().await {
            warn!(copilot.cause = %cause, "what the last end cut off is closed with the next message");
        }
        let last_words = (ledger.clone(), feed.clone(), clock);
        let build = site.build();
        let progress = config.patience.progress;
        let fan_out = FanOut::start(&feed.subscribe(), &ping(&build), &metrics, &parts, progress);
        let events = Events::new(ledger.clone(), parts.clone(), progress);
        let (access, token) = AccessKeys::open(&config, ledger.clone(), clock).await.map_err(StartError::Access)?;
        let tokens = Tokens::open(ledger.clone(), clock).await.map_err(StartError::Access)?;
        let library = library(&config, &ledger, &parts, &copilot)?;
        let services = Services {
            access,
            tokens,
            execution,
            watchlist,
            directory,
            clock,
            wanted,
            feed,
            ledger,
            copilot: copilot.clone(),
            library,
            streams: StreamPlaces::new(&config.limits, metrics.clone()),
            fan_out,
            events,
            orders,
            alerts,
            performance,
            build,
            metrics,
            parts: parts.clone(),
            shutdown: shutdown.clone(),
            leptos_options: site.leptos_options(),
        };
        let app = App::new(services.into(), &config);
        let serving = http::serve(listener, app, shutdown.clone(), Door::new(&config));
        let serving = parts.spawn("the listener", serving);
        let sign_in_link = token.map(|token| token.link(&config, address));
        Ok(Self {
            address,
            sign_in_link,
            shutdown,
            closing,
            serving,
            copilot,
            last_words,
            writer,
            feed: feed_end,
            parts,
        })
    }

    /// Ends the streams with their last event, lets requests finish, writes queued changes and closes the database.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        // A finished task must not be polled again.
        if !self.serving.is_finished() {
            match timeout(DRAIN_MAX, &mut self.serving).await {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => error!(%cause, "the listener panicked"),
                Err(_) => {
                    warn!("some requests did not end in time and are cut");
                    self.serving.abort();
                }
            }
        }
        if timeout(COPILOT_MAX, self.copilot.finish()).await.is_err() {
            warn!("the copilot's turn did not end in time; it is closed at the next start");
        }
        let (ledger, feed, clock) = self.last_words;
        let prices = feed.latest();
        let accounts = ledger.accounts();
        let keep = try_join_all(accounts.into_iter().map(|account| {
            let (prices, again) = (Arc::clone(&prices), Arc::clone(&prices));
            let (ledger, at) = (&ledger, clock());
            async move {
                ledger.submit(account, RecordPrices { prices }).await?;
                ledger.submit(account, RecordDay { prices: again, at }).await
            }
        }));
        match timeout(PRICES_MAX, keep).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => warn!("the last prices were not kept; those of a minute ago are there"),
        }
        self.feed.abort();
        self.closing.cancel();
        if timeout(CLOSE_MAX, self.writer.cancelled()).await.is_err() {
            warn!("the database was not closed in time; it recovers at the next start");
        }
    }

    /// Waits until a part ends that should run until shutdown.
    async fn failed(&self) -> &'static str {
        self.parts.failed().await
    }
}

/// The library beside this database, which resumes interrupted work.
fn library(config: &Config, ledger: &Ledger, parts: &Parts, copilot: &Copilot) -> Result<Library, StoreError> {
    let database = file_of(&config.database_url)?;
    let tell = library_events::start(ledger.clone(), parts);
    let (reader, copilot) = (copilot, copilot.clone());
    let model = Arc::new(move || copilot.llm());
    let library = Library::new(config.library.clone(), &database, config.clock, parts.clone(), tell, model);
    library.resume();
    reader.read_library(library.link());
    Ok(library)
}

/// The market of this database, or of the configured seed.
async fn simulator(ledger: &Ledger, config: SimulatorConfig, clock: Clock) -> Result<Simulator, StartError> {
    let keep = KeepMarketSeed { given: config.seed, drawn: rand::random() };
    let kept = ledger.submit(AccountId::DEFAULT, keep).await.map_err(|_| StartError::MarketSeed)?;
    if let Some(replaced) = kept.replaced {
        warn!(
            "SIM_SEED={} is another market than the database had (seed {replaced}): all prices are its own",
            kept.seed
        );
    }
    Ok(Simulator::new(kept.seed, config.tick, clock, config.hours))
}

/// The services of this request, inside a server function.
///
/// # Errors
/// If called outside a request.
pub fn state() -> Result<AppState, ApiError> {
    leptos::prelude::use_context().ok_or(ApiError::Internal)
}

/// The services of this request and its caller, inside a server function.
///
/// # Errors
/// If called outside a request.
pub fn request() -> Result<(AppState, Caller), ApiError> {
    let caller = leptos::prelude::with_context(Caller::of).flatten().ok_or(ApiError::SignInNeeded)?;
    Ok((state()?, caller))
}

const USAGE: &str = "\
FinAlly, the AI trading workstation.

  finally            serve the workstation (settings: see .env.example)
  finally --backup FILE   copy the database that DATABASE_URL names, while the server runs, and check the copy
  finally --revoke-access   sign all browsers and scripts of other machines out, while the server is stopped
  finally --extract TYPE PAGE   read a document from standard input, for the library
  finally --library-eval FOLDER   measure the library's search on a folder of questions with known answers
  finally --mcp      hand messages of the Model Context Protocol from standard input to the running server
  finally --health   exit with 0 when the server on HOST and PORT lives, else with 1
  finally --version  print the version
";

/// The program: serves until SIGTERM or SIGINT, or runs the command of its one argument.
pub fn run() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run_server(),
        ["--health"] => health_probe::run(),
        ["--mcp"] => mcp_stdio::run(),
        ["--backup", target] => backup::run(target),
        ["--revoke-access"] => revoke_access::run(),
        ["--library-eval", folder] => library::eval::run(folder),
        ["--extract", media_type, first] => library::extract::run(media_type, first),
        ["--version"] => {
            println!("finally {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        ["--help"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn run_server() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&format!("the runtime cannot start: {cause}")),
    };
    match runtime.block_on(serve()) {
        Ok(None) => ExitCode::SUCCESS,
        // A supervisor restarts the program.
        Ok(Some(_)) => ExitCode::FAILURE,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(reason: &str) -> ExitCode {
    eprintln!("FinAlly cannot start: {reason}");
    ExitCode::FAILURE
}

/// Serves until a signal, or until a part fails; returns the failed part's name.
async fn serve() -> Result<Option<&'static str>, StartError> {
    let config = Config::from_env()?;
    start_logging(config.log_filter.as_deref());
    config.warnings.iter().for_each(|line| warn!("{line}"));
    let site = Site::locate().map_err(StartError::Site)?;
    let site_root = site.root.clone();
    let is_open = config.edge.access == Access::Open;
    let server = Server::start(config, site).await?;
    if !site_root.is_dir() {
        warn!(site.root = %site_root.display(), "the page's files are not there; the REST API works all the same");
    }
    println!("FinAlly is ready on http://{}", reachable(server.address));
    if let Some(link) = &server.sign_in_link {
        println!("Other machines sign in once with {link}");
    }
    if is_open {
        warn!(server.address = %server.address, "ACCESS=open: whoever reaches this server trades without signing in");
    }
    let failed = tokio::select! {
        () = stop_signal() => {
            info!("stopping");
            None
        }
        part = server.failed() => {
            error!("{part} ended by itself; stopping");
            Some(part)
        }
    };
    server.stop().await;
    Ok(failed)
}

/// Logs readable lines to stderr; stdout only gets the line with the address.
fn start_logging(filter: Option<&str>) {
    let filter = filter.and_then(|filter| EnvFilter::try_new(filter).ok()).unwrap_or_else(|| EnvFilter::new("info"));
    let is_terminal = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(io::stderr).init();
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(loopback, address.port())
}

async fn stop_signal() {
    let wait_for = |kind| async move {
        match signal(kind) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            // Without a handler the signal ends the program directly.
            Err(cause) => {
                warn!(%cause, "a stop signal cannot be caught");
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        () = wait_for(SignalKind::terminate()) => {}
        () = wait_for(SignalKind::interrupt()) => {}
    }
}
