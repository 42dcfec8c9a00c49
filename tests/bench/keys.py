"""RSA 2048 keys alone: milvus-certgen beside other libraries. Called by speed.py --keys.

Each contender is a process that makes so many keys one after the other. Of its CPU time that of the same process
without keys is taken off, so that neither Python's start nor a dynamic linker's counts. milvus-certgen makes a
request with each key, and without keys one for a P-256 key: the RSA signature is on its bill.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

PEERS = Path(__file__).parent / "peers"
KEYS = 10
OURS = "milvus-certgen"

PYTHON = """
import sys
from cryptography.hazmat.primitives.asymmetric import rsa
for _ in range(int(sys.argv[1])):
    rsa.generate_private_key(65537, 2048)
"""


@dataclass(frozen=True)
class Maker:
    """The command that makes so many keys; or why there is none."""

    name: str
    command: Callable[[int], tuple[str, ...]] | None
    reason: str = ""


def compare(binary: str, rounds: int, cpu_seconds: Callable[[tuple[str, ...]], float]) -> None:
    """`cpu_seconds` runs a command in a fresh directory."""
    with tempfile.TemporaryDirectory() as place:
        makers = [ours(binary), openssl(), wheel(Path(place)), *peers()]
        samples: dict[str, list[float]] = {maker.name: [] for maker in makers if maker.command}
        for _ in range(rounds):
            for maker in makers:
                if maker.command:
                    spent = cpu_seconds(maker.command(KEYS)) - cpu_seconds(maker.command(0))
                    samples[maker.name].append(1000 * spent / KEYS)
    print(f"\n{f'RSA 2048 key, {rounds} x {KEYS} keys':42}{'CPU ms':>9}{'+-':>7}{'x CPU':>9}")
    for maker in makers:
        if not maker.command:
            print(f"{maker.name:42}  skipped: {maker.reason}")
            continue
        mean = statistics.mean(samples[maker.name])
        error = statistics.stdev(samples[maker.name]) / rounds**0.5
        print(f"{maker.name:42}{mean:9.1f}{error:7.1f}{mean / statistics.mean(samples[OURS]):9.2f}")


def ours(binary: str) -> Maker:
    def command(count: int) -> tuple[str, ...]:
        kind = "rsa" if count else "ecdsa-p256"
        lines = f'for i in $(seq {KEYS}); do "$0" csr host-$i.example.com --key-type {kind} -q; done'
        return "sh", "-c", lines, binary

    return Maker(OURS, command)


def openssl() -> Maker:
    if not shutil.which("openssl"):
        return Maker("openssl", None, "not installed")
    name = " ".join(subprocess.check_output(["openssl", "version"], text=True).split()[:2])

    def command(count: int) -> tuple[str, ...]:
        kind = "RSA -pkeyopt rsa_keygen_bits:2048" if count else "EC -pkeyopt ec_paramgen_curve:P-256"
        return "sh", "-c", f"for i in $(seq {KEYS}); do openssl genpkey -algorithm {kind} -out key.pem; done"

    return Maker(name, command)


def wheel(place: Path) -> Maker:
    """The OpenSSL that the Python package cryptography brings along: newer than most systems'."""
    python = place / "bin/python"
    install = [[sys.executable, "-m", "venv", place], [python, "-m", "pip", "install", "-q", "cryptography"]]
    if any(subprocess.run(line, capture_output=True).returncode != 0 for line in install):
        return Maker("OpenSSL of cryptography", None, "pip install cryptography fails")
    version = "from cryptography.hazmat.backends.openssl import backend as b; print(b.openssl_version_text())"
    version = subprocess.check_output([python, "-c", version], text=True)
    name = f"{' '.join(version.split()[:2])} (Python cryptography)"
    return Maker(name, lambda count: (str(python), "-c", PYTHON, str(count)))


def peers() -> list[Maker]:
    """A crate of its own, built here, for libraries that milvus-certgen does not depend on."""
    names = ("graviola", "aws-lc")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or PEERS / "target")
    build = ["cargo", "build", "--release", "--locked", "-q", "--manifest-path", PEERS / "Cargo.toml"]
    if not shutil.which("cargo"):
        return [Maker(name, None, "cargo is not installed") for name in names]
    if subprocess.run([*build, "--target-dir", target]).returncode != 0:
        return [Maker(name, None, "its crate cannot be built here") for name in names]
    program = str((target / "release/rsa-peers").absolute())
    return [Maker(name, lambda count, name=name: (program, name, str(count))) for name in names]
