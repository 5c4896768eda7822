//! A market's trading hours and days.
//!
//! The exchange's sessions, holidays and half days are those of the crate `exchange-hours`. A test compares them
//! session by session with `exchange_calendars` up to [`KNOWN_UNTIL_YEAR`] (`hours/xnys.txt`). After that year holidays
//! are unknown, and every weekday counts as a trading day; the market's status says so. The exchange's trading day
//! begins with pre-market trading at 4:00 in New York: by then the vendor has switched to the new day (it clears its
//! figures at 3:30), and there were no trades yet.

use std::ops::Range;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use exchange_hours::{Exchange, ExchangeCalendar, SessionKind as Sessions};

use crate::domain::{
    instant::UtcInstant,
    orders::accept::DayEnd,
    session::{Session, SessionKind},
    trading_day::TradingDay,
};

/// NYSE's hours, which all American exchanges share.
const CALENDAR: ExchangeCalendar = ExchangeCalendar::new(Exchange::Nyse).with_last_known_week();

/// Hour at which pre-market trading begins, New York time.
const PRE_OPENS_AT_HOUR: u32 = 4;
/// Duration of trading after the close, also after an early one.
const POST_LASTS: TimeDelta = TimeDelta::hours(4);

/// No exchange has been closed for this many consecutive days since 1914.
const CLOSED_DAYS_MAX: u64 = 14;

/// A day of mourning that the crate lacks: year, month and day.
const CLOSED_TOO: (i32, u32, u32) = (2018, 12, 5);

/// Two years, which have more trading days than a list of candles.
const DAYS_BACK_MAX: u64 = 731;

/// Last year with known holidays.
pub const KNOWN_UNTIL_YEAR: i32 = 2028;

/// The hours of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hours {
    /// Never closes; its days are UTC days.
    #[default]
    Continuous,
    /// Hours of American exchanges.
    Exchange,
}

/// A session's kind, opening and closing.
type Stretch = (SessionKind, DateTime<Utc>, DateTime<Utc>);

/// A regular session of the exchange.
#[derive(Debug, Clone, Copy)]
struct Regular {
    date: NaiveDate,
    opens_at: DateTime<Utc>,
    closes_at: DateTime<Utc>,
}

impl Hours {
    /// The trading day of a moment.
    pub fn day_of(self, at: UtcInstant) -> TradingDay {
        let exchange_day = || {
            let at = to_chrono(at)?;
            let today = (0..CLOSED_DAYS_MAX)
                .filter_map(|days| regular_on(new_york_date(at).checked_sub_days(Days::new(days))?))
                .find(|session| session.day_starts_at().is_some_and(|start| start <= at))?;
            let next =
                (1..=CLOSED_DAYS_MAX).find_map(|days| regular_on(today.date.checked_add_days(Days::new(days))?))?;
            Some(TradingDay {
                date: today.date.and_time(NaiveTime::MIN).and_utc().timestamp(),
                starts_at: today.day_starts_at()?.timestamp(),
                ends_at: next.day_starts_at()?.timestamp(),
            })
        };
        match self {
            Self::Continuous => TradingDay::utc(at),
            // Beyond the calendar's centuries, days are UTC days.
            Self::Exchange => exchange_day().unwrap_or_else(|| TradingDay::utc(at)),
        }
    }

    /// Start of the daily candle that contains this moment, both in Unix seconds. A candle is named by its date in New
    /// York, where the evening is already the next day in UTC.
    pub fn candle_day(self, unix_seconds: i64) -> i64 {
        let date = match self {
            Self::Continuous => None,
            Self::Exchange => DateTime::from_timestamp(unix_seconds, 0).map(new_york_date),
        };
        match date {
            Some(date) => date.and_time(NaiveTime::MIN).and_utc().timestamp(),
            None => TradingDay::utc(UtcInstant::from_unix_ms(unix_seconds.saturating_mul(1_000))).date,
        }
    }

