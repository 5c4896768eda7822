//! Orders, and the trades that fill them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

use super::{
    instant::UtcInstant,
    money::{Money, Price, Quantity, Slippage},
    orders::id::OrderId,
    portfolio::Position,
    ticker::Ticker,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Buy,
    Sell,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// The text is neither `buy` nor `sell`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a side is \"buy\" or \"sell\"")]
pub struct InvalidSide;

impl FromStr for Side {
    type Err = InvalidSide;

    fn from_str(text: &str) -> Result<Self, InvalidSide> {
        match text {
            "buy" => Ok(Self::Buy),
            "sell" => Ok(Self::Sell),
            _ => Err(InvalidSide),
        }
    }
}

/// Origin of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrderSource {
    Manual,
    Copilot,
}

impl OrderSource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Copilot => "copilot",
        }
    }
}

/// The text is neither `manual` nor `copilot`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a source is \"manual\" or \"copilot\"")]
pub struct InvalidOrderSource;

impl FromStr for OrderSource {
    type Err = InvalidOrderSource;

    fn from_str(text: &str) -> Result<Self, InvalidOrderSource> {
        match text {
            "manual" => Ok(Self::Manual),
            "copilot" => Ok(Self::Copilot),
            _ => Err(InvalidOrderSource),
        }
    }
}

/// The caller's id of an order, which makes sending it again idempotent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientOrderId(String);

/// The text is not a valid order id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a client_order_id has 1 to {} characters, all of them visible ASCII", ClientOrderId::LENGTH_MAX)]
pub struct InvalidClientOrderId;

impl ClientOrderId {
    pub const LENGTH_MAX: usize = 128;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientOrderId {
    type Err = InvalidClientOrderId;

    fn from_str(text: &str) -> Result<Self, InvalidClientOrderId> {
        let is_good = (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_good { Ok(Self(text.to_owned())) } else { Err(InvalidClientOrderId) }
    }
}

impl<'de> Deserialize<'de> for ClientOrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A market order: it is filled at once at the server's price, or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    pub ticker: Ticker,
    pub side: Side,
    pub quantity: Quantity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<ClientOrderId>,
    /// Price that the caller saw when placing the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_price: Option<Price>,
    /// Largest deviation of the fill from that price; half a percent by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_slippage_percent: Option<Slippage>,
}

impl OrderRequest {
    /// Whether the order may be filled at `price`; without an expected price, any price is admitted.
    ///
    /// # Errors
    /// The expected price, if `price` deviates too far from it.
    pub fn admit(&self, price: Price) -> Result<(), Price> {
        let slippage = self.max_slippage_percent.unwrap_or(Slippage::USUAL);
        match self.expected_price {
            Some(expected) if !slippage.admits(expected, price) => Err(expected),
            Some(_) | None => Ok(()),
        }
    }
}

/// `buy 2.5 NVDA`
impl fmt::Display for OrderRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.side.as_str(), self.quantity, self.ticker)
    }
}

/// Reason for a row among the trades that no order made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// A position in a market without prices was closed at the last known price.
    WriteOff,
}

impl Correction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WriteOff => "write_off",
        }
    }
}

/// The text is not a correction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a correction is \"write_off\"")]
pub struct InvalidCorrection;

impl FromStr for Correction {
    type Err = InvalidCorrection;

    fn from_str(text: &str) -> Result<Self, InvalidCorrection> {
        if text == Self::WriteOff.as_str() { Ok(Self::WriteOff) } else { Err(InvalidCorrection) }
    }
}

/// A trade converted to shares of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adjusted {
    pub quantity: Quantity,
    pub price: Price,
}

