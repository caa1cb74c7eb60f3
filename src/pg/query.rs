//! SQL over concord's own tables from inside the backend, through SPI.
//!
//! Callers switch to the owner first, the extension's or the table's ([`super::owner`] says which);
//! statements are constant text with parameters, never built from row data. What reads does so under a snapshot taken now, whatever the
//! transaction's isolation level, unless [`Snapshot::Active`] is asked.
//!
//! Errors: whatever PostgreSQL finds wrong with a statement or its data, and a null where a column is
//! [`Row::required`], is raised, since no caller could go on; who can, runs the statement inside
//! [`super::attempt::attempt`]. Nothing is returned as an error. That a row is not there is no error:
//! [`one`] is `None` then.

#![allow(unsafe_code)]

use crate::error::{Error, OrRaise, Result};
use crate::pg::owner::pin_path;
use crate::pg::varlena::{Varlena, copy_varlena};
use concord_core::names::TableName;
use concord_core::word::Word;
use pgrx::prelude::*;
use pgrx::{FromDatum, IntoDatum};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CString, c_char};
use std::rc::Rc;

/// A parameter of a statement: type and value.
pub type Parameter = (pg_sys::Oid, Option<pg_sys::Datum>);

/// Makes a parameter from a value.
pub fn parameter<T: IntoDatum>(value: T) -> Parameter {
    (T::type_oid(), value.into_datum())
}

/// Parameters for a table's schema and name, in this order.
pub fn table(name: &TableName) -> [Parameter; 2] {
    [parameter(name.schema.as_str()), parameter(name.name.as_str())]
}

/// Makes a parameter from a complete `jsonb` value.
pub fn jsonb(value: &Varlena) -> Parameter {
    (pg_sys::JSONBOID, Some(value.datum()))
}

/// One row of a result; columns count from 1.
pub struct Row {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
}

impl Row {
    /// Column `n` as `T`, or `None` where it is null.
    pub fn get<T: FromDatum>(&self, n: i32) -> Option<T> {
        let mut null = false;
        // SAFETY: the row belongs to the SPI result that is being walked; the value is copied.
        unsafe {
            let datum = pg_sys::SPI_getbinval(self.tuple, self.descriptor, n, &mut null);
            T::from_datum(datum, null)
        }
    }

    /// Column `n` as it is; valid while the row is.
    pub fn datum(&self, n: i32) -> pg_sys::Datum {
        let mut null = false;
        // SAFETY: as in `get`.
        unsafe { pg_sys::SPI_getbinval(self.tuple, self.descriptor, n, &mut null) }
    }

    /// A copy of column `n` as a parameter for another statement; it lives as long as the call under way.
    pub fn parameter(&self, n: i32) -> Parameter {
        let (mut null, mut length, mut by_value) = (false, 0, false);
        // SAFETY: as in `get`; the value is copied to the memory that was current before SPI was connected.
        unsafe {
            let type_oid = pg_sys::SPI_gettypeid(self.descriptor, n);
            let datum = pg_sys::SPI_getbinval(self.tuple, self.descriptor, n, &mut null);
            pg_sys::get_typlenbyval(type_oid, &mut length, &mut by_value);
            let copy = |datum| pg_sys::SPI_datumTransfer(datum, by_value, i32::from(length));
            (type_oid, (!null).then(|| copy(datum)))
        }
    }

    /// A copy of column `n`, of a type of variable length, or `None` where it is null.
    pub fn varlena(&self, n: i32) -> Option<Varlena> {
        let mut null = false;
        // SAFETY: as in `get`; detoasting gives a plain varlena.
        unsafe {
            let datum = pg_sys::SPI_getbinval(self.tuple, self.descriptor, n, &mut null);
            (!null).then(|| {
                let plain = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
                copy_varlena(pg_sys::Datum::from(plain))
            })
        }
    }

    /// A table's name from column `n`, its schema's, and the next.
    pub fn table(&self, n: i32) -> TableName {
        TableName { schema: self.required(n), name: self.required(n + 1) }
    }

    /// Column `n`, which holds no other words than those of a set.
    pub fn word<T: Word>(&self, n: i32) -> T {
        T::from_word(&self.required::<String>(n))
            .map_err(|unknown| Error::internal(unknown.message))
            .or_raise()
    }

    /// Column `n`, which the statement never returns null.
    pub fn required<T: FromDatum>(&self, n: i32) -> T {
        self.get(n)
            .ok_or_else(|| Error::internal(format!("column {n} is null where it cannot be")))
            .or_raise()
    }
}

/// What a reading statement sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshot {
    /// All that has been committed by now, whatever the transaction's isolation level.
    Latest,
    /// What the statement that called concord sees.
    Active,
}

