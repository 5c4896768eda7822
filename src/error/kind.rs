//! The status, code and title of each kind of error, exhaustively.

use http::StatusCode;

use super::ApiError;

/// `Retry-After` of a refused stream, in seconds: about the time until a page is closed or reloaded.
const STREAM_RETRY_SECONDS: u32 = 5;

/// `Retry-After` of a full library queue, in seconds: about the time to read a report.
const TASKS_RETRY_SECONDS: u32 = 10;

impl ApiError {
    /// HTTP status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MalformedJson { .. }
            | Self::MissingField { .. }
            | Self::InvalidTicker
            | Self::InvalidSide
            | Self::InvalidQuantity { .. }
            | Self::InvalidMessage
            | Self::InvalidParameter { .. }
            | Self::Told { .. } => StatusCode::BAD_REQUEST,
            Self::NotFound
            | Self::NotWatched { .. }
            | Self::NotFollowed { .. }
            | Self::NotHeld { .. }
            | Self::UnknownOrder
            | Self::UnknownAlert => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. } | Self::FileTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UnsupportedMediaType | Self::UnsupportedFile { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::WrongHost { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite | Self::NotAllowed { .. } => StatusCode::FORBIDDEN,
            Self::SignInNeeded | Self::TokenInvalid => StatusCode::UNAUTHORIZED,
            Self::OrderIdReused { .. }
            | Self::FlowIdReused { .. }
            | Self::MessageIdReused { .. }
            | Self::TooLate { .. }
            | Self::RevisionConflict { .. }
            | Self::ReplyCancelled
            | Self::DuplicateDocument => StatusCode::CONFLICT,
            Self::InsufficientCash { .. }
            | Self::InsufficientShares { .. }
            | Self::OrderNeedsCash { .. }
            | Self::WithdrawalTooLarge { .. }
            | Self::OrderNeedsShares { .. }
            | Self::InvalidPrice { .. }
            | Self::TooManyOrders
            | Self::TooManyAlerts
            | Self::TooManyTokens
            | Self::NoPrice { .. }
            | Self::PriceMoved { .. }
            | Self::UnknownTicker { .. }
            | Self::PriceIsLive { .. }
            | Self::TooManyPositions { .. }
            | Self::StalePrice { .. }
            | Self::MarketClosed { .. }
            | Self::WatchlistFull
            | Self::LibraryFull
            | Self::AddressRefused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests { .. } | Self::TooManyStreams | Self::TooManyTasks => StatusCode::TOO_MANY_REQUESTS,
            Self::LlmInvalidReply | Self::LlmOutOfTokens | Self::LlmUnavailable { .. } => StatusCode::BAD_GATEWAY,
            Self::Busy
            | Self::BusyReading
            | Self::PartlyDone
            | Self::CopilotBusy
            | Self::ReplyCutOff
            | Self::LlmNotConfigured
            | Self::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
            Self::LlmTimeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MalformedJson { .. } => "malformed_json",
            Self::MissingField { .. } => "missing_field",
            Self::InvalidTicker => "invalid_ticker",
            Self::InvalidSide => "invalid_side",
            Self::InvalidQuantity { .. } => "invalid_quantity",
            Self::InvalidMessage => "invalid_message",
            Self::InvalidParameter { .. } => "invalid_parameter",
            Self::NotFound | Self::NotWatched { .. } | Self::NotFollowed { .. } | Self::NotHeld { .. } => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::HeadTooLarge { .. } => "head_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RequestTimeout => "request_timeout",
            Self::WrongHost { .. } => "wrong_host",
            Self::CrossSite => "cross_site",
            Self::SignInNeeded => "sign_in_needed",
            Self::TokenInvalid => "token_invalid",
            Self::NotAllowed { .. } => "not_allowed",
            Self::TooManyTokens => "too_many_tokens",
            Self::OrderIdReused { .. } => "order_id_reused",
            Self::FlowIdReused { .. } => "flow_id_reused",
            Self::InsufficientCash { .. } | Self::OrderNeedsCash { .. } | Self::WithdrawalTooLarge { .. } => {
                "insufficient_cash"
            }
            Self::InsufficientShares { .. } | Self::OrderNeedsShares { .. } => "insufficient_shares",
            Self::UnknownOrder => "unknown_order",
            Self::InvalidPrice { .. } => "invalid_price",
            Self::TooManyOrders => "too_many_orders",
            Self::UnknownAlert => "unknown_alert",
            Self::TooManyAlerts => "too_many_alerts",
            Self::TooLate { .. } => "too_late",
            Self::RevisionConflict { .. } => "revision_conflict",
            Self::NoPrice { .. } => "no_price",
            Self::PriceMoved { .. } => "price_moved",
            Self::UnknownTicker { .. } => "unknown_ticker",
            Self::PriceIsLive { .. } => "price_is_live",
            Self::TooManyPositions { .. } => "too_many_positions",
            Self::StalePrice { .. } => "stale_price",
            Self::MarketClosed { .. } => "market_closed",
            Self::WatchlistFull => "watchlist_full",
            Self::UnsupportedFile { .. } => "unsupported_file",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::LibraryFull => "library_full",
            Self::AddressRefused { .. } => "address_refused",
            Self::TooManyTasks => "too_many_tasks",
            Self::DuplicateDocument => "duplicate_document",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::TooManyStreams => "too_many_streams",
            Self::MessageIdReused { .. } => "message_id_reused",
            Self::ReplyCancelled => "cancelled",
            Self::ReplyCutOff => "cut_off",
            Self::LlmInvalidReply | Self::LlmOutOfTokens => "llm_invalid_reply",
            Self::LlmUnavailable { .. } => "llm_unavailable",
            Self::LlmNotConfigured => "llm_not_configured",
            Self::LlmTimeout { .. } => "llm_timeout",
            Self::Busy | Self::BusyReading | Self::PartlyDone | Self::CopilotBusy => "busy",
            Self::Internal => "internal",
            Self::Unreachable => "unreachable",
            Self::Told { .. } => "told",
        }
    }

    /// Seconds to wait before another attempt, if known.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::TooManyRequests { retry_after_seconds } => Some(*retry_after_seconds),
            Self::TooManyStreams => Some(STREAM_RETRY_SECONDS),
            Self::TooManyTasks => Some(TASKS_RETRY_SECONDS),
            _ => None,
        }
    }

    /// Short title, the same for every failure of this kind.
    pub fn title(&self) -> &'static str {
        match self {
            Self::MalformedJson { .. } => "Malformed JSON",
            Self::MissingField { .. } => "Missing field",
            Self::InvalidTicker => "Invalid ticker",
            Self::InvalidSide => "Invalid side",
            Self::InvalidQuantity { .. } => "Invalid quantity",
            Self::InvalidMessage => "Invalid message",
            Self::InvalidParameter { .. } => "Invalid parameter",
            Self::NotFound | Self::NotWatched { .. } | Self::NotFollowed { .. } | Self::NotHeld { .. } => "Not found",
            Self::MethodNotAllowed { .. } => "Method not allowed",
            Self::BodyTooLarge { .. } => "Body too large",
            Self::HeadTooLarge { .. } => "Head too large",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::RequestTimeout => "Request timeout",
            Self::WrongHost { .. } => "Wrong host",
            Self::CrossSite => "Cross-site request",
            Self::SignInNeeded => "Sign-in needed",
            Self::TokenInvalid => "Token invalid",
            Self::NotAllowed { .. } => "Not allowed",
            Self::TooManyTokens => "Too many tokens",
            Self::OrderIdReused { .. } => "Order id reused",
            Self::FlowIdReused { .. } => "Flow id reused",
            Self::InsufficientCash { .. } | Self::OrderNeedsCash { .. } | Self::WithdrawalTooLarge { .. } => {
                "Insufficient cash"
            }
            Self::InsufficientShares { .. } | Self::OrderNeedsShares { .. } => "Insufficient shares",
            Self::UnknownOrder => "Unknown order",
            Self::InvalidPrice { .. } => "Invalid price",
            Self::TooManyOrders => "Too many orders",
            Self::UnknownAlert => "Unknown alert",
            Self::TooManyAlerts => "Too many alerts",
            Self::TooLate { .. } => "Too late",
            Self::RevisionConflict { .. } => "Revision conflict",
            Self::NoPrice { .. } => "No price",
            Self::PriceMoved { .. } => "Price moved",
            Self::UnknownTicker { .. } => "Unknown ticker",
            Self::PriceIsLive { .. } => "Price is live",
            Self::TooManyPositions { .. } => "Too many positions",
            Self::StalePrice { .. } => "Stale price",
            Self::MarketClosed { .. } => "Market closed",
            Self::WatchlistFull => "Watchlist full",
            Self::UnsupportedFile { .. } => "Unsupported file",
            Self::FileTooLarge { .. } => "File too large",
            Self::LibraryFull => "Library full",
            Self::AddressRefused { .. } => "Address refused",
            Self::TooManyTasks => "Too many tasks",
            Self::DuplicateDocument => "Duplicate document",
            Self::TooManyRequests { .. } => "Too many requests",
            Self::TooManyStreams => "Too many streams",
            Self::MessageIdReused { .. } => "Message id reused",
            Self::ReplyCancelled => "Cancelled",
            Self::ReplyCutOff => "Cut off",
            Self::LlmInvalidReply | Self::LlmOutOfTokens => "Invalid reply of the language model",
            Self::LlmUnavailable { .. } => "Language model unavailable",
            Self::LlmNotConfigured => "Language model not configured",
            Self::LlmTimeout { .. } => "Language model timeout",
            Self::Busy | Self::BusyReading | Self::PartlyDone | Self::CopilotBusy => "Busy",
            Self::Internal => "Internal error",
            Self::Unreachable => "Unreachable",
            Self::Told { .. } => "Told",
        }
    }
}
