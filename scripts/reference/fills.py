"""Writes src/domain/orders/rules/reference.json: when and at which price NautilusTrader fills orders.

    python3 -m venv env && env/bin/pip install nautilus_trader==1.221.0
    env/bin/python scripts/reference/fills.py

Each case is one order and the prices after the one at which it was accepted. The market's bid and ask are both that price, so
that a tick means the same to both programs. Left out is an order that could be filled when it is accepted:
it is filled at once there, and with the next tick here.
"""

import json
import pathlib
import random
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TrailingOffsetType, TriggerType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

TARGET = pathlib.Path(__file__).parents[2] / "src/domain/orders/rules/reference.json"
SEED = 20
CASES = 400
VENUE = Venue("XNAS")
KINDS = ["limit", "stop", "stop_limit", "trailing_stop"]


def dollars(cents):
    return f"{cents // 100}.{cents % 100:02}"


class OneOrder(Strategy):
    """Submits the case's order with the first tick, and notes the fills."""

    def __init__(self, instrument, case):
        super().__init__()
        self.instrument = instrument
        self.case = case
        self.ticks = 0
        self.fills = []

    def on_start(self):
        self.subscribe_quote_ticks(self.instrument.id)

    def on_quote_tick(self, tick):
        self.ticks += 1
        if self.ticks == 1:
            self.submit_order(self.order())

    def on_order_filled(self, event):
        # The engine hands a tick to the market before it hands it to the strategy.
        self.fills.append({"tick": self.ticks, "price": str(event.last_px)})

    def order(self):
        case = self.case
        common = {
            "instrument_id": self.instrument.id,
            "order_side": OrderSide.BUY if case["side"] == "buy" else OrderSide.SELL,
            "quantity": Quantity.from_int(1),
        }
        price = {name: Price.from_str(dollars(cents)) for name, cents in case.items() if name in ("limit", "stop")}
        match case["type"]:
            case "limit":
                return self.order_factory.limit(price=price["limit"], **common)
            case "stop":
                return self.order_factory.stop_market(trigger_price=price["stop"], trigger_type=TriggerType.BID_ASK, **common)
            case "stop_limit":
                return self.order_factory.stop_limit(
                    price=price["limit"], trigger_price=price["stop"], trigger_type=TriggerType.BID_ASK, **common
                )
            case "trailing_stop":
                return self.order_factory.trailing_stop_market(
                    trigger_type=TriggerType.BID_ASK,
                    trailing_offset=Decimal(case["trail"]) / 100,
                    trailing_offset_type=TrailingOffsetType.PRICE,
                    **common,
                )


def fills(case):
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USD)], base_currency=USD)
    instrument = TestInstrumentProvider.equity("AAPL", "XNAS")
    engine.add_instrument(instrument)
    size = Quantity.from_int(1_000)
    prices = [Price.from_str(dollars(cents)) for cents in [case["accepted_at"], *case["prices"]]]
    engine.add_data([QuoteTick(instrument.id, price, price, size, size, at, at) for at, price in enumerate(prices, start=1)])
    strategy = OneOrder(instrument, case)
    engine.add_strategy(strategy)
    engine.run()
    engine.dispose()
    return strategy.fills


def walk(numbers, cents):
    """Prices after `cents`: small steps, now and then a large one."""
    prices = []
    for _ in range(numbers.choice([3, 6, 12])):
        step = numbers.choice([-400, -250, 250, 400]) if numbers.random() < 0.1 else numbers.randint(-60, 60)
        cents = max(cents + step, 5_000)
        prices.append(cents)
    return prices


def one(numbers, number):
    kind, side = KINDS[number % 4], numbers.choice(["buy", "sell"])
    accepted_at = 10_000 + numbers.randint(-500, 500)
    distance, rest = numbers.randint(1, 120), numbers.randint(-40, 80)
    # On the side from which the price has to come: a limit buys below and a stop buys above.
    up = 1 if side == "buy" else -1
    case = {"type": kind, "side": side, "accepted_at": accepted_at, "prices": walk(numbers, accepted_at)}
    if kind == "limit":
        case["limit"] = accepted_at - up * distance
    if kind in ("stop", "stop_limit"):
        case["stop"] = accepted_at + up * distance
    if kind == "stop_limit":
        case["limit"] = case["stop"] + up * rest
    if kind == "trailing_stop":
        case["trail"] = distance
    return case


def main():
    numbers = random.Random(SEED)
    cases = []
    for number in range(CASES):
        case = one(numbers, number)
        case["fill"] = next(iter(fills(case)), None)
        cases.append(case)
    TARGET.write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
    filled = sum(case["fill"] is not None for case in cases)
    print(f"{len(cases)} cases, {filled} filled")


main()
