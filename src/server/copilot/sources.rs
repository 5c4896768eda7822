//! Where in the library a reply's statements come from, in words behind it.

use crate::server::library::LibraryPassage;

/// Begins the list. A reply that has it was made from documents.
const MARK: &str = "Read in the library: ";

/// The list of the passages that a reply names, or of all where it names none; empty without passages.
pub fn cited(message: &str, passages: &[LibraryPassage]) -> String {
    if passages.is_empty() {
        return String::new();
    }
    let named: Vec<&LibraryPassage> =
        passages.iter().filter(|passage| message.contains(&format!("[{}]", passage.handle))).collect();
    let listed = if named.is_empty() { passages.iter().collect() } else { named };
    let places: Vec<String> =
        listed.iter().map(|passage| format!("[{}] {}, page {}", passage.handle, passage.title, passage.page)).collect();
    format!("\n\n{MARK}{}.", places.join("; "))
}

/// Whether a reply was made from documents.
pub fn is_cited(message: &str) -> bool {
    message.contains(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reply_names_is_listed() {
        let passage = |handle: &str, page| LibraryPassage {
            handle: handle.to_owned(),
            title: "Boeing 2022".to_owned(),
            page,
            context: String::new(),
            text: String::new(),
        };
        let passages = [passage("S1", 24), passage("S2", 55)];
        let list = cited("Revenue was $66,608 million [S2].", &passages);
        assert_eq!(list, "\n\nRead in the library: [S2] Boeing 2022, page 55.");
        assert!(is_cited(&list) && !is_cited("Revenue was 5."));
        assert!(cited("Revenue rose.", &passages).contains("[S1]"));
        assert_eq!(cited("Revenue rose [S1].", &[]), "");
    }
}
