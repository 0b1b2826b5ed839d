#!/bin/sh
# npm run deploy, from wherever one is: scripts/deploy.sh --context NAME
exec npm --prefix "$(dirname "$0")/.." run --silent deploy -- "$@"
