"""How fast milvus-certgen makes certificates for long lists of names, and what bounds it.

    python3 tests/bench/bulk.py target/release/milvus-certgen [--runs 3]

Whole processes are measured as in speed.py, within a minute or two. TMPDIR chooses the disk, which matters:
milvus-certgen syncs what it writes, and openssl does not. Figures are for reading: what ends this script with
an error is a missing file or a certificate that `openssl verify` rejects. Linux only; Python 3.10 or newer.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True  # The next import leaves nothing behind in the source tree.
from speed import Run, adopt_orphans, cores, measure, median  # noqa: E402

OPENSSL_NAMES, SINGLE_KEYS, SAMPLE = 30, 30, 20


@dataclass(frozen=True)
class Kind:
    """A kind of key for the CA and the clients, as milvus-certgen and as openssl are asked for it."""

    label: str
    options: tuple[str, ...]
    genpkey: str
    names: int


P256 = Kind("P-256", ("--key-type", "ecdsa-p256"), "EC -pkeyopt ec_paramgen_curve:P-256", 1000)
RSA = Kind("RSA 2048", ("--key-type", "rsa", "--key-size", "2048"), "RSA -pkeyopt rsa_keygen_bits:2048", 200)


@dataclass(frozen=True)
class Measured:
    """A run, and the share of all cores that other processes and the kernel's own took meanwhile."""

    run: Run
    others: float


class Bench:
    """The binary, and a place where every run has a fresh directory.

    They stay until the end: an ext4 without a journal passes over inodes freed in the last minutes one by
    one, and with thousands of them that takes longer than all else.
    """

    def __init__(self, binary: str, runs: int, place: Path):
        self.binary, self.runs, self.place = binary, runs, place

    def authority(self, kind: Kind) -> Path:
        """A fresh directory with a CA."""
        directory = Path(tempfile.mkdtemp(dir=self.place))
        execute((self.binary, "ca", *kind.options), directory)
        return directory

    def clients(self, kind: Kind, directory: Path, names: list[str]) -> Measured:
        (directory / "names.txt").write_text("\n".join(names))
        return execute((self.binary, "client", "--from", "names.txt", *kind.options), directory, names)

    def openssl_loop(self, kind: Kind) -> Measured:
        """What a script would do for a list of names, with the extensions of a client's certificate."""
        extensions = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n"
        lines = f"""
while read name; do
    openssl genpkey -algorithm {kind.genpkey} -out $name.key
    openssl req -new -key $name.key -out $name.csr -subj "/C=CN/O=milvus/OU=milvus/CN=$name"
    openssl x509 -req -in $name.csr -out $name.pem -days 3650 -CA ca.pem -CAkey ca.key -CAcreateserial \\
        -extfile client.ext
done <names.txt
"""
        directory, names = self.authority(kind), client_names(OPENSSL_NAMES)
        for file, text in (("client.ext", extensions), ("names.txt", "\n".join([*names, ""]))):
            (directory / file).write_text(text)
        return execute(("sh", "-c", lines), directory, names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", type=os.path.abspath, help="a release build of milvus-certgen")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, for their median [default: 3]")
    arguments = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(arguments.binary, max(arguments.runs, 1), Path(place))
        print(f"medians of {bench.runs} runs on {cores()} cores; load before: {os.getloadavg()[0]:.1f}\n")
        print(f"{'':24}{'names':>8}{'certs/s':>10}{'wall s':>9}{'CPU s':>9}{'CPU ms each':>13}{'others':>9}")
        for kind in (P256, RSA):
            print_rates(bench, kind)
        print_rsa_limit(bench)
        print_memory(bench)


def print_rates(bench: Bench, kind: Kind) -> None:
    names = client_names(kind.names)
    ours = [bench.clients(kind, bench.authority(kind), names) for _ in range(bench.runs)]
    our_rate = print_rate(f"{kind.label} milvus-certgen", len(names), ours)
    if not shutil.which("openssl"):
        print(f"{kind.label} openssl loop  skipped: not installed")
        return
    theirs = [bench.openssl_loop(kind) for _ in range(bench.runs)]
    rate = print_rate(f"{kind.label} openssl loop", OPENSSL_NAMES, theirs)
    print(f"{kind.label + ' ratio':32}{our_rate / rate:10.1f}")


