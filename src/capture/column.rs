//! How a column's values go into images.
//!
//! One rule holds for every type: `(image ->> column)::type` is the value. Numbers and booleans are
//! JSON's own, `jsonb` objects and arrays stand as they are, everything else is the type's text.

use super::memory::RowMemory;
use crate::error::{Error, Result};
use crate::pg::function;
use crate::pg::tuple::RowValues;
use concord_core::jsonb::{Field, RootScalar, root_scalar};
use pgrx::{PgSqlErrorCode, pg_sys};
use std::cell::UnsafeCell;
use std::ffi::CStr;

/// A column that images show.
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its place in the row, from 0.
    pub index: usize,
    /// Passed by value.
    pub by_value: bool,
    /// `typlen`
    pub length: i16,
    /// The base type, under any domains.
    pub base_type: pg_sys::Oid,
    /// PostgreSQL computes it, after BEFORE triggers.
    pub generated: bool,
    /// Its collation.
    pub collation: pg_sys::Oid,
    kind: Kind,
    output: UnsafeCell<pg_sys::FmgrInfo>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Jsonb,
    Money,
    Output,
}

impl Column {
    /// Prepares a column. Look-ups of its output function live in `context`.
    ///
    /// # Safety
    /// `context` outlives the column.
    #[allow(unsafe_code)]
    pub unsafe fn new(
        attribute: &pg_sys::FormData_pg_attribute,
        index: usize,
        context: pg_sys::MemoryContext,
    ) -> Column {
        // SAFETY: catalog look-ups for a type that a live relation uses.
        unsafe {
            let base_type = pg_sys::getBaseType(attribute.atttypid);
            let mut function = pg_sys::Oid::INVALID;
            let mut is_varlena = false;
            pg_sys::getTypeOutputInfo(base_type, &mut function, &mut is_varlena);
            let mut output = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info_cxt(function, &mut output, context);
            Column {
                name: CStr::from_ptr(attribute.attname.data.as_ptr())
                    .to_string_lossy()
                    .into_owned(),
                index,
                by_value: attribute.attbyval,
                length: attribute.attlen,
                base_type,
                generated: attribute.attgenerated != 0,
                collation: attribute.attcollation,
                kind: Kind::of(base_type),
                output: UnsafeCell::new(output),
            }
        }
    }

    /// Whether the value's text obeys session settings that are cheap to neutralise.
    pub fn obeys_settings(&self) -> bool {
        matches!(self.kind, Kind::Output | Kind::Float4 | Kind::Float8)
    }

