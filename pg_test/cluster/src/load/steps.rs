//! What one transaction of the load does.

use super::schema::SHARED_PAGES;
use crate::random::Random;
use crate::session::changed;
use postgres::{Client, Error};

/// What kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Every kind of write, READ COMMITTED, savepoints.
    Wide,
    /// A few rows that everybody reads and writes, SERIALIZABLE.
    Hot,
}

/// Rows of the hot load.
const HOT_PAGES: u64 = 12;
const LOCALES: [&str; 4] = ["de", "en", "fr", "sv"];
/// Of a hundred savepoints.
const ROLLED_BACK: u64 = 70;

/// One open transaction of a writer.
pub struct Steps<'a> {
    /// The connection.
    pub client: &'a mut Client,
    /// The writer's.
    pub random: &'a mut Random,
    /// The transaction's `request_id`.
    pub request: &'a str,
    /// Steps so far: makes every value new.
    pub count: u64,
}

impl Steps<'_> {
    /// Some random writes; how many rows they changed and the transaction would keep.
    pub fn run(&mut self, mix: Mix) -> Result<u64, Error> {
        match mix {
            Mix::Hot => self.hot(),
            Mix::Wide => self.several(0),
        }
    }

    fn several(&mut self, depth: u32) -> Result<u64, Error> {
        let mut kept = 0;
        for _ in 0..=self.random.below(3) {
            kept += match depth < 3 && self.random.chance(20) {
                true => self.savepoint(depth + 1)?,
                false => self.write()?,
            };
        }
        Ok(kept)
    }

    fn savepoint(&mut self, depth: u32) -> Result<u64, Error> {
        self.client.batch_execute(&format!("SAVEPOINT s{depth}"))?;
        let mut kept = self.several(depth)?;
        if self.random.chance(ROLLED_BACK) {
            self.client.batch_execute(&format!("ROLLBACK TO s{depth}"))?;
            // The savepoint is still there to work in.
            kept = if self.random.chance(50) { self.write()? } else { 0 };
        }
        self.client.batch_execute(&format!("RELEASE s{depth}"))?;
        Ok(kept)
    }

    /// One statement; it may find no row.
    fn write(&mut self) -> Result<u64, Error> {
        self.count += 1;
        let text = format!("{} step {}", self.request, self.count);
        let page = 1 + self.random.below(SHARED_PAGES);
        let (some, locale) = (1 + self.random.below(6), self.random.pick(&LOCALES));
        let statement = match self.random.below(10) {
            0 => format!("INSERT INTO page (title) VALUES ('{text}')"),
            1 => format!(
                "INSERT INTO page (title, body)
                 SELECT '{text}', repeat('lorem ', i) FROM generate_series(1, {some}) i"
            ),
            2 => format!(
                "INSERT INTO page (id, title) VALUES ({page}, '{text}')
                 ON CONFLICT (id) DO UPDATE SET hits = page.hits + 1, title = excluded.title"
            ),
            3 | 4 => format!("UPDATE page SET hits = hits + 1 WHERE id = {page}"),
            5 => format!(
                "UPDATE page SET hits = hits + 1, title = '{text}'
                 WHERE id BETWEEN {page} AND {page} + {some}"
            ),
            6 => format!("DELETE FROM page WHERE id = {page}"),
            7 => format!(
                "INSERT INTO label VALUES ({page}, '{locale}', '{text}')
                 ON CONFLICT (page, locale) DO UPDATE SET caption = excluded.caption"
            ),
            8 => format!(
                "UPDATE label SET caption = '{text}' WHERE page BETWEEN {page} AND {page} + {some}"
            ),
            _ => format!("DELETE FROM label WHERE page = {page}"),
        };
        changed(self.client, &statement)
    }

    /// Reads some hot rows and writes others, which two transactions at once cannot both have done
    /// one after the other.
    fn hot(&mut self) -> Result<u64, Error> {
        let (read, written) = (1 + self.random.below(HOT_PAGES), 1 + self.random.below(HOT_PAGES));
        self.client.simple_query(&format!("SELECT hits FROM page WHERE id = {read}"))?;
        changed(self.client, &format!("UPDATE page SET hits = hits + 1 WHERE id = {written}"))
    }
}
