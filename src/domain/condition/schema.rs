//! Conditions in the OpenAPI document.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::Condition;

impl PartialSchema for Condition {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "One of {\"all\": […]}, {\"any\": […]}, {\"not\": …} and {\"left\", \"op\", \"right\"}, at most 8 deep and \
                 of at most 64 parts. op is >, >=, <, <=, crosses_above or crosses_below. An operand is a number, \
                 {\"price\": TICKER}, {\"day_change_percent\": TICKER}, {\"volume\": TICKER}, {\"indicator\": \"sma\", \"ema\" \
                 or \"rsi\", \"ticker\", \"period\", \"interval\", \"on\": \"closed\" or \"live\"}, {\"account\": \"cash\", \
                 \"total_value\", \"day_pnl\" or \"drawdown_percent\"}, {\"position\": TICKER, \"field\": \"quantity\", \
                 \"weight_percent\" or \"unrealized_pnl_percent\"}, or {\"time\": \"15:45\", \"zone\": \"America/New_York\"}, whose \
                 value is the minutes since that time of the day there, negative before it.",
            ))
            .examples([serde_json::json!({"left": {"price": "NVDA"}, "op": ">", "right": 850})])
            .into()
    }
}

impl ToSchema for Condition {}