    /// The session at a moment; `None` while the market is closed.
    pub fn session_at(self, at: UtcInstant) -> Option<Session> {
        match self {
            Self::Continuous => Some(continuous(at)),
            Self::Exchange => {
                let at = to_chrono(at)?;
                let sessions = regular_on(new_york_date(at))?.sessions()?;
                let found =
                    sessions.into_iter().find(|(_, opens_at, closes_at)| (*opens_at..*closes_at).contains(&at))?;
                Some(describe(new_york_date(at), found))
            }
        }
    }

    /// The next regular sessions that open after a moment, in order; empty for a market that never closes.
    pub fn next_sessions(self, at: UtcInstant, count: usize) -> Vec<Session> {
        let at = match (self, to_chrono(at)) {
            (Self::Exchange, Some(at)) => at,
            (Self::Exchange, None) | (Self::Continuous, _) => return Vec::new(),
        };
        let first = new_york_date(at);
        let dates = (0..CLOSED_DAYS_MAX + 2 * count as u64).filter_map(|days| first.checked_add_days(Days::new(days)));
        let sessions = dates.filter_map(regular_on).filter(|session| session.opens_at > at);
        sessions.take(count).map(|session| describe(session.date, session.regular())).collect()
    }

    /// End of the session of a day order that is placed at a moment: that of the next close. `None` beyond the
    /// calendar.
    pub fn day_end(self, at: UtcInstant) -> Option<DayEnd> {
        match self {
            Self::Continuous => {
                let end = at.start_of_next_day();
                Some(DayEnd { regular: end, extended: end })
            }
            Self::Exchange => {
                let at = to_chrono(at)?;
                let dates =
                    || (0..CLOSED_DAYS_MAX).filter_map(|days| new_york_date(at).checked_add_days(Days::new(days)));
                let first_after = |extra: TimeDelta| {
                    dates().filter_map(regular_on).map(|session| session.closes_at + extra).find(|end| *end > at)
                };
                let (regular, extended) = (first_after(TimeDelta::zero())?, first_after(POST_LASTS)?);
                let [regular, extended] =
                    [regular, extended].map(|end| UtcInstant::from_unix_ms(end.timestamp_millis()));
                Some(DayEnd { regular, extended })
            }
        }
    }

    /// Next opening or closing of a session; `None` for a market that never closes, and beyond the calendar.
    pub fn next_change(self, at: UtcInstant) -> Option<UtcInstant> {
        if self == Self::Continuous {
            return None;
        }
        let now = to_chrono(at)?;
        let dates = (0..CLOSED_DAYS_MAX).filter_map(|days| new_york_date(now).checked_add_days(Days::new(days)));
        let bounds = dates.filter_map(regular_on).filter_map(|session| session.sessions()).flatten();
        let next = bounds.flat_map(|(_, opens_at, closes_at)| [opens_at, closes_at]).find(|bound| *bound > now)?;
        Some(UtcInstant::from_unix_ms(next.timestamp_millis()))
    }

    /// Whether the holidays of a moment's year are known.
    pub fn is_known(self, at: UtcInstant) -> bool {
        match self {
            Self::Continuous => true,
            Self::Exchange => to_chrono(at).is_some_and(|at| new_york_date(at).year() <= KNOWN_UNTIL_YEAR),
        }
    }

    /// Latest moment up to `at` with prices, in any session: `at` itself during one, else the last moment of the
    /// previous one.
    pub fn last_traded(self, at: UtcInstant) -> UtcInstant {
        if self == Self::Continuous || self.session_at(at).is_some() {
            return at;
        }
        let end = self.trading_times_before(at).next().map(|(_, trades)| trades.end);
        end.map_or(at, |end| UtcInstant::from_unix_ms(end * 1_000 - 1))
    }

    /// Trading days up to a moment, newest first: each day's date, as the Unix second of its midnight in UTC, with the
    /// opening of its first session and the closing of its last one, in Unix seconds. Empty for a market that never
    /// closes.
    pub fn trading_times_before(self, at: UtcInstant) -> impl Iterator<Item = (i64, Range<i64>)> {
        let now = to_chrono(at).filter(|_| self == Self::Exchange);
        // Far enough back for the longest list of candles.
        let dates = now.into_iter().flat_map(|now| {
            (0..DAYS_BACK_MAX).filter_map(move |days| new_york_date(now).checked_sub_days(Days::new(days)))
        });
        let times = |session: Regular| {
            let [(_, opens_at, _), _, (_, _, closes_at)] = session.sessions()?;
            let date = session.date.and_time(NaiveTime::MIN).and_utc().timestamp();
            Some((date, opens_at.timestamp()..closes_at.timestamp()))
        };
        let times = dates.filter_map(regular_on).filter_map(times);
        times.filter(move |(_, trades)| trades.start <= at.unix_second())
    }

