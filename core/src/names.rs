//! Names and literals as SQL writes them.

use std::fmt;

/// A table by its schema's name and its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// `table_schema`
    pub schema: String,
    /// `table_name`
    pub name: String,
}

impl TableName {
    /// As SQL writes it.
    pub fn quoted(&self) -> String {
        format!("{}.{}", quote_identifier(&self.schema), quote_identifier(&self.name))
    }
}

/// As messages show it.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// Reads a list of names: folded to lower case unless in double quotes (PostgreSQL's
/// `SplitIdentifierString`). `None` where the text is no such list.
pub fn parse_list(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => split_quoted(quoted)?,
            None => split_plain(rest)?,
        };
        if name.is_empty() {
            return None;
        }
        names.push(name);
        rest = match after.trim_start() {
            "" => return Some(names),
            after => after.strip_prefix(',')?.trim_start(),
        };
    }
}

fn split_plain(text: &str) -> Option<(String, &str)> {
    let (name, after) = text.split_at(text.find(',').unwrap_or(text.len()));
    (!name.contains('"')).then(|| (name.trim().to_lowercase(), after))
}

fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

/// Writes a list that [`parse_list`] reads.
pub fn write_list(names: &[String]) -> String {
    names.iter().map(|name| quote_identifier(name)).collect::<Vec<_>>().join(",")
}

/// Quotes a name always, so that no list of reserved words is needed.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string literal, with the escape syntax where it holds a backslash (PostgreSQL's
/// `quote_literal`).
pub fn quote_literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_fold_like_sql() {
        assert_eq!(parse_list(" A , \"B c\" ,d").unwrap(), ["a", "B c", "d"]);
        assert_eq!(parse_list("\"a\"\"b\"").unwrap(), ["a\"b"]);
        assert!(parse_list("").unwrap().is_empty());
        for bad in [",", "a,", "\"a", "\"\"", "a,,b", "\"a\"b", "d\"\""] {
            assert_eq!(parse_list(bad), None, "{bad}");
        }
    }

    #[test]
    fn literals_are_quoted() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\b'"), "E'a\\\\b'''");
    }

    proptest! {
        #[test]
        fn lists_round_trip(names in proptest::collection::vec(".{1,8}", 0..5)) {
            prop_assert_eq!(parse_list(&write_list(&names)), Some(names));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse_list(&text);
        }
    }
}
