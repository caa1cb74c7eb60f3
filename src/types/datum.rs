//! What pgrx wants to know of a type of fixed size, once for both.

use crate::error::Error;
use pgrx::callconv::Arg;
use pgrx::{FromDatum, pg_sys};
use std::ffi::CStr;

/// A type of concord's whose values have one fixed size.
pub trait FixedSize: Copy {
    /// Its name in schema `concord`.
    const NAME: &'static CStr;

    /// Reads a value.
    ///
    /// # Safety
    /// The datum is a value of this type, not null.
    #[allow(unsafe_code)]
    unsafe fn read(datum: pg_sys::Datum) -> Self;

    /// Makes a datum, in the current memory context where the type is passed by reference.
    fn write(self) -> pg_sys::Datum;
}

/// Looks a type's oid up. Not remembered: DROP and CREATE EXTENSION change it, and the system cache
/// is quick.
#[allow(unsafe_code)]
pub fn type_oid(name: &CStr) -> pg_sys::Oid {
    // SAFETY: syscache look-ups by NUL-terminated names.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"concord".as_ptr(), true);
        pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::TYPENAMENSP as i32,
            pg_sys::Anum_pg_type_oid as pg_sys::AttrNumber,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(schema),
            pg_sys::Datum::from(0),
            pg_sys::Datum::from(0),
        )
    }
}

/// The argument of a function that is not declared STRICT and takes no null all the same.
///
/// # Safety
/// The argument is of type `T` in SQL.
#[allow(unsafe_code)]
pub unsafe fn argument<T: FromDatum>(arg: Arg<'_, '_>) -> T {
    let position = arg.index() + 1;
    // SAFETY: by the caller's promise.
    unsafe { arg.unbox_arg_using_from_datum() }.unwrap_or_else(|| {
        Error::new(
            pgrx::PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            format!("argument {position} must not be null"),
        )
        .raise()
    })
}

/// Implements pgrx's traits for a [`FixedSize`] wrapper of a core value, and the conversions
/// between the two.
macro_rules! fixed_size_type {
    ($type:ident, $core:ty, $name:literal) => {
        // SAFETY: the SQL type of this name is declared in sql/types/ with this type's layout.
        #[allow(unsafe_code)]
        unsafe impl SqlTranslatable for $type {
            const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!($type);
            const TYPE_ORIGIN: TypeOrigin = TypeOrigin::ThisExtension;
            const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> =
                Ok(SqlMappingRef::literal($name));
            const RETURN_SQL: Result<ReturnsRef, ReturnsError> =
                Ok(ReturnsRef::One(SqlMappingRef::literal($name)));
        }

        impl $type {
            /// The type's oid in this database; invalid where the extension is not installed.
            pub fn oid() -> pg_sys::Oid {
                super::datum::type_oid(Self::NAME)
            }
        }

        #[allow(unsafe_code)]
        impl FromDatum for $type {
            unsafe fn from_polymorphic_datum(
                datum: pg_sys::Datum,
                is_null: bool,
                _type_oid: pg_sys::Oid,
            ) -> Option<Self> {
                // SAFETY: the caller's promise is the same.
                (!is_null).then(|| unsafe { Self::read(datum) })
            }
        }

        impl IntoDatum for $type {
            fn into_datum(self) -> Option<pg_sys::Datum> {
                Some(self.write())
            }

            fn type_oid() -> pg_sys::Oid {
                Self::oid()
            }
        }

        // SAFETY: the value is copied out of the datum and keeps nothing of it.
        #[allow(unsafe_code)]
        unsafe impl UnboxDatum for $type {
            type As<'src> = Self;

            unsafe fn unbox<'src>(datum: Datum<'src>) -> Self
            where
                Self: 'src,
            {
                // SAFETY: the caller's promise is the same.
                unsafe { Self::read(datum.sans_lifetime()) }
            }
        }

        // SAFETY: the SQL declarations give these arguments this type.
        #[allow(unsafe_code)]
        unsafe impl<'fcx> ArgAbi<'fcx> for $type {
            unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
                // SAFETY: the caller's promise is the same.
                unsafe { super::datum::argument(arg) }
            }
        }

        // SAFETY: the datum is of this type and lives in the current memory context or by value.
        #[allow(unsafe_code)]
        unsafe impl BoxRet for $type {
            unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
                // SAFETY: as above.
                unsafe { fcinfo.return_raw_datum(self.write()) }
            }
        }

        impl From<$core> for $type {
            fn from(value: $core) -> Self {
                $type(value)
            }
        }

        impl From<$type> for $core {
            fn from(value: $type) -> Self {
                value.0
            }
        }
    };
}

/// All that `fixed_size_type!` names.
pub mod prelude {
    pub use super::FixedSize;
    pub(crate) use fixed_size_type;
    pub use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
    pub use pgrx::datum::{Datum, UnboxDatum};
    pub use pgrx::pgrx_sql_entity_graph::metadata::{
        ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
    };
    pub use pgrx::{FromDatum, IntoDatum, pg_sys};
}
