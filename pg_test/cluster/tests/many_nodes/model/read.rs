//! A node's log and table in the model's words.

use super::fold::{Event, Image, Rows};
use concord_cluster::session::Session;

/// The events of a table that a node has in its log.
pub fn log(node: &mut Session, table: &str) -> Vec<Event> {
    let statement = "SELECT hlc::bigint, origin_node_id::text, node_sequence, record_id,
                            operation IN ('DELETE', 'TRUNCATE'), touched, new_values::text
                     FROM concord.change_events
                     WHERE table_name = $1 AND operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')";
    let rows = node.client().query(statement, &[&table]).expect("can read the log");
    rows.iter()
        .map(|row| Event {
            stamp: (row.get(0), row.get(1), row.get(2)),
            row: row.get(3),
            deletes: row.get(4),
            touched: row.get::<_, Option<Vec<String>>>(5).map(|names| names.into_iter().collect()),
            image: row.get::<_, Option<String>>(6).map_or_else(Image::new, |text| image(&text)),
        })
        .collect()
}

/// What a node shows.
pub fn table(node: &mut Session, table: &str) -> Rows {
    let statement = format!("SELECT id, concord.row_image('{table}', r)::text FROM {table} r");
    let rows = node.client().query(&statement, &[]).expect("can read the table");
    rows.iter().map(|row| (row.get(0), image(row.get(1)))).collect()
}

fn image(text: &str) -> Image {
    serde_json::from_str(text).expect("an image is a JSON object")
}