impl Snapshot {
    /// The first row of a result, if there is one.
    pub fn one<T>(
        self,
        sql: &str,
        parameters: &[Parameter],
        row: impl FnOnce(&Row) -> T,
    ) -> Option<T> {
        let (mut value, mut row) = (None, Some(row));
        self.each(sql, parameters, |found| {
            if let Some(row) = row.take() {
                value = Some(row(found));
            }
        });
        value
    }

    /// All rows of a result.
    pub fn all<T>(
        self,
        sql: &str,
        parameters: &[Parameter],
        mut row: impl FnMut(&Row) -> T,
    ) -> Vec<T> {
        let mut values = Vec::new();
        self.each(sql, parameters, |found| values.push(row(found)));
        values
    }

    /// Calls `each` for every row of a result.
    fn each(self, sql: &str, parameters: &[Parameter], each: impl FnMut(&Row)) {
        match self {
            Snapshot::Active => read(sql, parameters, each),
            // SAFETY: the snapshot is popped below; an error unwinds into PostgreSQL's abort, which
            // resets the snapshot stack.
            Snapshot::Latest => unsafe {
                pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
                read(sql, parameters, each);
                pg_sys::PopActiveSnapshot();
            },
        }
    }
}

/// The first row that the latest snapshot shows, if there is one.
pub fn one<T>(sql: &str, parameters: &[Parameter], row: impl FnOnce(&Row) -> T) -> Option<T> {
    Snapshot::Latest.one(sql, parameters, row)
}

/// All rows that the latest snapshot shows.
pub fn all<T>(sql: &str, parameters: &[Parameter], row: impl FnMut(&Row) -> T) -> Vec<T> {
    Snapshot::Latest.all(sql, parameters, row)
}

/// Whether the latest snapshot shows any row.
pub fn exists(sql: &str, parameters: &[Parameter]) -> bool {
    one(sql, parameters, |_| ()).is_some()
}

/// Runs a writing statement; how many rows it processed.
pub fn run(sql: &str, parameters: &[Parameter]) -> u64 {
    write(sql, parameters, |_| ())
}

/// Runs a writing statement; the rows that it returns.
pub fn returning<T>(sql: &str, parameters: &[Parameter], mut row: impl FnMut(&Row) -> T) -> Vec<T> {
    let mut values = Vec::new();
    write(sql, parameters, |found| values.push(row(found)));
    values
}

/// Runs a reading statement under the active snapshot.
fn read(sql: &str, parameters: &[Parameter], mut each: impl FnMut(&Row)) {
    let _path = pin_path();
    let connection = Connection::open().or_raise();
    // SAFETY: SPI is connected; values and nulls are as many as the statement's parameters.
    unsafe {
        let statement = Statement::prepare(sql, parameters).or_raise();
        let code = pg_sys::SPI_execute_snapshot(
            statement.plan.0,
            statement.values.as_ptr().cast_mut(),
            statement.nulls.as_ptr(),
            pg_sys::GetActiveSnapshot(),
            std::ptr::null_mut(),
            true,
            false,
            0,
        );
        check(code, sql).or_raise();
        walk_result(&mut each);
    }
    drop(connection);
}

fn write(sql: &str, parameters: &[Parameter], mut each: impl FnMut(&Row)) -> u64 {
    with_snapshot(|| {
        // SAFETY: SPI is connected; values and nulls are as many as the statement's parameters.
        unsafe {
            let statement = Statement::prepare(sql, parameters).or_raise();
            let code = pg_sys::SPI_execute_plan(
                statement.plan.0,
                statement.values.as_ptr().cast_mut(),
                statement.nulls.as_ptr(),
                false,
                0,
            );
            check(code, sql).or_raise();
            let processed = pg_sys::SPI_processed;
            walk_result(&mut each);
            processed
        }
    })
}

/// Runs one DDL statement. It will hardly come again, so no plan of it is kept.
pub fn execute(sql: &str) {
    let text = CString::new(sql).map_err(|_| Error::internal("NUL byte in a statement")).or_raise();
    with_snapshot(|| {
        // SAFETY: SPI is connected, and the text outlives the call.
        let code = unsafe { pg_sys::SPI_execute(text.as_ptr(), false, 0) };
        check(code, sql).or_raise();
    });
}

