//! The columns of the log, `concord.change_events`: the one list of them outside `sql/10_log.sql`, which declares the same. The form
//! of events on the wire, what writes and reads the log by place, and what moves events into it come from here.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ulid`
    Ulid,
    /// `ulid[]`
    Ulids,
    /// `hlc`
    Hlc,
    /// `bigint`, not negative
    Bigint,
    /// `integer`, not negative
    Integer,
    /// `text`
    Text,
    /// `text[]`
    Texts,
    /// `inet`
    Inet,
    /// `jsonb`: an object
    Object,
    /// `jsonb`: an object of numbers by node
    Vector,
    /// `timestamptz`
    Time,
}

macro_rules! log_columns {
    ($($column:ident $name:literal $kind:ident $null:ident,)+) => {
        /// A column of the log. Its discriminant is its place, from 0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum LogColumn {
            $($column,)+
        }

        impl LogColumn {
            /// How many there are.
            pub const COUNT: usize = Self::ALL.as_slice().len();

            /// All, in the order of the table.
            pub const ALL: [LogColumn; [$($name),+].len()] = [$(LogColumn::$column),+];

            /// As the table and the fields of an event have it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(LogColumn::$column => $name,)+
                }
            }

            /// What it holds.
            pub const fn kind(self) -> Kind {
                match self {
                    $(LogColumn::$column => Kind::$kind,)+
                }
            }

            /// Whether it can be null.
            pub const fn is_nullable(self) -> bool {
                match self {
                    $(LogColumn::$column => log_columns!(@$null),)+
                }
            }
        }
    };
    (@null) => { true };
    (@required) => { false };
}

log_columns! {
    EventId       "event_id"             Ulid    required,
    Hlc           "hlc"                  Hlc     required,
    OriginNodeId  "origin_node_id"       Ulid    required,
    NodeSequence  "node_sequence"        Bigint  required,
    GroupSequence "group_sequence"       Bigint  required,
    GroupSize     "group_size"           Integer required,
    TableSchema   "table_schema"         Text    null,
    TableName     "table_name"           Text    null,
    RecordId      "record_id"            Text    null,
    Operation     "operation"            Text    required,
    Touched       "touched"              Texts   null,
    Silent        "silent"               Texts   null,
    Action        "action"               Text    null,
    SessionUser   "session_user"         Text    required,
    UserId        "user_id"              Text    null,
    RequestId     "request_id"           Text    null,
    Ip            "ip"                   Inet    null,
    OldValues     "old_values"           Object  null,
    NewValues     "new_values"           Object  null,
    BaseVersion   "base_version"         Hlc     null,
    Observed      "observed"             Vector  null,
    DependsOn     "depends_on_event_ids" Ulids   null,
    Metadata      "metadata"             Object  null,
    WallTimestamp "wall_timestamp"       Time    required,
}

impl LogColumn {
    /// The place in the table, from 0.
    pub const fn place(self) -> usize {
        self as usize
    }

    /// The column of this name.
    pub fn of(name: &str) -> Option<LogColumn> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// All as a list in SQL: `"event_id", "hlc"` and so on.
    pub fn list() -> String {
        Self::ALL.map(|column| format!("\"{}\"", column.name())).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_that_in_the_list() {
        for (place, column) in LogColumn::ALL.into_iter().enumerate() {
            assert_eq!(column.place(), place);
            assert_eq!(LogColumn::of(column.name()), Some(column));
        }
        assert_eq!(LogColumn::of("colour"), None);
        assert!(LogColumn::list().starts_with("\"event_id\", \"hlc\", "));
    }
}
