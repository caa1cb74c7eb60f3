//! Events per table and hour, as bars.

use crate::pg::query::{Snapshot, parameter};
use crate::report::parts::cell;
use concord_core::report::chart;
use concord_core::report::html::Html;
use std::collections::HashMap;

/// Hours shown, the present one included, and tables.
const HOURS: i64 = 48;
const MAX_TABLES: usize = 12;

/// The section of the page.
pub fn section(html: &mut Html) {
    let mut tables = read();
    html.raw("<section id=\"activity\"><h2>Events in the last 48 hours</h2>\n");
    if tables.is_empty() {
        html.raw(
            "<p class=\"none\">None. Changes of tracked tables appear here; <code>SELECT * FROM ",
        );
        html.raw("concord.tracked_tables;</code> lists these tables.</p></section>\n");
        return;
    }
    tables.sort_by_key(|(name, counts)| (-counts.iter().sum::<i64>(), name.clone()));
    let rest = tables.split_off(tables.len().min(MAX_TABLES));
    if !rest.is_empty() {
        let sum = (0..HOURS as usize).map(|hour| rest.iter().map(|(_, counts)| counts[hour]).sum());
        tables.push((format!("{} other tables", rest.len()), sum.collect()));
    }
    let hours = hours();
    html.raw("<table class=\"list activity\"><thead><tr><th>Table</th><th>Per hour</th>");
    html.raw("<th class=\"n\">Events</th><th class=\"n\">Busiest hour</th></tr></thead><tbody>\n");
    for (name, counts) in &tables {
        html.raw("<tr>");
        cell(html, true, "Table", name);
        html.raw("<td class=\"chart\">");
        html.html(&chart::bars(name, counts, &hours));
        html.raw("</td><td class=\"n\" data-label=\"Events\">").number(counts.iter().sum());
        html.raw("</td><td class=\"n\" data-label=\"Busiest hour\">");
        html.number(counts.iter().copied().max().unwrap_or_default()).raw("</td></tr>\n");
    }
    html.raw("</tbody><tfoot><tr><td></td><td class=\"axis\"><span>");
    html.text(hours.first().map_or("", String::as_str)).raw("</span><span>");
    html.text(hours.get(HOURS as usize / 2).map_or("", String::as_str));
    html.raw("</span><span>now</span></td><td></td><td></td></tr></tfoot></table>\n");
    html.raw("<p class=\"note\">By the time of the events, of all nodes. Each table has its own ");
    html.raw("scale, on which a bar four times as high stands for sixteen times as many.</p></section>\n");
}

/// Tables and their events per hour, the oldest hour first. What bears a time to come counts as now.
fn read() -> Vec<(String, Vec<i64>)> {
    let found: Vec<(String, i64, i64)> = Snapshot::Active.all(
        "SELECT e.table_schema || '.' || e.table_name,
                LEAST((e.hlc::bigint >> 16) / 3600000 - n.hour + $1 - 1, $1 - 1), pg_catalog.count(*)
         FROM (SELECT pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.now()) / 3600)::bigint AS hour) n
         JOIN concord.change_events e
           ON e.hlc >= (((n.hour - $1 + 1) * 3600000) << 16)::concord.hlc
         WHERE e.table_name IS NOT NULL AND e.record_id IS NOT NULL
         GROUP BY 1, 2",
        &[parameter(HOURS)],
        |row| (row.required(1), row.required(2), row.required(3)),
    );
    let mut tables: HashMap<String, Vec<i64>> = HashMap::new();
    for (table, hour, events) in found {
        let counts = tables.entry(table).or_insert_with(|| vec![0; HOURS as usize]);
        if let Some(count) = usize::try_from(hour).ok().and_then(|i| counts.get_mut(i)) {
            *count += events;
        }
    }
    tables.into_iter().collect()
}

/// The beginnings of the hours shown, the oldest first.
fn hours() -> Vec<String> {
    Snapshot::Active.all(
        "SELECT pg_catalog.to_char(h, 'Dy HH24:MI')
         FROM pg_catalog.date_trunc('hour', pg_catalog.now() AT TIME ZONE 'UTC') now
         CROSS JOIN LATERAL pg_catalog.generate_series(
             now - ($1 - 1) * interval '1 hour', now, interval '1 hour') h
         ORDER BY h",
        &[parameter(HOURS)],
        |row| row.required(1),
    )
}
