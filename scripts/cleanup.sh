#!/bin/sh
# npm run cleanup, from wherever one is: scripts/cleanup.sh --context NAME
exec npm --prefix "$(dirname "$0")/.." run --silent cleanup -- "$@"
