//! The history of trades as separated values (RFC 4180), in the form that a person's spreadsheet reads.

use crate::{app::format::local_time, domain::order::Trade};

/// The columns after the time's, whose name says which time it is.
const COLUMNS: [&str; 8] = ["ticker", "side", "quantity", "price", "notional", "realized_pnl", "source", "id"];

/// Where the browser remembers the form.
pub const STORAGE_KEY: &str = "csv";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// One of [`SEPARATORS`], as the others are of theirs.
    pub separator: char,
    pub decimal_mark: char,
    pub zone: char,
}

const LOCAL: char = 'l';

pub const SEPARATORS: &[(char, &str)] = &[(',', "Comma"), (';', "Semicolon"), ('\t', "Tab")];
pub const DECIMAL_MARKS: &[(char, &str)] = &[('.', "1234.5"), (',', "1234,5")];
pub const ZONES: &[(char, &str)] = &[('u', "UTC"), (LOCAL, "Local time")];

impl Form {
    /// As programs read it.
    pub const USUAL: Self = Self { separator: ',', decimal_mark: '.', zone: 'u' };

    /// What is stored; nothing stands for the usual one.
    pub fn words(self) -> String {
        let Self { separator, decimal_mark, zone } = self;
        if self == Self::USUAL { String::new() } else { format!("{separator}{decimal_mark}{zone}") }
    }

    /// The usual one where `stored` is none of ours.
    pub fn read(stored: &str) -> Self {
        let mut letters = stored.chars();
        let mut next = |choices: &[(char, &str)]| {
            let letter = letters.next()?;
            choices.iter().any(|(choice, _)| *choice == letter).then_some(letter)
        };
        match (next(SEPARATORS), next(DECIMAL_MARKS), next(ZONES)) {
            (Some(separator), Some(decimal_mark), Some(zone)) => Self { separator, decimal_mark, zone },
            _ => Self::USUAL,
        }
    }
}

/// One line a trade, after the header.
pub fn write(trades: &[Trade], form: Form) -> String {
    let is_local = form.zone == LOCAL;
    let time_column = if is_local { "executed_at_local" } else { "executed_at_utc" };
    let mut text = String::new();
    let header = std::iter::once(time_column).chain(COLUMNS).map(str::to_owned);
    write_line(&mut text, form, header);
    for trade in trades {
        let at = trade.executed_at;
        let figures = [
            trade.quantity.to_string(),
            trade.price.to_string(),
            trade.notional.to_string(),
            trade.realized_pnl.to_string(),
        ];
        let begin = [
            if is_local { local_time(at) } else { at.to_rfc3339() },
            trade.ticker.to_string(),
            trade.side.as_str().to_owned(),
        ];
        let end = [trade.source.as_str().to_owned(), trade.id.clone()];
        let figures = figures.map(|figure| plain(&figure, form.decimal_mark));
        write_line(&mut text, form, begin.into_iter().chain(figures).chain(end));
    }
    text
}

/// Quotes the fields that have the separator in them; none has a quote or a line's end.
fn write_line(text: &mut String, form: Form, fields: impl Iterator<Item = String>) {
    let mut is_first = true;
    for field in fields {
        if !is_first {
            text.push(form.separator);
        }
        is_first = false;
        let quote = if field.contains(form.separator) { "\"" } else { "" };
        text.extend([quote, &field, quote]);
    }
    text.push_str("\r\n");
}

/// A number as spreadsheets read it: `-1,234.50 $` as `-1234.50`, or with another decimal mark.
fn plain(figure: &str, decimal_mark: char) -> String {
    figure.replace([',', '$'], "").replace('.', decimal_mark.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{
        instant::UtcInstant,
        money::{Money, Price},
        order::{OrderSource, Side},
    };

    fn trade() -> Trade {
        Trade {
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
            order_id: None,
            commission: Money::ZERO,
        }
    }

    #[rstest]
    #[case(',', '.', "2026-11-22T12:00:00Z,BRK.B,sell,1234.5,410.005,506151.17,-1234.50,copilot,0193")]
    #[case(';', ',', "2026-11-22T12:00:00Z;BRK.B;sell;1234,5;410,005;506151,17;-1234,50;copilot;0193")]
    #[case(',', ',', "2026-11-22T12:00:00Z,BRK.B,sell,\"1234,5\",\"410,005\",\"506151,17\",\"-1234,50\",copilot,0193")]
    fn a_trade_is_a_line_of_plain_numbers(#[case] separator: char, #[case] decimal_mark: char, #[case] line: &str) {
        let form = Form { separator, decimal_mark, ..Form::USUAL };
        let written = write(&[trade()], form);
        let (header, rest) = written.split_once("\r\n").unwrap();
        assert_eq!(rest, format!("{line}\r\n"));
        let names =
            ["executed_at_utc", "ticker", "side", "quantity", "price", "notional", "realized_pnl", "source", "id"];
        assert_eq!(header.split(separator).collect::<Vec<_>>(), names);
        assert_eq!(write(&[], form), format!("{header}\r\n"));
    }

    #[test]
    fn a_form_is_read_as_it_was_stored() {
        for (separator, _) in SEPARATORS {
            for (decimal_mark, _) in DECIMAL_MARKS {
                for (zone, _) in ZONES {
                    let form = Form { separator: *separator, decimal_mark: *decimal_mark, zone: *zone };
                    assert_eq!(Form::read(&form.words()), form);
                }
            }
        }
        for nonsense in ["", ";", "x.u", ",.x", "..."] {
            assert_eq!(Form::read(nonsense), Form::USUAL, "{nonsense}");
        }
    }
}