/// Runs `body` with SPI connected, which takes and releases its own snapshots where one is active; in
/// the pre-commit callback none is, so one is pushed.
fn with_snapshot<T>(body: impl FnOnce() -> T) -> T {
    let _path = pin_path();
    // SAFETY: what is pushed is popped; an error unwinds into PostgreSQL's abort, which resets the
    // snapshot stack.
    unsafe {
        let pushed = !pg_sys::ActiveSnapshotSet();
        if pushed {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let connection = Connection::open().or_raise();
        let value = body();
        drop(connection);
        if pushed {
            pg_sys::PopActiveSnapshot();
        }
        value
    }
}

unsafe fn walk_result(each: &mut impl FnMut(&Row)) {
    // SAFETY: called right after a successful execution; SPI's globals describe its result.
    unsafe {
        let table = pg_sys::SPI_tuptable;
        if table.is_null() {
            return;
        }
        for i in 0..pg_sys::SPI_processed as usize {
            each(&Row { tuple: *(*table).vals.add(i), descriptor: (*table).tupdesc });
        }
    }
}

fn check(code: i32, sql: &str) -> Result<()> {
    if code < 0 {
        return Err(Error::internal(format!("SPI returned {code} for: {sql}")));
    }
    Ok(())
}

/// An open SPI connection, closed on drop.
struct Connection;

impl Connection {
    fn open() -> Result<Connection> {
        // SAFETY: nothing is required of the caller but a transaction.
        let code = unsafe { pg_sys::SPI_connect() };
        check(code, "connect")?;
        Ok(Connection)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: closes what `open` opened; after an error PostgreSQL's abort does.
            unsafe { pg_sys::SPI_finish() };
        }
    }
}

/// Statements kept prepared by one backend. PostgreSQL plans them anew when something that they use
/// has changed.
pub const MAX_PLANS: usize = 1000;

thread_local! {
    /// By text and parameter types: concord's own types change when the extension is made anew.
    static PLANS: RefCell<HashMap<PlanKey, Rc<Plan>>> = RefCell::new(HashMap::new());
}

type PlanKey = (String, Vec<pg_sys::Oid>);

/// A plan that PostgreSQL keeps for this backend. A statement that runs has a part in it, so that the
/// statements it causes, a trigger's for example, do not free it.
struct Plan(pg_sys::SPIPlanPtr);

struct Statement {
    plan: Rc<Plan>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<c_char>,
}

impl Statement {
    unsafe fn prepare(sql: &str, parameters: &[Parameter]) -> Result<Statement> {
        Ok(Statement {
            // SAFETY: SPI is connected.
            plan: unsafe { prepared(sql, parameters)? },
            values: parameters.iter().map(|p| p.1.unwrap_or(pg_sys::Datum::from(0))).collect(),
            nulls: parameters
                .iter()
                .map(|p| if p.1.is_some() { b' ' } else { b'n' } as c_char)
                .collect(),
        })
    }
}

/// The plan of a statement, kept from an earlier use or made now.
unsafe fn prepared(sql: &str, parameters: &[Parameter]) -> Result<Rc<Plan>> {
    let key = (sql.to_owned(), parameters.iter().map(|p| p.0).collect());
    // No borrow lasts over a call into PostgreSQL, which could raise or come back here.
    if let Some(plan) = PLANS.with_borrow(|plans| plans.get(&key).cloned()) {
        return Ok(plan);
    }
    let text = CString::new(sql).map_err(|_| Error::internal("NUL byte in a statement"))?;
    let mut types: Vec<pg_sys::Oid> = parameters.iter().map(|p| p.0).collect();
    // SAFETY: by the caller's promise SPI is connected; it copies text and types. A plan that is
    // kept lives until it is freed.
    let plan = unsafe {
        let plan = pg_sys::SPI_prepare(text.as_ptr(), types.len() as i32, types.as_mut_ptr());
        if plan.is_null() || pg_sys::SPI_keepplan(plan) != 0 {
            return Err(Error::internal(format!("could not prepare: {sql}")));
        }
        Rc::new(Plan(plan))
    };
    let (idle, replaced) = PLANS.with_borrow_mut(|plans| {
        let idle = if plans.len() >= MAX_PLANS { take_idle(plans) } else { Vec::new() };
        (idle, plans.insert(key, Rc::clone(&plan)))
    });
    for plan in idle.into_iter().chain(replaced) {
        free_unless_running(plan);
    }
    Ok(plan)
}

/// Whether a plan of this statement is kept.
#[cfg(any(test, feature = "pg_test"))]
pub fn is_kept(sql: &str) -> bool {
    PLANS.with_borrow(|plans| plans.keys().any(|(text, _)| text == sql))
}

/// Takes the plans that no statement runs.
fn take_idle(plans: &mut HashMap<PlanKey, Rc<Plan>>) -> Vec<Rc<Plan>> {
    plans.extract_if(|_, plan| Rc::strong_count(plan) == 1).map(|(_, plan)| plan).collect()
}

fn free_unless_running(plan: Rc<Plan>) {
    if let Some(plan) = Rc::into_inner(plan) {
        // SAFETY: `prepared` kept the plan, and nothing else refers to it.
        unsafe { pg_sys::SPI_freeplan(plan.0) };
    }
}
