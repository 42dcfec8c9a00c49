"""How fast milvus-certgen makes certificates for long lists of names, and what bounds it.

    python3 tests/bench/bulk.py target/release/milvus-certgen [--runs 3]

Whole processes are measured as speed.py measures them, each in a fresh temporary directory (TMPDIR chooses the
disk, which matters here: milvus-certgen syncs what it writes, openssl does not). Figures are for reading: what
ends this script with an error is a missing file or a certificate that `openssl verify` rejects, never a time.
It takes about a minute. Linux only; Python 3.10 or newer.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True  # the import below leaves nothing in the source tree
from speed import Run, adopt_orphans, cores, measure, median  # noqa: E402

OPENSSL_NAMES = 50
SAMPLE = 20


@dataclass(frozen=True)
class Kind:
    """A kind of key, of the clients and of their CA, as milvus-certgen and as openssl ask for it."""

    label: str
    options: tuple[str, ...]
    genpkey: str
    names: int


@dataclass(frozen=True)
class Bulk:
    """A run for many names, and which share of the machine's time others took meanwhile."""

    names: int
    run: Run
    others: float


P256 = Kind("P-256", ("--key-type", "ecdsa-p256"), "EC -pkeyopt ec_paramgen_curve:P-256", 1000)
RSA = Kind("RSA 2048", ("--key-type", "rsa", "--key-size", "2048"), "RSA -pkeyopt rsa_keygen_bits:2048", 200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", type=os.path.abspath, help="a release build of milvus-certgen")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the median counts [default: 3]")
    arguments = parser.parse_args()
    adopt_orphans()
    binary, runs = arguments.binary, max(arguments.runs, 1)
    print(f"medians of {runs} runs on {cores()} cores; load before: {os.getloadavg()[0]:.1f}\n")
    print_rates(binary, runs)
    print_limit(binary, runs)
    print_memory(binary)


def print_rates(binary: str, runs: int) -> None:
    """The share of others says how far to trust a row: they slow it, and so does the kernel at the disk."""
    print(f"{'':28}{'names':>7}{'certs/s':>10}{'wall s':>9}{'CPU s':>8}{'CPU ms each':>13}{'others':>8}")
    for kind in (P256, RSA):
        ours = print_rate(f"{kind.label} milvus-certgen", [clients(binary, kind, kind.names) for _ in range(runs)])
        if not shutil.which("openssl"):
            print(f"{kind.label} openssl loop: skipped, not installed")
            continue
        theirs = print_rate(f"{kind.label} openssl loop", [openssl_loop(binary, kind) for _ in range(runs)])
        print(f"{kind.label} ratio {ours / theirs:31.1f}")


def print_rate(label: str, bulks: list[Bulk]) -> float:
    """One row; returns certificates per second."""
    names, (wall, cpu) = bulks[0].names, (median([bulk.run for bulk in bulks], figure) for figure in ("wall", "cpu"))
    others = statistics.median(bulk.others for bulk in bulks)
    figures = f"{names:7}{names / wall:10.1f}{wall:9.2f}{cpu:8.2f}{cpu / names * 1000:13.2f}{others:8.0%}"
    print(f"{label:28}{figures}")
    return names / wall


def print_limit(binary: str, runs: int) -> None:
    """How near the RSA rate comes to key generation alone on all cores.

    The search for primes is a lottery: the CPU time of 200 keys differs by 5 % from run to run, so a limit found
    in other runs would be as uncertain as what it is to judge. So it is taken from the run that it judges: its
    CPU time, less that of a second run which keeps the keys and makes everything else of the same names again.
    What is left is the time of these very keys; spread over all cores without a gap it is the limit.

    Single keys, of `csr` processes less what such a process takes with a P-256 key, are there to see that many
    keys at once are not dearer each; theirs is the lottery's whole spread, hence the standard error.
    """
    shares, key_times = [], []
    for _ in range(runs):
        whole, rest = rsa_with_and_without_keys(binary)
        keys = whole.cpu - rest.cpu
        shares.append(keys / cores() / whole.wall)
        key_times.append(keys / RSA.names * 1000)
    single, error = single_key(binary)
    limit, share = cores() / statistics.median(key_times) * 1000, statistics.median(shares)
    print(f"\nRSA key generation: CPU ms per key in bulk {statistics.median(key_times):.1f}, ", end="")
    print(f"one by one {single:.1f} +- {error:.1f}")
    print(f"RSA limit: {limit:.1f} keys/s on {cores()} cores; ", end="")
    print(f"achieved / limit: {share:.1%}, target >= 90 %: {'met' if share >= 0.9 else 'MISSED'}")
    print(f"           each run: {', '.join(f'{share:.1%}' for share in shares)}")


