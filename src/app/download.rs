//! Files that the page creates and the browser saves.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Firefox and Safari read the file some time after the click, possibly after a dialog.
const SAVING_TIME_MAX: Duration = Duration::from_secs(120);

/// Makes the browser save `text` as a file.
///
/// # Errors
/// If the browser cannot create the file.
pub fn save_text(file_name: &str, media_type: &str, text: &str) -> Result<(), JsValue> {
    let properties = BlobPropertyBag::new();
    properties.set_type(media_type);
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let address = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&parts, &properties)?)?;
    let link = document().create_element("a")?.unchecked_into::<HtmlAnchorElement>();
    link.set_href(&address);
    link.set_download(file_name);
    // Firefox follows a link only if it is in the document.
    let body = document().body().ok_or(JsValue::UNDEFINED)?;
    body.append_child(&link)?;
    link.click();
    link.remove();
    // A valid address cannot be refused.
    set_timeout(move || Url::revoke_object_url(&address).unwrap_or_default(), SAVING_TIME_MAX);
    Ok(())
}
