//! A quantity is exact or refused: what is read is what was written, digit for digit.
#![no_main]

use finally::domain::money::Quantity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(quantity) = text.parse::<Quantity>() else { return };
    let millionths = quantity.millionths();
    assert!((1..=Quantity::MAX.millionths()).contains(&millionths));
    // As near as a float can tell, it is the number that anyone else reads there.
    let number: f64 = text.parse().expect("a number");
    let relative = (number * 1e6 - millionths as f64).abs() / millionths as f64;
    assert!(relative < 1e-12, "{text} was read as {millionths} millionths");
    // Written plainly, it is read as the same; and the least digit more is too many.
    let plain = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    assert_eq!(plain.parse(), Ok(quantity));
    assert!(format!("{plain}1").parse::<Quantity>().is_err());
    assert_eq!(format!("{plain}0").parse(), Ok(quantity));
    assert_eq!(quantity.to_string().replace(',', "").parse(), Ok(quantity));
    let json = serde_json::to_string(&quantity).unwrap();
    assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), quantity);
});
