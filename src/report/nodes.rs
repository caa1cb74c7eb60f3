//! The nodes: how far behind each other they are, and whose clock is ahead.

use crate::pg::query::{Snapshot, parameter};
use crate::report::parts::About;
use concord_core::report::html::Html;
use concord_core::report::quantity::{age, span};

/// Nodes shown.
const MAX_NODES: usize = 100;

/// Lag is what `concord.peers` says; a predecessor of this database is no peer.
const NODES: &str = "
    SELECT n.node_id::text, n.name, n.hostname, n.status, o.own,
           CASE WHEN o.own THEN f.contiguous_sequence ELSE n.applied_sequence END,
           p.lacking_here, EXTRACT(epoch FROM p.lag_here)::float8,
           p.lacking_there, EXTRACT(epoch FROM p.lag_there)::float8,
           EXTRACT(epoch FROM pg_catalog.now() - n.last_heartbeat)::float8,
           EXTRACT(epoch FROM CASE WHEN o.own THEN f.hlc
                                   ELSE GREATEST(n.hlc_high_water_mark, w.hlc) END::timestamptz
                              - pg_catalog.clock_timestamp())::float8,
           COALESCE(p.same_keys, false)
    FROM concord.nodes n
    CROSS JOIN concord._clock_facts() f
    CROSS JOIN LATERAL (SELECT n.node_id = $1::concord.ulid AS own) o
    LEFT JOIN concord.peers p ON p.node_id = n.node_id
    LEFT JOIN (SELECT r.origin_node_id, pg_catalog.max(r.hlc) AS hlc
               FROM concord.received_events r GROUP BY 1) w ON w.origin_node_id = n.node_id
    ORDER BY NOT o.own, n.status <> 'active', n.name, n.node_id";

struct Node {
    id: String,
    name: Option<String>,
    hostname: Option<String>,
    status: String,
    own: bool,
    applied: i64,
    /// Events that it has and this node has not, and since when, in seconds. Null for what is no peer.
    lacking_here: Option<i64>,
    lag_here: Option<f64>,
    /// The other way round.
    lacking_there: Option<i64>,
    lag_there: Option<f64>,
    heard: Option<f64>,
    clock_ahead: Option<f64>,
    same_keys: bool,
}

fn read(about: &About) -> Vec<Node> {
    Snapshot::Active.all(NODES, &[parameter(about.id.as_str())], |row| Node {
        id: row.required(1),
        name: row.get(2),
        hostname: row.get(3),
        status: row.required(4),
        own: row.required(5),
        applied: row.required(6),
        lacking_here: row.get(7),
        lag_here: row.get(8),
        lacking_there: row.get(9),
        lag_there: row.get(10),
        heard: row.get(11),
        clock_ahead: row.get(12),
        same_keys: row.required(13),
    })
}

/// The section of the page.
pub fn section(html: &mut Html, about: &About) {
    let nodes = read(about);
    html.raw("<section id=\"nodes\"><h2>Nodes</h2>\n");
    if nodes.len() < 2 {
        html.raw("<p class=\"none\">This node knows no other. Nodes appear here with their first events, taken in ");
        html.raw("by <code>concord.apply_events</code>.</p>\n");
    }
    table(html, &nodes, about);
    if nodes.len() > 1 {
        html.raw("<p class=\"note\">Not taken in: events of that node that are known to exist, here or elsewhere. ");
        html.raw(
            "Not confirmed: events of this node that the other node is not known to have.</p>\n",
        );
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
    super::parts::rest(
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
    match (node.own, node.lacking_here, node.status.as_str()) {
        (true, ..) => _ = html.raw(" <em>this node</em>"),
        (_, None, _) => _ = html.raw(" <em>predecessor</em>"),
        (.., "active") => {}
        (.., status) => _ = html.raw(" <em class=\"look\">").text(status).raw("</em>"),
    }
    if node.same_keys {
        html.raw(" <em class=\"look\">same keys as this node</em>");
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
    lag(html, node.lacking_here, node.lag_here);
    html.raw("</td><td class=\"n\" data-label=\"Not confirmed\">");
    lag(html, node.lacking_there, node.lag_there);
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

fn lag(html: &mut Html, events: Option<i64>, seconds: Option<f64>) {
    match events {
        None => _ = html.raw("–"),
        Some(..=0) => _ = html.raw("0"),
        Some(events) => {
            html.raw("<b class=\"look\">").number(events).raw("</b>");
            if let Some(seconds) = seconds {
                html.raw("<small>for ").text(&age(seconds)).raw("</small>");
            }
        }
    }
}
