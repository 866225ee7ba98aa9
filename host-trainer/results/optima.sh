#!/usr/bin/env bash
# Trains on every problem of tests/networks that has an exact optimum and more than one number to learn, and measures the
# gap to it: one line a run, as learning.md shows them.
#
#   host-trainer/results/optima.sh                  five training seeds: about an hour on two cores
#   SEEDS=1 host-trainer/results/optima.sh
#
# Environment: SEEDS="1 2 3 4 5", REPLICAS=1000 (test paths of 3,840 days), THREADS, WORK=target/results/optima,
# SETTINGS: a file of TOML that is put behind each network.toml (a [training] table: for ablations).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${SEEDS:=1 2 3 4 5}" "${REPLICAS:=1000}" "${WORK:=target/results/optima}"
: "${PROBLEMS:=lost-sales-p4-l1 lost-sales-p4-l2 lost-sales-p4-l4 lost-sales-p9-l2 lost-sales-p9-l4 dual-sourcing-l2 dual-sourcing-l3 serial-problem-6-1 serial-example-6-1}"
threads=()
[ -z "${THREADS:-}" ] || threads=(--threads "$THREADS")
cargo build --release --quiet --package restock-trainer
restock() { target/release/restock "$@" "${threads[@]}"; }

for seed in $SEEDS; do
    for problem in $PROBLEMS; do
        run=$WORK/$problem-$seed
        if [ ! -f "$run/restock.policy" ]; then
            rm -rf "$run" "$run.net"
            mkdir -p "$WORK"
            cp -r "tests/networks/$problem" "$run.net"
            [ -z "${SETTINGS:-}" ] || cat "$SETTINGS" >>"$run.net/network.toml"
            restock train "$run.net" --out "$run" --seed "$seed" --quiet >&2
        fi
        printf '%s seed %s: ' "$problem" "$seed"
        restock compare "$run" --optimum --quiet --replicas "$REPLICAS" | grep -E 'PPO' | tr '\n' ' '
        echo
    done
done
