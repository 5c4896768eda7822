//! The returns of days in a calendar, and of months in a table.

use leptos::prelude::*;

use super::{
    shapes::{Calendar, Field, Year, calendar, scale_of, shade, years},
    store::Desk,
    table::{Panel, show_panel, show_switch, show_table},
    words,
};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece},
    format::signed_percent,
};

/// Sizes in the picture's units: a field with its gap, the names of weekdays, and of months.
const STEP: i64 = 14;
const LEFT: i64 = 30;
const TOP: i64 = 15;

const WEEKDAYS: [(i64, &str); 3] = [(0, "Mon"), (2, "Wed"), (4, "Fri")];

pub fn show_calendar(desk: Desk) -> Piece {
    let is_table = RwSignal::new(false);
    let days = memo(move || {
        desk.view.with(|view| {
            let days = view.as_ref().map_or(&[][..], |view| &view.days);
            let returns: Vec<f64> = days.iter().filter_map(|day| day.return_percent).collect();
            (calendar(days), scale_of(&returns))
        })
    });
    let by_year = memo(move || desk.view.with(|view| view.as_ref().map(|view| years(&view.days)).unwrap_or_default()));
    let scale = move || days.with(|(_, scale)| (*scale > 0.0).then(|| show_scale(*scale)));
    let controls = view! {
        {scale}
        {show_switch("calendar", is_table)}
    }
    .erase();
    let rows = move || {
        let field = |field: &Field| vec![words::date_words(&field.date), words::part(field.percent)];
        days.with(|(calendar, _)| calendar.fields.iter().rev().map(field).collect())
    };
    let titles = || ["Day", "Return"].map(str::to_owned).to_vec();
    let body = view! {
        <div class="scroll calendar" hidden=move || is_table.get() tabindex="0" role="region" aria-label="Calendar of days">
            {move || days.with(|(calendar, scale)| show_fields(calendar, *scale))}
        </div>
        {show_table(is_table, "Returns of days", titles, rows)}
        {move || show_months(&by_year.get())}
    }
    .erase();
    show_panel(Panel { name: "calendar", title: "Days and months", controls, body })
}

fn show_scale(scale: f64) -> Piece {
    let shades = (-5..=5).map(|shade: i64| view! { <i data-shade=shade.to_string()></i> }.erase()).collect_view();
    view! {
        <span class="calendar-scale" translate="no">
            {signed_percent(-scale)}<span aria-hidden="true">{shades}</span>{signed_percent(scale)}
        </span>
    }
    .erase()
}

fn show_fields(calendar: &Calendar, scale: f64) -> Piece {
    let Calendar { fields, weeks, weekdays, months } = calendar;
    let (width, height) = (LEFT + weeks * STEP, TOP + weekdays * STEP);
    let days = WEEKDAYS.map(|(weekday, name)| {
        let y = TOP + weekday * STEP + 10;
        view! { <text x="0" y=y.to_string()>{name}</text> }.erase()
    });
    // A month that has no room for its name before the next one has none.
    let fits = |index: usize| months.get(index + 1).is_none_or(|(next, _)| next - months[index].0 > 1);
    let names = months.iter().enumerate().filter(|(index, _)| fits(*index)).map(|(_, (week, month))| {
        let x = LEFT + week * STEP;
        view! { <text x=x.to_string() y="10">{words::month_word(*month)}</text> }.erase()
    });
    let squares = fields.iter().map(|field| show_field(field, scale));
    view! {
        <svg
            viewBox=format!("0 0 {width} {height}")
            width=width.to_string()
            height=height.to_string()
            role="img"
            aria-label="Return of each day; “Show as table” has the figures."
            data-testid="calendar"
        >
            {days}
            {names.collect_view()}
            {squares.collect_view()}
        </svg>
    }
    .erase()
}

fn show_field(field: &Field, scale: f64) -> Piece {
    let (x, y) = (LEFT + field.week * STEP, TOP + field.weekday * STEP);
    let shade = field.percent.map_or(0, |percent| shade(percent, scale));
    view! {
        <rect
            x=x.to_string()
            y=y.to_string()
            width="12"
            height="12"
            rx="2"
            data-shade=shade.to_string()
        >
            <title>{format!("{}: {}", words::date_words(&field.date), words::part(field.percent))}</title>
        </rect>
    }
    .erase()
}

/// A row a year, with a cell a month.
fn show_months(years: &[Year]) -> Piece {
    let returns: Vec<f64> = years.iter().flat_map(|year| year.months).flatten().collect();
    let scale = scale_of(&returns);
    let cell = move |percent: Option<f64>| match percent {
        Some(percent) => {
            let class = super::words::percent_tone(percent);
            view! { <td class=class data-shade=shade(percent, scale).to_string()>{signed_percent(percent)}</td> }
                .erase()
        }
        None => view! { <td></td> }.erase(),
    };
    let row = move |year: &Year| {
        let months = year.months.into_iter().map(cell).collect_view();
        view! {
            <tr>
                <th scope="row">{year.year.to_string()}</th>
                {months}
                <td class=words::percent_tone(year.whole)><b>{signed_percent(year.whole)}</b></td>
            </tr>
        }
        .erase()
    };
    let titles = words::MONTHS.into_iter().map(|month| view! { <th scope="col">{month}</th> }.erase()).collect_view();
    view! {
        <div class="scroll months" tabindex="0" role="region" aria-label="Returns of months">
            <table data-testid="months" translate="no">
                <thead>
                    <tr>
                        <th scope="col">"Year"</th>
                        {titles}
                        <th scope="col">"All"</th>
                    </tr>
                </thead>
                <tbody>{years.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .erase()
}
