#!/bin/sh
# Issues certificates for the tests of one job, and fails if check finds an error: test-certificates.sh [DIR] [NAME ...]
set -eu

dir=${1:-tls}
[ "$#" -eq 0 ] || shift

mkdir -p "$dir"
for name; do
  set -- "$@" --san "$name"
  shift
done

# P-256 keys take milliseconds. The CA key is discarded, so in a kept directory what expires can only be replaced as a whole.
set -- --cn localhost "$@" --key-type ecdsa-p256 --days 7 --discard-ca-key --out-dir "$dir"
if ! milvus-certgen "$@"; then
  grep -q discarded "$dir/ca.key"
  milvus-certgen "$@" --force
fi
milvus-certgen check "$dir" --name localhost --strict
