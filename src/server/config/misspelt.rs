//! Warnings about unknown variables that resemble known ones.

use std::collections::BTreeSet;

/// Prefixes for which incomplete names are noticed too. Other programs' variables do not start with them.
const PREFIXES: [&str; 4] = ["SIM_", "LLM_", "MASSIVE_", "COPILOT_"];

/// Shorter names resemble too many others.
const NAME_CHARS_MIN: usize = 6;

/// Permitted misspelt letters, with the least length of the name.
const WRONG_LETTERS: [(usize, usize); 2] = [(9, 2), (NAME_CHARS_MIN, 1)];

/// One line for each unknown variable that resembles a known one. Values are not included.
pub fn warnings<'a>(names: impl Iterator<Item = &'a str>, known: &BTreeSet<String>) -> Vec<String> {
    let unknown = names.filter(|name| !known.contains(*name));
    unknown
        .filter_map(|name| {
            let meant = meant(name, known)?;
            Some(format!("the variable {name} is not known and has no effect; {meant} may be what is meant"))
        })
        .collect()
}

/// The most similar known variable.
fn meant<'a>(name: &str, known: &'a BTreeSet<String>) -> Option<&'a str> {
    // Very long names are not typing errors.
    if name.len() > 40 || !name.is_ascii() {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    let close = known.iter().filter_map(|known| {
        let wrong = distance(&upper, known);
        let is_close = WRONG_LETTERS.iter().any(|(length, wrong_max)| known.len() >= *length && wrong <= *wrong_max);
        let is_part = PREFIXES.iter().any(|prefix| upper.starts_with(prefix)) && is_part(&upper, known);
        (is_close || is_part).then_some((wrong, known.as_str()))
    });
    close.min().map(|(_, known)| known)
}

/// Whether one name is the other with further words appended.
fn is_part(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.starts_with('_'))
}

/// Edit distance: changes, deletions, insertions, and swaps of neighbours (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=other.len()).collect();
    for i in 1..=one.len() {
        for j in 1..=other.len() {
            let differs = usize::from(one[i - 1] != other[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + differs);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn known() -> BTreeSet<String> {
        [
            "PORT",
            "HOST",
            "SIM_SEED",
            "SIM_TICK_MS",
            "LLM_TIMEOUT_SECONDS",
            "DATABASE_URL",
            "OPENROUTER_API_KEY",
            "RATE_LIMIT",
        ]
        .map(str::to_owned)
        .into()
    }

    #[rstest]
    #[case::a_letter_too_many("SIM_SEEED", Some("SIM_SEED"))]
    #[case::a_letter_too_few("SIM_SED", Some("SIM_SEED"))]
    #[case::swapped("SIM_SEDE", Some("SIM_SEED"))]
    #[case::small_letters("sim_seed", Some("SIM_SEED"))]
    #[case::two_letters("DATABSE_ULR", Some("DATABASE_URL"))]
    #[case::another_word("OPEN_ROUTER_API_KEY", Some("OPENROUTER_API_KEY"))]
    #[case::not_complete("LLM_TIMEOUT", Some("LLM_TIMEOUT_SECONDS"))]
    #[case::more_than_complete("SIM_SEED_VALUE", Some("SIM_SEED"))]
    #[case::ours("SIM_SEED", None)]
    #[case::of_others("PATH", None)]
    #[case::close_to_a_short_one("POST", None)]
    #[case::of_others_of_a_prefix("LLM_REAL_URL", None)]
    #[case::far("DATABASE_PASSWORD", None)]
    #[case::another_script("SIM_SÉÉD", None)]
    fn what_looks_like_ours_is_named(#[case] name: &str, #[case] meant: Option<&str>) {
        let told = warnings([name].into_iter(), &known());
        assert_eq!(told.len(), usize::from(meant.is_some()), "{told:?}");
        for (line, meant) in told.iter().zip(meant) {
            assert!(
                line.contains(&format!("{name} is not known")) && line.contains(&format!("; {meant} may")),
                "{line}"
            );
        }
    }
}
