//! The meter estimates a prompt's tokens from the server's own counts.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Estimates the tokens of a text from the last count of the model's server.
///
/// Some servers truncate a too long prompt and count only the remaining part. Such a count underestimates, so that even
/// more would be sent. A count that may be truncated is therefore ignored, and cancels an earlier similar one.
#[derive(Debug)]
pub struct Meter(Mutex<Lesson>);

#[derive(Debug, Clone, Copy)]
struct Lesson {
    /// Tokens per byte.
    ratio: f64,
    /// Bytes and tokens of the last count.
    last: Option<(usize, u64)>,
}

impl Lesson {
    /// Initial state: one token per byte, the upper bound for byte-based tokenizers.
    const NONE: Self = Self { ratio: 1.0, last: None };
}

impl Default for Meter {
    fn default() -> Self {
        Self(Mutex::new(Lesson::NONE))
    }
}

/// A prompt has at least its bytes divided by this many tokens.
const BYTES_PER_TOKEN_MAX: f64 = 6.0;

/// Context sizes are multiples of this.
const CONTEXT_STEP: u64 = 512;

impl Meter {
    /// Safety factor, since the next text differs from the counted one.
    const MARGIN: f64 = 1.15;

    pub fn tokens(&self, bytes: usize) -> usize {
        (bytes as f64 * self.lesson().ratio).ceil() as usize
    }

    /// Learns that a prompt of this many bytes had this many tokens.
    pub fn learn(&self, bytes: usize, tokens: u64) {
        // An impossible count is ignored.
        if bytes == 0 || tokens == 0 {
            return;
        }
        let mut lesson = self.lesson();
        *lesson = if is_clipped(lesson.last, bytes, tokens) {
            Lesson { last: Some((bytes, tokens)), ..Lesson::NONE }
        } else {
            let ratio = (tokens as f64 / bytes as f64 * Self::MARGIN).min(1.0);
            Lesson { ratio, last: Some((bytes, tokens)) }
        };
    }

    fn lesson(&self) -> MutexGuard<'_, Lesson> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server may have counted only part of the prompt: too few tokens for the bytes, exactly a context's size,
/// or no more than for a clearly shorter prompt.
fn is_clipped(last: Option<(usize, u64)>, bytes: usize, tokens: u64) -> bool {
    let is_too_little = (tokens as f64) * BYTES_PER_TOKEN_MAX < bytes as f64;
    let is_a_context = tokens >= 2 * CONTEXT_STEP && tokens.is_multiple_of(CONTEXT_STEP);
    let has_not_grown = last.is_some_and(|(bytes_before, tokens_before)| {
        let (longer, shorter) = (bytes.max(bytes_before), bytes.min(bytes_before));
        let has_changed = longer - shorter > shorter / 50;
        has_changed && (bytes > bytes_before) == (tokens <= tokens_before)
    });
    is_too_little || is_a_context || has_not_grown
}