    /// Latest moment up to `at` at which orders were filled: `at` itself while they are.
    pub fn last_open(self, at: UtcInstant) -> UtcInstant {
        let last_close = |at: DateTime<Utc>| {
            let dates = (0..CLOSED_DAYS_MAX).filter_map(|days| new_york_date(at).checked_sub_days(Days::new(days)));
            dates.filter_map(regular_on).map(|session| session.closes_at).find(|close| *close <= at)
        };
        if self.is_open(at) {
            return at;
        }
        let closed_at = to_chrono(at).and_then(last_close);
        closed_at.map_or(at, |close| UtcInstant::from_unix_ms(close.timestamp_millis()))
    }

    /// Whether market orders are filled at a moment.
    pub fn is_open(self, at: UtcInstant) -> bool {
        self.session_at(at).is_some_and(|session| session.kind.takes_orders())
    }

    /// Next time at which orders are filled, in words; `None` while they are, and beyond the calendar.
    pub fn opens(self, at: UtcInstant) -> Option<String> {
        if self.is_open(at) {
            return None;
        }
        let next = to_chrono(self.next_sessions(at, 1).first()?.opens_at)?;
        let local = next.with_timezone(&CALENDAR.tz());
        Some(format!(
            "{} in New York ({} UTC)",
            local.format("on %A, %-d %B %Y at %-H:%M"),
            next.format("%Y-%m-%d %H:%M")
        ))
    }
}

impl Regular {
    fn regular(&self) -> Stretch {
        (SessionKind::Regular, self.opens_at, self.closes_at)
    }

    fn day_starts_at(&self) -> Option<DateTime<Utc>> {
        let start = self.date.and_hms_opt(PRE_OPENS_AT_HOUR, 0, 0)?;
        // Clocks change at 2:00, so 4:00 exists once on every day.
        Some(CALENDAR.tz().from_local_datetime(&start).earliest()?.with_timezone(&Utc))
    }

    /// All sessions of its date, in order.
    fn sessions(&self) -> Option<[Stretch; 3]> {
        Some([
            (SessionKind::Pre, self.day_starts_at()?, self.opens_at),
            self.regular(),
            (SessionKind::Post, self.closes_at, self.closes_at + POST_LASTS),
        ])
    }
}

/// Regular session of a date in New York; `None` on a day without one.
fn regular_on(date: NaiveDate) -> Option<Regular> {
    if (date.year(), date.month(), date.day()) == CLOSED_TOO {
        return None;
    }
    let midnight = CALENDAR.tz().from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest()?.with_timezone(&Utc);
    // A date outside the calendar has none.
    let (opens_at, closes_at) = CALENDAR.session_bounds_with(midnight, Sessions::Regular).ok()??;
    (new_york_date(opens_at) == date).then_some(Regular { date, opens_at, closes_at })
}

fn new_york_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&CALENDAR.tz()).date_naive()
}

fn describe(date: NaiveDate, (kind, opens_at, closes_at): Stretch) -> Session {
    let trade_date = format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
    let [opens_at, closes_at] = [opens_at, closes_at].map(|at| UtcInstant::from_unix_ms(at.timestamp_millis()));
    Session { kind, trade_date, opens_at, closes_at }
}

fn continuous(at: UtcInstant) -> Session {
    let (opens_at, closes_at) = (at.start_of_day(), at.start_of_next_day());
    let trade_date = opens_at.to_rfc3339()[..10].to_owned();
    Session { kind: SessionKind::Continuous, trade_date, opens_at, closes_at }
}

