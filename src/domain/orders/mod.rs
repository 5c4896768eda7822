//! Orders that wait: their words, their states, what they hold and when they fill.
//!
//! | module        | holds                                                                                     |
//! |---------------|-------------------------------------------------------------------------------------------|
//! | [`terms`]     | types, time in force, classes, and the prices that come with a type                        |
//! | [`id`]        | how an order is named                                                                      |
//! | [`request`]   | what is asked for: a new order, checked without a market                                   |
//! | [`accept`]    | a request against the market and the account: the orders it makes, or why not             |
//! | [`order`]     | the order itself, and its state machine                                                    |
//! | [`group`]     | orders that act on each other: OCO, OTO, bracket                                           |
//! | [`replace`]   | a change to an open order                                                                  |
//! | [`hold`]      | cash and shares that open orders keep from being used twice                                |
//! | [`costs`]     | slippage and commission                                                                    |
//! | [`span`]      | the prices between two looks: one tick, several folded, or a bar                           |
//! | [`rules`]     | when an order fires, at which price                                                        |
//! | [`fill`]      | how much of it is filled, and what that costs                                              |
//! | [`settle`]    | what all that fired in one group at one tick becomes                                       |
//! | [`book`]      | which orders of many a tick fires                                                          |
//! | [`split`]     | what a split of the company does to open orders                                            |
//! | [`view`]      | an order as it travels                                                                     |
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

/// The most open orders of an account; one more is refused as `too_many_orders`.
pub const OPEN_ORDERS_MAX: usize = 10_000;
