//! The page: its head, the numbers that matter first, and the sections in their order.

use super::{activity, conflicts, nodes, waiting};
use crate::pg::query::Snapshot;
use crate::report::parts::About;
use concord_core::report::html::Html;

/// The whole page.
pub fn page() -> String {
    let node = about();
    let mut html = Html::new();
    html.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // Nothing on the page is a script; a browser that is told so refuses even what an error let in.
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    html.raw("style-src 'unsafe-inline'\">\n<title>concord: ").text(&node.name);
    html.raw("</title>\n<style>").raw(include_str!("style.css")).raw("</style></head><body>\n");
    html.raw("<header class=\"top\"><p class=\"kind\">concord report</p><h1><bdi>");
    html.text(&node.name).raw("</bdi></h1>\n<p class=\"meta\"><span>").text(&node.now);
    html.raw("</span> <span>node <span class=\"id\">").text(&node.id).raw("</span></span> ");
    html.raw("<span>database <bdi>").text(&node.database).raw("</bdi></span> <span>concord ");
    html.text(&node.version).raw("</span></p></header>\n<main>\n");
    numbers(&mut html);
    nodes::section(&mut html, &node);
    waiting::section(&mut html);
    activity::section(&mut html);
    conflicts::section(&mut html, &node);
    html.raw("</main>\n<footer><p>Times are UTC. The page was made by <code>SELECT ");
    html.raw("concord.report();</code>; it is self-contained.</p></footer></body></html>\n");
    html.finish()
}

fn about() -> About {
    Snapshot::Active
        .one(
            "SELECT concord.node_id()::text,
                COALESCE(NULLIF(pg_catalog.current_setting('concord.node_name', true), ''),
                         pg_catalog.current_database()::text),
                pg_catalog.current_database()::text,
                (SELECT x.extversion FROM pg_catalog.pg_extension x WHERE x.extname = 'concord'),
                pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')",
            &[],
            |row| About {
                id: row.required(1),
                name: row.required(2),
                database: row.required(3),
                version: row.required(4),
                now: row.required(5),
            },
        )
        .unwrap_or_default()
}

/// The numbers that say whether somebody has to look, each linked to where it is explained.
fn numbers(html: &mut Html) {
    let counts: Option<[i64; 6]> = Snapshot::Active.one(
        "SELECT (SELECT pg_catalog.count(*) FROM concord.conflicts WHERE resolved_at IS NULL),
                (SELECT COALESCE(pg_catalog.sum(g.last_missing - g.first_missing + 1), 0)::bigint
                 FROM concord.gaps() g),
                (SELECT pg_catalog.count(*) FROM concord.received_events),
                (SELECT pg_catalog.count(*) FROM concord.pending),
                (SELECT pg_catalog.count(*) FROM concord.capture_windows WHERE closed_at IS NULL),
                (SELECT pg_catalog.count(*) FROM concord.nodes WHERE status IN ('stale', 'forked'))",
        &[],
        |row| [1, 2, 3, 4, 5, 6].map(|n| row.required(n)),
    );
    let counts = counts.unwrap_or_default();
    const TILES: [(&str, &str, &str); 6] = [
        ("#conflicts", "open conflict", "open conflicts"),
        ("#waiting", "event missing", "events missing"),
        ("#waiting", "event waiting", "events waiting"),
        ("#waiting", "row pending", "rows pending"),
        ("#waiting", "table not captured", "tables not captured"),
        ("#nodes", "node silent or forked", "nodes silent or forked"),
    ];
    html.raw("<ul class=\"numbers\">");
    for ((link, one, many), count) in TILES.into_iter().zip(counts) {
        html.raw(if count > 0 { "<li class=\"look\">" } else { "<li>" });
        html.raw("<a href=\"").raw(link).raw("\"><b>").number(count).raw("</b> ");
        html.raw(if count == 1 { one } else { many }).raw("</a></li>\n");
    }
    html.raw("</ul>\n");
    if counts.iter().all(|count| *count == 0) {
        html.raw("<p class=\"calm\">Nothing needs a decision, and nothing known is missing.</p>\n");
    }
}
