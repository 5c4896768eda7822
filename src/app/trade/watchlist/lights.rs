//! Light over the prices that have just moved, green or red, and fading: over those in sight, and on a change only.
//!
//! It is one drawing over the list, with one animation. A light in each row would be a layer of the browser's for each of
//! them, made anew with every tick, which costs more than all else that a tick does.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
    fmt::Write,
    rc::Rc,
};

use js_sys::{Array, Object, Reflect};
use leptos::{
    html::Ul,
    prelude::*,
    svg::{Path, Svg},
};
use web_sys::{Animation, DomRect, Element, KeyframeEffect};

use crate::{
    app::{
        effects::effect,
        erase::{Erase, Piece},
        market::{Market, Move},
        media::use_media,
        virtual_list::VirtualList,
    },
    domain::ticker::Ticker,
};

const OPACITY: f64 = 0.45;
const DURATION_MS: f64 = 600.0;

/// The lights of `list`, which shows `order`, as far as it is seen through `virtual_list`; to be put into it, below its rows.
pub fn show_lights(list: NodeRef<Ul>, market: Market, order: Memo<Vec<Ticker>>, virtual_list: VirtualList) -> Piece {
    let (drawing, rises, falls) = (NodeRef::<Svg>::new(), NodeRef::<Path>::new(), NodeRef::<Path>::new());
    let is_still = use_media("(prefers-reduced-motion: reduce)");
    effect(move || {
        let (Some(list), Some(drawing)) = (list.get(), drawing.get()) else {
            return;
        };
        let (Some(rises), Some(falls)) = (rises.get(), falls.get()) else {
            return;
        };
        // A flash is a motion too.
        if is_still.get() {
            return;
        }
        let Some(animation) = fade(&drawing) else {
            return;
        };
        let lights = Rc::new(Lights {
            list: list.into(),
            drawing: drawing.into(),
            rises: rises.into(),
            falls: falls.into(),
            animation,
            prices: RefCell::default(),
        });
        effect({
            let lights = Rc::clone(&lights);
            move || market.moves.with(|moves| untrack(|| lights.show(moves, virtual_list)))
        });
        effect(move || {
            order.track();
            lights.end();
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
fn fade(drawing: &Element) -> Option<Animation> {
    let keyframes = Object::new();
    let steps = Array::of2(&OPACITY.into(), &0.0.into());
    Reflect::set(&keyframes, &"opacity".into(), &steps).ok()?;
    Reflect::set(&keyframes, &"easing".into(), &"ease-out".into()).ok()?;
    let effect =
        KeyframeEffect::new_with_opt_element_and_keyframes_and_f64(Some(drawing), Some(&keyframes), DURATION_MS)
            .ok()?;
    Animation::new_with_effect(Some(&effect)).ok()
}

struct Lights {
    list: Element,
    drawing: Element,
    rises: Element,
    falls: Element,
    animation: Animation,
    /// Where prices stand, found when they are first lit.
    prices: RefCell<HashMap<Ticker, Element>>,
}

impl Drop for Lights {
    fn drop(&mut self) {
        self.animation.cancel();
    }
}

impl Lights {
    /// Lights up what moved and is in sight; a light that is still there goes out.
    fn show(&self, moves: &[Move], virtual_list: VirtualList) {
        let (mut rises, mut falls) = (String::new(), String::new());
        let origin = self.drawing.get_bounding_client_rect();
        for Move { ticker, is_rise } in moves.iter().filter(|moved| virtual_list.sees(moved.ticker)) {
            let Some(place) = self.place(*ticker) else {
                continue;
            };
            let (x, y, width, height) = (place.x() - origin.x(), place.y() - origin.y(), place.width(), place.height());
            // Writing to a string does not fail.
            let _ = write!(if *is_rise { &mut rises } else { &mut falls }, "M{x} {y}h{width}v{height}h-{width}z");
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

    /// Where the price of a ticker stands, if the list has it.
    fn place(&self, ticker: Ticker) -> Option<DomRect> {
        let mut prices = self.prices.borrow_mut();
        let price = match prices.entry(ticker) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(self.list.query_selector(&format!("[data-ticker=\"{ticker}\"] .price")).ok()??)
            }
        };
        Some(price.get_bounding_client_rect())
    }

    /// Puts the light out, and looks for the prices anew: they may stand elsewhere, or be gone.
    fn end(&self) {
        // As above.
        let _ = self.animation.finish();
        self.prices.borrow_mut().clear();
    }
}
