//! Generated histories of a site: a tree of pages with unique slugs, in which everything stands in
//! everything's way.

use crate::profile::Profile;
use concord_cluster::random::Random;

/// The site.
pub const SITE: Profile = Profile {
    label: "converge-site",
    tables: &["section", "page", "label"],
    schema: "
        CREATE TABLE section (id integer PRIMARY KEY, name text UNIQUE);
        CREATE TABLE page (id integer PRIMARY KEY, slug text UNIQUE, title text, rank integer,
                           parent integer REFERENCES page ON DELETE CASCADE,
                           section_id integer REFERENCES section ON DELETE SET NULL,
                           UNIQUE (section_id, rank));
        CREATE TABLE label (page_id integer REFERENCES page ON DELETE CASCADE, locale text,
                            value text, PRIMARY KEY (page_id, locale), UNIQUE (locale, value));",
    statement: site_statement,
    decision: Some(decision),
};

fn site_statement(random: &mut Random) -> String {
    let (id, other, value) = (random.below(8), random.below(8), random.below(12));
    let page = |id| format!("(SELECT id FROM page WHERE id = {id})");
    let section = format!("(SELECT id FROM section WHERE id = {})", random.below(4));
    match random.below(20) {
        0..=3 => format!(
            "INSERT INTO page VALUES ({id}, 's{value}', 't', {value}, {}, {section})
             ON CONFLICT (id) DO NOTHING",
            page(other)
        ),
        4 | 5 => format!("UPDATE page SET title = 't{value}' WHERE id = {id}"),
        6 | 7 => format!("UPDATE page SET slug = 's{value}' WHERE id = {id}"),
        8 => format!("UPDATE page SET parent = {} WHERE id = {id}", page(other)),
        9 => format!("UPDATE page SET section_id = {section}, rank = {value} WHERE id = {id}"),
        10 => format!("UPDATE page SET title = title || '.' WHERE parent = {id}"),
        11 => format!("UPDATE page SET id = {other} WHERE id = {id}"),
        12 => format!("DELETE FROM page WHERE id = {id}"),
        13 => format!(
            "UPDATE page SET slug = 'tmp' WHERE id = {id};
             UPDATE page SET slug = 's{value}' WHERE id = {other};
             UPDATE page SET slug = 's{id}' WHERE id = {id}"
        ),
        14 => format!(
            "INSERT INTO section VALUES ({}, 'n{value}') ON CONFLICT DO NOTHING",
            random.below(4)
        ),
        15 => format!("UPDATE section SET name = 'n{value}' WHERE id = {}", random.below(4)),
        16 if random.chance(50) => format!("DELETE FROM section WHERE id = {}", random.below(4)),
        16 | 17 => format!(
            "INSERT INTO label SELECT id, 'en', 'v{value}' FROM page WHERE id = {id}
             ON CONFLICT (page_id, locale) DO UPDATE SET value = excluded.value"
        ),
        18 => format!("UPDATE label SET page_id = {other} WHERE page_id = {id}"),
        _ if random.chance(10) => "TRUNCATE label".to_owned(),
        _ => format!("DELETE FROM label WHERE page_id = {id}"),
    }
}

fn decision(random: &mut Random) -> String {
    let some = format!("ORDER BY md5(concat(conflict_id, {})) LIMIT 1", random.below(1000));
    if random.chance(20) {
        return format!(
            "SELECT concord.reopen_conflict(conflict_id) FROM concord.conflicts
             WHERE resolved_at IS NOT NULL AND conflict_type NOT IN ('unique_key', 'foreign_key') {some}"
        );
    }
    let keep = ["local", "remote", "merged"][random.below(3) as usize];
    let values = match random.below(2) {
        0 => "NULL".to_owned(),
        _ => format!(
            "jsonb_build_object(CASE table_name WHEN 'page' THEN 'slug' WHEN 'label' THEN 'value'
                                ELSE 'name' END, 'r{}')",
            random.below(12)
        ),
    };
    format!(
        "SELECT concord.resolve_conflict(conflict_id, '{keep}', {values}) FROM concord.open_conflicts {some}"
    )
}
