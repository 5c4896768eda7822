//! The domain's types as column values. An invalid stored value is the database's fault, not the caller's.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::{
    domain::{
        account_id::AccountId,
        alerts::{AlertStatus, Frequency},
        chat::{ActionStatus, ClientMessageId, MessageText, Role},
        copilot::Autonomy,
        event::EventKind,
        instant::UtcInstant,
        money::{Money, Price, Quantity, TrailPercent},
        order::{ClientOrderId, Correction, OrderSource, Side},
        orders::{
            id::OrderId,
            order::{Role as GroupRole, StatusWord},
            terms::{OrderClass, OrderType, TimeInForce},
        },
        ticker::Ticker,
    },
    server::ledger::access::KeyKind,
};

/// Types stored as text.
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

/// Types stored as integers.
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

text!(
    AccountId,
    ActionStatus,
    AlertStatus,
    Autonomy,
    ClientMessageId,
    ClientOrderId,
    Correction,
    EventKind,
    Frequency,
    GroupRole,
    KeyKind,
    MessageText,
    OrderClass,
    OrderSource,
    OrderType,
    Role,
    Side,
    StatusWord,
    Ticker,
    TimeInForce
);

impl ToSql for OrderId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for OrderId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|cause| FromSqlError::Other(Box::from(cause)))
    }
}

integer! {
    Money: cents, |cents| Ok(Money::from_cents(cents));
    TrailPercent: count, |count| TrailPercent::from_count(count).ok_or(FromSqlError::OutOfRange(count));
    Price: units, |units| Price::from_units(units).ok_or(FromSqlError::OutOfRange(units));
    Quantity: millionths, |millionths| Quantity::from_millionths(millionths).map_err(|_| FromSqlError::OutOfRange(millionths));
    UtcInstant: unix_ms, |unix_ms| Ok(UtcInstant::from_unix_ms(unix_ms))
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use rusqlite::Connection;

    use super::*;

    fn back<T: FromSql>(value: impl ToSql) -> rusqlite::Result<T> {
        Connection::open_in_memory().unwrap().query_row("SELECT ?1", [value], |row| row.get(0))
    }

    fn comes_back<T: FromSql + ToSql + PartialEq + Debug>(value: T) {
        assert_eq!(back::<T>(&value).unwrap(), value);
    }

    #[test]
    fn a_value_comes_back_as_it_was_stored() {
        comes_back("BRK.B".parse::<Ticker>().unwrap());
        comes_back(Side::Sell);
        comes_back(OrderSource::Copilot);
        comes_back(ActionStatus::Lapsed);
        comes_back(Money::from_cents(-12_345));
        comes_back(Price::from_units(1_900_333).unwrap());
        comes_back(Quantity::from_millionths(1).unwrap());
        comes_back(UtcInstant::from_unix_ms(-1));
        comes_back(None::<Money>);
    }

    #[test]
    fn what_a_type_refuses_is_an_error_of_the_database() {
        assert!(back::<Ticker>("no ticker").is_err());
        assert!(back::<Side>("hold").is_err());
        assert!(back::<Price>(0).is_err());
        assert!(back::<Quantity>(0).is_err());
        assert!(back::<Money>("12.50").is_err(), "cents are a whole number");
    }
}
