#!/bin/sh
# Makes certificates for the tests of one job, and fails if they would not work: test-certificates.sh [DIR] [NAME ...]
set -eu

dir=${1:-tls}
[ "$#" -eq 0 ] || shift

mkdir -p "$dir"
for name; do
  set -- "$@" --san "$name"
  shift
done

# P-256 is made in milliseconds; nothing is left that could sign, and what is left lasts a week.
milvus-certgen --cn localhost "$@" --key-type ecdsa-p256 --days 7 --discard-ca-key --out-dir "$dir"
milvus-certgen check "$dir" --name localhost --strict
