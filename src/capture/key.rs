//! Which columns identify a record, and which belong together: from the relation's indexes and from
//! the options.

use crate::capture::column::{BTEQUALIMAGE_PROC, Column, position, unknown_column};
use crate::error::{Error, Result};
use crate::pg::compat;
use crate::pg::relation::{Open, type_title};
use concord_core::options::Options;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::ffi::CStr;

/// The record key: as the options name it, or the primary key, or the replica identity.
///
/// # Safety
/// The root is a live relation.
#[allow(unsafe_code)]
pub unsafe fn record_key(
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
        return Err(Error::wrong_state("the table has no key that identifies its records")
            .hint("Add a primary key, or specify a unique key with record_key => '{...}'."));
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
#[allow(unsafe_code)]
unsafe fn identifying_columns(root: pg_sys::Oid) -> Vec<String> {
    // SAFETY: the root is a live relation; a lock on it is kept to the end of the transaction.
    unsafe {
        let open = Open::table(root, pg_sys::AccessShareLock);
        let relation = open.as_ptr();
        let mut index = compat::primary_key_index(relation);
        if index == pg_sys::Oid::INVALID {
            index = pg_sys::RelationGetReplicaIndex(relation);
        }
        match index {
            pg_sys::Oid::INVALID => Vec::new(),
            index => index_columns(index, relation).unwrap_or_default(),
        }
    }
}

/// The names of an index's key columns, or `None` where one is an expression.
#[allow(unsafe_code)]
unsafe fn index_columns(index: pg_sys::Oid, relation: pg_sys::Relation) -> Option<Vec<String>> {
    // SAFETY: the index belongs to the open relation.
    unsafe {
        let index = Open::index(index);
        let form = (*index.as_ptr()).rd_index;
        let count = (*form).indnkeyatts as usize;
        let numbers = (*form).indkey.values.as_slice(count).to_vec();
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
///
/// # Safety
/// The relation is open.
#[allow(unsafe_code)]
pub unsafe fn groups(
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
    for (names, option) in
        [(&options.merge_silently, "merge_silently"), (&options.rename, "rename")]
    {
        for name in names {
            position(columns, name).ok_or_else(|| unknown_column(name, option))?;
        }
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

#[allow(unsafe_code)]
unsafe fn is_unique(index: pg_sys::Oid) -> bool {
    // SAFETY: the caller has the index from the relation's own list.
    unsafe { (*(*Open::index(index).as_ptr()).rd_index).indisunique }
}

/// Refuses a key column whose equal values can print differently: 0A000.
pub fn check_key_type(column: &Column) -> Result<()> {
    if column.is_normalised() || prints_uniquely(column) {
        return Ok(());
    }
    let name = type_title(column.base_type);
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("column \"{}\" of type {name} cannot be part of a record key", column.name),
    )
    .detail("Equal values of this type or collation can have different text.")
    .hint("Use a key of another type, or specify other columns with record_key => '{...}'."))
}

pub fn prints_uniquely(column: &Column) -> bool {
    matches!(
        column.base_type,
        pg_sys::DATEOID
            | pg_sys::TIMEOID
            | pg_sys::TIMETZOID
            | pg_sys::TIMESTAMPOID
            | pg_sys::TIMESTAMPTZOID
            | pg_sys::INETOID
            | pg_sys::CIDROID
            | pg_sys::MACADDROID
            | pg_sys::MACADDR8OID
            | pg_sys::BITOID
            | pg_sys::VARBITOID
            | pg_sys::MONEYOID
            | pg_sys::PG_LSNOID
            | pg_sys::TIDOID
            | pg_sys::XID8OID
            | pg_sys::CHAROID
    ) || is_enum(column.base_type)
        || has_equal_images(column.base_type, column.collation)
}

#[allow(unsafe_code)]
pub fn is_enum(type_oid: pg_sys::Oid) -> bool {
    // SAFETY: a catalog look-up by object id.
    unsafe { pg_sys::get_typtype(type_oid) as u8 == pg_sys::TYPTYPE_ENUM }
}

/// Whether equal values of the type are the same to the bit: what its default btree operator class
/// says to allow deduplication (`BTEQUALIMAGE_PROC`, src/include/access/nbtree.h).
#[allow(unsafe_code)]
pub fn has_equal_images(type_oid: pg_sys::Oid, collation: pg_sys::Oid) -> bool {
    // SAFETY: catalog look-ups by object id; the support function takes the class's input type.
    unsafe {
        let class = pg_sys::GetDefaultOpClass(type_oid, pg_sys::BTREE_AM_OID);
        if class == pg_sys::Oid::INVALID {
            return false;
        }
        let family = pg_sys::get_opclass_family(class);
        let input = pg_sys::get_opclass_input_type(class);
        let function = pg_sys::get_opfamily_proc(family, input, input, BTEQUALIMAGE_PROC);
        // One that somebody has added would run with the rights of whoever writes.
        function != pg_sys::Oid::INVALID
            && function.to_u32() < pg_sys::FirstNormalObjectId
            && pg_sys::OidFunctionCall1Coll(function, collation, pg_sys::Datum::from(input)).value()
                != 0
    }
}
