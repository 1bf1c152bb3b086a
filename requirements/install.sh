#!/bin/sh
# Install one of the hash-locked requirement files into the environment; make the environment first if need be.
# Called by the Makefile and .ci/voices.sh: UV=... PYTHON=... sh requirements/install.sh .venv bordin|tape|workbench|test|lint
set -eu
venv=$1
name=$2

good() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

make_environment() {
    if [ -n "${PYTHON:-}" ] && ! good "$PYTHON"; then
        stop "PYTHON=$PYTHON is not a Python of version 3.11 or newer."
    fi
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if good "$python" && "$python" -c 'import venv, ensurepip' 2>/dev/null; then
            echo "Making $venv with $("$python" -c 'import sys; print("Python", sys.version.split()[0])')"
            "$python" -m venv --clear "$venv"
            return
        fi
    done
    if [ -n "$UV" ]; then
        echo "Making $venv with uv"
        "$UV" venv --quiet --clear --seed --python '>=3.11' "$venv"
        return
    fi
    if good python3; then
        stop "This Python cannot make environments. On Debian and Ubuntu: sudo apt install python3-venv" \
            "Then give the same command again."
    fi
    stop "bordin needs Python 3.11 or newer; found: $(python3 --version 2>/dev/null || echo no python3)." \
        "On Debian 12 and Ubuntu 24.04 or newer: sudo apt install python3 python3-venv" \
        "If a newer Python has another name, give it: make PYTHON=/path/to/python3.12 setup"
}

install() {
    if [ -n "$UV" ]; then
        "$UV" pip install --python "$venv/bin/python" "$@" && return
        echo "uv did not manage it; trying pip."
    fi
    "$venv/bin/python" -m pip --disable-pip-version-check install --no-input "$@"
}

# An environment that uv made has no pip of its own.
has_pip() { "$venv/bin/python" -c 'import pip' 2>/dev/null || "$venv/bin/python" -m ensurepip >/dev/null 2>&1; }

{ good "$venv/bin/python" && has_pip; } || make_environment

[ -t 1 ] || quiet=--quiet

echo "Installing requirements/$name.txt ($(grep -c '==' "requirements/$name.txt") packages, each checked by its hash)"
install ${quiet:-} --require-hashes -r "requirements/$name.txt"
if [ "$name" = bordin ]; then
    install --quiet --no-deps --no-build-isolation --editable .
fi
