#!/bin/sh
# Speak the test sessions that no package holds, with two voices of the same sex above all: .ci/voices.sh DIR
# The programs that speak get an environment of their own, DIR/venv, and never enter .venv: one is under the GPL,
# and serves as a tool. What is there stays. What cannot be had is named, and its tests skip; that is no failure.
set -eu
[ $# -eq 1 ] || { echo "usage: .ci/voices.sh DIR" >&2; exit 2; }
mkdir -p "$1"
DIR=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
MAKER=../shared/data/tapes/makers/build_session.py
# The onnxruntime that the voices use reports home unless it is told not to.
export ORT_DISABLE_TELEMETRY=1 OMP_NUM_THREADS=1

skip() {
    printf '%s\n' "Skipped: the sessions spoken for tests. $1" >&2
    echo "Tests with two voices of the same sex are skipped and say so."
    exit 0
}

[ -f "$MAKER" ] || skip "There is no $MAKER."

# Other voices or another maker mean other sound: then all is made anew.
stamp=$(cat requirements/voices.txt "$MAKER" | cksum)
if [ "$(cat "$DIR/made-from" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$DIR/venv" "$DIR"/session_*
    printf '%s\n' "$stamp" > "$DIR/made-from"
fi

there() { [ -f "$DIR/session_$1.wav" ] && [ -f "$DIR/session_$1.rttm" ] && [ -f "$DIR/session_$1.json" ]; }

missing=
for name in mf mf_room mm mm_room ff ff_room; do
    there "$name" || missing="$missing $name"
done
if [ -z "$missing" ]; then
    echo "All sessions spoken for tests are in place."
    exit 0
fi

if ! command -v flite >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing flite, which speaks two of the voices"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends flite; } \
        >/dev/null 2>&1 || echo "apt-get did not manage it." >&2
fi

if [ ! -f "$DIR/venv/.ready" ]; then
    UV="${UV:-}" PYTHON="${PYTHON:-}" sh requirements/install.sh "$DIR/venv" voices ||
        skip "Their packages could not be installed, as said above."
    touch "$DIR/venv/.ready"
fi

skipped=
making=$DIR/making
for name in $missing; do
    pair=${name%_room}
    room=
    [ "$name" = "$pair" ] || room=--room
    if [ "$pair" != mf ] && ! command -v flite >/dev/null; then
        skipped="$skipped $name"
        continue
    fi
    rm -rf "$making"
    # shellcheck disable=SC2086  # no room is no word
    if "$DIR/venv/bin/python" "$MAKER" "$making" --pair "$pair" $room; then
        for ending in wav rttm json; do
            mv "$making/session_$name.$ending" "$DIR/"
        done
    else
        echo "Session $name could not be spoken, as said above." >&2
        skipped="$skipped $name"
    fi
done
rm -rf "$making"

if [ -z "$skipped" ]; then
    echo "All sessions spoken for tests are in place."
else
    echo "Skipped: the sessions$skipped." >&2
    command -v flite >/dev/null || echo "There is no flite here. Next: sudo apt-get install flite" >&2
    echo "Not in place:$skipped. Tests that need them are skipped and say so."
fi
