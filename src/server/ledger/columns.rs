//! How the domain's types stand in columns. A stored value that they refuse is the database's fault, not the caller's.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::domain::{
    chat::{ActionStatus, ClientMessageId, MessageText, Role},
    copilot::Autonomy,
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::{ClientOrderId, OrderSource, Side},
    ticker::Ticker,
};

/// Types that stand there as their text.
macro_rules! text {
    ($($type:ty),+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|cause| FromSqlError::Other(Box::from(cause)))
            }
        }
    )+};
}

/// Types that stand there as a whole number.
macro_rules! integer {
    ($($type:ty: $to:ident, $from:expr);+) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.$to().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                $from(value.as_i64()?)
            }
        }
    )+};
}

text!(ActionStatus, Autonomy, ClientMessageId, ClientOrderId, MessageText, OrderSource, Role, Side, Ticker);

integer! {
    Money: cents, |cents| Ok(Money::from_cents(cents));
    Price: units, |units| Price::from_units(units).ok_or(FromSqlError::OutOfRange(units));
    Quantity: millionths, |millionths| Quantity::from_millionths(millionths).map_err(|_| FromSqlError::OutOfRange(millionths));
    UtcInstant: unix_ms, |unix_ms| Ok(UtcInstant::from_unix_ms(unix_ms))
}
