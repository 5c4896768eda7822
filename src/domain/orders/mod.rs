//! Open orders: their words, states, holds and fills.
//!
//! | module        | holds                                                                                     |
//! |---------------|-------------------------------------------------------------------------------------------|
//! | [`terms`]     | types, time in force, classes, and the prices that come with a type                        |
//! | [`id`]        | the id of an order                                                                         |
//! | [`request`]   | a new order's request, with the checks that need no market                                 |
//! | [`accept`]    | checks a request against market and account, and makes its orders                         |
//! | [`order`]     | the order itself, and its state machine                                                    |
//! | [`group`]     | orders that affect each other: OCO, OTO, bracket                                           |
//! | [`replace`]   | a change to an open order                                                                  |
//! | [`hold`]      | cash and shares that open orders keep from being used twice                                |
//! | [`costs`]     | slippage and commission                                                                    |
//! | [`span`]      | the prices between two looks: one tick, several folded, or a bar                           |
//! | [`rules`]     | when an order fires, at which price                                                        |
//! | [`fill`]      | quantity and cost of a fill                                                                |
//! | [`settle`]    | settles the fired orders of one group at one tick                                          |
//! | [`book`]      | finds the orders that a tick fires                                                          |
//! | [`split`]     | effect of a company's split on open orders                                                 |
//! | [`view`]      | an order in responses, events and on the page                                                  |
//!
//! A market order of `POST /api/portfolio/trade` is [`super::order::OrderRequest`].

pub mod accept;
pub mod book;
pub mod costs;
pub mod fault;
pub mod fill;
pub mod group;
pub mod hold;
pub mod id;
pub mod order;
pub mod replace;
pub mod request;
pub mod rules;
pub mod settle;
pub mod span;
pub mod split;
pub mod terms;
pub mod view;

/// Most open orders of an account; one more is refused as `too_many_orders`.
pub const OPEN_ORDERS_MAX: usize = 10_000;
