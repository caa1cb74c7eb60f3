//! What the command that has just ended has touched.

use crate::ddl::registry::Pair;
use crate::pg::query::{self, parameter};
use pgrx::pg_sys;

/// The relations that this transaction has locked against writers of their shape, and what its command made or
/// altered.
pub struct Touched<'a> {
    /// The command's tag.
    pub command: &'a str,
    locked: Vec<pg_sys::Oid>,
    /// Tables and indexes that the command names.
    pub relations: Vec<pg_sys::Oid>,
    /// Tables that it made.
    pub created: Vec<pg_sys::Oid>,
    /// Triggers that it made or altered.
    pub triggers: Vec<pg_sys::Oid>,
    types: bool,
    schemas: bool,
    /// Waits for nobody: a tick takes what it can lock.
    pub is_tick: bool,
}

impl<'a> Touched<'a> {
    /// Asks PostgreSQL.
    pub fn by(command: &'a str) -> Touched<'a> {
        let objects: Vec<(String, pg_sys::Oid, bool)> = query::all(
            "SELECT DISTINCT classid::pg_catalog.regclass::text, objid, command_tag = 'CREATE TABLE'
             FROM pg_catalog.pg_event_trigger_ddl_commands() WHERE objid IS NOT NULL",
            &[],
            |row| (row.required(1), row.required(2), row.required(3)),
        );
        let of =
            |class: &str| objects.iter().filter(|o| o.0 == class).map(|o| o.1).collect::<Vec<_>>();
        Touched {
            command,
            locked: locked(),
            relations: of("pg_class"),
            created: objects.iter().filter(|o| o.0 == "pg_class" && o.2).map(|o| o.1).collect(),
            triggers: of("pg_trigger"),
            types: !of("pg_type").is_empty(),
            schemas: !of("pg_namespace").is_empty(),
            is_tick: false,
        }
    }

    /// What a tick looks at by itself: everything.
    pub fn by_tick() -> Touched<'a> {
        Touched {
            command: "tick",
            locked: Vec::new(),
            relations: Vec::new(),
            created: Vec::new(),
            triggers: Vec::new(),
            types: true,
            schemas: true,
            is_tick: true,
        }
    }

    /// Whether the command can have done nothing to any tracked table, nor to concord's own. Most commands
    /// can not, temporary tables' above all, and are to cost little.
    pub fn is_elsewhere(&self) -> bool {
        if self.types || self.schemas {
            return false;
        }
        !query::exists(
            "SELECT FROM pg_catalog.pg_trigger t
             WHERE t.tgrelid = ANY ($1)
               AND t.tgfoid IN ('concord.capture_trigger()'::pg_catalog.regprocedure,
                                'concord.version_trigger()'::pg_catalog.regprocedure,
                                'concord.truncate_trigger()'::pg_catalog.regprocedure)
             UNION ALL
             SELECT FROM concord._watched_tables w WHERE w.relation = ANY ($1) OR w.partitions && $1
             UNION ALL
             SELECT FROM pg_catalog.pg_class c
             WHERE c.oid = ANY ($1) AND c.relnamespace = 'concord'::pg_catalog.regnamespace",
            &[parameter(self.locked.clone())],
        )
    }

    /// Whether the command can have done something to this table. What others did, unseen, is for the tick.
    pub fn concerns(&self, pair: &Pair) -> bool {
        let members = pair.now.as_ref().map(|now| now.members.as_slice()).unwrap_or_default();
        let partitions =
            pair.seen.as_ref().map(|seen| seen.partitions.as_slice()).unwrap_or_default();
        let own = [pair.relation()];
        if own.iter().chain(members).chain(partitions).any(|r| self.locked.contains(r)) {
            return true;
        }
        let (Some(seen), Some(now)) = (&pair.seen, &pair.now) else { return false };
        let now = &now.table;
        self.types && seen.types != now.types || self.schemas && seen.name != now.name
    }
}

/// Relations that this transaction has locked more strongly than to write rows, dropped ones among them.
fn locked() -> Vec<pg_sys::Oid> {
    query::all(
        "SELECT DISTINCT relation FROM pg_catalog.pg_locks
         WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid() AND granted
           AND database = (SELECT oid FROM pg_catalog.pg_database
                           WHERE datname = pg_catalog.current_database())
           AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')",
        &[],
        |row| row.required(1),
    )
}
