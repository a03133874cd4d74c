#!/usr/bin/env bash
# Runs the whole suite three times beside stress-ng, and once at the lowest priority on one core: no test may fail because the machine
# is busy. Arguments go to jest: `npm run test:busy -- test/lab` runs only some suites. Needs stress-ng (Debian's package).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v stress-ng >/dev/null; then
  echo "stress-ng is not installed. Run: apt-get install -y stress-ng" >&2
  exit 3
fi
scripts/setup-tests.sh

for round in 1 2 3; do
  echo "round $round: beside stress-ng --cpu 4 --io 2"
  stress-ng --quiet --cpu 4 --io 2 &
  stress=$!
  trap 'kill "$stress" 2>/dev/null || :' EXIT
  SECONDS=0
  npx jest "$@"
  echo "round $round: passed in $SECONDS s"
  kill "$stress"
  wait "$stress" || :
  trap - EXIT
done

echo 'round 4: nice 19, on one core'
SECONDS=0
taskset -c 0 nice -n 19 npx jest "$@"
echo "round 4: passed in $SECONDS s"