def print_rate(label: str, names: int, measured: list[Measured]) -> float:
    """The share of others says how far to trust a row. Returns certificates per second."""
    wall, cpu = (median([one.run for one in measured], figure) for figure in ("wall", "cpu"))
    others = f"{statistics.median(one.others for one in measured):.0%}"
    rate, each = names / wall, 1000 * cpu / names
    print(f"{label:24}{names:8}{rate:10.1f}{wall:9.2f}{cpu:9.2f}{each:13.2f}{others:>9}")
    return rate


def print_rsa_limit(bench: Bench) -> None:
    """How near the RSA rate comes to key generation alone on all cores.

    The search for primes is a lottery: the CPU time of 200 keys differs by 5 % from run to run. So each run
    is its own yardstick: its CPU time, less that of a second run that keeps the keys and makes the rest
    again, is that of its keys; spread over the cores it is the least wall time. Keys of single processes,
    less what such a process takes for P-256, show that a key is not dearer among many.
    """
    pairs = [with_and_without_keys(bench) for _ in range(bench.runs)]
    key_times = [whole.cpu - rest.cpu for whole, rest in pairs]
    shares = [keys / cores() / whole.wall for keys, (whole, _) in zip(key_times, pairs)]
    key, share = statistics.median(key_times) / RSA.names, statistics.median(shares)
    rsa, p256 = ([1000 * run.cpu for run in single_keys(bench, kind)] for kind in (RSA, P256))
    alone, error = statistics.mean(rsa) - statistics.mean(p256), statistics.stdev(rsa) / len(rsa) ** 0.5
    print(f"\nRSA key, CPU ms: {1000 * key:.1f} among many, {alone:.1f} +- {error:.1f} alone")
    print(f"RSA limit, key generation alone on {cores()} cores: {cores() / key:.1f} keys/s")
    verdict = f"target >= 90 %: {'met' if share >= 0.9 else 'MISSED'}"
    print(f"achieved / limit: {share:.1%} (runs: {', '.join(f'{one:.1%}' for one in shares)}), {verdict}")


def with_and_without_keys(bench: Bench) -> tuple[Run, Run]:
    directory, names = bench.authority(RSA), client_names(RSA.names)
    whole = bench.clients(RSA, directory, names)
    for file in (f"{name}.{kind}" for name in names for kind in ("csr", "pem")):
        (directory / file).rename(bench.place / f"{directory.name}.{file}")
    return whole.run, bench.clients(RSA, directory, names).run


def single_keys(bench: Bench, kind: Kind) -> list[Run]:
    command, directory = (bench.binary, "csr", *kind.options), bench.authority(kind)
    return [execute((*command, name), directory).run for name in client_names(SINGLE_KEYS)]


def print_memory(bench: Bench) -> None:
    """Should be flat but for the names themselves: keys and certificates are not kept."""
    print(f"\n{'P-256 names':24}{'peak MiB':>8}{'certs/s':>10}")
    for count in (100, 1000, 10_000):
        run = bench.clients(P256, bench.authority(P256), client_names(count)).run
        print(f"{count:<24}{run.memory / 2**20:8.1f}{count / run.wall:10.1f}")


def client_names(count: int) -> list[str]:
    return [f"client-{number:05}" for number in range(count)]


def execute(command: tuple[str, ...], directory: Path, names: list[str] | None = None) -> Measured:
    """Measures a command, and sees that it made the three files of every name."""
    with tempfile.TemporaryFile() as log:
        os.sync()  # What others left unwritten must not be paid for here.
        start, busy = time.perf_counter(), busy_seconds()
        status, run = measure(command, directory, log)
        wall, busy = time.perf_counter() - start, busy_seconds() - busy
        files = [f"{name}.{kind}" for name in names or [] for kind in ("key", "csr", "pem")]
        missing = [file for file in files if not (directory / file).is_file()]
        if status != 0 or missing:
            log.seek(0)
            sys.exit(f"{command}: exit code {status}, missing files: {missing[:5]}\n{log.read().decode()}")
    verify_sample(directory, names or [])
    return Measured(run, max(busy - run.cpu, 0) / (wall * (os.cpu_count() or 1)))


def busy_seconds() -> float:
    """What all cores have computed since the machine started."""
    user, nice, system, _idle, _waiting, *interrupts = Path("/proc/stat").read_text().split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def verify_sample(directory: Path, names: list[str]) -> None:
    sample = [f"{name}.pem" for name in names[:: max(len(names) // SAMPLE, 1)] + names[-1:]]
    if sample and shutil.which("openssl"):
        command = ["openssl", "verify", "-purpose", "sslclient", "-CAfile", "ca.pem", *sample]
        if subprocess.run(command, cwd=directory, stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit("openssl verify rejects a certificate")


if __name__ == "__main__":
    main()
