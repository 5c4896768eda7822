//! The page's colours, for canvases, which style sheets do not reach.

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Font size in pixels if the browser does not report one.
const FONT_SIZE_ASSUMED: f64 = 11.0;

/// Colours as `rgb(…)`, which both the library and canvases parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    pub panel: String,
    pub line: String,
    pub line_strong: String,
    pub grid: String,
    pub muted: String,
    pub up: String,
    pub down: String,
    pub accent: String,
    pub blue: String,
    pub violet: String,
    /// Font size of axis labels in pixels; it follows the browser's text size.
    pub font_size: u32,
}

impl Palette {
    /// Reads the colours in effect within `container`.
    pub fn read(container: &HtmlElement) -> Self {
        let probe = probe(container);
        let color = |token: &str| {
            // Neither call can fail on an element's own style and a plain name.
            let _ = probe.style().set_property("color", &format!("var({token})"));
            let style = window().get_computed_style(&probe).ok().flatten();
            style.and_then(|style| style.get_property_value("color").ok()).unwrap_or_default()
        };
        let style = window().get_computed_style(&probe).ok().flatten();
        let size = style.and_then(|style| style.get_property_value("font-size").ok());
        // Parsed by the browser, since Rust's float parser is as large as a panel.
        let font_size = size.map(|size| js_sys::parse_float(&size)).filter(|size| size.is_finite());
        let palette = Self {
            panel: color("--panel"),
            line: color("--line"),
            line_strong: color("--line-strong"),
            grid: color("--line-faint"),
            muted: color("--muted"),
            up: color("--up"),
            down: color("--down"),
            accent: color("--accent"),
            blue: color("--blue"),
            violet: color("--purple-bright"),
            font_size: font_size.unwrap_or(FONT_SIZE_ASSUMED).round() as u32,
        };
        probe.remove();
        palette
    }

    /// Options common to all charts.
    pub fn chart_options(&self) -> String {
        let Self { panel, line, line_strong, grid, muted, font_size, .. } = self;
        // The library's own logo would need an inline style, which the page's policy forbids; the panel credits its
        // makers.
        format!(
            r#"{{
                "autoSize": true,
                "layout": {{
                    "background": {{ "type": "solid", "color": "{panel}" }}, "textColor": "{muted}", "fontSize": {font_size}, "fontFamily": "Inter, system-ui, sans-serif",
                    "attributionLogo": false,
                    "panes": {{ "separatorColor": "{line}", "separatorHoverColor": "{line_strong}" }}
                }},
                "grid": {{ "vertLines": {{ "color": "{grid}" }}, "horzLines": {{ "color": "{grid}" }} }},
                "rightPriceScale": {{ "borderColor": "{line}" }},
                "timeScale": {{
                    "borderColor": "{line}", "timeVisible": true, "secondsVisible": true, "barSpacing": 7,
                    "rightOffset": 4
                }},
                "crosshair": {{
                    "mode": 0,
                    "vertLine": {{ "color": "{muted}", "labelBackgroundColor": "{line_strong}" }},
                    "horzLine": {{ "color": "{muted}", "labelBackgroundColor": "{line_strong}" }}
                }}
            }}"#
        )
    }
}

/// Adds an alpha value: `rgb(1, 2, 3)` becomes `rgba(1, 2, 3, 0.5)`.
pub fn faded(color: &str, alpha: f64) -> String {
    match color.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        Some(channels) => format!("rgba({channels}, {alpha})"),
        None => color.to_owned(),
    }
}

/// An invisible element that resolves custom properties; forced colours do not affect it.
fn probe(container: &HtmlElement) -> HtmlElement {
    // Invariant: "span" is an element's name, and makes an HTML element.
    let probe: HtmlElement = document().create_element("span").expect("a span can be made").unchecked_into();
    probe.set_hidden(true);
    // Neither can fail on an element's own style.
    let _ = probe.style().set_property("forced-color-adjust", "none");
    let _ = probe.style().set_property("font-size", "var(--t0)");
    let _ = container.append_child(&probe);
    probe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_fades() {
        assert_eq!(faded("rgb(1, 2, 3)", 0.5), "rgba(1, 2, 3, 0.5)");
        assert_eq!(faded("red", 0.5), "red");
    }
}
