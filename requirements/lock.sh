#!/bin/sh
# Resolve requirements/*.txt anew from pyproject.toml: every version and hash, for all systems, and no address.
# --upgrade is taken on purpose: run this to move to newer versions.
set -eu
uv=${1:-}
[ -n "$uv" ] || { echo "make lock needs uv; the other commands do not." >&2; exit 1; }

lock() {
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$@"
}
lock requirements/bordin.txt pyproject.toml --group build
lock requirements/tape.txt pyproject.toml --extra tape --constraints requirements/bordin.txt
lock requirements/workbench.txt pyproject.toml --extra workbench --extra postgres \
    --constraints requirements/bordin.txt --constraints requirements/tape.txt
lock requirements/test.txt --group test --constraints requirements/bordin.txt --constraints requirements/tape.txt \
    --constraints requirements/workbench.txt
lock requirements/lint.txt --group lint --constraints requirements/bordin.txt --constraints requirements/test.txt
lock requirements/voices.txt requirements/voices.in
if grep -nE '://|^ *-(i|f|-index-url|-extra-index-url|-find-links)' requirements/*.txt; then
    echo "The lines above hold an address; requirements must hold none." >&2
    exit 1
fi
