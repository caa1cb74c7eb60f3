//! Where the tools and the private PostgreSQL are, and how to call them.

use std::path::PathBuf;
use std::process::Command;

/// The root of the source tree, which may have moved since this was compiled.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    package.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from).join("../..")
}

/// The directory of the clusters that `tools/cluster` makes.
pub fn clusters() -> PathBuf {
    root().join("target/clusters")
}

/// One of our tools.
pub fn tool(name: &str) -> Command {
    Command::new(root().join("tools").join(name))
}

/// A program of the private PostgreSQL (see `tools/env.sh`), run as `tools/as-postgres` has it.
pub fn postgres_program(name: &str) -> Command {
    let tree = std::env::var("CONCORD_TREE").unwrap_or_else(|_| {
        format!("pg{}", std::env::var("PG_MAJOR").unwrap_or_else(|_| "15".into()))
    });
    let mut command = tool("as-postgres");
    command.arg(root().join("target").join(tree).join("bin").join(name));
    command
}

/// Runs a command to its end and returns what it printed; panics with its complaint when it fails.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        panic!("{command:?} failed: {}\n{printed}{complaint}", output.status);
    }
    printed
}
