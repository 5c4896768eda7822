//! A server-sent event as bytes of HTTP/1.1: the chunk of a body (RFC 9112, section 7.1) that carries it. The bytes are
//! shared by all recipients.

use std::ops::Range;

use axum::body::Bytes;

/// A chunk's length in up to eight digits, with its line end.
const HEAD_MAX: usize = 10;

const LINE_END: &[u8] = b"\r\n";

/// One event, or a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    chunk: Bytes,
    /// Range of the event within its chunk.
    text: Range<usize>,
}

impl Event {
    /// The event with the text that this writes, including its final blank line.
    pub fn write(text: impl FnOnce(&mut Vec<u8>)) -> Self {
        // The head is written before the text, once its length is known.
        let mut bytes = vec![0; HEAD_MAX];
        text(&mut bytes);
        let head = format!("{:x}\r\n", bytes.len() - HEAD_MAX);
        // Invariant: events are shorter than 4 GiB, the maximum of eight digits.
        let start = HEAD_MAX - head.len();
        bytes[start..HEAD_MAX].copy_from_slice(head.as_bytes());
        bytes.extend_from_slice(LINE_END);
        let chunk = Bytes::from(bytes).slice(start..);
        let text = head.len()..chunk.len() - LINE_END.len();
        Self { chunk, text }
    }

    /// The event with this text, which ends with a blank line.
    pub fn of(text: &[u8]) -> Self {
        Self::write(|bytes| bytes.extend_from_slice(text))
    }

    /// The event as a chunk.
    pub fn chunk(&self) -> &Bytes {
        &self.chunk
    }

    /// The event without the chunk's framing.
    pub fn text(&self) -> Bytes {
        self.chunk.slice(self.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_lies_in_its_chunk() {
        for length in [2, 15, 16, 255, 256, 4_095, 4_096, 1_000_000] {
            let text = vec![b'x'; length];
            let event = Event::of(&text);
            assert_eq!(event.text(), text);
            assert_eq!(event.chunk(), &[format!("{length:x}\r\n").as_bytes(), &text, b"\r\n"].concat());
        }
    }
}
