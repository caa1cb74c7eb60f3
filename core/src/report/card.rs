//! One conflict as HTML: what both began with, what stands, what lost and what is shown, side by side.

use super::excerpt::{Piece, excerpt};
use super::html::Html;
use super::quantity::{age, counted, grouped};
use super::words::{common, split};
use super::{phrases, resolve};
use crate::report::conflict::{Cell, Column, ConflictShown, Side};
use crate::word::Word;
use serde_json::Value;

/// Columns shown of one conflict that differ, and that do not.
const MAX_DIFFERING: usize = 40;
const MAX_OTHERS: usize = 40;

/// The card.
pub fn card(conflict: &ConflictShown) -> Html {
    let words = phrases::of(conflict.kind);
    let mut html = Html::new();
    html.raw("<article class=\"card\"><header><h3><bdi>").text(&conflict.table).raw("</bdi> ");
    html.raw("<bdi class=\"record\">").text(&conflict.record).raw("</bdi></h3>\n");
    html.raw("<p class=\"what\"><b>").text(words.title).raw("</b> ").text(words.story);
    about(&mut html, &conflict.detail);
    html.raw("</p>\n<p class=\"meta\"><span>")
        .text(conflict.kind.word())
        .raw("</span> <span>policy ");
    html.text(&conflict.policy).raw("</span> <span>open for ").text(&age(conflict.age));
    html.raw("</span> <span>found ").text(&conflict.detected).raw("</span> <span class=\"id\">");
    html.text(&conflict.id).raw("</span></p></header>\n");
    sides(&mut html, conflict, &words);
    html.raw("<div class=\"resolve\">");
    for (label, sql) in resolve::commands(conflict, &words) {
        html.raw("<p>").text(label).raw("</p><pre>").text(&sql).raw("</pre>\n");
    }
    html.raw("</div></article>\n");
    html
}

/// What `detail` tells: the constraint, the other record, the rows of a tree.
pub fn about(html: &mut Html, detail: &Value) {
    let of = |name: &str| detail[name].as_str().unwrap_or_default();
    if !of("record_id").is_empty() {
        let parent = !of("table_name").is_empty();
        html.raw(if parent { " Its parent: <bdi>" } else { " The other record: <bdi>" });
        html.text(of("table_name")).raw("</bdi> <bdi>").text(of("record_id")).raw("</bdi>.");
    }
    for (what, name) in [(" Constraint ", "constraint"), (" Problem: ", "problem")] {
        if !of(name).is_empty() {
            html.text(what).raw("<bdi>").text(of(name)).raw("</bdi>.");
        }
    }
    let rows = detail["rows"].as_array().map_or(&[][..], Vec::as_slice);
    if !rows.is_empty() {
        html.raw(" Rows: ");
    }
    for (i, row) in rows.iter().take(MAX_OTHERS).enumerate() {
        html.raw(if i > 0 { ", " } else { "" });
        html.raw("<bdi>").text(row.as_str().unwrap_or(&row.to_string())).raw("</bdi>");
    }
    if rows.len() > MAX_OTHERS {
        html.raw(", and ").number((rows.len() - MAX_OTHERS) as i64).raw(" more");
    }
}

fn sides(html: &mut Html, conflict: &ConflictShown, words: &phrases::Phrases) {
    let (differing, others): (Vec<_>, Vec<_>) =
        conflict.columns.iter().partition(|column| conflict.is_about(column));
    if !differing.is_empty() {
        table(html, conflict, words, &differing[..differing.len().min(MAX_DIFFERING)]);
    }
    if !others.is_empty() {
        html.raw("<details><summary>");
        html.text(&counted(others.len() as i64, "other column", "other columns"))
            .raw("</summary>\n");
        table(html, conflict, words, &others[..others.len().min(MAX_OTHERS)]);
        html.raw("</details>\n");
    }
    let left =
        differing.len().saturating_sub(MAX_DIFFERING) + others.len().saturating_sub(MAX_OTHERS);
    if left > 0 {
        html.raw("<p class=\"more\">").text(&counted(left as i64, "column more", "columns more"));
        html.raw(": <code>SELECT * FROM concord.conflict_diff('").text(&conflict.id);
        html.raw("');</code></p>\n");
    }
}

fn table(html: &mut Html, conflict: &ConflictShown, words: &phrases::Phrases, columns: &[&Column]) {
    html.raw("<table class=\"sides\"><thead><tr><th scope=\"col\">Column</th>");
    heading(html, "Base", "both began with", &conflict.base);
    heading(html, "Local", words.local, &conflict.local);
    heading(html, "Remote", words.remote, &conflict.remote);
    heading(html, "Applied", "shown", &conflict.applied);
    html.raw("</tr></thead><tbody>\n");
    for column in columns {
        html.raw("<tr><th scope=\"row\"><bdi>").text(&column.name).raw("</bdi></th>");
        cells(html, conflict, column);
        html.raw("</tr>\n");
    }
    html.raw("</tbody></table>\n");
}

fn heading(html: &mut Html, name: &'static str, meaning: &'static str, side: &Side) {
    html.raw("<th scope=\"col\">").raw(name).raw(" <i>");
    html.raw(if side.exists || name == "Base" { meaning } else { "no row" }).raw("</i>");
    for origin in &side.origin {
        html.raw("<small><bdi>").text(origin).raw("</bdi></small>");
    }
    html.raw("</th>");
}

