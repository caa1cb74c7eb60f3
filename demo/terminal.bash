# How the demo talks: colours only on a terminal, a heading before each part, a line that moves during long steps.

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
    live=yes
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' cyan=$'\e[36m' plain=$'\e[0m'
    columns=$(tput cols 2>/dev/null || echo 128)
else
    live= bold= dim= green= red= cyan= plain=
    columns=128
fi

act() { printf '\n%s%s%s\n' "$bold$cyan" "$1" "$plain"; }

heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }

say() { printf '%s\n' "$*" | fold -s -w $((columns < 100 ? columns : 100)); }

good() { printf '%s✓%s %s\n' "$green" "$plain" "$*"; }

bad() { printf '%s✗ %s%s\n' "$red" "$*" "$plain" >&2; }

# seconds_since START: with START from $EPOCHREALTIME.
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# with_progress LABEL COMMAND...: run it out of sight; show that it is alive, and its last words if it fails.
with_progress() {
    local label=$1 log=$work/$1.log start=$EPOCHREALTIME status=0
    shift
    watch_progress "$label" "$log" &
    watcher=$!
    "$@" </dev/null >"$log" 2>&1 || status=$?
    stop_watcher
    if [ $status -ne 0 ]; then
        bad "$label failed with status $status:"
        tail -n 30 "$log" >&2
        return $status
    fi
    good "$label ($(seconds_since "$start") s)"
}

watch_progress() {
    local label=$1 log=$2 seconds=0
    while sleep 1; do
        seconds=$((seconds + 1))
        if [ -n "$live" ]; then
            printf '\r\e[K%s… %d s  %s%s%s' "$label" $seconds "$dim" \
                "$(tail -n 1 "$log" 2>/dev/null | tr -d '\r\033' | cut -c "1-$((columns - 30))")" "$plain"
        elif [ $((seconds % 30)) -eq 0 ]; then
            printf '%s… %d s\n' "$label" $seconds
        fi
    done
}

stop_watcher() {
    [ -n "${watcher:-}" ] || return 0
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    watcher=
    if [ -n "$live" ]; then printf '\r\e[K'; fi
}
