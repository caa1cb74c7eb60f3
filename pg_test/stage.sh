# shellcheck shell=bash
# Sourced by the stages, which pg_test/run calls with RESULTS naming the file for their counts and LOG the one that they print to.

# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tools/env.sh"
cd "$root" || exit

# tally PASSED FAILED [WHAT]: counts tests; WHAT says what failed.
tally() {
    echo "$*" >>"$RESULTS"
}

# check WHAT CMD...: a command that is one test
check() {
    local what=$1
    shift
    if "$@"; then tally 1 0; else tally 0 1 "$what"; fi
}

# cargo_tests CMD...: counts the tests of a `cargo test`, which has a "test result:" line per binary. One that did not
# compile, or crashed, has none and counts as a failure.
cargo_tests() {
    local status=0
    "$@" || status=$?
    awk '/^test .* \.\.\. FAILED$/ { names = names " " $2 }
         /^test result:/ { if ($4 + $6) print $4, $6 names; names = "" }' "$LOG" >>"$RESULTS"
    if ((status)) && awk '$2 { exit 1 }' "$RESULTS"; then
        tally 0 1 "$* ended with status $status"
    fi
}
