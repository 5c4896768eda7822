//! Words and meaning in one order.
//!
//! Each way's scores are stretched to 0…1 among what it found (min-max), and added with weights; what words found has a score
//! by meaning too, wherever that places it. This is the convex combination of Bruch, Gai and Ingber (2023), which beats fusion
//! by ranks where the scores are good. The weight goes by the question: where a filter has settled which company or document
//! is meant, meaning tells the pages of one report apart better than words, which all of them share; where nothing has, names
//! and numbers lead.

use std::collections::HashMap;

use crate::domain::library::{Filters, Scores};

/// The weight of meaning, from 0 to 1, where a filter has settled the document…
const DENSE_SETTLED: f64 = 0.7;
/// …and where none has.
const DENSE_OPEN: f64 = 0.2;

/// Weight of meaning, from 0 to 1, for a question with these filters.
pub fn dense_weight(filters: &Filters) -> f64 {
    let is_settled = filters.document.is_some() || filters.issuer.is_some() || filters.ticker.is_some();
    if is_settled { DENSE_SETTLED } else { DENSE_OPEN }
}

/// Passages that either way has found, best first; `dense_weight` is the share of the second.
pub fn fuse(words: &[(i64, f64)], dense: &[(i64, f64)], dense_weight: f64) -> Vec<(i64, Scores)> {
    let mut fused: HashMap<i64, Scores> = HashMap::new();
    for ((segment, score), share) in words.iter().zip(stretched(words)) {
        let scores = fused.entry(*segment).or_default();
        scores.words = Some(*score);
        scores.total += (1.0 - dense_weight) * share;
    }
    for ((segment, score), share) in dense.iter().zip(stretched(dense)) {
        let scores = fused.entry(*segment).or_default();
        scores.dense = Some(*score);
        scores.total += dense_weight * share;
    }
    let mut fused: Vec<(i64, Scores)> = fused.into_iter().collect();
    // Of as good ones, the earlier passage.
    fused.sort_by(|(one_id, one), (other_id, other)| other.total.total_cmp(&one.total).then(one_id.cmp(other_id)));
    fused
}

/// Scores between 0 and 1: the worst that was found, and the best.
fn stretched(found: &[(i64, f64)]) -> impl Iterator<Item = f64> {
    let worst = found.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
    let best = found.iter().map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max);
    let range = best - worst;
    found.iter().map(move |(_, score)| if range > 0.0 { (score - worst) / range } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(fused: &[(i64, Scores)]) -> Vec<i64> {
        fused.iter().map(|(segment, _)| *segment).collect()
    }

    #[test]
    fn what_both_find_leads() {
        let fused = fuse(&[(1, 9.0), (2, 8.0), (3, 1.0)], &[(4, 0.9), (2, 0.85), (3, 0.1)], 0.5);
        assert_eq!(order(&fused)[0], 2);
        assert_eq!((fused[0].1.words, fused[0].1.dense), (Some(8.0), Some(0.85)));
    }

    proptest! {
        #[test]
        fn one_way_alone_keeps_its_order(scores in prop::collection::vec(0.0_f64..50.0, 1..40)) {
            let mut found: Vec<(i64, f64)> = (0..).zip(scores).collect();
            found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
            let own: Vec<f64> = found.iter().map(|(_, score)| *score).collect();
            let kept = |fused: Vec<(i64, Scores)>| -> Vec<f64> { fused.iter().map(|(_, scores)| scores.words.or(scores.dense).unwrap()).collect() };
            prop_assert_eq!(kept(fuse(&found, &[], 0.7)), own.clone());
            prop_assert_eq!(kept(fuse(&[], &found, 0.7)), own);
        }
    }
}
