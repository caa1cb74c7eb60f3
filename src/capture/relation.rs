//! What the triggers need to know of a tracked relation, worked out once and kept until PostgreSQL
//! says that the relation changed.

#![allow(unsafe_code)]

use super::column::{Column, check_key_type, needs_neutral_names};
use super::context::text_array;
use super::image::RowValues;
use crate::error::{Error, Result};
use crate::log::event::{Table, Varlena};
use crate::pg::memory::new_context;
use crate::pg::{catalog, compat, externs};
use crate::types::{hlc::Hlc, ulid::Ulid};
use concord_core::jsonb::Keys;
use concord_core::options::{DEFAULT_VERSION_COLUMN, Options, VersionColumn};
use pgrx::{PgSqlErrorCode, pg_guard, pg_sys};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CStr;
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

/// The version column of a relation.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its name.
    pub name: String,
    /// Its place in the row, from 0.
    pub index: usize,
    /// Which type it has.
    pub kind: VersionKind,
}

/// The types that can be a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKind {
    /// `concord.hlc`
    Hlc,
    /// `concord.ulid`
    Ulid,
}

impl VersionKind {
    /// The version as an HLC: a ULID's first 64 bits are one.
    ///
    /// # Safety
    /// The datum is of this type, not null.
    pub unsafe fn hlc_of(self, datum: pg_sys::Datum) -> i64 {
        match self {
            VersionKind::Hlc => datum.value() as i64,
            VersionKind::Ulid => {
                // SAFETY: by the caller's promise.
                let bytes = unsafe { *datum.cast_mut_ptr::<[u8; 8]>() };
                i64::try_from(u64::from_be_bytes(bytes)).unwrap_or(i64::MAX)
            }
        }
    }
}

