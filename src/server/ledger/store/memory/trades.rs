//! Rows of trades.

use std::collections::BTreeMap;

use super::{Tables, between};
use crate::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        money::Money,
        order::{ClientOrderId, OrderSource, Side, Trade, TradeReceipt},
        portfolio::Position,
        realized::RealizedLine,
        ticker::Ticker,
    },
    server::ledger::{
        effect::TradeRow,
        store::{StoreFault, TradeRows},
    },
};

impl TradeRows for Tables {
    fn receipt(&mut self, account: AccountId, id: &ClientOrderId) -> Result<Option<TradeReceipt>, StoreFault> {
        let named = |row: &&TradeRow| row.trade.client_order_id.as_ref() == Some(id);
        Ok(self.trade_rows(account).iter().rfind(named).map(receipt_of))
    }

    fn latest_trade(&mut self, account: AccountId) -> Result<i64, StoreFault> {
        Ok(i64::try_from(self.trade_rows(account).len()).unwrap_or(i64::MAX))
    }

    fn trade_sequence(&mut self, account: AccountId, id: &str) -> Result<Option<i64>, StoreFault> {
        let mut numbered = (1..).zip(self.trade_rows(account));
        Ok(numbered.find(|(_, row)| row.trade.id == id).map(|(sequence, _)| sequence))
    }

    fn trades(&mut self, account: AccountId, after: i64, before: i64, limit: usize) -> Result<Vec<Trade>, StoreFault> {
        let found = between(self.trade_rows(account), after, before);
        Ok(found.take(limit).map(|(_, row)| row.trade.clone()).collect())
    }

    fn trades_count(&mut self, account: AccountId, after: i64) -> Result<u64, StoreFault> {
        let count = between(self.trade_rows(account), after, i64::MAX).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    fn trades_back_to(&mut self, account: AccountId, after: i64, from: UtcInstant) -> Result<Vec<Trade>, StoreFault> {
        let found = between(self.trade_rows(account), after, i64::MAX).map(|(_, row)| &row.trade);
        Ok(found.take_while(|trade| trade.executed_at >= from).cloned().collect())
    }

    fn fills(
        &mut self,
        account: AccountId,
        ticker: Ticker,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Trade>, StoreFault> {
        let found = between(self.trade_rows(account), after, i64::MAX).map(|(_, row)| &row.trade);
        Ok(found.filter(|trade| trade.ticker == ticker).take(limit).cloned().collect())
    }

    fn realized(&mut self, account: AccountId, after: i64) -> Result<Vec<RealizedLine>, StoreFault> {
        let mut lines: BTreeMap<Ticker, RealizedLine> = BTreeMap::new();
        let sales = between(self.trade_rows(account), after, i64::MAX).map(|(_, row)| &row.trade);
        for sale in sales.filter(|trade| trade.side == Side::Sell) {
            let ticker = sale.ticker;
            let line = lines.entry(ticker).or_insert_with(|| RealizedLine {
                ticker,
                sales: 0,
                proceeds: Money::ZERO,
                pnl: Money::ZERO,
            });
            line.sales += 1;
            line.proceeds = sum(line.proceeds, sale.notional)?;
            line.pnl = sum(line.pnl, sale.realized_pnl)?;
        }
        Ok(lines.into_values().collect())
    }

    fn copilot_notional(
        &mut self,
        account: AccountId,
        after: UtcInstant,
        before: UtcInstant,
    ) -> Result<Money, StoreFault> {
        let trades = self.trade_rows(account).iter().map(|row| &row.trade);
        let counts = |trade: &&Trade| {
            trade.source == OrderSource::Copilot && after < trade.executed_at && trade.executed_at < before
        };
        trades.filter(counts).try_fold(Money::ZERO, |total, trade| sum(total, trade.notional))
    }
}

impl Tables {
    fn trade_rows(&self, account: AccountId) -> &[TradeRow] {
        self.of(account).map_or(&[], |rows| &rows.trades)
    }
}

fn sum(total: Money, part: Money) -> Result<Money, StoreFault> {
    total.checked_add(part).ok_or_else(|| StoreFault::of("a sum of trades is out of bounds"))
}

/// The receipt as originally returned: the position is valued at the trade's own price.
fn receipt_of(row: &TradeRow) -> TradeReceipt {
    let TradeRow { trade, cash_after, holding_after, total_value_after, .. } = row;
    let value = |holding| Position::value(trade.ticker, holding, Some(trade.price), *total_value_after);
    TradeReceipt {
        trade: trade.clone(),
        cash_balance: *cash_after,
        position: holding_after.map(value),
        total_value: *total_value_after,
        replayed: false,
    }
}
