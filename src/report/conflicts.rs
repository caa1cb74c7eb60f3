//! The conflicts: how many there are of which kind, and the open ones side by side.

use crate::pg::query::{Row, Snapshot, parameter};
use crate::report::parts::{About, cell, rest};
use concord_core::report::card::card;
use concord_core::report::conflict::{Cell, Column, ConflictShown, Side};
use concord_core::report::html::Html;
use concord_core::report::quantity::age;
use pgrx::JsonB;

/// Conflicts shown, lines of the summary, and characters read of a value.
const MAX_CONFLICTS: i64 = 200;
const MAX_LINES: usize = 100;
const MAX_CHARACTERS: i32 = 20_000;

/// Those that have waited longest. Of an event: its node, who made it, and when.
const OPEN: &str = "
    SELECT c.conflict_id::text, c.table_schema || '.' || c.table_name, c.record_id, c.conflict_type,
           c.conflict_policy, EXTRACT(epoch FROM pg_catalog.now() - c.detected_at)::float8,
           pg_catalog.to_char(c.detected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), c.detail,
           c.base_values IS NOT NULL, c.local_values IS NOT NULL, c.remote_values IS NOT NULL,
           c.applied_values IS NOT NULL,
           pg_catalog.concat_ws(', ', COALESCE(CASE WHEN l.origin_node_id = $2::concord.ulid THEN $3 END, ln.name,
                                         l.origin_node_id::text),
                                COALESCE(l.user_id, l.\"session_user\")),
           pg_catalog.to_char(l.wall_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
           pg_catalog.concat_ws(', ', COALESCE(CASE WHEN r.origin_node_id = $2::concord.ulid THEN $3 END, rn.name,
                                         r.origin_node_id::text),
                                COALESCE(r.user_id, r.\"session_user\")),
           pg_catalog.to_char(r.wall_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    FROM (SELECT * FROM concord.conflicts o WHERE o.resolved_at IS NULL
          ORDER BY o.detected_at, o.conflict_id LIMIT $1) c
    LEFT JOIN concord.change_events l ON l.event_id = c.local_event_id
    LEFT JOIN concord.nodes ln ON ln.node_id = l.origin_node_id
    LEFT JOIN concord.change_events r ON r.event_id = c.remote_event_id
    LEFT JOIN concord.nodes rn ON rn.node_id = r.origin_node_id
    ORDER BY c.detected_at, c.conflict_id";

/// A column in each image: its beginning, its length, and whether it is a string in JSON.
const COLUMNS: &str = "
    SELECT c.column_name, c.silent, c.settable, c.about,
           c.base IS NULL, pg_catalog.left(c.base #>> '{}', $2),
           pg_catalog.length(c.base #>> '{}')::bigint, pg_catalog.jsonb_typeof(c.base) = 'string',
           c.local IS NULL, pg_catalog.left(c.local #>> '{}', $2),
           pg_catalog.length(c.local #>> '{}')::bigint, pg_catalog.jsonb_typeof(c.local) = 'string',
           c.remote IS NULL, pg_catalog.left(c.remote #>> '{}', $2),
           pg_catalog.length(c.remote #>> '{}')::bigint, pg_catalog.jsonb_typeof(c.remote) = 'string',
           c.applied IS NULL, pg_catalog.left(c.applied #>> '{}', $2),
           pg_catalog.length(c.applied #>> '{}')::bigint, pg_catalog.jsonb_typeof(c.applied) = 'string'
    FROM concord._conflict_columns($1::concord.ulid) c";

/// The section of the page.
pub fn section(html: &mut Html, about: &About) {
    html.raw("<section id=\"conflicts\"><h2>Conflicts</h2>\n");
    let open = summary(html);
    if open == 0 {
        html.raw("<p class=\"none\">No conflict waits for a decision.</p></section>\n");
        return;
    }
    let parameters =
        [parameter(MAX_CONFLICTS), parameter(about.id.as_str()), parameter(about.name.as_str())];
    let shown = Snapshot::Active.all(OPEN, &parameters, conflict);
    html.raw("<h3>Open, the oldest first</h3>\n<p class=\"note\"><del>Struck</del> is what a side gave up ");
    html.raw("of what both began with, <mark>marked</mark> what it wrote instead.</p>\n");
    let count = shown.len();
    for mut conflict in shown {
        read_columns(&mut conflict);
        html.html(&card(&conflict));
    }
    rest(
        html,
        open,
        count,
        "open conflict",
        "open conflicts",
        "SELECT * FROM concord.open_conflicts ORDER BY age DESC OFFSET 200;",
    );
    html.raw("</section>\n");
}

/// How many conflicts of a table there are of one type and policy.
struct Line {
    words: [String; 3],
    open: i64,
    resolved: i64,
    /// Seconds.
    oldest: Option<f64>,
}

/// The table of all kinds; returns how many are open.
fn summary(html: &mut Html) -> i64 {
    let lines = Snapshot::Active.all(
        "SELECT s.table_schema || '.' || s.table_name, s.conflict_type, s.conflict_policy, s.open, s.resolved,
                EXTRACT(epoch FROM s.oldest_open)::float8
         FROM concord.conflict_summary s
         ORDER BY s.open DESC, s.resolved DESC, s.table_schema, s.table_name, s.conflict_type, s.conflict_policy",
        &[],
        |row| Line {
            words: [row.required(1), row.required(2), row.required(3)],
            open: row.required(4),
            resolved: row.required(5),
            oldest: row.get(6),
        },
    );
    let open = lines.iter().map(|line| line.open).sum();
    let shown = &lines[..lines.len().min(MAX_LINES)];
    if !shown.is_empty() {
        html.raw("<table class=\"list\"><thead><tr><th>Table</th><th>Type</th><th>Policy</th>");
        html.raw("<th class=\"n\">Open</th><th class=\"n\">Resolved</th><th class=\"n\">Oldest open</th>");
        html.raw("</tr></thead><tbody>\n");
        for line in shown {
            summary_line(html, line);
        }
        html.raw("</tbody></table>\n");
    }
    rest(
        html,
        lines.len() as i64,
        shown.len(),
        "line",
        "lines",
        "SELECT * FROM concord.conflict_summary;",
    );
    open
}

fn summary_line(html: &mut Html, line: &Line) {
    html.raw("<tr>");
    for (i, (column, word)) in ["Table", "Type", "Policy"].into_iter().zip(&line.words).enumerate()
    {
        cell(html, i == 0, column, word);
    }
    html.raw("<td class=\"n\" data-label=\"Open\">").number(line.open);
    html.raw("</td><td class=\"n\" data-label=\"Resolved\">").number(line.resolved);
    html.raw("</td><td class=\"n\" data-label=\"Oldest open\">");
    match line.oldest {
        Some(seconds) => _ = html.text(&age(seconds)),
        None => _ = html.raw("–"),
    }
    html.raw("</td></tr>\n");
}

fn conflict(row: &Row) -> ConflictShown {
    let side = |exists: i32, origin: Option<i32>| Side {
        exists: row.required(exists),
        origin: origin.map_or(Vec::new(), |first| {
            (first..first + 2)
                .filter_map(|n| row.get::<String>(n))
                .filter(|text| !text.is_empty())
                .collect()
        }),
    };
    ConflictShown {
        id: row.required(1),
        table: row.required(2),
        record: row.required(3),
        kind: row.word(4),
        policy: row.required(5),
        age: row.required(6),
        detected: row.required(7),
        detail: row.get::<JsonB>(8).map_or(serde_json::Value::Null, |detail| detail.0),
        base: side(9, None),
        local: side(10, Some(13)),
        remote: side(11, Some(15)),
        applied: side(12, None),
        columns: Vec::new(),
    }
}

fn read_columns(conflict: &mut ConflictShown) {
    let parameters = [parameter(conflict.id.as_str()), parameter(MAX_CHARACTERS)];
    conflict.columns = Snapshot::Active.all(COLUMNS, &parameters, |row| {
        let value = |first: i32| match (row.required(first), row.get::<String>(first + 1)) {
            (true, _) => Cell::Absent,
            (_, None) => Cell::Null,
            (_, Some(text)) => Cell::Value {
                text,
                length: row.required(first + 2),
                is_text: row.required(first + 3),
            },
        };
        Column {
            name: row.required(1),
            silent: row.required(2),
            settable: row.required(3),
            about: row.get(4),
            base: value(5),
            local: value(9),
            remote: value(13),
            applied: value(17),
        }
    });
}
