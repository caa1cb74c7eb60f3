//! Closed sets whose members SQL shows as words.

/// A value that is one of a few words.
pub trait Word: Copy + PartialEq + 'static {
    /// What such a value is, as a message about an invalid one names it.
    const NAME: &'static str;
    /// Every value with its word.
    const WORDS: &'static [(Self, &'static str)];

    /// The value of a word.
    fn from_word(word: &str) -> Result<Self, Unknown> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(value, _)| *value).ok_or_else(|| {
            let known: Vec<&str> = Self::WORDS.iter().map(|(_, word)| *word).collect();
            Unknown {
                message: format!("invalid {} \"{word}\"", Self::NAME),
                hint: format!("Valid values are: {}.", known.join(", ")),
            }
        })
    }

    /// The word of a value.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }
}

/// A word that is none of a set's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is wrong, naming the word.
    pub message: String,
    /// What would be right.
    pub hint: String,
}
