//! HTML under construction.

/// A piece of HTML. Markup is given as literals of the program; whatever else is shown passes
/// [`Html::text`], so nothing that a table held can become markup.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// An empty piece.
    pub fn new() -> Html {
        Html::default()
    }

    /// Markup from the program's text.
    pub fn raw(&mut self, markup: &'static str) -> &mut Html {
        self.0.push_str(markup);
        self
    }

    /// Any text, as content of an element or of an attribute in double quotes.
    pub fn text(&mut self, text: &str) -> &mut Html {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => match visible(c) {
                    Some(name) => self.0.push_str(&name),
                    None => self.0.push(c),
                },
            }
        }
        self
    }

    /// A whole number with its thousands apart.
    pub fn number(&mut self, number: i64) -> &mut Html {
        self.0.push_str(&super::quantity::grouped(number));
        self
    }

    /// A number for attributes and coordinates.
    pub fn plain(&mut self, number: i64) -> &mut Html {
        self.0.push_str(&number.to_string());
        self
    }

    /// Another piece.
    pub fn html(&mut self, piece: &Html) -> &mut Html {
        self.0.push_str(&piece.0);
        self
    }

    /// The text of it all.
    pub fn finish(self) -> String {
        self.0
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What to show for a character that would be invisible or would reorder its surroundings: control
/// characters, and Unicode's for directions.
fn visible(c: char) -> Option<String> {
    match c {
        '\n' | '\t' => None,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).map(String::from),
        '\u{7f}'..='\u{9f}' | '\u{200b}' | '\u{feff}' => Some(format!("⟨U+{:04X}⟩", c as u32)),
        c if is_directional(c) => Some(format!("⟨U+{:04X}⟩", c as u32)),
        _ => None,
    }
}

/// Whether a character changes the direction of the text around it.
pub fn is_directional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut html = Html::new();
        html.text(text);
        html.finish()
    }

    #[test]
    fn markup_is_shown_not_obeyed() {
        assert_eq!(
            escaped("</td><script>alert('x & \"y\"')</script>"),
            "&lt;/td&gt;&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        assert_eq!(escaped("a\u{1}b\u{202e}c\n"), "a␁b⟨U+202E⟩c\n");
    }

    proptest! {
        #[test]
        fn no_text_holds_markup(text in "\\PC*[<>\"'&]\\PC*") {
            let html = escaped(&text);
            prop_assert!(!html.contains(['<', '>', '"', '\'']));
            let back = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"")
                .replace("&#39;", "'").replace("&amp;", "&");
            prop_assert!(back == text || text.chars().any(|c| visible(c).is_some()));
        }
    }
}
