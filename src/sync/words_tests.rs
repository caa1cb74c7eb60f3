//! Words that SQL has, too.

#[pgrx::pg_schema]
mod tests {
    use crate::pg::query::all;
    use concord_core::conflict::ConflictType;
    use concord_core::word::Word;
    use pgrx::prelude::*;

    #[pg_test]
    fn the_catalog_has_every_type_of_conflict() {
        let checked: Vec<String> = all(
            "SELECT m[1] FROM pg_catalog.pg_constraint c
             CROSS JOIN LATERAL pg_catalog.regexp_matches(
                 pg_catalog.pg_get_constraintdef(c.oid), '''(\\w+)''', 'g') m
             WHERE c.conrelid = 'concord.conflicts'::pg_catalog.regclass AND c.contype = 'c'
               AND pg_catalog.pg_get_constraintdef(c.oid) LIKE '%conflict_type%'",
            &[],
            |row| row.required(1),
        );
        let words: Vec<&str> = ConflictType::WORDS.iter().map(|(_, word)| *word).collect();
        assert_eq!(checked, words);
    }
}