/// `None` for a moment outside chrono's range.
fn to_chrono(at: UtcInstant) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at.unix_ms())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> UtcInstant {
        UtcInstant::from_rfc3339(text).unwrap()
    }

    #[rstest]
    #[case::open("2026-11-30T15:00:00Z", Some(SessionKind::Regular))]
    #[case::first_moment("2026-11-30T14:30:00Z", Some(SessionKind::Regular))]
    #[case::before_the_open("2026-11-30T14:29:59Z", Some(SessionKind::Pre))]
    #[case::at_night("2026-11-30T08:59:59Z", None)]
    #[case::at_the_close("2026-11-30T21:00:00Z", Some(SessionKind::Post))]
    #[case::after_it("2026-12-01T00:59:59Z", Some(SessionKind::Post))]
    #[case::over("2026-12-01T01:00:00Z", None)]
    #[case::summer_time("2026-07-01T13:30:00Z", Some(SessionKind::Regular))]
    #[case::weekend("2026-11-28T15:00:00Z", None)]
    #[case::thanksgiving("2026-11-26T15:00:00Z", None)]
    #[case::half_day("2026-11-27T17:59:59Z", Some(SessionKind::Regular))]
    #[case::half_day_is_over("2026-11-27T18:00:00Z", Some(SessionKind::Post))]
    #[case::good_friday("2027-03-26T15:00:00Z", None)]
    #[case::beyond_the_calendar("2040-11-22T16:00:00Z", Some(SessionKind::Regular))]
    fn the_exchange_keeps_its_sessions(#[case] moment: &str, #[case] kind: Option<SessionKind>) {
        assert_eq!(Hours::Exchange.session_at(at(moment)).map(|session| session.kind), kind);
        assert_eq!(Hours::Exchange.is_open(at(moment)), kind == Some(SessionKind::Regular));
        assert!(Hours::Continuous.is_open(at(moment)));
    }

    #[rstest]
    #[case::night("2026-11-30T08:00:00Z", "on Monday, 30 November 2026 at 9:30 in New York (2026-11-30 14:30 UTC)")]
    #[case::before("2026-11-30T14:00:00Z", "on Monday, 30 November 2026 at 9:30 in New York (2026-11-30 14:30 UTC)")]
    #[case::weekend("2026-11-28T15:00:00Z", "on Monday, 30 November 2026 at 9:30 in New York (2026-11-30 14:30 UTC)")]
    #[case::holiday("2026-11-26T15:00:00Z", "on Friday, 27 November 2026 at 9:30 in New York (2026-11-27 14:30 UTC)")]
    #[case::half_day("2026-12-24T18:00:00Z", "on Monday, 28 December 2026 at 9:30 in New York (2026-12-28 14:30 UTC)")]
    #[case::summer("2026-07-01T21:00:00Z", "on Thursday, 2 July 2026 at 9:30 in New York (2026-07-02 13:30 UTC)")]
    fn a_closed_exchange_says_when_it_opens(#[case] moment: &str, #[case] words: &str) {
        assert_eq!(Hours::Exchange.opens(at(moment)).as_deref(), Some(words));
        assert_eq!(Hours::Continuous.opens(at(moment)), None);
    }

    #[rstest]
    #[case::open("2026-11-30T15:00:00Z", "2026-11-30T15:00:00Z")]
    #[case::before_the_open("2026-11-30T14:00:00Z", "2026-11-27T18:00:00Z")]
    #[case::after_the_close("2026-12-01T02:00:00Z", "2026-11-30T21:00:00Z")]
    #[case::weekend("2026-11-28T15:00:00Z", "2026-11-27T18:00:00Z")]
    fn a_closed_exchange_was_open_last_at_its_close(#[case] moment: &str, #[case] last: &str) {
        assert_eq!(Hours::Exchange.last_open(at(moment)), at(last));
    }

    #[test]
    fn an_open_exchange_says_nothing() {
        assert_eq!(Hours::Exchange.opens(at("2026-11-30T15:00:00Z")), None);
    }

    #[rstest]
    #[case::session("2026-11-30T15:00:00Z", "2026-11-30", "2026-11-30T09:00:00Z", "2026-12-01T09:00:00Z")]
    #[case::midnight_utc("2026-12-01T00:00:00Z", "2026-11-30", "2026-11-30T09:00:00Z", "2026-12-01T09:00:00Z")]
    #[case::midnight_in_new_york("2026-12-01T05:00:00Z", "2026-11-30", "2026-11-30T09:00:00Z", "2026-12-01T09:00:00Z")]
    #[case::it_turns("2026-12-01T09:00:00Z", "2026-12-01", "2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z")]
    #[case::weekend("2026-11-29T15:00:00Z", "2026-11-27", "2026-11-27T09:00:00Z", "2026-11-30T09:00:00Z")]
    #[case::holiday("2026-11-26T15:00:00Z", "2026-11-25", "2026-11-25T09:00:00Z", "2026-11-27T09:00:00Z")]
    #[case::clocks_change("2026-10-31T15:00:00Z", "2026-10-30", "2026-10-30T08:00:00Z", "2026-11-02T09:00:00Z")]
    fn the_exchanges_day_is_from_trading_before_the_open_to_the_next(
        #[case] moment: &str,
        #[case] date: &str,
        #[case] starts: &str,
        #[case] ends: &str,
    ) {
        let day = Hours::Exchange.day_of(at(moment));
        let second = |text: &str| at(text).unix_second();
        assert_eq!((day.starts_at, day.ends_at), (second(starts), second(ends)));
        assert_eq!(day.date, second(&format!("{date}T00:00:00Z")));
        assert!(day.includes(at(moment)));
        assert_eq!(Hours::Continuous.day_of(at(moment)), TradingDay::utc(at(moment)));
    }

    #[test]
    fn an_evening_in_new_york_is_in_its_own_days_candle() {
        let evening = at("2026-12-01T00:30:00Z").unix_second();
        let midnight = |text: &str| at(&format!("{text}T00:00:00Z")).unix_second();
        assert_eq!(Hours::Exchange.candle_day(evening), midnight("2026-11-30"));
        assert_eq!(Hours::Continuous.candle_day(evening), midnight("2026-12-01"));
        assert_eq!(Hours::Exchange.candle_day(at("2026-11-30T14:30:00Z").unix_second()), midnight("2026-11-30"));
    }

    #[test]
    fn the_next_sessions_skip_what_is_closed_and_show_half_days() {
        let sessions = Hours::Exchange.next_sessions(at("2026-11-25T22:00:00Z"), 3);
        let told: Vec<_> =
            sessions.iter().map(|session| (session.trade_date.as_str(), session.closes_at.to_rfc3339())).collect();
        let closes = ["2026-11-27T18:00:00Z", "2026-11-30T21:00:00Z", "2026-12-01T21:00:00Z"].map(str::to_owned);
        assert_eq!(told, ["2026-11-27", "2026-11-30", "2026-12-01"].into_iter().zip(closes).collect::<Vec<_>>());
        assert!(Hours::Continuous.next_sessions(at("2026-11-25T22:00:00Z"), 3).is_empty());
    }

    #[rstest]
    #[case(UtcInstant::EPOCH)]
    #[case(UtcInstant::END)]
    #[case(UtcInstant::from_unix_ms(i64::MIN))]
    fn a_moment_beyond_every_calendar_is_survived(#[case] moment: UtcInstant) {
        assert!(Hours::Exchange.day_of(moment).includes(moment));
        let _ = (
            Hours::Exchange.opens(moment),
            Hours::Exchange.session_at(moment),
            Hours::Exchange.next_sessions(moment, 5),
        );
    }

    /// Weekdays from 2010 to 2028 that differ from a usual session, by `exchange_calendars` 4.13.2 for XNYS.
    const IRREGULAR_DAYS: &str = include_str!("hours/xnys.txt");

    #[test]
    fn every_session_from_2010_to_2028_is_that_of_another_calendar() {
        let irregular: std::collections::BTreeMap<NaiveDate, &str> = IRREGULAR_DAYS
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(date, hours)| (date.parse().unwrap(), hours))
            .collect();
        let first = NaiveDate::from_ymd_opt(2010, 1, 1).unwrap();
        let days = first.iter_days().take_while(|date| date.year() <= KNOWN_UNTIL_YEAR);
        let (mut sessions, mut wrong) = (0, Vec::new());
        for date in days {
            let usual = if date.weekday().num_days_from_monday() < 5 { "09:30-16:00" } else { "closed" };
            let expected = irregular.get(&date).copied().unwrap_or(usual);
            let found = regular_on(date).map_or("closed".to_owned(), |session| {
                let [opens, closes] = [session.opens_at, session.closes_at].map(|at| at.with_timezone(&CALENDAR.tz()));
                format!("{}-{}", opens.format("%H:%M"), closes.format("%H:%M"))
            });
            sessions += usize::from(expected != "closed");
            if found != expected {
                wrong.push(format!("{date}: {found}, not {expected}"));
            }
        }
        assert_eq!((wrong, sessions), (Vec::<String>::new(), 4_777));
    }

    #[rstest]
    #[case::in_the_session("2026-11-30T15:00:00Z", "2026-11-30T21:00:00Z", "2026-12-01T01:00:00Z")]
    #[case::before_it("2026-11-30T10:00:00Z", "2026-11-30T21:00:00Z", "2026-12-01T01:00:00Z")]
    #[case::at_the_close("2026-11-30T21:00:00Z", "2026-12-01T21:00:00Z", "2026-12-01T01:00:00Z")]
    #[case::at_night("2026-12-01T02:00:00Z", "2026-12-01T21:00:00Z", "2026-12-02T01:00:00Z")]
    #[case::before_a_half_day("2026-11-26T15:00:00Z", "2026-11-27T18:00:00Z", "2026-11-27T22:00:00Z")]
    #[case::weekend("2026-11-28T15:00:00Z", "2026-11-30T21:00:00Z", "2026-12-01T01:00:00Z")]
    fn a_day_order_ends_with_its_session(#[case] moment: &str, #[case] regular: &str, #[case] extended: &str) {
        let end = DayEnd { regular: at(regular), extended: at(extended) };
        assert_eq!(Hours::Exchange.day_end(at(moment)), Some(end));
        let midnight = at(moment).start_of_next_day();
        assert_eq!(Hours::Continuous.day_end(at(moment)), Some(DayEnd { regular: midnight, extended: midnight }));
    }

    #[rstest]
    #[case::night("2026-11-30T08:00:00Z", "2026-11-30T09:00:00Z")]
    #[case::pre("2026-11-30T09:00:00Z", "2026-11-30T14:30:00Z")]
    #[case::regular("2026-11-30T14:30:00Z", "2026-11-30T21:00:00Z")]
    #[case::post("2026-11-30T21:00:00Z", "2026-12-01T01:00:00Z")]
    #[case::half_day("2026-11-27T17:00:00Z", "2026-11-27T18:00:00Z")]
    #[case::weekend("2026-11-28T15:00:00Z", "2026-11-30T09:00:00Z")]
    fn the_next_change_is_an_opening_or_a_close(#[case] moment: &str, #[case] change: &str) {
        assert_eq!(Hours::Exchange.next_change(at(moment)), Some(at(change)));
        assert_eq!(Hours::Continuous.next_change(at(moment)), None);
    }

    #[test]
    fn holidays_are_known_to_the_end_of_a_year() {
        assert!(
            Hours::Exchange.is_known(at("2029-01-01T04:59:59Z"))
                && !Hours::Exchange.is_known(at("2029-01-01T05:00:00Z"))
        );
        assert!(Hours::Continuous.is_known(at("2040-01-01T00:00:00Z")));
    }

    #[rstest]
    #[case::regular("2026-11-30T15:00:00Z", "2026-11-30T15:00:00Z")]
    #[case::pre("2026-11-30T09:00:00Z", "2026-11-30T09:00:00Z")]
    #[case::night("2026-11-30T08:59:59.999Z", "2026-11-27T21:59:59.999Z")]
    #[case::after_the_late_session("2026-12-01T01:00:00Z", "2026-12-01T00:59:59.999Z")]
    fn prices_stand_still_between_sessions(#[case] moment: &str, #[case] last: &str) {
        assert_eq!(Hours::Exchange.last_traded(at(moment)), at(last));
        assert_eq!(Hours::Continuous.last_traded(at(moment)), at(moment));
    }
}
