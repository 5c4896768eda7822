//! Random names, which identify the page's messages and are not secret.

/// `page-` and 24 digits, unique with overwhelming probability.
pub fn new_name() -> String {
    let digits = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("page-{:08x}{:08x}{:08x}", digits(), digits(), digits())
}
