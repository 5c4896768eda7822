//! Effects, tasks and memos behind one pointer each: the client then holds their machinery once, not for every closure.

use std::pin::Pin;

use leptos::{
    prelude::*,
    task::{spawn_local, spawn_local_scoped_with_cancellation},
};

/// Runs in the browser, and again whenever what it read has changed; ends with the calling component or effect.
pub fn effect(run: impl Fn() + 'static) {
    begin(Box::new(run));
}

fn begin(run: Box<dyn Fn()>) {
    Effect::new(run);
}

/// Runs to its end, or to that of the calling effect.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    spawn_local_scoped_with_cancellation(task);
}

/// Runs to its end, whatever becomes of the one who called.
pub fn detach(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    spawn_local(task);
}

/// A value worked out of others, and told on when it becomes another one.
pub fn memo<T: PartialEq + Send + Sync + 'static>(value: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    remember(Box::new(value))
}

fn remember<T: PartialEq + Send + Sync + 'static>(value: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| value())
}
