//! Times on a chart's axis and crosshair, in the reader's own time zone; the library would write UTC.

use std::{cell::Cell, rc::Rc};

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::{JsValue, prelude::Closure};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The library's `TickMarkType`.
const YEAR: u32 = 0;
const MONTH: u32 = 1;
const DAY_OF_MONTH: u32 = 2;
const TIME_WITH_SECONDS: u32 = 4;

/// The functions that a chart writes its times with; the chart's handle keeps them for as long as the chart stands.
pub struct LocalTime {
    has_whole_days: Rc<Cell<bool>>,
    mark: Closure<dyn FnMut(f64, u32) -> String>,
    moment: Closure<dyn FnMut(f64) -> String>,
}

impl LocalTime {
    pub fn new() -> Self {
        let has_whole_days = Rc::new(Cell::new(false));
        let mark = {
            let has_whole_days = has_whole_days.clone();
            Closure::new(move |unix_seconds, kind| Moment::new(unix_seconds, has_whole_days.get()).mark(kind))
        };
        let moment = {
            let has_whole_days = has_whole_days.clone();
            Closure::new(move |unix_seconds| Moment::new(unix_seconds, has_whole_days.get()).in_full())
        };
        Self { has_whole_days, mark, moment }
    }

    /// Whether the points are whole days; these are UTC's, and have no time.
    pub fn set_whole_days(&self, has_whole_days: bool) {
        self.has_whole_days.set(has_whole_days);
    }

    /// Puts the functions into a chart's options.
    pub fn put_into(&self, options: &JsValue) {
        // Invariant: options are plain objects, which take any property.
        let set = |target: &JsValue, name: &str, value: &JsValue| {
            Reflect::set(target, &name.into(), value).expect("options are plain objects");
        };
        let localization = Object::new();
        set(&localization, "timeFormatter", self.moment.as_ref());
        set(options, "localization", &localization);
        let time_scale = Reflect::get(options, &"timeScale".into()).expect("options are plain objects");
        set(&time_scale, "tickMarkFormatter", self.mark.as_ref());
    }
}

/// A point's time, to be written.
struct Moment {
    date: Date,
    is_whole_day: bool,
}

impl Moment {
    fn new(unix_seconds: f64, is_whole_day: bool) -> Self {
        let date = Date::new(&JsValue::from_f64(unix_seconds * 1_000.0));
        if is_whole_day {
            // The local getters then tell UTC's day.
            date.set_time(date.get_time() + date.get_timezone_offset() * 60_000.0);
        }
        Self { date, is_whole_day }
    }

    /// A label of the axis: as much as tells it from its neighbours.
    fn mark(&self, kind: u32) -> String {
        match kind {
            YEAR => self.date.get_full_year().to_string(),
            MONTH => self.month().to_owned(),
            DAY_OF_MONTH => self.day(),
            TIME_WITH_SECONDS => format!("{}:{:02}", self.minute(), self.date.get_seconds()),
            _ => self.minute(),
        }
    }

    /// `24 Nov 2026`, `24 Nov 14:05:09`
    fn in_full(&self) -> String {
        if self.is_whole_day {
            format!("{} {}", self.day(), self.date.get_full_year())
        } else {
            format!("{} {}:{:02}", self.day(), self.minute(), self.date.get_seconds())
        }
    }

    fn month(&self) -> &'static str {
        MONTHS[self.date.get_month() as usize % MONTHS.len()]
    }

    /// `24 Nov`
    fn day(&self) -> String {
        format!("{} {}", self.date.get_date(), self.month())
    }

    /// `14:05`
    fn minute(&self) -> String {
        format!("{:02}:{:02}", self.date.get_hours(), self.date.get_minutes())
    }
}
