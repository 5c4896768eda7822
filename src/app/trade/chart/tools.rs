//! Interface of the chart for overlays: its price scale, the pointer's place, and the price that is being chosen.

use leptos::{ev::MouseEvent, prelude::*};

use crate::{domain::money::Price, interop::lightweight_charts::price_scale::PriceScale};

/// Purpose of a price that is chosen on the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    Limit,
    Stop,
    TakeProfit,
    StopLoss,
    Alert,
}

/// The handle to it; copies share it.
#[derive(Clone, Copy)]
pub struct ChartTools {
    /// `None` while nothing is drawn.
    pub scale: RwSignal<Option<PriceScale>>,
    /// Purpose and present price while a price is being chosen.
    pub placing: RwSignal<Option<(Placing, Price)>>,
    /// Position of the open menu, in pixels from the chart's upper left corner.
    pub menu: RwSignal<Option<(f64, f64)>>,
    /// Pointer's place, in pixels below the top of the chart.
    pointed: StoredValue<Option<f64>>,
    /// Something shows the menu.
    pub has_menu: StoredValue<bool>,
}

impl ChartTools {
    pub fn new() -> Self {
        Self {
            scale: RwSignal::new(None),
            placing: RwSignal::new(None),
            menu: RwSignal::new(None),
            pointed: StoredValue::new(None),
            has_menu: StoredValue::new(false),
        }
    }

    /// Takes in where prices stand now.
    pub fn rescale(self, now: Option<PriceScale>) {
        if self.scale.try_get_untracked().is_some_and(|known| known != now) {
            self.scale.set(now);
        }
    }

    /// Takes in where the pointer is.
    pub fn point(self, y: Option<f64>) {
        self.pointed.set_value(y);
    }

    /// Opens the menu of the chart where it was asked for, in place of the browser's.
    pub fn open_menu(self, event: &MouseEvent) {
        if self.has_menu.get_value() {
            event.prevent_default();
            self.menu.set(Some((f64::from(event.offset_x()), f64::from(event.offset_y()))));
        }
    }

    /// Lets a person choose a price: it begins where the pointer is, or at `last`.
    pub fn place(self, placing: Placing, last: Option<Price>) {
        let scale = self.scale.get_untracked();
        let pointed = scale.zip(self.pointed.get_value()).filter(|(scale, y)| scale.shows(*y));
        let price = pointed.and_then(|(scale, y)| scale.price_at(y)).or(last);
        self.placing.set(price.map(|price| (placing, price)));
    }
}
