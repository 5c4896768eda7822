//! The meter: how many tokens a prompt takes, learnt from the server's own counts.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many tokens a text takes, from what the model's server counted last.
///
/// Some servers read only the end of a prompt that is too long for them, and count only that. Such a count says that a text
/// takes less than it does, and would have more of it sent; so what may be one teaches nothing, and takes back what a count
/// like it has taught.
#[derive(Debug)]
pub struct Meter(Mutex<Lesson>);

#[derive(Debug, Clone, Copy)]
struct Lesson {
    /// Tokens a byte.
    ratio: f64,
    /// The last count, and of how many bytes it was.
    last: Option<(usize, u64)>,
}

impl Lesson {
    /// A byte is a token: no tokenizer over bytes makes more of them.
    const NONE: Self = Self { ratio: 1.0, last: None };
}

impl Default for Meter {
    fn default() -> Self {
        Self(Mutex::new(Lesson::NONE))
    }
}

/// No prompt of ours has fewer tokens than a byte divided by this.
const BYTES_PER_TOKEN_MAX: f64 = 6.0;

/// Contexts are cut to multiples of this.
const CONTEXT_STEP: u64 = 512;

impl Meter {
    /// A count is of another text than the next one; this much more is reckoned with.
    const MARGIN: f64 = 1.15;

    pub fn tokens(&self, bytes: usize) -> usize {
        (bytes as f64 * self.lesson().ratio).ceil() as usize
    }

    /// A prompt of so many bytes had so many tokens.
    pub fn learn(&self, bytes: usize, tokens: u64) {
        // A count that cannot be true teaches nothing.
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

/// Whether a server may have counted a part of the prompt only: too little for so many bytes, exactly what a context holds, or
/// no more than for a prompt that was clearly shorter.
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