    /// The value as an image shows it.
    ///
    /// # Safety
    /// The datum is a value of this column, not null; `memory` is the current context.
    #[allow(unsafe_code)]
    pub unsafe fn field<'m>(
        &self,
        datum: pg_sys::Datum,
        memory: &'m RowMemory,
    ) -> Result<Field<'m>> {
        // SAFETY: the kind says how the type lays out its datum.
        unsafe {
            Ok(match self.kind {
                Kind::Bool => Field::Bool(datum.value() != 0),
                Kind::Int2 => integer(i64::from(datum.value() as i16), memory),
                Kind::Int4 => integer(i64::from(datum.value() as i32), memory),
                Kind::Int8 => integer(datum.value() as i64, memory),
                Kind::Float4 => {
                    self.float(f64::from(f32::from_bits(datum.value() as u32)), datum, memory)
                }
                Kind::Float8 => self.float(f64::from_bits(datum.value() as u64), datum, memory),
                Kind::Numeric => self.numeric(datum, memory),
                Kind::Text => Field::String(payload(datum, memory)),
                Kind::Jsonb => self.document(datum, memory),
                Kind::Money => Field::String(money(datum.value() as i64, memory)),
                Kind::Output => Field::String(self.text(datum, memory)),
            })
        }
    }

    /// The value's text by its output function.
    ///
    /// # Safety
    /// As for `field`.
    #[allow(unsafe_code)]
    pub unsafe fn text<'m>(&self, datum: pg_sys::Datum, _memory: &'m RowMemory) -> &'m [u8] {
        // SAFETY: the function is the type's own; nothing else uses it meanwhile, as a backend has
        // one thread and output functions do not fire triggers.
        unsafe {
            let text = pg_sys::OutputFunctionCall(self.output.get(), datum);
            CStr::from_ptr(text).to_bytes()
        }
    }

    /// Not a number, infinities and minus zero have no JSON number.
    #[allow(unsafe_code)]
    unsafe fn float<'m>(
        &self,
        value: f64,
        datum: pg_sys::Datum,
        memory: &'m RowMemory,
    ) -> Field<'m> {
        // SAFETY: as for `field`.
        let text = unsafe { self.text(datum, memory) };
        match value.is_finite() && !(value == 0.0 && value.is_sign_negative()) {
            true => number_from_text(text, memory),
            false => Field::String(text),
        }
    }

    #[allow(unsafe_code)]
    unsafe fn numeric<'m>(&self, datum: pg_sys::Datum, memory: &'m RowMemory) -> Field<'m> {
        // SAFETY: detoasting leaves a four-byte header; the flags are the first two bytes after it
        // (`NUMERIC_SPECIAL` in src/backend/utils/adt/numeric.c).
        unsafe {
            let value = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
            let bytes = std::slice::from_raw_parts(value.cast::<u8>(), pgrx::varsize_any(value));
            let flags = u16::from_ne_bytes([bytes[4], bytes[5]]);
            match flags & 0xC000 == 0xC000 {
                true => Field::String(self.text(datum, memory)),
                false => Field::Numeric(bytes),
            }
        }
    }

    /// Objects and arrays stand as they are; of scalars, strings and JSON's null are shown as JSON
    /// text, which no other value's text can be mistaken for.
    #[allow(unsafe_code)]
    unsafe fn document<'m>(&self, datum: pg_sys::Datum, memory: &'m RowMemory) -> Field<'m> {
        // SAFETY: as for `field`.
        let container = unsafe { payload(datum, memory) };
        match root_scalar(container) {
            None => Field::Container(container),
            Some(RootScalar::Numeric(number)) => Field::Numeric(number),
            Some(RootScalar::Bool(value)) => Field::Bool(value),
            // SAFETY: as for `field`.
            Some(RootScalar::Text) => Field::String(unsafe { self.text(datum, memory) }),
        }
    }

    /// Whether equal numbers are one number in an image, whatever their text.
    pub fn is_normalised(&self) -> bool {
        matches!(self.kind, Kind::Numeric | Kind::Float4 | Kind::Float8)
    }

    /// Whether this column has the same value in both rows, which are of its relation.
    #[allow(unsafe_code)]
    pub fn same_in(&self, old: &RowValues, new: &RowValues) -> bool {
        match (old.get(self.index), new.get(self.index)) {
            (None, None) => true,
            // SAFETY: both rows are of the column's relation.
            (Some(old), Some(new)) => unsafe { self.same(old, new) },
            _ => false,
        }
    }

    /// Whether two values are the same to the bit, toasted or not.
    ///
    /// # Safety
    /// Both datums are values of this column, not null.
    #[allow(unsafe_code)]
    pub unsafe fn same(&self, old: pg_sys::Datum, new: pg_sys::Datum) -> bool {
        // SAFETY: by the caller's promise.
        unsafe { same_image(self.by_value, self.length, old, new) }
    }
}

/// Whether two values are the same to the bit.
///
/// # Safety
/// Both are values of a type with these properties, not null.
#[allow(unsafe_code)]
pub unsafe fn same_image(
    by_value: bool,
    length: i16,
    old: pg_sys::Datum,
    new: pg_sys::Datum,
) -> bool {
    if by_value || old == new {
        return old == new;
    }
    // SAFETY: by the caller's promise.
    unsafe { crate::pg::externs::datum_image_eq(old, new, by_value, i32::from(length)) }
}

impl Kind {
    fn of(base_type: pg_sys::Oid) -> Kind {
        match base_type {
            pg_sys::BOOLOID => Kind::Bool,
            pg_sys::INT2OID => Kind::Int2,
            pg_sys::INT4OID => Kind::Int4,
            pg_sys::INT8OID => Kind::Int8,
            pg_sys::FLOAT4OID => Kind::Float4,
            pg_sys::FLOAT8OID => Kind::Float8,
            pg_sys::NUMERICOID => Kind::Numeric,
            // json keeps its text to the letter, duplicate keys included.
            pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID | pg_sys::JSONOID => {
                Kind::Text
            }
            pg_sys::JSONBOID => Kind::Jsonb,
            pg_sys::MONEYOID => Kind::Money,
            _ => Kind::Output,
        }
    }
}