fn cells(html: &mut Html, conflict: &ConflictShown, column: &Column) {
    let about = conflict.is_about(column);
    let texts = [&column.base, &column.local, &column.remote, &column.applied].map(Cell::text);
    let words = texts.map(|text| split(text.unwrap_or_default()));
    let mut kept = [0, 1, 2, 3].map(|i: usize| vec![true; words[i].len()]);
    // What a side changed against the base; without a base, what the sides do not share.
    let against = if texts[0].is_some() { 0 } else { 2 };
    for side in [1, 2, 3] {
        if about && side != against && texts[side].is_some() && texts[against].is_some() {
            let (left, right) = common(&words[against], &words[side]);
            if side < 3 {
                kept[against].iter_mut().zip(left).for_each(|(kept, still)| *kept &= still);
            }
            kept[side] = right;
        }
    }
    let sides = [
        ("Base", &conflict.base, &column.base),
        ("Local", &conflict.local, &column.local),
        ("Remote", &conflict.remote, &column.remote),
        ("Applied", &conflict.applied, &column.applied),
    ];
    for (i, (name, side, cell)) in sides.into_iter().enumerate() {
        html.raw("<td data-side=\"").raw(name).raw("\">");
        match cell {
            Cell::Value { text, length, .. } => {
                let mark = if i == 0 { ["<del>", "</del>"] } else { ["<mark>", "</mark>"] };
                pieces(html, &excerpt(text, &words[i], &kept[i]), mark, text, *length);
            }
            Cell::Null => _ = html.raw("<i>null</i>"),
            Cell::Absent if side.exists => _ = html.raw("<i>no such column</i>"),
            Cell::Absent => _ = html.raw("<i>no row</i>"),
        }
        html.raw("</td>");
    }
}

fn pieces(html: &mut Html, pieces: &[Piece<'_>], mark: [&'static str; 2], text: &str, length: i64) {
    for piece in pieces {
        match piece {
            Piece::Same(text) => _ = html.text(text),
            Piece::Changed(text) => _ = html.raw(mark[0]).text(text).raw(mark[1]),
            Piece::Gap => _ = html.raw("<s>…</s>"),
        }
    }
    match length {
        0 => _ = html.raw("<i>empty</i>"),
        _ if pieces.contains(&Piece::Gap) || length > text.chars().count() as i64 => {
            html.raw(" <i>").text(&format!("{} characters", grouped(length))).raw("</i>");
        }
        _ => {}
    }
}

#[cfg(test)]
#[allow(missing_docs)]
pub mod tests {
    use super::*;
    use crate::conflict::ConflictType;

    pub fn text(text: &str) -> Cell {
        Cell::Value { text: text.to_owned(), length: text.chars().count() as i64, is_text: true }
    }

    /// An edit on two nodes, of one column.
    pub fn conflict(name: &str, base: Cell, local: Cell, remote: Cell) -> ConflictShown {
        let side = Side { exists: true, origin: Vec::new() };
        ConflictShown {
            id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            kind: ConflictType::UpdateOriginDiffers,
            base: side.clone(),
            local: side.clone(),
            remote: side.clone(),
            applied: side,
            columns: vec![Column {
                name: name.to_owned(),
                applied: local.clone(),
                base,
                local,
                remote,
                silent: false,
                settable: true,
                about: None,
            }],
            ..ConflictShown::default()
        }
    }

    fn shown(conflict: &ConflictShown) -> String {
        card(conflict).finish()
    }

    #[test]
    fn each_side_marks_its_changes() {
        let html = shown(&conflict("t", text("one two"), text("one three"), text("six two")));
        for cell in [
            "\"Base\"><del>one two</del>",
            "\"Local\">one <mark>three</mark>",
            "\"Remote\"><mark>six</mark> two",
            "\"Applied\">one <mark>three</mark>",
        ] {
            assert!(html.contains(cell), "{cell} in {html}");
        }
    }

    #[test]
    fn without_a_base_the_sides_are_compared() {
        let mut found = conflict("t", Cell::Absent, text("one two"), text("one three"));
        found.base.exists = false;
        let html = shown(&found);
        assert!(html.contains("\"Base\"><i>no row</i>"));
        assert!(html.contains("\"Local\">one <mark>two</mark>"));
        assert!(html.contains("\"Remote\">one <mark>three</mark>"));
    }

    #[test]
    fn a_deleted_side_differs_in_what_the_other_changed() {
        let mut found = conflict("t", text("one"), Cell::Absent, text("two"));
        found.local.exists = false;
        let same = Column {
            name: "u".to_owned(),
            remote: text("x"),
            base: text("x"),
            ..found.columns[0].clone()
        };
        found.columns.push(same);
        assert_eq!(found.differing().count(), 1);
    }

    #[test]
    fn nothing_of_a_conflict_is_markup() {
        let evil = "<script>alert(1)</script>\" onload='x' & ";
        let mut found =
            conflict(evil, text(evil), text(&format!("{evil}a")), text(&format!("b{evil}")));
        for field in [
            &mut found.id,
            &mut found.table,
            &mut found.record,
            &mut found.policy,
            &mut found.detected,
        ] {
            *field = evil.to_owned();
        }
        found.local.origin = vec![evil.to_owned()];
        found.detail = serde_json::json!({"constraint": evil, "record_id": evil, "table_name": evil, "problem": evil, "rows": [evil, 7]});
        for kind in [ConflictType::UpdateOriginDiffers, ConflictType::UniqueKey, ConflictType::Tree]
        {
            found.kind = kind;
            let html = shown(&found);
            assert!(!html.contains("<script") && !html.contains("\" onload"), "{html}");
        }
    }

    #[test]
    fn many_columns_are_counted() {
        let mut found = conflict("t", text("a"), text("b"), text("c"));
        found.columns = vec![found.columns[0].clone(); 100];
        assert!(shown(&found).contains("60 columns more"));
    }
}
