//! A quantity is exact or refused: parsing preserves every digit.
#![no_main]

use finally::domain::money::Quantity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(quantity) = text.parse::<Quantity>() else { return };
    let millionths = quantity.millionths();
    assert!((1..=Quantity::MAX.millionths()).contains(&millionths));
    // Within float precision, it equals the standard parser's number.
    let number: f64 = text.parse().expect("a number");
    let relative = (number * 1e6 - millionths as f64).abs() / millionths as f64;
    assert!(relative < 1e-12, "{text} was read as {millionths} millionths");
    // Its plain form parses to the same; one more digit is refused.
    let plain = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    assert_eq!(plain.parse(), Ok(quantity));
    assert!(format!("{plain}1").parse::<Quantity>().is_err());
    assert_eq!(format!("{plain}0").parse(), Ok(quantity));
    assert_eq!(quantity.to_string().replace(',', "").parse(), Ok(quantity));
    let json = serde_json::to_string(&quantity).unwrap();
    assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), quantity);
});
