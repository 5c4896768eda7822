//! Comma, semicolon or tab separated values: one line per record, cells set apart.

use csv::ReaderBuilder;

use super::pages::Pages;

pub fn read(source: &str) -> Pages {
    let mut pages = Pages::default();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(source))
        .from_reader(source.as_bytes());
    // An unreadable record ends the table; earlier records are kept.
    for record in reader.records().map_while(Result::ok) {
        if pages.is_over() {
            break;
        }
        for (index, cell) in record.iter().enumerate() {
            if index > 0 {
                pages.text.push_str("   ");
            }
            pages.text.extend(cell.trim().chars().map(|character| if character == '\n' { ' ' } else { character }));
        }
        pages.text.push('\n');
    }
    pages
}

/// The most frequent separator in the first lines.
fn separator(source: &str) -> u8 {
    let lines = source.lines().take(5);
    let counts = lines.fold([0usize; 3], |[comma, semicolon, tab], line| {
        let count = |mark| line.matches(mark).count();
        [comma + count(','), semicolon + count(';'), tab + count('\t')]
    });
    let most = counts.iter().max().copied().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().zip(counts).find(|(_, count)| *count == most).map_or(b',', |(mark, _)| mark)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::comma("item,2022\n\"Sales, net\",\"1,234\"\n", "item   2022\nSales, net   1,234\n")]
    #[case::semicolon("item;2022\nSales;1.234,5\n", "item   2022\nSales   1.234,5\n")]
    #[case::tab("item\t2022\nSales\t10\n", "item   2022\nSales   10\n")]
    #[case::ragged("a,b\nc\n", "a   b\nc\n")]
    fn a_row_is_a_line(#[case] source: &str, #[case] text: &str) {
        assert_eq!(read(source).text, text);
    }
}
