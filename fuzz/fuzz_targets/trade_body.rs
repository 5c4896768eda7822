//! An order's body is refused with a client error, or is an order that survives a round trip.
#![no_main]

use finally::{
    domain::order::OrderRequest,
    server::http::{json_body::JsonObject, portfolio::read_order},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(object) = serde_json::from_slice::<JsonObject>(body) else { return };
    let value: serde_json::Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        // A number beyond f64's range is valid JSON, but not a quantity.
        Err(_) => return,
    };
    match read_order(object) {
        Err(error) => assert_eq!(error.status().as_u16(), 400, "{error:?}"),
        Ok(order) => {
            let fields = value.as_object().expect("an order is an object");
            assert!(fields.len() >= 3 && fields.contains_key("ticker") && fields.contains_key("side"));
            assert!(
                fields.keys().all(|field| ["ticker", "side", "quantity", "client_order_id"].contains(&field.as_str()))
            );
            assert_eq!(fields["side"].as_str(), Some(order.side.as_str()));
            assert!(fields["quantity"].is_number());
            let json = serde_json::to_string(&order).unwrap();
            assert_eq!(serde_json::from_str::<OrderRequest>(&json).unwrap(), order);
            let again: JsonObject = serde_json::from_str(&json).unwrap();
            assert_eq!(read_order(again).unwrap(), order);
        }
    }
});
