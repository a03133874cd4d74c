#!/usr/bin/env bash
# Runs every test that tries random inputs with fresh seeds, for some minutes: `npm run soak -- 30`. A failure prints its seed:
# `NOENCAP_SEED=7 npx jest test/topology/load.test.ts` runs it again.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-10}
mapfile -t suites < <(grep -rl 'fc\.assert' test --include='*.test.ts' | sort)
export NOENCAP_RUNS=${NOENCAP_RUNS:-200}
while ((SECONDS < minutes * 60)); do
  export NOENCAP_SEED=$RANDOM$RANDOM
  echo "seed $NOENCAP_SEED"
  npx jest --silent "${suites[@]}"
done
