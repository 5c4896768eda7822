//! The history of trades as comma-separated values (RFC 4180): plain numbers, instants in UTC.

use crate::domain::order::Trade;

const HEADER: &str = "executed_at,ticker,side,quantity,price,notional,realized_pnl,source,id";

/// One line a trade, after the header. No field can hold a comma, a quote or a line break.
pub fn write(trades: &[Trade]) -> String {
    let mut text = format!("{HEADER}\r\n");
    for trade in trades {
        let fields = [
            trade.executed_at.to_rfc3339(),
            trade.ticker.to_string(),
            trade.side.as_str().to_owned(),
            plain(&trade.quantity.to_string()),
            plain(&trade.price.to_string()),
            plain(&trade.notional.to_string()),
            plain(&trade.realized_pnl.to_string()),
            trade.source.as_str().to_owned(),
            trade.id.clone(),
        ];
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A number as programs read it: `-1,234.50 $` as `-1234.50`.
fn plain(figure: &str) -> String {
    figure.replace([',', '$'], "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        instant::UtcInstant,
        money::{Money, Price},
        order::{OrderSource, Side},
    };

    #[test]
    fn a_trade_is_a_line_of_plain_numbers() {
        let trade = Trade {
            id: "0193".to_owned(),
            client_order_id: None,
            ticker: "BRK.B".parse().unwrap(),
            side: Side::Sell,
            quantity: "1234.5".parse().unwrap(),
            price: Price::from_units(4_100_050).unwrap(),
            notional: Money::from_cents(50_615_117),
            realized_pnl: Money::from_cents(-123_450),
            source: OrderSource::Copilot,
            executed_at: UtcInstant::from_unix_ms(1_795_348_800_000),
            correction: None,
            adjusted: None,
        };
        let expected = "2026-11-22T12:00:00Z,BRK.B,sell,1234.5,410.005,506151.17,-1234.50,copilot,0193";
        assert_eq!(write(&[trade]), format!("{HEADER}\r\n{expected}\r\n"));
        assert_eq!(write(&[]), format!("{HEADER}\r\n"));
    }
}
