//! What generated histories write.

use concord_cluster::random::Random;

/// A schema, and random statements on it.
pub struct Profile {
    pub label: &'static str,
    pub tables: &'static [&'static str],
    pub schema: &'static str,
    pub statement: fn(&mut Random) -> String,
    /// Resolves or opens some conflict.
    pub decision: Option<fn(&mut Random) -> String>,
}

/// Rows that depend on each other little.
pub const PAGES: Profile = Profile {
    label: "converge",
    tables: &["section", "page", "label"],
    schema: "
        CREATE TABLE section (id integer PRIMARY KEY, name text);
        CREATE TABLE page (id integer PRIMARY KEY, title text, body text, stars integer,
                           section_id integer REFERENCES section ON DELETE CASCADE,
                           CHECK (stars < 8 OR title <> 'low'));
        CREATE TABLE label (page_id integer, locale text, value text, PRIMARY KEY (page_id, locale));",
    statement: page_statement,
    decision: None,
};

impl Profile {
    /// The schema, tracked.
    pub fn tracked(&self, policy: &str) -> String {
        let tables = self.tables.join("', '");
        format!(
            "{} SELECT concord.track(t::regclass, conflict_policy => '{policy}')
             FROM unnest(ARRAY['{tables}']) t",
            self.schema
        )
    }

    /// One transaction's statements.
    pub fn transaction(&self, random: &mut Random) -> String {
        let count = 1 + random.below(3) * random.below(2);
        (0..count).map(|_| (self.statement)(random)).collect::<Vec<_>>().join("; ")
    }
}

fn page_statement(random: &mut Random) -> String {
    let (id, value) = (random.below(6), random.below(9));
    let section = match random.below(3) {
        0 => "NULL".to_owned(),
        _ => format!("(SELECT id FROM section WHERE id = {})", random.below(3)),
    };
    let title = if value == 0 { "low".to_owned() } else { format!("t{value}") };
    match random.below(14) {
        0 | 1 => format!(
            "INSERT INTO page VALUES ({id}, '{title}', 'b', {value}, {section})
             ON CONFLICT (id) DO UPDATE SET title = excluded.title, stars = excluded.stars"
        ),
        2..=4 => format!("UPDATE page SET title = '{title}' WHERE id = {id} AND stars < 8"),
        5 | 6 => format!("UPDATE page SET body = 'b{value}' WHERE id = {id}"),
        7 => format!("UPDATE page SET stars = {value} WHERE id = {id} AND title <> 'low'"),
        8 => format!("UPDATE page SET section_id = {section} WHERE id = {id}"),
        9 => format!("DELETE FROM page WHERE id = {id}"),
        10 => format!(
            "INSERT INTO section VALUES ({}, 's{value}') ON CONFLICT DO NOTHING",
            random.below(3)
        ),
        11 if random.chance(50) => format!("DELETE FROM section WHERE id = {}", random.below(3)),
        11 => format!("UPDATE section SET name = 's{value}'"),
        12 => format!(
            "INSERT INTO label VALUES ({id}, 'en', 'v{value}')
             ON CONFLICT (page_id, locale) DO UPDATE SET value = excluded.value"
        ),
        _ => format!(
            "UPDATE label SET page_id = {} WHERE page_id = {id}
             AND NOT EXISTS (SELECT FROM label WHERE page_id = {})",
            id + 10,
            id + 10
        ),
    }
}
