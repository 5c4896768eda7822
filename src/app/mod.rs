//! The page: its frame (`shell`), its views (`trade`), shared modules, and the addresses of views.

mod account;
pub mod address;
mod changes;
mod commands;
mod copilot;
mod download;
mod effects;
mod erase;
mod feed;
mod flash;
mod format;
mod hands;
mod library;
mod loading;
mod look;
mod market;
mod media;
mod modal;
mod names;
mod navigation;
mod network;
mod parts;
mod performance;
mod presses;
mod resort_timer;
mod rows;
mod shell;
mod size;
mod storage;
mod toast;
mod trade;
mod upgrade;
mod virtual_list;
mod workspace;

use std::sync::Arc;

use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};

use crate::interop::lightweight_charts;
use address::Address;
use erase::Erase;
use look::provide_look;
use shell::WorkstationPage;

/// The page's own scripts: they run before the WebAssembly arrives, or after it has stopped.
const SCRIPTS: &str = concat!(
    include_str!("scripts/before_paint.js"),
    include_str!("scripts/stopped.js"),
    include_str!("scripts/as_served.js"),
    include_str!("scripts/replaced_text.js"),
);

/// Properties of the program that are written into the document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Identifies the page's build.
    pub build: Arc<str>,
    /// Address of the script that loads the program's lazy parts.
    pub loader: Arc<str>,
}

/// Address of the typeface, which the style sheet uses (`style/tokens.css`).
const FONT: &str = "/inter-5.3.0.woff2";

/// The document around the page, rendered only by the server.
pub fn render_document(options: LeptosOptions, document: Document) -> impl IntoView {
    let Document { build, loader } = document;
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme="dark" data-build=build.to_string()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content, viewport-fit=cover"/>
                <meta name="color-scheme" content="dark light"/>
                <meta name="theme-color" content="#0f151c" media="(prefers-color-scheme: dark)"/>
                <meta name="theme-color" content="#ffffff" media="(prefers-color-scheme: light)"/>
                <meta name="description" content="FinAlly: live prices, a simulated portfolio, and a copilot."/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="apple-touch-icon" href="/icon-192.png"/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <script nonce=use_nonce() inner_html=SCRIPTS></script>
                <link rel="preload" href=FONT r#as="font" type="font/woff2" crossorigin="anonymous"/>
                <HashedStylesheet options=options.clone() id="style"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                // The page's main script imports it, and would request it only then.
                <link rel="modulepreload" href=loader.to_string()/>
                // Loaded in parallel to the page's own code, which does not wait for it.
                <link rel="modulepreload" href=lightweight_charts::ADDRESS fetchpriority="low"/>
                <MetaTags/>
            </head>
            <body>
                <App/>
                <noscript>
                    <p class="stopped">"Without JavaScript nothing here is live: prices stand still, and nothing can be traded."</p>
                </noscript>
            </body>
        </html>
    }
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_look();
    let page = match Address::here() {
        Address::Unknown => view! { <NotFound/> }.erase(),
        address => view! { <WorkstationPage address/> }.erase(),
    };
    view! {
        <Title text="FinAlly"/>
        {page}
    }
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <main class="notice">
            <h1>"There is no such page"</h1>
            <p><a href="/">"Go to the workstation"</a></p>
        </main>
    }
}
