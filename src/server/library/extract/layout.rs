//! Lines of text from the characters of a page, by where they stand.
//!
//! Characters whose baselines are close make a line; a gap wider than a letter's space makes a blank, and a wide one three,
//! as between the columns of a table. So a table's row stays one line, with its label and all its numbers.

/// A character as it stands on a page: distances in points from the top left corner.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    pub character: char,
    pub left: f32,
    pub right: f32,
    pub baseline: f32,
    pub size: f32,
}

/// Baselines that differ by less than this part of a character's size are of one line; superscripts are raised by a third.
const SAME_LINE: f32 = 0.4;
/// The largest size that counts for it, so that a title does not swallow the line below.
const LINE_SIZE_MAX: f32 = 14.0;
/// Gaps from this part of a size on are blanks.
const BLANK: f32 = 0.13;
/// Gaps from this part of a size on separate columns.
const COLUMN: f32 = 1.2;
/// The same character, moved by less than this part of its size, is a bold one that was drawn twice.
const DRAWN_TWICE: f32 = 0.12;
/// Smaller characters are not seen.
const SIZE_MIN: f32 = 0.5;
/// From this part of a size on, a gap between two lines is an empty one.
const PARAGRAPH: f32 = 2.2;

/// The text of a page.
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

/// The runs of characters, sorted by their baselines, that make a line each.
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
            // A currency's sign stands at the column's edge, and belongs to its number.
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
