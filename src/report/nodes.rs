//! The nodes: how far behind each other they are, and whose clock is ahead.

use super::page::About;
use crate::pg::query;
use concord_core::report::html::Html;
use concord_core::report::quantity::{age, span};

/// Nodes shown.
const MAX_NODES: usize = 100;

/// Lag in both directions, in events and seconds, as far as it is known here. What is behind is what exists and is
/// not here; what is ahead, this node's own events that the other was not seen to have.
const NODES: &str = "
    WITH own AS (
        SELECT concord.node_id() AS node_id, f.hlc, f.contiguous_sequence FROM concord.clock_facts() f),
    missing AS (
        SELECT g.origin_node_id, pg_catalog.max(g.last_missing) AS last FROM concord.gaps() g GROUP BY 1),
    waiting AS (
        SELECT r.origin_node_id, pg_catalog.max(r.node_sequence) AS last, pg_catalog.max(r.hlc) AS hlc
        FROM concord.received_events r GROUP BY 1)
    SELECT n.node_id::text, n.name, n.hostname, n.status, n.node_id = o.node_id,
           n.node_id IN (SELECT i.node_id FROM concord.identity i),
           CASE WHEN n.node_id = o.node_id THEN o.contiguous_sequence ELSE n.applied_sequence END,
           GREATEST(n.received_sequence, m.last, w.last) - n.applied_sequence,
           l.behind_seconds,
           o.contiguous_sequence - s.sequence,
           (SELECT EXTRACT(epoch FROM pg_catalog.now() - e.wall_timestamp)::float8
            FROM concord.change_events e
            WHERE e.origin_node_id = o.node_id AND e.node_sequence = s.sequence + 1),
           EXTRACT(epoch FROM pg_catalog.now() - n.last_heartbeat)::float8,
           CASE WHEN n.node_id = o.node_id THEN
                    EXTRACT(epoch FROM o.hlc::timestamptz - pg_catalog.clock_timestamp())
                ELSE EXTRACT(epoch FROM GREATEST(n.hlc_high_water_mark, w.hlc)::timestamptz
                                        - pg_catalog.clock_timestamp()) END::float8
    FROM concord.nodes n
    CROSS JOIN own o
    LEFT JOIN missing m ON m.origin_node_id = n.node_id
    LEFT JOIN waiting w ON w.origin_node_id = n.node_id
    CROSS JOIN LATERAL (
        SELECT COALESCE((n.observed ->> o.node_id::text)::bigint, 0) AS sequence) s
    CROSS JOIN LATERAL (
        SELECT EXTRACT(epoch FROM pg_catalog.now() - n.hlc_high_water_mark::timestamptz)::float8
               AS behind_seconds) l
    ORDER BY n.node_id <> o.node_id, n.status <> 'active', n.name, n.node_id";

struct Node {
    id: String,
    name: Option<String>,
    hostname: Option<String>,
    status: String,
    own: bool,
    /// This node, or one that it goes on from.
    ours: bool,
    applied: i64,
    behind: i64,
    behind_seconds: Option<f64>,
    ahead: i64,
    ahead_seconds: Option<f64>,
    heard: Option<f64>,
    clock_ahead: Option<f64>,
}

fn read() -> Vec<Node> {
    let mut nodes = Vec::new();
    query::read_active(NODES, &[], |row| {
        nodes.push(Node {
            id: row.required(1),
            name: row.get(2),
            hostname: row.get(3),
            status: row.required(4),
            own: row.required(5),
            ours: row.required(6),
            applied: row.required(7),
            behind: row.required(8),
            behind_seconds: row.get(9),
            ahead: row.required(10),
            ahead_seconds: row.get(11),
            heard: row.get(12),
            clock_ahead: row.get(13),
        });
    });
    nodes
}

/// The section of the page.
pub fn section(html: &mut Html, about: &About) {
    let nodes = read();
    html.raw("<section id=\"nodes\"><h2>Nodes</h2>\n");
    if nodes.len() < 2 {
        html.raw("<p class=\"none\">This node knows no other. Nodes appear here with their first events, taken in ");
        html.raw("by <code>concord.apply_events</code>.</p>\n");
    }
    table(html, &nodes, about);
    if nodes.len() > 1 {
        html.raw("<p class=\"note\">Not taken in: events of that node that are known to exist, here or elsewhere. ");
        html.raw("Not confirmed: events of this node that the other was not seen to have.</p>\n");
    }
    html.raw("</section>\n");
}

fn table(html: &mut Html, nodes: &[Node], about: &About) {
    html.raw("<table class=\"list\"><thead><tr><th>Node</th><th class=\"n\">Heard from</th><th class=\"n\">Taken in</th>");
    html.raw("<th class=\"n\">Not taken in</th><th class=\"n\">Not confirmed</th>");
    html.raw("<th class=\"n\">Clock</th></tr></thead><tbody>\n");
    for node in nodes.iter().take(MAX_NODES) {
        line(html, node, about);
    }
    html.raw("</tbody></table>\n");
    super::page::rest(
        html,
        nodes.len() as i64,
        MAX_NODES.min(nodes.len()),
        "node",
        "nodes",
        "SELECT * FROM concord.nodes;",
    );
}

fn line(html: &mut Html, node: &Node, about: &About) {
    let own_name = node.own.then_some(about.name.as_str());
    html.raw("<tr><th scope=\"row\"><bdi>")
        .text(own_name.or(node.name.as_deref()).unwrap_or("(no name yet)"));
    html.raw("</bdi>");
    match (node.own, node.ours, node.status.as_str()) {
        (true, ..) => _ = html.raw(" <em>this node</em>"),
        (_, true, _) => _ = html.raw(" <em>predecessor</em>"),
        (.., "active") => {}
        (.., status) => _ = html.raw(" <em class=\"look\">").text(status).raw("</em>"),
    }
    html.raw("<small class=\"id\">").text(&node.id).raw("</small>");
    if let Some(hostname) = &node.hostname {
        html.raw("<small><bdi>").text(hostname).raw("</bdi></small>");
    }
    html.raw("</th><td class=\"n\" data-label=\"Heard from\">");
    match (node.own, node.heard) {
        (false, Some(seconds)) => _ = html.text(&age(seconds)).raw(" ago"),
        _ => _ = html.raw("–"),
    }
    html.raw("</td><td class=\"n\" data-label=\"Taken in\">").number(node.applied);
    html.raw("</td><td class=\"n\" data-label=\"Not taken in\">");
    lag(html, !node.own, node.behind, node.behind_seconds);
    html.raw("</td><td class=\"n\" data-label=\"Not confirmed\">");
    lag(html, !node.own && node.status != "retired", node.ahead, node.ahead_seconds);
    html.raw("</td><td class=\"n\" data-label=\"Clock\">");
    match node.clock_ahead {
        Some(seconds) if seconds >= 0.001 => {
            html.raw("<b class=\"look\">").text(&span(seconds)).raw("</b> ahead");
        }
        Some(_) => _ = html.raw("not ahead"),
        None => _ = html.raw("–"),
    }
    html.raw("</td></tr>\n");
}

fn lag(html: &mut Html, applies: bool, events: i64, seconds: Option<f64>) {
    match (applies, events) {
        (false, _) => _ = html.raw("–"),
        (_, ..=0) => _ = html.raw("0"),
        _ => {
            html.raw("<b class=\"look\">").number(events).raw("</b>");
            if let Some(seconds) = seconds {
                html.raw("<small>for ").text(&age(seconds)).raw("</small>");
            }
        }
    }
}
