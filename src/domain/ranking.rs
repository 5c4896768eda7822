//! Sorting.

use std::cmp::Ordering;

/// `items` in order, stably. Sorts indices, so that all types share one instance of the standard library's large sort.
pub fn sorted<T: Clone>(items: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    order.into_iter().map(|place| items[place].clone()).collect()
}

/// Like [`sorted`], by the key of each item.
pub fn sorted_by_key<T: Clone, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    sorted(items, |one, other| key(one).cmp(&key(other)))
}

fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn things_are_sorted_and_equals_stay(numbers in proptest::collection::vec(0_u8..8, 0..60)) {
            let things: Vec<(u8, usize)> = numbers.into_iter().enumerate().map(|(place, number)| (number, place)).collect();
            let mut expected = things.clone();
            expected.sort();
            prop_assert_eq!(sorted_by_key(&things, |thing| thing.0), expected);
        }
    }
}