impl Drop for Tracked {
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

thread_local! {
    static CACHE: RefCell<HashMap<pg_sys::Oid, Rc<Tracked>>> = RefCell::new(HashMap::new());
    static GENERATION: Cell<u64> = const { Cell::new(0) };
}

/// Registers for PostgreSQL's invalidation messages. Called once, from `_PG_init`.
pub fn register() {
    // SAFETY: the callbacks are guarded and live as long as the library.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation_change), pg_sys::Datum::from(0));
        for cache in [pg_sys::SysCacheIdentifier::NAMESPACEOID, pg_sys::SysCacheIdentifier::TYPEOID]
        {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as i32,
                Some(on_catalog_change),
                pg_sys::Datum::from(0),
            );
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_relation_change(_argument: pg_sys::Datum, relation: pg_sys::Oid) {
    GENERATION.set(GENERATION.get() + 1);
    CACHE.with_borrow_mut(|cache| match relation {
        pg_sys::Oid::INVALID => cache.clear(),
        _ => cache.retain(|_, tracked| tracked.relation != relation && tracked.root != relation),
    });
}

#[pg_guard]
unsafe extern "C-unwind" fn on_catalog_change(_argument: pg_sys::Datum, _cache: i32, _hash: u32) {
    GENERATION.set(GENERATION.get() + 1);
    CACHE.with_borrow_mut(HashMap::clear);
}

/// The relation as this trigger tracks it. What images show is said by the capture trigger alone, so
/// that a secret which it leaves out is left out by all; the arguments of the version and truncate
/// triggers add to that.
///
/// # Safety
/// Both belong to the trigger call under way.
pub unsafe fn of_trigger(
    relation: pg_sys::Relation,
    trigger: *mut pg_sys::Trigger,
) -> Result<Rc<Tracked>> {
    // SAFETY: by the caller's promise.
    let key = unsafe { (*trigger).tgoid };
    if let Some(tracked) = CACHE.with_borrow(|cache| cache.get(&key).cloned()) {
        return Ok(tracked);
    }
    let generation = GENERATION.get();
    // SAFETY: by the caller's promise.
    let tracked = unsafe {
        let mut all = match capture_trigger(relation) {
            Some(capture) if (*capture).tgoid != key => arguments(capture),
            _ => Vec::new(),
        };
        all.extend(arguments(trigger));
        Rc::new(Tracked::load(relation, &all)?)
    };
    // What changed while it was being read is read again next time.
    if generation == GENERATION.get() {
        CACHE.with_borrow_mut(|cache| cache.insert(key, Rc::clone(&tracked)));
    }
    Ok(tracked)
}

/// A relation as its capture trigger tracks it: 55000 where it has none.
///
/// # Safety
/// The relation is open.
pub unsafe fn of_relation(relation: pg_sys::Relation) -> Result<Rc<Tracked>> {
    // SAFETY: by the caller's promise.
    unsafe {
        match capture_trigger(relation) {
            Some(trigger) => of_trigger(relation, trigger),
            None => {
                Err(Error::wrong_state("the table is not tracked")
                    .hint("SELECT concord.track('...');"))
            }
        }
    }
}

/// Refuses a relation whose triggers of concord's cannot work as their arguments say.
pub fn validate(relation: pg_sys::Oid) -> Result<()> {
    const FUNCTIONS: [&CStr; 3] = [c"capture_trigger", c"version_trigger", c"truncate_trigger"];
    // SAFETY: the relation is open while its triggers are read.
    unsafe {
        let open = pg_sys::table_open(relation, pg_sys::AccessShareLock as i32);
        let mut result = Ok(());
        if let Some(triggers) = (*open).trigdesc.as_ref() {
            for i in 0..triggers.numtriggers as usize {
                let trigger = triggers.triggers.add(i);
                let ours = FUNCTIONS
                    .iter()
                    .any(|name| catalog::function(name).is_ok_and(|f| f == (*trigger).tgfoid));
                if ours && result.is_ok() {
                    result = of_trigger(open, trigger).map(|_| ());
                }
            }
        }
        pg_sys::table_close(open, pg_sys::NoLock as i32);
        result
    }
}

/// The capture trigger of a relation.
unsafe fn capture_trigger(relation: pg_sys::Relation) -> Option<*mut pg_sys::Trigger> {
    // SAFETY: the relation is open; its triggers stay in the relation cache meanwhile.
    unsafe {
        let triggers = (*relation).trigdesc.as_ref()?;
        let function = catalog::function(c"capture_trigger").ok()?;
        (0..triggers.numtriggers as usize)
            .map(|i| triggers.triggers.add(i))
            .find(|trigger| (**trigger).tgfoid == function)
    }
}

unsafe fn arguments(trigger: *mut pg_sys::Trigger) -> Vec<String> {
    // SAFETY: the relation cache keeps tgnargs NUL-terminated strings.
    unsafe {
        (0..(*trigger).tgnargs as usize)
            .map(|i| CStr::from_ptr(*(*trigger).tgargs.add(i)).to_string_lossy().into_owned())
            .collect()
    }
}

impl Tracked {
    /// Reads a relation's shape.
    ///
    /// # Safety
    /// The relation is open.
    pub unsafe fn load(relation: pg_sys::Relation, arguments: &[String]) -> Result<Tracked> {
        let options = Options::parse(arguments.iter().map(String::as_str))
            .map_err(|error| Error::invalid_argument(error.message).hint(error.hint))?;
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
                        "version_column \"{name}\" is neither of type concord.hlc nor concord.ulid"
                    ),
                )
                .hint("Name another column, one that does not exist yet, or NULL for none."));
            }
            _ => return Ok(None),
        };
        Ok(Some(Version { name: name.to_owned(), index: column.index, kind }))
    }
}

fn position(columns: &[Column], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name == name)
}

fn unknown_column(name: &str, option: &str) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
        format!("column \"{name}\" of option {option} does not exist"),
    )
    .hint("Column names are given as they are stored; a column can be in one of exclude and redact only.")
}

/// The root's name, with the columns that never make a conflict.
fn table_of(root: pg_sys::Oid, version: Option<&Version>, options: &Options) -> Result<Rc<Table>> {
    // SAFETY: both return palloc'ed strings or null.
    let (schema, name) = unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(root));
        let name = pg_sys::get_rel_name(root);
        if schema.is_null() || name.is_null() {
            return Err(Error::internal(format!("relation {root:?} has no name")));
        }
        (CStr::from_ptr(schema).to_string_lossy(), CStr::from_ptr(name).to_string_lossy())
    };
    let silent: Vec<&str> = version
        .map(|version| version.name.as_str())
        .into_iter()
        .chain(options.merge_silently.iter().map(String::as_str))
        .collect();
    Ok(Rc::new(Table {
        schema: Varlena::text(&schema),
        name: Varlena::text(&name),
        silent: (!silent.is_empty()).then(|| Varlena::complete(&text_array(&silent))),
    }))
}

