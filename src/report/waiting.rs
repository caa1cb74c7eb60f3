//! What is missing or waits: gaps, received events, pending rows, tables that are not captured.

use crate::pg::query::{Snapshot, parameter};
use crate::report::parts::{cell, rest};
use concord_core::report::html::Html;
use concord_core::report::quantity::age;

/// Lines shown of each list.
const MAX_LINES: i64 = 50;

/// A list: its heading, the words over its columns, what to say when it is empty, what counts it and what reads it.
/// Each row is texts and, last, an age in seconds.
struct List {
    title: &'static str,
    columns: &'static [&'static str],
    age: &'static str,
    none: &'static str,
    count: &'static str,
    sql: &'static str,
    all: &'static str,
}

const LISTS: [List; 4] = [
    List {
        title: "Gaps",
        columns: &["Node", "Missing numbers"],
        age: "Last heard from",
        none: "No gap: every event that is known to exist is here.",
        count: "SELECT pg_catalog.count(*) FROM concord.gaps()",
        sql: "SELECT COALESCE(n.name, g.origin_node_id::text),
                     CASE WHEN g.first_missing = g.last_missing THEN g.first_missing::text
                          ELSE pg_catalog.format('%s to %s', g.first_missing, g.last_missing) END,
                     EXTRACT(epoch FROM pg_catalog.now() - n.last_heartbeat)::float8
              FROM concord.gaps() g LEFT JOIN concord.nodes n ON n.node_id = g.origin_node_id
              ORDER BY g.origin_node_id, g.first_missing LIMIT $1",
        all: "SELECT * FROM concord.gaps();",
    },
    List {
        title: "Received, and waiting for others",
        columns: &["Node", "Reason", "Events"],
        age: "Oldest",
        none: "No event waits: all events that arrived have entered the log.",
        count: "SELECT pg_catalog.count(DISTINCT (r.origin_node_id, r.reason))
                FROM concord.received_events r",
        sql: "SELECT COALESCE(pg_catalog.max(n.name), r.origin_node_id::text), r.reason,
                     pg_catalog.count(*)::text,
                     EXTRACT(epoch FROM pg_catalog.now() - pg_catalog.min(r.received_at))::float8
              FROM concord.received_events r LEFT JOIN concord.nodes n ON n.node_id = r.origin_node_id
              GROUP BY r.origin_node_id, r.reason
              ORDER BY pg_catalog.min(r.received_at) LIMIT $1",
        all: "SELECT * FROM concord.received;",
    },
    List {
        title: "Rows that cannot be shown yet",
        columns: &["Table", "Reason", "Rows", "For example"],
        age: "Oldest",
        none: "No row is pending: the tables show everything that is in the log.",
        count: "SELECT pg_catalog.count(DISTINCT (p.table_schema, p.table_name, p.reason))
                FROM concord.pending p",
        sql: "SELECT p.table_schema || '.' || p.table_name, p.reason, pg_catalog.count(*)::text,
                     (pg_catalog.array_agg(pg_catalog.left(p.record_id, 60) || COALESCE(': ' || pg_catalog.left(p.detail, 200), '')
                                           ORDER BY p.since, p.record_id))[1],
                     EXTRACT(epoch FROM pg_catalog.now() - pg_catalog.min(p.since))::float8
              FROM concord.pending p
              GROUP BY p.table_schema, p.table_name, p.reason
              ORDER BY pg_catalog.min(p.since) LIMIT $1",
        all: "SELECT * FROM concord.pending;",
    },
    List {
        title: "Tables that are not captured",
        columns: &["Table", "Reason"],
        age: "Since",
        none: "Every tracked table is captured.",
        count: "SELECT pg_catalog.count(*) FROM concord.capture_windows WHERE closed_at IS NULL",
        sql: "SELECT w.table_schema || '.' || w.table_name, w.reason,
                     EXTRACT(epoch FROM pg_catalog.now() - w.opened_at)::float8
              FROM concord.capture_windows w WHERE w.closed_at IS NULL
              ORDER BY w.opened_at LIMIT $1",
        all: "SELECT * FROM concord.capture_windows WHERE closed_at IS NULL;",
    },
];

/// The section of the page.
pub fn section(html: &mut Html) {
    html.raw("<section id=\"waiting\"><h2>Missing and waiting</h2>\n");
    for list in &LISTS {
        show(html, list);
    }
    html.raw("</section>\n");
}

fn show(html: &mut Html, list: &List) {
    let count: i64 =
        Snapshot::Active.one(list.count, &[], |row| row.required(1)).unwrap_or_default();
    if count == 0 {
        html.raw("<p class=\"none\">").raw(list.none).raw("</p>\n");
        return;
    }
    html.raw("<h3>").raw(list.title).raw("</h3>\n<table class=\"list\"><thead><tr>");
    for column in list.columns {
        html.raw("<th>").raw(column).raw("</th>");
    }
    html.raw("<th class=\"n\">").raw(list.age).raw("</th></tr></thead><tbody>\n");
    let lines = Snapshot::Active.all(list.sql, &[parameter(MAX_LINES)], |row| {
        let last = list.columns.len() as i32 + 1;
        let texts = (1..last).map(|n| row.get::<String>(n).unwrap_or_default());
        (texts.collect::<Vec<_>>(), row.get::<f64>(last))
    });
    for (texts, seconds) in &lines {
        html.raw("<tr>");
        for (column, text) in list.columns.iter().zip(texts) {
            cell(html, false, column, text);
        }
        html.raw("<td class=\"n\" data-label=\"").raw(list.age).raw("\">");
        match seconds {
            Some(seconds) => _ = html.text(&age(*seconds)).raw(" ago"),
            None => _ = html.raw("–"),
        }
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody></table>\n");
    rest(html, count, lines.len(), "line", "lines", list.all);
}
