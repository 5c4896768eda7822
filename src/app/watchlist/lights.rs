//! Light over the prices that have just moved, green or red, and fading: over those in sight, and on a change only.
//!
//! It is one drawing over the list, with one animation. A light in each row would be a layer of the browser's for each of
//! them, made anew with every tick, which costs more than all else that a tick does.

use std::{cell::RefCell, collections::HashMap, fmt::Write, rc::Rc};

use js_sys::{Array, Object, Reflect};
use leptos::{
    html::Ul,
    prelude::*,
    svg::{Path, Svg},
};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    Animation, Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, KeyframeEffect,
};

use super::row::ticker_at;
use crate::{
    app::{
        effects::effect,
        erase::{Erase, Piece},
        market::{Market, Move},
        media::use_media,
    },
    domain::{quote::Direction, ticker::Ticker},
};

const OPACITY: f64 = 0.45;
const DURATION_MS: f64 = 600.0;

/// The lights of `list`, which shows `order`; to be put into it, below its rows.
pub fn show_lights(list: NodeRef<Ul>, market: Market, order: Memo<Vec<Ticker>>) -> Piece {
    let (drawing, rises, falls) = (NodeRef::<Svg>::new(), NodeRef::<Path>::new(), NodeRef::<Path>::new());
    let is_still = use_media("(prefers-reduced-motion: reduce)");
    effect(move || {
        let (Some(list), Some(drawing)) = (list.get(), drawing.get()) else {
            return;
        };
        let (Some(rises), Some(falls)) = (rises.get(), falls.get()) else {
            return;
        };
        let Some(sight) = Sight::begin(&list) else {
            return;
        };
        let sight = Rc::new(sight);
        let Some(animation) = fade(&drawing, is_still.get()) else {
            return;
        };
        let lights = Rc::new(Lights { drawing: drawing.into(), rises: rises.into(), falls: falls.into(), animation });
        effect({
            let (lights, sight) = (Rc::clone(&lights), Rc::clone(&sight));
            move || market.moves.with(|moves| lights.show(moves, &sight))
        });
        effect(move || {
            order.track();
            // They lie where the rows were.
            lights.end();
            let (list, sight) = (list.clone(), Rc::clone(&sight));
            // New rows stand after the effects of the change.
            request_animation_frame(move || sight.watch_rows(&list));
        });
    });
    view! {
        <li class="lights" aria-hidden="true">
            <svg node_ref=drawing>
                <path class="up" node_ref=rises/>
                <path class="down" node_ref=falls/>
            </svg>
        </li>
    }
    .erase()
}

/// An animation to be played with every tick; nothing in a browser that has none.
fn fade(drawing: &Element, is_still: bool) -> Option<Animation> {
    let keyframes = Object::new();
    let easing = if is_still { "step-end" } else { "ease-out" };
    let steps = Array::of2(&OPACITY.into(), &0.0.into());
    Reflect::set(&keyframes, &"opacity".into(), &steps).ok()?;
    Reflect::set(&keyframes, &"easing".into(), &easing.into()).ok()?;
    let effect =
        KeyframeEffect::new_with_opt_element_and_keyframes_and_f64(Some(drawing), Some(&keyframes), DURATION_MS)
            .ok()?;
    Animation::new_with_effect(Some(&effect)).ok()
}

struct Lights {
    drawing: Element,
    rises: Element,
    falls: Element,
    animation: Animation,
}

impl Drop for Lights {
    fn drop(&mut self) {
        self.animation.cancel();
    }
}

impl Lights {
    /// Lights up what moved and is in sight; a light that is still there goes out.
    fn show(&self, moves: &[Move], sight: &Sight) {
        let (mut rises, mut falls) = (String::new(), String::new());
        let origin = self.drawing.get_bounding_client_rect();
        let prices = sight.prices.borrow();
        for Move { ticker, direction } in moves {
            let (Some(price), Some(path)) = (
                prices.get(ticker),
                match direction {
                    Direction::Up => Some(&mut rises),
                    Direction::Down => Some(&mut falls),
                    Direction::Flat => None,
                },
            ) else {
                continue;
            };
            let place = price.get_bounding_client_rect();
            let (x, y, width) = (place.x() - origin.x(), place.y() - origin.y(), place.width());
            // Writing to a string does not fail.
            let _ = write!(path, "M{x} {y}h{width}v{}h-{width}z", place.height());
        }
        if rises.is_empty() && falls.is_empty() {
            return;
        }
        for (path, boxes) in [(&self.rises, &rises), (&self.falls, &falls)] {
            // Only a malformed name could be refused.
            let _ = path.set_attribute("d", boxes);
        }
        self.animation.set_current_time(Some(0.0));
        // Fails for endless animations alone.
        let _ = self.animation.play();
    }

    fn end(&self) {
        // As above.
        let _ = self.animation.finish();
    }
}

/// The rows that can be seen, by their prices' elements. Dropping it ends the watch.
struct Sight {
    prices: Rc<RefCell<HashMap<Ticker, Element>>>,
    observer: IntersectionObserver,
    _look: Closure<dyn FnMut(Array)>,
}

impl Sight {
    fn begin(list: &Element) -> Option<Self> {
        let prices = Rc::<RefCell<HashMap<_, _>>>::default();
        let seen = Rc::clone(&prices);
        let look = Closure::<dyn FnMut(Array)>::new(move |entries: Array| look(entries, &mut seen.borrow_mut()));
        let options = IntersectionObserverInit::new();
        options.set_root(Some(list));
        let observer = IntersectionObserver::new_with_options(look.as_ref().unchecked_ref(), &options).ok()?;
        Some(Self { prices, observer, _look: look })
    }

    /// Watches all rows; those that are watched already stay so.
    fn watch_rows(&self, list: &Element) {
        let rows = list.children();
        (0..rows.length()).filter_map(|index| rows.item(index)).for_each(|row| self.observer.observe(&row));
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn look(entries: Array, prices: &mut HashMap<Ticker, Element>) {
    for entry in entries {
        let entry: IntersectionObserverEntry = entry.unchecked_into();
        let row = entry.target();
        let Some(ticker) = ticker_at(&row) else {
            continue;
        };
        match row.query_selector(".price") {
            Ok(Some(price)) if entry.is_intersecting() => drop(prices.insert(ticker, price)),
            _ => drop(prices.remove(&ticker)),
        }
    }
}
