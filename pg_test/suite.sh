# shellcheck shell=bash
# Sourced by the stages regress and isolation: runs files through PostgreSQL's own test programs.

# shellcheck source=pg_test/stage.sh
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

# Each test gets a database of its own, so that none depends on another and numbers in the output stay small. Dropping
# waits for a server that is still recovering from the test before, and takes concord's worker along.
drop_database() {
    local tries=30
    until "$pgbin/psql" -X -q -d postgres -c 'drop database if exists regression with (force)'; do
        ((tries-- > 0)) || return
        sleep 1
    done
}

# run_suite PROGRAM FOLDER SUFFIX [OPTION...]: PROGRAM on every pg_test/FOLDER/*SUFFIX, or on those that TESTS names, in a
# server of its own; reports each as a test
run_suite() {
    local program=$1 folder=$2 suffix=$3 suite=${0##*/} file name
    local output=$target/$suite
    rm -rf "$output"
    mkdir -p "$output"
    tools/cluster destroy "$suite"
    # shellcheck disable=SC2064
    trap "tools/cluster destroy '$suite'" EXIT
    eval "$(tools/cluster start "$suite")"
    for file in "pg_test/$folder/"*"$suffix"; do
        [[ -f $file ]] || continue
        name=$(basename "$file" "$suffix")
        [[ -z ${TESTS:-} || " $TESTS " == *" $name "* ]] || continue
        drop_database
        if "$(dirname "$("$pgbin/pg_config" --pgxs)")/../test/$program" --bindir="$pgbin" --inputdir="$root/pg_test" \
            --outputdir="$output" --dbname=regression "${@:4}" "$name"; then
            tally 1 0
        elif compgen -G "pg_test/expected/${name}*.out" >/dev/null; then
            tally 0 1 "$name (target/$suite/results/$name.out)"
            cat "$output/regression.diffs" || :
        else
            tally 0 1 "$name has no expected output: read target/$suite/results/$name.out and copy it to pg_test/expected"
        fi
    done
}
