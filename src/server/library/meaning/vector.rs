//! Vectors of one length, in a byte a dimension.

use crate::server::library::bounds::DIMENSIONS_MAX;

/// A direction: dimension `i` is `data[i] × scale`, and its length is 1, but for what rounding takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    pub scale: f32,
    pub data: Vec<i8>,
}

impl Vector {
    /// The direction of these numbers, rounded to 127 steps a side (symmetric quantisation); nothing when they have none.
    pub fn of(numbers: &[f32]) -> Option<Self> {
        let length = numbers.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
        let largest = numbers.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        if !length.is_finite() || length == 0.0 || numbers.len() > DIMENSIONS_MAX {
            return None;
        }
        let data = numbers.iter().map(|number| (number / largest * 127.0).round() as i8).collect();
        Some(Self { scale: (f64::from(largest) / 127.0 / length) as f32, data })
    }

    /// The cosine of the angle between the two; 0 when they are of different models.
    pub fn cosine(&self, scale: f32, data: &[u8]) -> f32 {
        if self.data.len() != data.len() {
            return 0.0;
        }
        let products = self.data.iter().zip(data).map(|(one, other)| i32::from(*one) * i32::from(other.cast_signed()));
        products.sum::<i32>() as f32 * self.scale * scale
    }

    /// As the database keeps it.
    pub fn bytes(&self) -> Vec<u8> {
        self.data.iter().map(|number| number.cast_unsigned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_has_no_direction() {
        assert_eq!(Vector::of(&[0.0; 4]), None);
        assert_eq!(Vector::of(&[f32::NAN; 4]), None);
        assert_eq!(Vector::of(&[]), None);
    }

    proptest! {
        #[test]
        fn rounding_changes_a_cosine_by_little(
            one in prop::collection::vec(-1.0_f32..1.0, 384),
            other in prop::collection::vec(-1.0_f32..1.0, 384),
        ) {
            let length = |numbers: &[f32]| numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
            let exact = one.iter().zip(&other).map(|(a, b)| a * b).sum::<f32>() / length(&one) / length(&other);
            let (one, other) = (Vector::of(&one).unwrap(), Vector::of(&other).unwrap());
            prop_assert!((one.cosine(other.scale, &other.bytes()) - exact).abs() < 0.01);
        }
    }
}
