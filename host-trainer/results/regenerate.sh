#!/usr/bin/env bash
# Makes every table of this folder again: trains, tunes, compares, and writes default.md, default.csv, real.md and
# real.csv beside this file, with versions.txt for what made them and how long it took.
#
#   host-trainer/results/regenerate.sh            the figures to report: hours
#   host-trainer/results/regenerate.sh --modest   one training seed and few paths: about half an hour on two cores
#
# Environment, each with its default for the figures to report:
#   SEEDS="1 2 3 4 5 6 7 8 9 10"   training seeds of the embedded default network
#   PATHS=1000                     test paths
#   ITERATIONS=240                 training iterations, as `restock demo` has them
#   LOOKS=400                      looks of each tuned rule
#   REAL_SEEDS="1 2 3"             training seeds on the real sales
#   SALES=../shared/data/online-retail-200   folder of demand.csv and products.csv; without it that part is skipped
#   WORK=target/results            where runs are kept: what is trained and tuned there is not trained and tuned again
#   THREADS                        threads to use [what the machine offers]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

if [ "${1:-}" = --modest ]; then
    : "${SEEDS:=1}" "${PATHS:=64}" "${ITERATIONS:=240}" "${LOOKS:=200}" "${REAL_SEEDS:=1}"
fi
: "${SEEDS:=1 2 3 4 5 6 7 8 9 10}" "${PATHS:=1000}" "${ITERATIONS:=240}" "${LOOKS:=400}" "${REAL_SEEDS:=1 2 3}"
: "${SALES:=../shared/data/online-retail-200}" "${WORK:=target/results}"
threads=()
[ -z "${THREADS:-}" ] || threads=(--threads "$THREADS")

restock() { target/release/restock "$@" "${threads[@]}"; }

# A run for each seed of a network (none: the embedded default); one that was begun goes on where it was.
train() {
    local name=$1 seeds=$2
    shift 2
    for seed in $seeds; do
        local run=$WORK/$name-$seed
        if [ -f "$run/manifest.json" ]; then
            restock train --resume "$run" >&2
        else
            restock train "$@" --out "$run" --seed "$seed" --iterations "$ITERATIONS" >&2
        fi
    done
}

runs() { for seed in $2; do printf '%s ' "$WORK/$1-$seed"; done; }

cargo build --release --quiet --package restock-trainer
mkdir -p "$WORK"

train default "$SEEDS"
# shellcheck disable=SC2046 # one word a run
restock compare $(runs default "$SEEDS") --replicas "$PATHS" --tune-looks "$LOOKS" --shifts --frontier \
    --csv "$here/default.csv" --markdown "$here/default.md" >&2

if [ -f "$SALES/demand.csv" ]; then
    [ -d "$WORK/real" ] || restock init "$WORK/real" --demand "$SALES/demand.csv" --products "$SALES/products.csv" \
        --until 2011-08-31 >&2
    train real "$REAL_SEEDS" "$WORK/real"
    # shellcheck disable=SC2046
    restock compare $(runs real "$REAL_SEEDS") --replicas 64 --tune-looks "$LOOKS" \
        --replay "$SALES/demand.csv" --from 2011-09-01 --csv "$here/real.csv" --markdown "$here/real.md" >&2
else
    echo "no $SALES/demand.csv: the tables on real sales stay as they are" >&2
fi

{
    target/release/restock --version
    rustc --version
    echo "revision $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
    echo "SEEDS=\"$SEEDS\" PATHS=$PATHS ITERATIONS=$ITERATIONS LOOKS=$LOOKS REAL_SEEDS=\"$REAL_SEEDS\""
    echo "$(nproc) processors, $SECONDS s"
} >"$here/versions.txt"
