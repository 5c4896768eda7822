//! The shared scalar types in the OpenAPI document, as their JSON numbers and strings.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{KnownFormat, SchemaFormat, Type},
    },
};

use super::{
    instant::UtcInstant,
    money::{Money, Price, PriceChange, Quantity, Slippage, TrailPercent},
    order::ClientOrderId,
    orders::id::OrderId,
    ticker::Ticker,
};

/// Implements the schema of a scalar: `$type`, and an expression that builds its schema.
macro_rules! scalar {
    ($type:ty, $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $type {}
    };
}

fn number(description: &str, example: f64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number).description(Some(description)).examples([example])
}

fn text(description: &str, pattern: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .pattern(Some(pattern))
        .examples([example])
}

scalar!(Money, number("Dollars, exact to the cent.", 8542.9));
scalar!(Price, number("Dollars a share, exact to a hundredth of a cent.", 190.42).exclusive_minimum(Some(0.0)));
scalar!(PriceChange, number("What a price rose by, or, negative, fell by.", -0.31));
scalar!(
    Quantity,
    number("Shares: more than 0, at most 1,000,000,000, with at most 6 decimal places.", 2.5)
        .minimum(Some(0.000_001))
        .maximum(Some(1e9))
);
scalar!(
    Slippage,
    number("Percent: from 0 to 100, with at most 4 decimal places.", 0.5).minimum(Some(0.0)).maximum(Some(100.0))
);
scalar!(
    TrailPercent,
    number("Percent: more than 0, less than 100, with at most 4 decimal places.", 1.5)
        .exclusive_minimum(Some(0.0))
        .exclusive_maximum(Some(100.0))
);
scalar!(
    OrderId,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
        .description(Some("A UUID v7."))
        .examples(["01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f"])
);
scalar!(
    Ticker,
    text(
        "1 to 5 letters, optionally a dot and one more; answered in upper case.",
        r"^[A-Za-z]{1,5}(\.[A-Za-z])?$",
        "AAPL"
    )
);
scalar!(
    ClientOrderId,
    text("Names an order; 1 to 128 visible ASCII characters.", "^[!-~]{1,128}$", "my-order-1")
        .max_length(Some(ClientOrderId::LENGTH_MAX))
);
scalar!(
    UtcInstant,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339, UTC."))
        .examples(["2026-11-22T14:02:11.512Z"])
);
