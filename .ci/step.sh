# step NAME SECONDS COMMAND…: nothing runs for ever, and every step says what it was.
step() {
    local name=$1 limit=$2
    shift 2
    printf '== %s: %s\n' "$name" "$*"
    local bounded=()
    if command -v timeout >/dev/null; then
        bounded=(timeout --kill-after=30 "$limit")
    fi
    local begun=$SECONDS
    if ! "${bounded[@]}" "$@"; then
        printf '== %s: FAILED after %d s\n' "$name" "$((SECONDS - begun))"
        exit 1
    fi
    printf '== %s: ok in %d s\n' "$name" "$((SECONDS - begun))"
}
