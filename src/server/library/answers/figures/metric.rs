//! Names of figures, and which names mean the same.

use crate::domain::library::words::{stem, terms};

/// Words that do not tell one figure from another.
const FILLERS: [&str; 36] = [
    "fiscal",
    "year",
    "years",
    "ended",
    "total",
    "consolidated",
    "company",
    "change",
    "changed",
    "difference",
    "increase",
    "decrease",
    "increased",
    "decreased",
    "grow",
    "grew",
    "growth",
    "compare",
    "compared",
    "percent",
    "amount",
    "figure",
    "versus",
    "make",
    "made",
    "makes",
    "report",
    "reported",
    "reports",
    "generate",
    "generated",
    "record",
    "recorded",
    "post",
    "posted",
    "get",
];

/// Names that filers use for the same figure.
const SYNONYMS: [&[&str]; 2] = [&["revenue", "sales"], &["income", "profit", "earnings"]];
/// Of a net figure, a loss is an income below zero.
const NET_SYNONYMS: [&str; 4] = ["income", "profit", "earnings", "loss"];

/// Stems of a figure's name, in order. "Net" counts, since other income, net, is not net income; but net sales are sales.
pub fn metric(text: &str, is_left_out: impl Fn(&str) -> bool) -> Vec<String> {
    let text = bare(text);
    let telling = terms(&text);
    let lower = text.to_lowercase();
    let words = lower.split(|character: char| !character.is_alphanumeric());
    // "Other" is in every text, but tells figures apart.
    let words = words.filter(|word| *word == "other" || telling.iter().any(|term| term == word));
    let mut metric: Vec<String> =
        words.filter(|word| !FILLERS.contains(word) && !is_left_out(word)).map(stem).collect();
    let stems = |words: &[&str]| words.iter().map(|word| stem(word)).collect::<Vec<_>>();
    let sales = stems(SYNONYMS[0]);
    if let Some(place) = metric.windows(2).position(|pair| pair[0] == "net" && sales.contains(&pair[1])) {
        metric.remove(place);
    }
    // Income alone is the net one.
    if let [only] = &metric[..]
        && stems(&NET_SYNONYMS).contains(only)
    {
        metric.insert(0, "net".to_owned());
    }
    metric
}

/// A title without brackets, and without "net" behind a comma.
fn bare(title: &str) -> String {
    let mut text = String::new();
    let mut depth = 0_usize;
    for character in title.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(character),
            _ => {}
        }
    }
    let trimmed = text.trim().trim_end_matches([':', '.', '?']).trim_end();
    let is_net = |end: &str| end.eq_ignore_ascii_case(", net");
    match trimmed.char_indices().rev().nth(4) {
        Some((at, _)) if is_net(&trimmed[at..]) => trimmed[..at].to_owned(),
        _ => trimmed.to_owned(),
    }
}

/// Whether two names mean the same figure.
pub fn is_same(one: &[String], other: &[String]) -> bool {
    let is_net = one.iter().any(|word| word == "net");
    let alike = |word: &String, known: &String| {
        let both = |group: &[&str]| {
            let stems: Vec<String> = group.iter().map(|word| stem(word)).collect();
            stems.contains(word) && stems.contains(known)
        };
        word == known || SYNONYMS.iter().any(|group| both(group)) || (is_net && both(&NET_SYNONYMS))
    };
    one.len() == other.len() && one.iter().all(|word| other.iter().any(|known| alike(word, known)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::sales("revenue", "Net sales", true)]
    #[case::revenues("total net revenue", "Revenues", true)]
    #[case::net_income("net income", "Net income", true)]
    #[case::with_a_note("net income", "Net income (Note 4)", true)]
    #[case::a_loss("net income", "Net loss", true)]
    #[case::either("net income", "Net (loss)/earnings", true)]
    #[case::alone("profit", "Net income", true)]
    #[case::operating("operating profit", "Operating income", true)]
    #[case::net_behind("inventories", "Inventories, net", true)]
    #[case::verbs("revenue make", "Revenue", true)]
    #[case::other_income("net income", "Other income, net", false)]
    #[case::other_revenue("revenue", "Other revenue", false)]
    #[case::a_cost("revenue", "Cost of revenue", false)]
    #[case::of_somebody("net income", "Net income attributable to noncontrolling interests", false)]
    #[case::not_net("operating income", "Operating loss", false)]
    #[case::income_and_revenue("revenue", "Net income", false)]
    #[case::a_unit("revenue", "(Dollars in millions)", false)]
    fn names_of_the_same_figure_are_known(#[case] asked: &str, #[case] title: &str, #[case] same: bool) {
        assert_eq!(is_same(&metric(title, |_| false), &metric(asked, |_| false)), same);
    }
}
