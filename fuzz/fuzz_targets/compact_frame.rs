//! Compact frames, one per line: a bad one changes nothing, and frames survive a round trip.
#![no_main]

use finally::domain::{
    compact_frame::{CompactReader, Reading, write_change, write_key_frame},
    instant::UtcInstant,
    market_status::MarketStatus,
    quote::Quotes,
    trading_day::TradingDay,
};
use libfuzzer_sys::fuzz_target;

fn market(reader: &CompactReader) -> Quotes {
    reader.quotes().iter().copied().collect()
}

fuzz_target!(|stream: &str| {
    let mut reader = CompactReader::default();
    for frame in stream.lines().take(32) {
        let before = reader.clone();
        let outcome = reader.read(frame);
        let quotes = reader.quotes();
        assert!(quotes.is_sorted_by(|one, next| one.ticker < next.ticker));
        assert!(quotes.iter().all(|quote| quote.price.units() > 0 && quote.previous_close.units() > 0));
        match outcome {
            Ok(Reading::Taken) => assert_written_and_read(&before, &reader),
            Ok(Reading::Old | Reading::Missed) | Err(_) => {
                assert_eq!(quotes, before.quotes());
                // The bad frame had no effect.
                assert_eq!(reader.clone().read(frame), outcome);
            }
        }
    }
});

/// The reader's state survives being written as frames and read again.
fn assert_written_and_read(before: &CompactReader, now: &CompactReader) {
    let (earlier, later) = (market(before), market(now));
    // Without a status nothing is read.
    let status = now.status().cloned().unwrap_or_else(|| MarketStatus::live(TradingDay::utc(UtcInstant::EPOCH)));
    let mut fresh = CompactReader::default();
    assert_eq!(fresh.read(&write_key_frame(2, &later, &status)), Ok(Reading::Taken));
    assert_eq!((fresh.quotes(), fresh.status()), (now.quotes(), Some(&status)));

    let Some(change) = write_change(2, &earlier, &later) else { return };
    let mut follower = CompactReader::default();
    assert_eq!(follower.read(&write_key_frame(1, &earlier, &status)), Ok(Reading::Taken));
    assert_eq!(follower.read(&change), Ok(Reading::Taken), "{change}");
    assert_eq!(follower.quotes(), now.quotes(), "{change}");
}
