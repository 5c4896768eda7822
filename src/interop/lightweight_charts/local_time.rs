//! Times on a chart's axis and crosshair in the reader's time zone. The library by itself uses UTC, for labels and for
//! the boundaries of days.

use std::{cell::Cell, rc::Rc};

use js_sys::{Array, Date, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};

use super::bindings::{Chart, TimeBehavior, TimePoint};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Values of the library's `TickMarkType`.
const YEAR: u32 = 0;
const MONTH: u32 = 1;
const DAY_OF_MONTH: u32 = 2;
const TIME_WITH_SECONDS: u32 = 4;

/// Weighs the times of an axis, from an index on.
type Weigh = dyn FnMut(Array<TimePoint>, u32);

/// Functions that format a chart's times; the chart's handle keeps them alive.
pub struct LocalTime {
    has_whole_days: Rc<Cell<bool>>,
    mark: Closure<dyn FnMut(f64, u32) -> String>,
    moment: Closure<dyn FnMut(f64) -> String>,
    weigh: Option<Closure<Weigh>>,
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
        Self { has_whole_days, mark, moment, weigh: None }
    }

    /// Sets whether the points are whole UTC days, which have no time of day.
    pub fn set_whole_days(&self, has_whole_days: bool) {
        self.has_whole_days.set(has_whole_days);
    }

    /// Places the axis's marks at boundaries of the reader's local days.
    pub fn weigh(&mut self, chart: &Chart) {
        let (behavior, has_whole_days) = (chart.time_behavior(), self.has_whole_days.clone());
        let library_s = behavior.weigh();
        let weigh = {
            let behavior = behavior.clone();
            Closure::new(move |points: Array<TimePoint>, first: u32| {
                let before = first.saturating_sub(1);
                let local = Array::<TimePoint>::new_typed();
                for point in points.slice(before, points.length()).iter() {
                    local.push(&local_point(&behavior, &point, has_whole_days.get()));
                }
                // The argument consists of times that the library has parsed itself, so this cannot fail.
                if library_s.call2(&behavior, &local, &(first - before).into()).is_ok() {
                    for index in first..points.length() {
                        points.get(index).set_weight(&local.get(index - before).weight());
                    }
                }
            })
        };
        behavior.set_weigh(weigh.as_ref());
        self.weigh = Some(weigh);
    }

    /// Sets the functions in a chart's options.
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

/// Shifts a point so that UTC's clock shows what the reader's clock shows for the original.
fn local_point(behavior: &TimeBehavior, point: &TimePoint, is_whole_day: bool) -> TimePoint {
    let unix_seconds = behavior.key(&point.time());
    let offset_seconds =
        if is_whole_day { 0.0 } else { Date::new(&(unix_seconds * 1_000.0).into()).get_timezone_offset() * 60.0 };
    let local: TimePoint = Object::new().unchecked_into();
    local.set_time(&behavior.read_time(unix_seconds - offset_seconds));
    local
}

/// A point's time, to be formatted.
struct Moment {
    date: Date,
    is_whole_day: bool,
}

impl Moment {
    fn new(unix_seconds: f64, is_whole_day: bool) -> Self {
        let date = Date::new(&JsValue::from_f64(unix_seconds * 1_000.0));
        if is_whole_day {
            // After this the local getters return UTC's day.
            date.set_time(date.get_time() + date.get_timezone_offset() * 60_000.0);
        }
        Self { date, is_whole_day }
    }

    /// Axis label: only the parts that differ from its neighbours.
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
