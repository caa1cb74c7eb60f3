//! An event on its way into the log.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::borrow::Cow;
use std::rc::Rc;

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// A row came.
    Insert,
    /// A row changed.
    Update,
    /// A row went.
    Delete,
    /// A row went with all others of its table.
    Truncate,
    /// A write was made from a version that no longer stood.
    Stale,
    /// A node tells of itself.
    Node,
    /// A number whose transaction died.
    Void,
    /// The shape or the capture of a tracked table changed.
    Ddl,
    /// Changes were not captured.
    Gap,
    /// Somebody decided a conflict, or opened it again.
    Resolve,
}

impl Operation {
    const ALL: [Operation; 10] = [
        Operation::Insert,
        Operation::Update,
        Operation::Delete,
        Operation::Truncate,
        Operation::Stale,
        Operation::Node,
        Operation::Void,
        Operation::Ddl,
        Operation::Gap,
        Operation::Resolve,
    ];

    /// The operation of a code that `as u8` gave.
    pub fn from_code(code: u8) -> Option<Operation> {
        Self::ALL.get(code as usize).copied()
    }

    /// As `change_events.operation` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Insert => "INSERT",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Truncate => "TRUNCATE",
            Operation::Stale => "STALE",
            Operation::Node => "NODE",
            Operation::Void => "VOID",
            Operation::Ddl => "DDL",
            Operation::Gap => "GAP",
            Operation::Resolve => "RESOLVE",
        }
    }
}

/// A value in PostgreSQL's variable-length form, owned by Rust: a complete, uncompressed varlena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Varlena(Box<[u64]>);

impl Varlena {
    /// A `text` value.
    pub fn text(text: &str) -> Varlena {
        Varlena::with_payload(text.as_bytes())
    }

    /// A varlena of these bytes.
    pub fn with_payload(payload: &[u8]) -> Varlena {
        let size = payload.len() + 4;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&concord_core::jsonb::varlena_header(size).to_ne_bytes());
        bytes.extend_from_slice(payload);
        Varlena::complete(&bytes)
    }

    /// A copy of a complete varlena.
    pub fn complete(bytes: &[u8]) -> Varlena {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks(8)) {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_ne_bytes(padded);
        }
        Varlena(words.into_boxed_slice())
    }

    /// All its bytes, the header included.
    pub fn as_bytes(&self) -> &[u8] {
        let bytes = self.0.as_ptr().cast::<u8>();
        // SAFETY: the header, which every value has, says how many of the words' bytes count.
        unsafe {
            let size = pgrx::varsize_any(bytes.cast::<pg_sys::varlena>());
            std::slice::from_raw_parts(bytes, size)
        }
    }

    /// The text of a `text` value.
    pub fn as_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.as_bytes()[4..])
    }

    /// The datum; valid as long as this value.
    pub fn datum(&self) -> pg_sys::Datum {
        pg_sys::Datum::from(self.0.as_ptr())
    }
}

/// The table that events are about: the root of a partition tree under its own name.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// `table_schema`
    pub schema: Varlena,
    /// `table_name`
    pub name: Varlena,
    /// `silent`: columns in which a difference is no conflict, as `text[]`
    pub silent: Option<Varlena>,
}

/// What the application said about its write; the same for many events.
#[derive(Debug, Default)]
pub struct Context {
    /// `action`
    pub action: Option<Varlena>,
    /// `session_user`
    pub session_user: Option<Varlena>,
    /// `user_id`
    pub user_id: Option<Varlena>,
    /// `request_id`
    pub request_id: Option<Varlena>,
    /// `ip`
    pub ip: Option<Varlena>,
    /// `metadata`, as `jsonb`
    pub metadata: Option<Varlena>,
    /// `metadata`, as text, for events that add to it
    pub metadata_text: Option<String>,
    /// `depends_on_event_ids`
    pub depends_on: Option<Varlena>,
}

impl Context {
    /// Who acts: `user_id`, or else the session's user.
    pub fn person(&self) -> String {
        let name = self.user_id.as_ref().or(self.session_user.as_ref());
        name.map_or_else(String::new, |name| name.as_text().into_owned())
    }
}

/// A captured change or a control event, before it has a number. Byte slices are complete varlenas.
#[derive(Clone, Copy)]
pub struct Pending<'a> {
    /// `operation`
    pub operation: Operation,
    /// The table, where the event is about one.
    pub table: Option<&'a Rc<Table>>,
    /// The application's context.
    pub context: &'a Rc<Context>,
    /// `record_id`, as `text`
    pub record_id: Option<&'a [u8]>,
    /// `old_values`, as `jsonb`
    pub old_values: Option<&'a [u8]>,
    /// `new_values`, as `jsonb`
    pub new_values: Option<&'a [u8]>,
    /// `touched`, as `text[]`
    pub touched: Option<&'a [u8]>,
    /// A JSON object to add to `metadata`.
    pub metadata: Option<&'a [u8]>,
    /// `base_version`
    pub base_version: Option<i64>,
    /// The command that made the change: events are in the order of commands.
    pub command: u32,
}