def rsa_with_and_without_keys(binary: str) -> tuple[Run, Run]:
    with authority(binary, RSA) as directory:
        names = client_names(RSA.names)
        whole = make_clients(binary, RSA, directory, names)
        for name in names:
            (directory / f"{name}.csr").unlink()
            (directory / f"{name}.pem").unlink()
        rest = make_clients(binary, RSA, directory, names)
    return whole.run, rest.run


def single_key(binary: str, processes: int = 60) -> tuple[float, float]:
    """Milliseconds of CPU time for one RSA key and the standard error of it."""
    with authority(binary, RSA) as directory:
        times = {
            kind: [
                execute((binary, "csr", f"{kind.label[0]}{i}", *kind.options), directory).run.cpu * 1000
                for i in range(processes)
            ]
            for kind in (RSA, P256)
        }
    error = statistics.stdev(times[RSA]) / processes**0.5
    return statistics.mean(times[RSA]) - statistics.mean(times[P256]), error


def print_memory(binary: str) -> None:
    """Should be flat: names are held, keys and certificates are not."""
    print(f"\n{'P-256 names':>11}{'peak MiB':>10}{'certs/s':>9}")
    for count in (100, 1000, 10_000):
        run = clients(binary, P256, count).run
        print(f"{count:11}{run.memory / 2**20:10.1f}{count / run.wall:9.1f}")


def clients(binary: str, kind: Kind, count: int) -> Bulk:
    with authority(binary, kind) as directory:
        return make_clients(binary, kind, directory, client_names(count))


def make_clients(binary: str, kind: Kind, directory: Path, names: list[str]) -> Bulk:
    (directory / "names.txt").write_text("\n".join(names))
    return execute((binary, "client", "--from", "names.txt", *kind.options), directory, names)


def openssl_loop(binary: str, kind: Kind) -> Bulk:
    """As a shell script would do it for a list of names, with the extensions of a client's certificate."""
    extensions = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n"
    lines = f"""
while read name; do
    openssl genpkey -algorithm {kind.genpkey} -out $name.key
    openssl req -new -key $name.key -out $name.csr -subj "/C=CN/O=milvus/OU=milvus/CN=$name"
    openssl x509 -req -in $name.csr -out $name.pem -days 3650 -CA ca.pem -CAkey ca.key -CAcreateserial \\
        -extfile client.ext
done <names.txt
"""
    names = client_names(OPENSSL_NAMES)
    with authority(binary, kind) as directory:
        for file, text in {"names.txt": "\n".join([*names, ""]), "client.ext": extensions}.items():
            (directory / file).write_text(text)
        return execute(("sh", "-c", lines), directory, names)


@contextmanager
def authority(binary: str, kind: Kind) -> Iterator[Path]:
    """A fresh directory with a CA of that kind."""
    with tempfile.TemporaryDirectory() as name:
        execute((binary, "ca", *kind.options), Path(name))
        yield Path(name)


def client_names(count: int) -> list[str]:
    return [f"client-{i:05}" for i in range(count)]


def execute(command: tuple[str, ...], directory: Path, names: list[str] = []) -> Bulk:
    """Measures the command, and sees that it made the three files of every name."""
    os.sync()  # what others left unwritten must not be paid for here
    with tempfile.TemporaryFile() as log:
        busy, start = busy_seconds(), time.perf_counter()
        status, run = measure(command, directory, log)
        busy, wall = busy_seconds() - busy, time.perf_counter() - start
        files = [f"{name}.{ending}" for name in names for ending in ("key", "csr", "pem")]
        missing = [file for file in files if not (directory / file).is_file()]
        log.seek(0)
        if status != 0 or missing:
            sys.exit(f"{command[:2]}: exit code {status}, {len(missing)} files missing\n{log.read().decode()}")
    check_sample(directory, names)
    return Bulk(len(names), run, max(busy - run.cpu, 0) / (wall * (os.cpu_count() or 1)))


def busy_seconds() -> float:
    """What all processes and the kernel have computed, from the counters of user, nice, system, irq and softirq."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split()[1:11])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def check_sample(directory: Path, names: list[str]) -> None:
    """Some of the first, some of the last and those between them, as a server would check them."""
    sample = [f"{name}.pem" for name in names[:: max(len(names) // SAMPLE, 1)] + names[-1:]]
    if sample and shutil.which("openssl"):
        command = ["openssl", "verify", "-purpose", "sslclient", "-CAfile", "ca.pem", *sample]
        verdict = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        if verdict.returncode != 0:
            sys.exit(f"{directory}: {verdict.stdout}{verdict.stderr}")


if __name__ == "__main__":
    main()
