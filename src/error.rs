//! The one error type: it owns SQLSTATE, message, DETAIL and HINT of everything concord refuses.

use concord_core::options::OptionError;
use concord_core::word::Unknown;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode};

/// A result whose error reaches the client with its SQLSTATE.
pub type Result<T> = std::result::Result<T, Error>;

/// SQLSTATE of a refusal: one of PostgreSQL's own, or one of concord's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlState {
    /// A code that PostgreSQL defines.
    Standard(PgSqlErrorCode),
    /// `NC001`: the clock would run further ahead of the wall clock than `concord.max_clock_drift`.
    ClockDrift,
}

impl SqlState {
    /// The code as `errcode()` takes it: five characters of six bits each
    /// (`MAKE_SQLSTATE` in PostgreSQL's `src/include/utils/elog.h`).
    pub fn packed(self) -> i32 {
        match self {
            SqlState::Standard(code) => code as i32,
            SqlState::ClockDrift => make_sqlstate(b"NC001"),
        }
    }
}

fn make_sqlstate(code: &[u8; 5]) -> i32 {
    code.iter().enumerate().map(|(i, &c)| i32::from(c.wrapping_sub(b'0') & 0x3F) << (6 * i)).sum()
}

/// A refusal: what went wrong, with what, and what to do about it.
#[derive(Debug, Clone)]
pub struct Error {
    /// SQLSTATE.
    pub state: SqlState,
    /// Primary message; names the offending value.
    pub message: String,
    /// DETAIL line.
    pub detail: Option<String>,
    /// HINT line.
    pub hint: Option<String>,
}

impl Error {
    /// A refusal with one of PostgreSQL's SQLSTATEs.
    pub fn new(code: PgSqlErrorCode, message: impl Into<String>) -> Self {
        Error::with_state(SqlState::Standard(code), message)
    }

    /// A refusal with any SQLSTATE.
    pub fn with_state(state: SqlState, message: impl Into<String>) -> Self {
        Error { state, message: message.into(), detail: None, hint: None }
    }

    /// 22023: an argument, option or setting that makes no sense.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Error::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message)
    }

    /// 22P02: text that is not a value of the type.
    pub fn invalid_text(message: impl Into<String>) -> Self {
        Error::new(PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION, message)
    }

    /// 55000: right request, wrong moment.
    pub fn wrong_state(message: impl Into<String>) -> Self {
        Error::new(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message)
    }

    /// 0A000: not supported.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Error::new(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, message)
    }

    /// XX000: something that cannot happen, said instead of a panic.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message)
    }

    /// Adds the DETAIL line.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the HINT line.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Raises the error: unwinds to the nearest guard, which reports it to PostgreSQL.
    pub fn raise(self) -> ! {
        match self.state {
            SqlState::Standard(_) => {
                ErrorReport::from(self).report(PgLogLevel::ERROR);
                unreachable!("an ERROR report does not return")
            }
            // pgrx's guard knows PostgreSQL's codes only; `pg::function::guard` takes this one.
            SqlState::ClockDrift => std::panic::panic_any(self),
        }
    }
}

impl From<Unknown> for Error {
    fn from(error: Unknown) -> Self {
        Error::invalid_argument(error.message).hint(error.hint)
    }
}

impl From<OptionError> for Error {
    fn from(error: OptionError) -> Self {
        Error::invalid_argument(error.message).hint(error.hint)
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        let code = match error.state {
            SqlState::Standard(code) => code,
            SqlState::ClockDrift => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
        };
        let mut report = ErrorReport::new(code, error.message, "concord");
        if let Some(detail) = error.detail {
            report = report.set_detail(detail);
        }
        if let Some(hint) = error.hint {
            report = report.set_hint(hint);
        }
        report
    }
}

/// Takes the value or raises the error.
pub trait OrRaise<T> {
    /// The value; an error is raised to PostgreSQL.
    fn or_raise(self) -> T;
}

impl<T> OrRaise<T> for Result<T> {
    fn or_raise(self) -> T {
        self.unwrap_or_else(|error| error.raise())
    }
}
