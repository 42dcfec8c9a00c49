"""Builds the packages of a release, and installs, uses and removes each as its users do.

    python3 tests/e2e/packages.py BINARY

BINARY is the release build. The wheel comes from maturin, the .deb from cargo-deb, the .rpm from cargo-generate-rpm, and
the archive that the GitHub action downloads from .github/package. What cannot be had is said and skipped, unless
CERTGEN_TESTS_SKIP_NOTHING is set. Needs root for dpkg.
"""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NINE = sorted("ca.key ca.pem ca.srl server.key server.pem server.csr client.key client.pem client.csr".split())


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def makes_nine(binary, work):
    """The nine files, by the binary as it was installed."""
    directory = Path(tempfile.mkdtemp(dir=work))
    run(binary, "--cn", "localhost", "-o", directory / "certs", "-q")
    made = sorted(path.name for path in (directory / "certs").iterdir())
    assert made == NINE, made


def has(tool):
    if shutil.which(tool):
        return True
    if os.environ.get("CERTGEN_TESTS_SKIP_NOTHING"):
        sys.exit(f"FAILED: {tool} is not installed")
    print(f"skipped: {tool} is not installed")
    return False


def wheel(work):
    tools = work / "maturin"
    run(sys.executable, "-m", "venv", tools)
    run(tools / "bin/pip", "install", "-q", "--disable-pip-version-check", "maturin>=1.9,<2")
    run(tools / "bin/maturin", "build", "--release", "--locked", "-b", "bin", "--out", work / "wheels", cwd=ROOT)
    (built,) = (work / "wheels").glob("*.whl")
    fresh = work / "fresh"
    run(sys.executable, "-m", "venv", fresh)
    started = time.monotonic()
    run(fresh / "bin/pip", "install", "-q", "--disable-pip-version-check", "--no-index", built)
    print(f"pip install: {time.monotonic() - started:.1f} s, {built.name}, {built.stat().st_size} bytes")
    makes_nine(fresh / "bin/milvus-certgen", work)
    run(fresh / "bin/pip", "uninstall", "-q", "-y", "milvus-certgen")
    assert not (fresh / "bin/milvus-certgen").exists(), "the binary is still there"


def deb(work):
    if not (has("cargo-deb") and has("dpkg") and os.geteuid() == 0):
        return
    run("cargo", "deb", "--no-build", "--output", work / "package.deb", cwd=ROOT)
    started = time.monotonic()
    # Not apt-get: all that it needs is there already, and nothing is fetched.
    run("dpkg", "--install", work / "package.deb")
    print(f"dpkg --install: {time.monotonic() - started:.1f} s")
    try:
        makes_nine("/usr/bin/milvus-certgen", work)
        files = run("dpkg", "--listfiles", "milvus-certgen").split()
        for name in ["man1/milvus-certgen.1.gz", "man1/milvus-certgen-renew.1.gz", "completions/milvus-certgen",
                     "vendor-completions/_milvus-certgen", "vendor_completions.d/milvus-certgen.fish"]:
            # An image without manual pages (dpkg's path-exclude) lists them all the same.
            assert any(file.endswith(name) for file in files), (name, files)
        completions = Path("/usr/share/bash-completion/completions/milvus-certgen")
        script = f"source {completions}; complete -p milvus-certgen"
        assert "milvus-certgen" in run("bash", "-c", script)
    finally:
        run("dpkg", "--remove", "milvus-certgen")
    assert not Path("/usr/bin/milvus-certgen").exists(), "the binary is still there"


def rpm(work):
    if not (has("cargo-generate-rpm") and has("rpm")):
        return
    run("cargo", "generate-rpm", "--output", work / "package.rpm", cwd=ROOT)
    files = run("rpm", "--query", "--list", "--package", work / "package.rpm").split()
    for name in ["/usr/bin/milvus-certgen", "/usr/share/man/man1/milvus-certgen.1"]:
        assert name in files, (name, files)
    print(f"rpm: {len(files)} files, only listed")


def action(work, binary):
    """The action's own script against a server of this machine, with a release of one archive."""
    target = {"x86_64": "x86_64-unknown-linux-musl", "aarch64": "aarch64-unknown-linux-musl"}[os.uname().machine]
    release = work / "served/owner/repository/releases/latest/download"
    run(ROOT / ".github/package/tarball", binary, target, release)
    archive = release / f"milvus-certgen-{target}.tar.gz"
    handler = functools.partial(Silent, directory=work / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            **os.environ,
            "GITHUB_SERVER_URL": f"http://127.0.0.1:{server.server_port}",
            "GITHUB_ACTION_PATH": "/home/runner/work/_actions/owner/repository/v1/.github/actions/install",
            "GITHUB_REPOSITORY": "somebody/else",
            "GITHUB_PATH": str(work / "github-path"),
            "MILVUS_CERTGEN_VERSION": "latest",
            "RUNNER_TEMP": str(work / "runner"),
        }
        (work / "runner").mkdir()
        install = ["sh", str(ROOT / ".github/actions/install/install.sh")]

        def refused(because):
            result = subprocess.run(install, env=environment, capture_output=True, text=True)
            assert result.returncode == 1 and because in result.stdout, result
            assert not (work / "github-path").exists(), "on the PATH all the same"

        refused("cannot download")
        (release / "SHA256SUMS").write_text(f"{'0' * 64}  {archive.name}\n")
        refused("does not have the checksum")
        (release / "SHA256SUMS").write_text(run("sha256sum", archive.name, cwd=release))
        run(*install, env=environment)
        server.shutdown()
    makes_nine(Path((work / "github-path").read_text().strip()) / "milvus-certgen", work)


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def main():
    binary = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        run(ROOT / ".github/package/prepare", binary)
        action(work, binary)
        wheel(work)
        deb(work)
        rpm(work)
    print("packages: all passed")


if __name__ == "__main__":
    main()
