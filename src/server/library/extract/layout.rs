//! Builds lines of text from a page's characters and their positions.
//!
//! Characters with close baselines form a line. A gap wider than letter spacing becomes a blank; a wide gap, as between
//! a table's columns, becomes three. A table's row thus stays one line, with its label and all its numbers.

/// A character with its position on the page, in points from the top left corner.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub character: char,
    pub left: f32,
    pub right: f32,
    pub baseline: f32,
    pub size: f32,
}

/// Baselines closer than this fraction of the character size share a line; superscripts are raised by about a third.
const SAME_LINE: f32 = 0.4;
/// Largest character size used for that comparison, so that a title does not absorb the line below.
const LINE_SIZE_MAX: f32 = 14.0;
/// Gaps of at least this fraction of the size are blanks.
const BLANK: f32 = 0.13;
/// Gaps of at least this fraction of the size separate columns.
const COLUMN: f32 = 1.2;
/// The same character again, shifted by less than this fraction of its size, is bold print by double drawing.
const DRAWN_TWICE: f32 = 0.12;
/// Smallest visible character size, in points.
const SIZE_MIN: f32 = 0.5;
/// Gaps between lines of at least this fraction of the size are empty lines.
const PARAGRAPH: f32 = 2.2;

/// Text of a page.
pub fn text(mut characters: Vec<Placed>) -> String {
    characters.retain(|placed| {
        let numbers = [placed.left, placed.right, placed.baseline, placed.size];
        numbers.iter().all(|number| number.is_finite()) && placed.size > SIZE_MIN && !placed.character.is_whitespace()
    });
    characters.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
    let mut text = String::with_capacity(characters.len() * 5 / 4);
    let mut last: Option<f32> = None;
    for line in lines(&mut characters) {
        let (baseline, size) = (line[0].baseline, line[0].size);
        if last.is_some_and(|last| baseline - last > PARAGRAPH * size.min(LINE_SIZE_MAX)) {
            text.push('\n');
        }
        last = Some(baseline);
        line.sort_by(|a, b| a.left.total_cmp(&b.left));
        write_line(line, &mut text);
        text.push('\n');
    }
    text
}

/// Runs of characters, sorted by baseline, one run per line.
fn lines(characters: &mut [Placed]) -> impl Iterator<Item = &mut [Placed]> {
    characters.chunk_by_mut(|above, below| {
        below.baseline - above.baseline <= SAME_LINE * above.size.max(below.size).min(LINE_SIZE_MAX)
    })
}

fn write_line(line: &[Placed], text: &mut String) {
    let mut before: Option<&Placed> = None;
    for placed in line {
        if let Some(before) = before {
            let near = |a: f32, b: f32| (a - b).abs() < DRAWN_TWICE * placed.size;
            if before.character == placed.character
                && near(before.left, placed.left)
                && near(before.baseline, placed.baseline)
            {
                continue;
            }
            let (gap, size) = (placed.left - before.right, before.size.min(placed.size));
            // A currency sign stands at the column's edge, but belongs to its number.
            if gap > COLUMN * size && !matches!(before.character, '$' | '€' | '£' | '¥') {
                text.push_str("   ");
            } else if gap > BLANK * size {
                text.push(' ');
            }
        }
        text.push(placed.character);
        before = Some(placed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word(text: &str, left: f32, baseline: f32, size: f32) -> Vec<Placed> {
        let placed = |(index, character)| {
            let left = left + index as f32 * size * 0.5;
            Placed { character, left, right: left + size * 0.5, baseline, size }
        };
        text.chars().enumerate().map(placed).collect()
    }

    #[test]
    fn a_row_of_a_table_is_one_line() {
        let words = [
            word("Revenue", 10.0, 100.0, 10.0),
            word("net", 48.0, 100.2, 10.0),
            word("$", 200.0, 100.0, 10.0),
            word("66,608", 230.0, 100.0, 10.0),
            word("62,286", 300.0, 99.9, 10.0),
            word("(1)", 330.5, 97.0, 6.0),
            word("Costs", 10.0, 112.0, 10.0),
        ];
        assert_eq!(text(words.concat()), "Revenue net   $ 66,608   62,286(1)\nCosts\n");
    }

    #[test]
    fn what_is_drawn_twice_is_read_once() {
        let words = [word("Bold", 10.0, 100.0, 10.0), word("Bold", 10.3, 100.0, 10.0)];
        assert_eq!(text(words.concat()), "Bold\n");
    }

    #[test]
    fn a_wide_gap_between_lines_is_an_empty_one() {
        let words = [word("a", 0.0, 10.0, 10.0), word("b", 0.0, 22.0, 10.0), word("c", 0.0, 50.0, 10.0)];
        assert_eq!(text(words.concat()), "a\nb\n\nc\n");
    }

    proptest! {
        #[test]
        fn no_place_is_too_odd(places in prop::collection::vec((any::<f32>(), any::<f32>(), any::<f32>(), any::<f32>()), 0..50)) {
            let placed = places.into_iter().map(|(left, right, baseline, size)| Placed { character: 'x', left, right, baseline, size });
            text(placed.collect());
        }
    }
}
