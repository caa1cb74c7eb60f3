//! Rows taken apart.

#![allow(unsafe_code)]

use pgrx::pg_sys;

/// A row taken apart: values and nulls by the relation's columns, dropped ones included.
pub struct RowValues {
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl RowValues {
    /// Takes a row apart.
    ///
    /// # Safety
    /// The tuple is of this row type, and outlives what is made of the values.
    pub unsafe fn of(tuple: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc) -> RowValues {
        // SAFETY: by the caller's promise.
        unsafe {
            let count = (*descriptor).natts as usize;
            let mut row =
                RowValues { values: vec![pg_sys::Datum::from(0); count], nulls: vec![true; count] };
            let (values, nulls) = (row.values.as_mut_ptr(), row.nulls.as_mut_ptr());
            pg_sys::heap_deform_tuple(tuple, descriptor, values, nulls);
            row
        }
    }

    /// The value of a column, or `None` where it is null.
    pub fn get(&self, index: usize) -> Option<pg_sys::Datum> {
        (!self.nulls[index]).then(|| self.values[index])
    }
}
