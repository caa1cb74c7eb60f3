//! What the parts of the page share.

use concord_core::report::html::Html;
use concord_core::report::quantity::counted;

/// This node. Its name is in `concord.nodes` only after its first heartbeat.
#[derive(Default)]
pub struct About {
    pub id: String,
    pub name: String,
    pub database: String,
    pub version: String,
    pub now: String,
}

/// A cell of a list; short texts are kept on one line, so that columns have the width of their words.
pub fn cell(html: &mut Html, heading: bool, label: &'static str, text: &str) {
    const SHORT: usize = 40;
    html.raw(if heading { "<th scope=\"row\"" } else { "<td" });
    html.raw(if text.chars().count() <= SHORT { " class=\"word\"" } else { "" });
    html.raw(" data-label=\"").raw(label).raw("\"><bdi>").text(text).raw("</bdi>");
    html.raw(if heading { "</th>" } else { "</td>" });
}

/// A line below a list that was cut.
pub fn rest(html: &mut Html, all: i64, shown: usize, one: &str, many: &str, sql: &'static str) {
    let left = all - shown as i64;
    if left > 0 {
        html.raw("<p class=\"more\">").text(&counted(left, one, many)).raw(" more: <code>");
        html.raw(sql).raw("</code></p>\n");
    }
}