/// The root of the partition tree that a relation belongs to.
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

/// The record key: as the options name it, or the primary key, or the replica identity.
unsafe fn record_key(
    root: pg_sys::Oid,
    options: &Options,
    columns: &[Column],
) -> Result<Vec<usize>> {
    let names = match &options.record_key {
        Some(names) => names.clone(),
        // SAFETY: as this function's.
        None => unsafe { identifying_columns(root) },
    };
    if names.is_empty() {
        return Err(Error::wrong_state("the table has no key that could identify its records")
            .hint("Add a primary key, or name a unique key with record_key => '{...}'."));
    }
    let mut key = Vec::new();
    for name in &names {
        let i = position(columns, name).ok_or_else(|| {
            Error::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("column \"{name}\" of the record key does not exist or is left out of the images"),
            )
            .hint("The columns of a record key can be neither excluded nor redacted.")
        })?;
        check_key_type(&columns[i])?;
        key.push(i);
    }
    Ok(key)
}

/// The columns of the primary key, or else of the replica identity's index.
unsafe fn identifying_columns(root: pg_sys::Oid) -> Vec<String> {
    // SAFETY: the root is a live relation; a lock on it is kept to the end of the transaction.
    unsafe {
        let relation = pg_sys::table_open(root, pg_sys::AccessShareLock as i32);
        let mut index = compat::primary_key_index(relation);
        if index == pg_sys::Oid::INVALID {
            index = pg_sys::RelationGetReplicaIndex(relation);
        }
        let names = match index {
            pg_sys::Oid::INVALID => Vec::new(),
            index => index_columns(index, relation).unwrap_or_default(),
        };
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        names
    }
}

/// The names of an index's key columns, or `None` where one is an expression.
unsafe fn index_columns(index: pg_sys::Oid, relation: pg_sys::Relation) -> Option<Vec<String>> {
    // SAFETY: the index belongs to the open relation.
    unsafe {
        let index = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
        let form = (*index).rd_index;
        let count = (*form).indnkeyatts as usize;
        let numbers = (*form).indkey.values.as_slice(count).to_vec();
        pg_sys::index_close(index, pg_sys::AccessShareLock as i32);
        numbers
            .into_iter()
            .map(|number| {
                let i = usize::try_from(number).ok()?.checked_sub(1)?;
                let name = &compat::attribute((*relation).rd_att, i).attname;
                Some(CStr::from_ptr(name.data.as_ptr()).to_string_lossy().into_owned())
            })
            .collect()
    }
}

/// Columns that only make sense together: those of each unique index, and those declared.
unsafe fn groups(
    relation: pg_sys::Relation,
    options: &Options,
    columns: &[Column],
) -> Result<Vec<Vec<usize>>> {
    let mut groups = Vec::new();
    for names in &options.merge_groups {
        let group: Result<Vec<usize>> = names
            .iter()
            .map(|name| position(columns, name).ok_or_else(|| unknown_column(name, "merge_groups")))
            .collect();
        groups.push(group?);
    }
    for name in options.merge_silently.iter().chain(&options.rename) {
        position(columns, name).ok_or_else(|| unknown_column(name, "merge_silently or rename"))?;
    }
    // SAFETY: the relation is open; the list is the relation cache's copy for us.
    unsafe {
        let list = pg_sys::RelationGetIndexList(relation);
        for i in 0..list.as_ref().map_or(0, |list| list.length as usize) {
            let index = (*(*list).elements.add(i)).oid_value;
            if !is_unique(index) {
                continue;
            }
            let names = index_columns(index, relation).unwrap_or_default();
            groups.push(names.iter().filter_map(|name| position(columns, name)).collect());
        }
        pg_sys::list_free(list);
    }
    Ok(groups)
}

unsafe fn is_unique(index: pg_sys::Oid) -> bool {
    // SAFETY: the caller has the index from the relation's own list.
    unsafe {
        let index = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
        let unique = (*(*index).rd_index).indisunique;
        pg_sys::index_close(index, pg_sys::AccessShareLock as i32);
        unique
    }
}
