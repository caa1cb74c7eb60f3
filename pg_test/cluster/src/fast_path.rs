//! The protocol itself: the fast path, which calls a function by its number, without SQL, and pipelines. PostgreSQL's clients use it for large objects; whoever
//! may connect can call any function so that they may execute, and it is told nothing of its arguments' expressions.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A connection that speaks the protocol itself.
pub struct FastPath {
    stream: UnixStream,
    warnings: Vec<String>,
}

/// How an argument is sent; `None` is null.
pub enum Argument<'a> {
    /// As text.
    Text(Option<&'a str>),
    /// As the type's receive function takes it.
    Binary(&'a [u8]),
}

impl FastPath {
    /// Connects; the directory is the one of the server's socket.
    pub fn connect(directory: &Path, user: &str, database: &str) -> FastPath {
        let stream = UnixStream::connect(directory.join(".s.PGSQL.5432")).expect("can connect");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("can be set");
        let mut connection = FastPath { stream, warnings: Vec::new() };
        let mut body = 196_608_i32.to_be_bytes().to_vec();
        for text in ["user", user, "database", database, ""] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        connection.send(None, &body);
        connection.until_ready().expect("may connect");
        connection
    }

    /// Runs statements; the SQLSTATE of the error that they end with.
    pub fn run(&mut self, sql: &str) -> Result<(), String> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body);
        self.until_ready()
    }

    /// Calls a function; the SQLSTATE of its error.
    pub fn call(&mut self, function: u32, arguments: &[Argument<'_>]) -> Result<(), String> {
        let mut body = function.to_be_bytes().to_vec();
        let count = (arguments.len() as i16).to_be_bytes();
        body.extend_from_slice(&count);
        for argument in arguments {
            let format: i16 = matches!(argument, Argument::Binary(_)).into();
            body.extend_from_slice(&format.to_be_bytes());
        }
        body.extend_from_slice(&count);
        for argument in arguments {
            let bytes = match argument {
                Argument::Text(text) => text.map(str::as_bytes),
                Argument::Binary(bytes) => Some(*bytes),
            };
            let length = bytes.map_or(-1, |bytes| bytes.len() as i32);
            body.extend_from_slice(&length.to_be_bytes());
            body.extend_from_slice(bytes.unwrap_or_default());
        }
        body.extend_from_slice(&0_i16.to_be_bytes());
        self.send(Some(b'F'), &body);
        self.until_ready()
    }

    /// Runs statements by the extended protocol, all before one Sync.
    pub fn pipeline(&mut self, statements: &[&str]) -> Result<(), String> {
        for sql in statements {
            self.send(Some(b'P'), &[b"\0", sql.as_bytes(), b"\0\0\0"].concat());
            self.send(Some(b'B'), &[0; 8]);
            self.send(Some(b'E'), &[0; 5]);
        }
        self.send(Some(b'S'), &[]);
        self.until_ready()
    }

    /// SQLSTATE and message of each notice since the last call.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) {
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
        message.extend_from_slice(body);
        self.stream.write_all(&message).expect("the connection stands");
    }

    /// Reads up to where the server waits for more.
    fn until_ready(&mut self) -> Result<(), String> {
        let mut result = Ok(());
        loop {
            let mut head = [0; 5];
            self.stream.read_exact(&mut head).expect("the connection stands");
            let length = i32::from_be_bytes([head[1], head[2], head[3], head[4]]) - 4;
            let mut body = vec![0; length as usize];
            self.stream.read_exact(&mut body).expect("the connection stands");
            match head[0] {
                b'E' => result = Err(error(&body)),
                b'N' => self.warnings.push(error(&body)),
                b'Z' => return result,
                _ => {}
            }
        }
    }
}

/// SQLSTATE and message of an error's fields.
fn error(body: &[u8]) -> String {
    let field = |letter: u8| {
        body.split(|byte| *byte == 0)
            .find_map(|field| field.strip_prefix(&[letter]))
            .map_or(String::new(), |text| String::from_utf8_lossy(text).into_owned())
    };
    format!("{} {}", field(b'C'), field(b'M'))
}
