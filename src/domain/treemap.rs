//! A squarified treemap: rectangles with areas proportional to their weights, as square as possible.
//!
//! Mark Bruls, Kees Huizing and Jarke van Wijk, *Squarified Treemaps*, 2000.

use super::ranking::sorted;

/// A rectangle; `x` and `y` are its corner nearest to the origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub fn area(self) -> f64 {
        self.width * self.height
    }

    fn shorter_side(self) -> f64 {
        self.width.min(self.height)
    }
}

/// One tile per weight, in the order of the weights; together they fill `area`. A weight that is not positive and
/// finite gets an empty tile.
pub fn squarify(weights: &[f64], area: Rect) -> Vec<Rect> {
    let mut tiles = vec![Rect { width: 0.0, height: 0.0, ..area }; weights.len()];
    let weighty: Vec<usize> =
        (0..weights.len()).filter(|index| weights[*index].is_finite() && weights[*index] > 0.0).collect();
    let heaviest_first = sorted(&weighty, |one, other| weights[*other].total_cmp(&weights[*one]));
    let total: f64 = heaviest_first.iter().map(|index| weights[*index]).sum();
    let scale = area.area() / total;
    let size = |index: &usize| weights[*index] * scale;

    let (mut rest, mut waiting) = (area, &heaviest_first[..]);
    while let Some(first) = waiting.first() {
        let side = rest.shorter_side();
        let (mut count, mut row_size) = (1, size(first));
        // A row grows as long as its worst tile becomes squarer.
        while let Some(next) = waiting.get(count) {
            let worst_now = worst_ratio(side, size(first), size(&waiting[count - 1]), row_size);
            if worst_ratio(side, size(first), size(next), row_size + size(next)) > worst_now {
                break;
            }
            row_size += size(next);
            count += 1;
        }
        let (row, after) = waiting.split_at(count);
        rest = lay_row(row, size, row_size, rest, &mut tiles);
        waiting = after;
    }
    tiles
}

/// Aspect ratio, at least 1, of the worst tile of a row along `side` with the total `row_size`, given its largest and
/// smallest tile.
fn worst_ratio(side: f64, largest: f64, smallest: f64, row_size: f64) -> f64 {
    let (side, row_size) = (side * side, row_size * row_size);
    (side * largest / row_size).max(row_size / (side * smallest))
}

/// Places a row along the shorter side of `rest`, and returns the remaining area.
fn lay_row(row: &[usize], size: impl Fn(&usize) -> f64, row_size: f64, rest: Rect, tiles: &mut [Rect]) -> Rect {
    let is_column = rest.width >= rest.height;
    // Bounded by the remaining space: rounding must not push the last row out.
    let depth = (row_size / rest.shorter_side()).min(rest.width.max(rest.height));
    let mut done = 0.0;
    for index in row {
        let length = size(index) / depth;
        tiles[*index] = if is_column {
            Rect { x: rest.x, y: rest.y + done, width: depth, height: length }
        } else {
            Rect { x: rest.x + done, y: rest.y, width: length, height: depth }
        };
        done += length;
    }
    if is_column {
        Rect { x: rest.x + depth, width: rest.width - depth, ..rest }
    } else {
        Rect { y: rest.y + depth, height: rest.height - depth, ..rest }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AREA: Rect = Rect { x: 0.0, y: 0.0, width: 6.0, height: 4.0 };

    #[test]
    fn the_papers_own_example() {
        let tiles = squarify(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], AREA);
        let rounded =
            |tile: &Rect| [tile.x, tile.y, tile.width, tile.height].map(|side| (side * 100.0).round() / 100.0);
        let expected = [
            [0.0, 0.0, 3.0, 2.0],
            [0.0, 2.0, 3.0, 2.0],
            [3.0, 0.0, 1.71, 2.33],
            [4.71, 0.0, 1.29, 2.33],
            [3.0, 2.33, 1.2, 1.67],
            [4.2, 2.33, 1.2, 1.67],
            [5.4, 2.33, 0.6, 1.67],
        ];
        assert_eq!(tiles.iter().map(rounded).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn one_weight_fills_everything_and_none_is_no_tile() {
        assert_eq!(squarify(&[3.0], AREA), [AREA]);
        assert_eq!(squarify(&[], AREA), []);
        let tiles = squarify(&[0.0, f64::NAN, 2.0, -1.0, f64::INFINITY], AREA);
        assert_eq!(tiles[2], AREA);
        assert!(tiles.iter().enumerate().all(|(index, tile)| index == 2 || tile.area() == 0.0));
    }

    proptest! {
        #[test]
        fn tiles_are_as_their_weights_inside_and_apart(
            weights in prop::collection::vec(0.01_f64..1_000.0, 1..40), width in 10.0_f64..2_000.0, height in 10.0_f64..2_000.0
        ) {
            const ROUNDING: f64 = 1e-6;
            let area = Rect { x: 3.0, y: -7.0, width, height };
            let tiles = squarify(&weights, area);
            let total: f64 = weights.iter().sum();
            for (tile, weight) in tiles.iter().zip(&weights) {
                prop_assert!((tile.area() / area.area() - weight / total).abs() < ROUNDING, "areas are as weights");
                prop_assert!(tile.x >= area.x - ROUNDING && tile.x + tile.width <= area.x + width + ROUNDING);
                prop_assert!(tile.y >= area.y - ROUNDING && tile.y + tile.height <= area.y + height + ROUNDING);
            }
            for (index, one) in tiles.iter().enumerate() {
                for other in &tiles[index + 1..] {
                    let across = (one.x + one.width).min(other.x + other.width) - one.x.max(other.x);
                    let down = (one.y + one.height).min(other.y + other.height) - one.y.max(other.y);
                    prop_assert!(across < ROUNDING || down < ROUNDING, "{one:?} and {other:?} overlap");
                }
            }
        }
    }
}