/// Whether the text of a type shows names, whose schema depends on `search_path`, or money, whose
/// form depends on `lc_monetary`. Types unknown here are taken to.
#[allow(unsafe_code)]
pub fn needs_neutral_names(type_oid: pg_sys::Oid) -> bool {
    // SAFETY: catalog look-ups by object id.
    unsafe {
        let base = pg_sys::getBaseType(type_oid);
        let element = pg_sys::get_element_type(base);
        if element != pg_sys::Oid::INVALID {
            return element == pg_sys::MONEYOID || needs_neutral_names(element);
        }
        if pg_sys::get_typtype(base) as u8 == pg_sys::TYPTYPE_ENUM {
            return false;
        }
        let builtin = base.to_u32() < pg_sys::FirstNormalObjectId;
        let names = matches!(
            base,
            pg_sys::REGPROCOID
                | pg_sys::REGPROCEDUREOID
                | pg_sys::REGOPEROID
                | pg_sys::REGOPERATOROID
                | pg_sys::REGCLASSOID
                | pg_sys::REGCOLLATIONOID
                | pg_sys::REGTYPEOID
                | pg_sys::REGROLEOID
                | pg_sys::REGNAMESPACEOID
                | pg_sys::REGCONFIGOID
                | pg_sys::REGDICTIONARYOID
        );
        let own = [crate::types::hlc::Hlc::oid(), crate::types::ulid::Ulid::oid()].contains(&base);
        names || !(builtin || own)
    }
}

#[allow(unsafe_code)]
unsafe fn payload(datum: pg_sys::Datum, _memory: &RowMemory) -> &[u8] {
    // SAFETY: detoasted into the current context, or in the tuple, which outlives the row's memory.
    unsafe {
        let value = pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr());
        let start = pgrx::vardata_any(value).cast::<u8>();
        std::slice::from_raw_parts(start, pgrx::varsize_any_exhdr(value))
    }
}

#[allow(unsafe_code)]
fn integer(value: i64, _memory: &RowMemory) -> Field<'_> {
    // SAFETY: returns a palloc'ed numeric with a four-byte header.
    unsafe {
        let number = pg_sys::int64_to_numeric(value).cast::<pg_sys::varlena>();
        Field::Numeric(std::slice::from_raw_parts(number.cast(), pgrx::varsize_any(number)))
    }
}

#[allow(unsafe_code)]
fn number_from_text<'m>(text: &'m [u8], _memory: &'m RowMemory) -> Field<'m> {
    // SAFETY: the text is NUL-terminated behind its end, as OutputFunctionCall leaves it.
    unsafe {
        let number = function::call(
            pg_sys::numeric_in,
            &[pg_sys::Datum::from(text.as_ptr()), pg_sys::Datum::from(0), pg_sys::Datum::from(-1)],
        )
        .cast_mut_ptr::<pg_sys::varlena>();
        Field::Numeric(std::slice::from_raw_parts(number.cast(), pgrx::varsize_any(number)))
    }
}

/// Money as a plain decimal, as the C locale would read it.
fn money(cents: i64, memory: &RowMemory) -> &[u8] {
    let sign = if cents < 0 { "-" } else { "" };
    let magnitude = cents.unsigned_abs();
    memory.copy(format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100).as_bytes())
}

/// The value of a key column as `record_id` shows it: equal keys must give equal text.
///
/// # Safety
/// As for [`Column::field`].
#[allow(unsafe_code)]
pub unsafe fn key_field<'m>(
    column: &Column,
    datum: pg_sys::Datum,
    memory: &'m RowMemory,
) -> Result<Field<'m>> {
    // SAFETY: by the caller's promise.
    unsafe {
        match column.kind {
            // 1.0 and 1.00 are one key.
            Kind::Numeric => {
                let trimmed = function::call(pg_sys::numeric_trim_scale, &[datum]);
                column.field(trimmed, memory)
            }
            // So are 0 and -0.
            Kind::Float8 if f64::from_bits(datum.value() as u64) == 0.0 => {
                column.field(pg_sys::Datum::from(0), memory)
            }
            Kind::Float4 if f32::from_bits(datum.value() as u32) == 0.0 => {
                column.field(pg_sys::Datum::from(0), memory)
            }
            _ => column.field(datum, memory),
        }
    }
}

/// Support function 4 of a btree operator class.
pub const BTEQUALIMAGE_PROC: i16 = 4;

/// The index of the column of this name.
pub fn position(columns: &[Column], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name == name)
}

/// 42703: an option names a column that there is not.
pub fn unknown_column(name: &str, option: &str) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
        format!("column \"{name}\" of option {option} does not exist"),
    )
    .hint("Specify column names as they are stored; a column can be in exclude or in redact, but not in both.")
}
