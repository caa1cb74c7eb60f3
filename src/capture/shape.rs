//! The shape of a tracked relation: what its triggers need to know, read from the catalogs.

use super::column::{Column, needs_neutral_names};
use super::key::{groups, record_key};
use crate::capture::column::{position, unknown_column};
use crate::capture::version::{Version, VersionKind};
use crate::error::{Error, Result};
use crate::log::event::Table;
use crate::pg::memory::new_context;
use crate::pg::relation::cached_name;
use crate::pg::tuple::RowValues;
use crate::pg::varlena::{Varlena, text_array};
use crate::pg::{compat, externs};
use crate::types::{hlc::Hlc, ulid::Ulid};
use concord_core::jsonb::Keys;
use concord_core::options::{DEFAULT_VERSION_COLUMN, Options, VersionColumn};
use pgrx::{PgSqlErrorCode, pg_sys};
use std::rc::Rc;

/// A relation with one of concord's triggers: a table, or a leaf of a partitioned one.
pub struct Tracked {
    /// The relation.
    pub relation: pg_sys::Oid,
    /// The root of its partition tree, or the relation itself.
    pub root: pg_sys::Oid,
    /// The root's name, under which events go.
    pub table: Rc<Table>,
    /// The trigger's arguments.
    pub options: Options,
    /// Columns that images show.
    pub columns: Vec<Column>,
    /// Their names as keys of an image.
    pub keys: Keys,
    /// The record key, as indexes into `columns`.
    pub record_key: Vec<usize>,
    /// Columns that images must not show but whose change is noted.
    pub redacted: Vec<Column>,
    /// The version column.
    pub version: Option<Version>,
    /// Columns that change together under `merge`, as indexes into `columns`.
    pub groups: Vec<Vec<usize>>,
    /// Some column's text obeys session settings.
    pub obeys_settings: bool,
    /// Some column's text shows names or money.
    pub shows_names: bool,
    memory: pg_sys::MemoryContext,
}

impl Drop for Tracked {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: only the columns' look-ups live there, and they go with the columns. While the
        // process exits, PostgreSQL must not be called any more.
        unsafe {
            if !pg_sys::proc_exit_inprogress {
                pg_sys::MemoryContextDelete(self.memory);
            }
        }
    }
}

impl Tracked {
    /// Reads a relation's shape.
    ///
    /// # Safety
    /// The relation is open.
    #[allow(unsafe_code)]
    pub unsafe fn load(relation: pg_sys::Relation, arguments: &[String]) -> Result<Tracked> {
        let options = Options::parse(arguments.iter().map(String::as_str))?;
        // SAFETY: by the caller's promise; the new context becomes the Tracked's own.
        unsafe {
            let oid = (*relation).rd_id;
            let root = root_of(oid);
            let memory = new_context(pg_sys::CacheMemoryContext, c"concord relation");
            let mut shape = Shape::read(relation, memory);
            let version = shape.version(&options)?;
            let redacted = shape.take(&options.redact, "redact")?;
            shape.take(&options.exclude, "exclude")?;
            let columns = shape.columns;
            let tracked = Tracked {
                relation: oid,
                root,
                table: table_of(root, version.as_ref(), &options)?,
                keys: Keys::new(&columns.iter().map(|c| c.name.as_bytes()).collect::<Vec<_>>()),
                record_key: record_key(root, &options, &columns)?,
                groups: groups(relation, &options, &columns)?,
                obeys_settings: columns.iter().any(Column::obeys_settings),
                shows_names: columns.iter().any(|c| needs_neutral_names(c.base_type)),
                redacted,
                version,
                columns,
                options,
                memory,
            };
            Ok(tracked)
        }
    }

    /// The version of a row, as an HLC.
    #[allow(unsafe_code)]
    pub fn version_of(&self, row: &RowValues) -> Option<i64> {
        let version = self.version.as_ref()?;
        // SAFETY: the column has the type that `kind` says.
        row.get(version.index).map(|datum| unsafe { version.kind.hlc_of(datum) })
    }

    /// The columns of the record key.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.record_key.iter().map(|&i| &self.columns[i])
    }
}

/// The columns of a relation, while options take theirs out.
struct Shape {
    columns: Vec<Column>,
}

impl Shape {
    #[allow(unsafe_code)]
    unsafe fn read(relation: pg_sys::Relation, memory: pg_sys::MemoryContext) -> Shape {
        // SAFETY: the relation is open; its descriptor stays while it is.
        unsafe {
            let descriptor = (*relation).rd_att;
            let columns = (0..(*descriptor).natts as usize)
                .map(|i| (i, compat::attribute(descriptor, i)))
                .filter(|(_, attribute)| !attribute.attisdropped)
                .map(|(i, attribute)| Column::new(attribute, i, memory))
                .collect();
            Shape { columns }
        }
    }

    fn find(&self, name: &str, option: &str) -> Result<usize> {
        position(&self.columns, name).ok_or_else(|| unknown_column(name, option))
    }

    /// Removes the named columns and returns them.
    fn take(&mut self, names: &[String], option: &str) -> Result<Vec<Column>> {
        names.iter().map(|name| Ok(self.columns.remove(self.find(name, option)?))).collect()
    }

    fn version(&self, options: &Options) -> Result<Option<Version>> {
        let (name, required) = match &options.version_column {
            VersionColumn::None => return Ok(None),
            VersionColumn::Named(name) => (name.as_str(), true),
            VersionColumn::Default => (DEFAULT_VERSION_COLUMN, false),
        };
        let column = match position(&self.columns, name) {
            Some(i) => &self.columns[i],
            None if required => return Err(unknown_column(name, "version_column")),
            None => return Ok(None),
        };
        let kind = match column.base_type {
            t if t == Hlc::oid() => VersionKind::Hlc,
            t if t == Ulid::oid() => VersionKind::Ulid,
            _ if required => {
                return Err(Error::new(
                    PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                    format!(
                        "version_column \"{name}\" must be of type concord.hlc or concord.ulid"
                    ),
                )
                .hint("Specify another column, a column that does not exist yet, or NULL for no version column."));
            }
            _ => return Ok(None),
        };
        Ok(Some(Version { name: name.to_owned(), index: column.index, kind }))
    }
}

/// The root's name, with the columns that never make a conflict.
pub fn table_of(
    root: pg_sys::Oid,
    version: Option<&Version>,
    options: &Options,
) -> Result<Rc<Table>> {
    let name = cached_name(root)
        .ok_or_else(|| Error::internal(format!("relation {root:?} has no name")))?;
    let silent: Vec<&str> = version
        .map(|version| version.name.as_str())
        .into_iter()
        .chain(options.merge_silently.iter().map(String::as_str))
        .collect();
    Ok(Rc::new(Table {
        schema: Varlena::text(&name.schema),
        name: Varlena::text(&name.name),
        silent: (!silent.is_empty()).then(|| Varlena::complete(&text_array(&silent))),
    }))
}

/// The root of the partition tree that a relation belongs to.
#[allow(unsafe_code)]
pub fn root_of(relation: pg_sys::Oid) -> pg_sys::Oid {
    let mut root = relation;
    // SAFETY: catalog look-ups by object id; every partition has a parent.
    unsafe {
        while pg_sys::get_rel_relispartition(root) {
            root = externs::get_partition_parent(root, true);
        }
    }
    root
}