/// An order that was filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trade {
    pub id: String,
    pub client_order_id: Option<ClientOrderId>,
    pub ticker: Ticker,
    pub side: Side,
    pub quantity: Quantity,
    pub price: Price,
    /// The amount taken from cash (a buy) or added to it (a sell), without commission.
    pub notional: Money,
    /// Proceeds, less commission and the cost basis of the sold shares; zero for a buy.
    pub realized_pnl: Money,
    pub source: OrderSource,
    pub executed_at: UtcInstant,
    /// Set for a row that no order made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// For a trade before a split: the trade in shares of today. The trade's own figures stay as executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<Adjusted>,
    /// For a trade that filled an order of `/api/orders`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// Charged in addition to the notional; omitted if zero.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    #[schema(required = false)]
    pub commission: Money,
}

impl Trade {
    /// Change of cash by the trade, as an absolute amount, commission included.
    pub fn amount(&self) -> Money {
        let amount = match self.side {
            Side::Buy => self.notional.checked_add(self.commission),
            Side::Sell => self.notional.checked_sub(self.commission),
        };
        // Invariant: the change of cash fits its type.
        amount.unwrap_or(self.notional)
    }
}

/// Response to an order: the trade, and the account right after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TradeReceipt {
    pub trade: Trade,
    pub cash_balance: Money,
    /// Position after the trade; absent if all shares were sold.
    pub position: Option<Position>,
    /// Total value; absent if a held ticker has no price.
    pub total_value: Option<Money>,
    /// Whether the order had been filled before; this is the earlier response.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub replayed: bool,
}

/// A page of trades, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TradesPage {
    pub trades: Vec<Trade>,
    /// Value of `before` that returns the next page; absent on the last page.
    pub next_before: Option<String>,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::empty("")]
    #[case::blank("a b")]
    #[case::control("a\n")]
    #[case::not_ascii("é")]
    fn client_order_id_rejects(#[case] text: &str) {
        assert_eq!(text.parse::<ClientOrderId>(), Err(InvalidClientOrderId));
    }

    #[test]
    fn client_order_id_has_a_longest() {
        assert!("x".repeat(ClientOrderId::LENGTH_MAX).parse::<ClientOrderId>().is_ok());
        assert!("x".repeat(ClientOrderId::LENGTH_MAX + 1).parse::<ClientOrderId>().is_err());
    }

    #[rstest]
    #[case::unmoved(1_000_000, None, 1_000_000, true)]
    #[case::half_a_percent_up(1_000_000, None, 1_005_000, true)]
    #[case::a_unit_more(1_000_000, None, 1_005_001, false)]
    #[case::half_a_percent_down(1_000_000, None, 995_000, true)]
    #[case::a_unit_less(1_000_000, None, 994_999, false)]
    #[case::exactly_this(1_000_000, Some("0"), 1_000_000, true)]
    #[case::not_a_unit_away(1_000_000, Some("0"), 1_000_001, false)]
    #[case::wide(1_000_000, Some("12.5"), 1_125_000, true)]
    #[case::beyond_wide(1_000_000, Some("12.5"), 1_125_001, false)]
    #[case::dearest(100_000_000_000, Some("100"), 1, true)]
    #[case::cheapest(1, Some("100"), 3, false)]
    fn an_order_is_filled_near_the_price_that_it_expects(
        #[case] expected: i64,
        #[case] slippage: Option<&str>,
        #[case] price: i64,
        #[case] is_admitted: bool,
    ) {
        let [expected, price] = [expected, price].map(|units| Price::from_units(units).unwrap());
        let mut order: OrderRequest = serde_json::from_str(r#"{"ticker":"V","side":"buy","quantity":1}"#).unwrap();
        assert_eq!(order.admit(price), Ok(()), "it expects no price");
        order.expected_price = Some(expected);
        order.max_slippage_percent = slippage.map(|percent| percent.parse().unwrap());
        assert_eq!(order.admit(price), if is_admitted { Ok(()) } else { Err(expected) });
    }

    #[test]
    fn an_order_says_what_it_is() {
        let order: OrderRequest =
            serde_json::from_str(r#"{"ticker":" nvda ","side":"buy","quantity":2.5}"#).expect("a good order");
        assert_eq!(order.to_string(), "buy 2.5 NVDA");
    }
}
