# shellcheck shell=bash
# Sourced by the other tools: what is where. Everything we make lies under target/.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
target=$root/target

# The PostgreSQL to build for and to copy from: PG_CONFIG if given, else Debian's of major version PG_MAJOR.
if [[ -n ${PG_CONFIG:-} ]]; then
    PG_MAJOR=$("$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
    # Debian's pg_config in PATH is a script for the newest version; from here on it is that version's own.
    PG_CONFIG=$("$PG_CONFIG" --bindir)/pg_config
else
    PG_MAJOR=${PG_MAJOR:-15}
    PG_CONFIG=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config
fi

# Two private copies of it (see tools/pgtree), because `cargo pgrx test` installs a library with tests in it.
# shellcheck disable=SC2034
release_tree=pg$PG_MAJOR dev_tree=pg$PG_MAJOR-dev
pgbin=$target/$release_tree/bin

export PGRX_HOME=$target/pgrx

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# quietly LOG CMD...: a log nobody needs to see unless CMD fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 || {
        tail -n 60 "$log" >&2
        die "failed: $* (all of it in $log)"
    }
}

# The tools that need a private PostgreSQL say how to get it.
need_pgtree() {
    [[ -x $pgbin/postgres ]] || die "there is no $pgbin/postgres yet: run 'make build' first"
}
