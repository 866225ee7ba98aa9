#!/usr/bin/env bash
# What feeding HyperScore back into the reward does: trains the starter network (`restock init`) with several weights of
# the score's change on the same training seeds, runs the int8 policies on the same unseen paths, and prints each
# arm's cost against weight 0, paired by training seed, with a 95 % interval (Student's t over seeds).
#
#   host-trainer/results/feedback.sh              five arms, ten seeds: about 40 minutes of one core
#
# Environment: SEEDS="1 2 ... 10", ARMS, ITERATIONS=40, PATHS=64 (years), JOBS=2 (runs at once), WORK=target/results/feedback.
# Lines of runs are kept in WORK/*.line: what is there is not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${SEEDS:=1 2 3 4 5 6 7 8 9 10}" "${ITERATIONS:=40}" "${PATHS:=64}" "${JOBS:=2}" "${WORK:=target/results/feedback}"
: "${ARMS:=none default tuned large own}"
if [ -z "${RESTOCK:-}" ]; then
    cargo build --release --quiet --package restock-trainer
    RESTOCK=$PWD/target/release/restock
fi
export RESTOCK ITERATIONS PATHS WORK

mkdir -p "$WORK"
[ -d "$WORK/net" ] || "$RESTOCK" init "$WORK/net" --quiet >&2
[ -d "$WORK/tuned" ] || "$RESTOCK" tune hyperscore "$WORK/net" --out "$WORK/tuned" --quiet >&2

# The network of an arm. Learning is cut short alike for all, so that ten seeds of each can be had.
network() {
    local arm=$1 weight=0.02 own=0.0 net=$WORK/$1.net
    case $arm in
        none) weight=0.0 ;;
        default | tuned) ;;
        large) weight=0.2 ;;
        own) own=1.0 ;;
        *) echo "unknown arm $arm: none, default, tuned, large, own" >&2 && return 2 ;;
    esac
    rm -rf "$net"
    cp -r "$WORK/net" "$net"
    sed -i '/^\[training\]/,$d' "$net/network.toml"
    if [ "$arm" = tuned ]; then
        cp "$WORK/tuned/hyperscore.toml" "$net/"
        sed -i '/^\[hyperscore\]/,$d; 1i include = ["hyperscore.toml"]' "$net/network.toml"
    fi
    cat >>"$net/network.toml" <<TOML
[training]
start_looks = 60
validate_every = 20
[training.ppo]
iterations = $ITERATIONS
[training.rollout]
replicas = 16
hyperscore_weight = $weight
hyperscore_own_share = $own
TOML
}

# One run: its arm, seed, cost a day and units served at once of those demanded.
one() {
    local arm=$1 seed=$2
    local run=$WORK/$arm-$seed
    [ ! -f "$run.line" ] || return 0
    rm -rf "$run"
    "$RESTOCK" train "$WORK/$arm.net" --out "$run" --seed "$seed" --threads 1 --quiet >/dev/null
    "$RESTOCK" pack "$run" --threads 1 --quiet >/dev/null
    # Seeds of training are 3, 4 and 5 and on: these paths are nobody's.
    "$RESTOCK" simulate "$WORK/$arm.net" --policy "$run/restock.policy" --replicas "$PATHS" --seed 1000003 --threads 1 --json |
        awk -v arm="$arm" -v seed="$seed" '
            /"mean"/ { gsub(/[^0-9.]/, ""); cost = $0 }
            /"delivery_rate"/ && !rate { gsub(/[^0-9.]/, ""); rate = $0 }
            END { print arm, seed, cost, rate }' >"$run.tmp"
    mv "$run.tmp" "$run.line"
}
export -f one

for arm in $ARMS; do network "$arm"; done
for seed in $SEEDS; do for arm in $ARMS; do echo "$arm $seed"; done; done |
    xargs -P "$JOBS" -L 1 bash -c 'set -euo pipefail; one "$0" "$1"'

cat "$WORK"/*.line | awk '
    { cost[$1, $2] = $3; rate[$1] += $4; sum[$1] += $3; count[$1]++; seeds[$2] }
    END {
        # Quantiles 0.975 of t for 1 to 9 degrees of freedom.
        split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ")
        printf "%-8s %5s %10s %8s %s\n", "arm", "seeds", "cost a day", "fill", "against weight 0"
        for (arm in sum) {
            n = 0; mean = 0; square = 0
            for (seed in seeds) if ((arm, seed) in cost && ("none", seed) in cost) {
                change = 100 * (cost[arm, seed] / cost["none", seed] - 1)
                n++; step = change - mean; mean += step / n; square += step * (change - mean)
            }
            width = n > 1 ? (n <= 10 ? t[n - 1] : 2) * sqrt(square / (n - 1) / n) : 0
            printf "%-8s %5d %10.4f %8.4f %+.3f %% +- %.3f\n", arm, count[arm], sum[arm] / count[arm], rate[arm] / count[arm], mean, width
        }
    }'
