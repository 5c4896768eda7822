//! Random names: they tell what the page sends apart, and guard nothing.

/// `page-` and 24 digits, which no other page has by chance.
pub fn new_name() -> String {
    let digits = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("page-{:08x}{:08x}{:08x}", digits(), digits(), digits())
}
