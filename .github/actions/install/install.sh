#!/bin/sh
# The action's one step. It downloads from the repository that the action itself comes from: the runner keeps it in
# _actions/OWNER/REPOSITORY/REF, and says so nowhere else to a composite action (github.action_repository is empty in `run`).
set -eu

fail() { echo "::error::milvus-certgen: $*"; exit 1; }

case "$(uname -s)/$(uname -m)" in
  Linux/x86_64) target=x86_64-unknown-linux-musl ;;
  Linux/aarch64) target=aarch64-unknown-linux-musl ;;
  Darwin/x86_64) target=x86_64-apple-darwin ;;
  Darwin/arm64) target=aarch64-apple-darwin ;;
  *) fail "there is no release for $(uname -s) on $(uname -m)" ;;
esac

# A checkout of the same repository (`uses: ./.github/actions/install`) has no such path.
repository=$(printf '%s\n' "$GITHUB_ACTION_PATH" | sed -n 's|.*/_actions/\([^/]*/[^/]*\)/.*|\1|p')
releases=${GITHUB_SERVER_URL:-https://github.com}/${repository:-$GITHUB_REPOSITORY}/releases
case $MILVUS_CERTGEN_VERSION in
  latest) releases=$releases/latest/download ;;
  *) releases=$releases/download/v${MILVUS_CERTGEN_VERSION#v} ;;
esac

dir=$RUNNER_TEMP/milvus-certgen
mkdir -p "$dir"
cd "$dir"
file=milvus-certgen-$target.tar.gz
for name in "$file" SHA256SUMS; do
  curl -fsSL --retry 3 -o "$name" "$releases/$name" || fail "cannot download $releases/$name"
done
grep " [*]\{0,1\}$file\$" SHA256SUMS > wanted || fail "SHA256SUMS does not list $file"
if command -v sha256sum >/dev/null; then sum='sha256sum -c'; else sum='shasum -a 256 -c'; fi
$sum wanted >/dev/null || fail "$file does not have the checksum of SHA256SUMS"
tar -xzf "$file" --strip-components 1
./milvus-certgen --version
echo "$dir" >> "$GITHUB_PATH"
