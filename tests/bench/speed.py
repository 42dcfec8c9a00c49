"""How fast milvus-certgen is, beside other ways to make a CA, a server and a client certificate.

    python3 tests/bench/speed.py target/release/milvus-certgen [--runs 40] [--before BINARY] [--keys] [--gen-sh DIR]

Whole processes are measured, one of each contender per round and in a new order every round, so that noise
hits all alike. Each run has a fresh temporary directory (TMPDIR chooses the disk). Figures are for reading:
what ends this script with an error is a contender that fails to make its files, never a time.
Linux only; Python 3.10 or newer.
"""

import argparse
import ctypes
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True  # The next import leaves nothing behind in the source tree.
import keys  # noqa: E402

SET = "ca.key ca.pem ca.srl server.key server.pem server.csr client.key client.pem client.csr"
DEFAULT, ECDSA, SECOND_RUN = "milvus-certgen", "milvus-certgen ecdsa-p256", "milvus-certgen second run"
VERSION, LONG, BEFORE, LONG_BEFORE = "milvus-certgen --version", "RSA 4096", "before", "RSA 4096 before"
OPENSSL, CERTTOOL = "openssl recipe", "certtool recipe"


@dataclass(frozen=True)
class Contender:
    """One way to make certificates: how it starts, what is there before, and what must be there after."""

    name: str
    command: tuple[str, ...]
    needs: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    files: str = SET
    authority: str = "ca.pem"


@dataclass(frozen=True)
class Run:
    """What a process and its children took: seconds, seconds and octets."""

    wall: float
    cpu: float
    memory: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", type=os.path.abspath, help="a release build of milvus-certgen")
    parser.add_argument("--runs", type=int, default=40, help="rounds, two at the least [default: 40]")
    parser.add_argument("--before", type=os.path.abspath, metavar="BINARY", help="compare with an older build too")
    parser.add_argument("--keys", action="store_true", help="compare RSA keys alone too; builds a crate for it")
    parser.add_argument("--gen-sh", type=Path, metavar="DIR", help="take gen.sh and openssl.cnf from there")
    arguments = parser.parse_args()
    adopt_orphans()
    load = os.getloadavg()[0]
    everyone = contenders(arguments.binary, arguments.gen_sh, arguments.before)
    present = [contender for contender in everyone if all(map(shutil.which, contender.needs.split()))]
    for contender in present:
        run_once(contender, check)
    results = race(present, max(arguments.runs, 2))
    print(f"medians of {len(results[DEFAULT])} rounds on {cores()} cores; load before: {load:.1f}\n")
    print_results(everyone, results)
    print_targets(arguments.binary, results)
    if arguments.keys:
        keys.compare(arguments.binary, max(arguments.runs // 4, 2), cpu_seconds)


def contenders(binary: str, gen_sh: Path | None, before: str | None) -> list[Contender]:
    default = Contender(DEFAULT, (binary, "--cn", "localhost"))
    ecdsa = Contender(ECDSA, (*default.command, "--key-type", "ecdsa-p256"))
    second_run = Contender(SECOND_RUN, default.command, inputs=finished_set(default))
    version = Contender(VERSION, (binary, "--version"), files="", authority="")
    peers = [openssl_recipe(gen_sh), certtool_recipe(), mkcert_recipe(), cfssl_recipe(), step_recipe()]
    older = []
    if before:
        older = [Contender(BEFORE, (before, *default.command[1:]))]
        for name, program in ((LONG, binary), (LONG_BEFORE, before)):
            older.append(Contender(name, (program, *default.command[1:], "--key-size", "4096")))
    return [default, *peers, ecdsa, second_run, version, *older]


def recipe(name: str, lines: str, needs: str, **others) -> Contender:
    """Several commands run as one shell script, as their users run them."""
    inputs = {"recipe.sh": lines, **others.pop("inputs", {})}
    return Contender(name, ("sh", "recipe.sh"), needs, inputs, **others)


def openssl_recipe(gen_sh: Path | None) -> Contender:
    """The eight commands of the Milvus page "Encryption in Transit" in its order, or the page's own files."""
    extensions = "basicConstraints = CA:FALSE\nkeyUsage = nonRepudiation, digitalSignature, keyEncipherment\n"
    config = "[req]\ndistinguished_name = subject\n[subject]\n[v3_req]\n" + extensions
    lines = """
openssl genrsa -out ca.key 2048
openssl req -new -x509 -key ca.key -out ca.pem -days 3650 \\
    -subj "/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost"
for leaf in server client; do
    openssl genpkey -algorithm RSA -out $leaf.key
    openssl req -new -nodes -key $leaf.key -out $leaf.csr -subj "/C=CN/O=milvus/OU=milvus/CN=localhost" \\
        -config openssl.cnf -extensions v3_req
    openssl x509 -req -in $leaf.csr -out $leaf.pem -days 3650 -CA ca.pem -CAkey ca.key -CAcreateserial \\
        -extfile openssl.cnf -extensions v3_req
done
"""
    if gen_sh:
        lines, config = ((gen_sh / name).read_text() for name in ("gen.sh", "openssl.cnf"))
    return recipe(OPENSSL, lines, "openssl", inputs={"openssl.cnf": config})


def certtool_recipe() -> Contender:
    """The fewest commands that do it: without the requests, which GnuTLS does not need."""
    subject = 'country = CN\norganization = milvus\ncn = "{}"\nexpiration_days = 3650\n'
    leaf = subject.format("localhost") + "dns_name = localhost\nsigning_key\nencryption_key\n"
    templates = {f"{role}.cfg": f"{leaf}tls_www_{role}\n" for role in ("server", "client")}
    templates["ca.cfg"] = subject.format("milvus CA") + "ca\ncert_signing_key\n"
    lines = """
certtool --generate-privkey --key-type rsa --bits 2048 --outfile ca.key
certtool --generate-self-signed --load-privkey ca.key --template ca.cfg --outfile ca.pem
for leaf in server client; do
    certtool --generate-privkey --key-type rsa --bits 2048 --outfile $leaf.key
    certtool --generate-certificate --load-privkey $leaf.key --template $leaf.cfg --outfile $leaf.pem \\
        --load-ca-certificate ca.pem --load-ca-privkey ca.key
done
"""
    files = "ca.key ca.pem server.key server.pem client.key client.pem"
    return recipe(CERTTOOL, lines, "certtool", inputs=templates, files=files)


def mkcert_recipe() -> Contender:
    """The size of its CA's key cannot be chosen. Without -install it touches no trust store."""
    lines = """
mkcert -cert-file server.pem -key-file server.key localhost 127.0.0.1 ::1
mkcert -client -cert-file client.pem -key-file client.key localhost
"""
    files = "rootCA-key.pem rootCA.pem server.key server.pem client.key client.pem"
    return recipe("mkcert (CA: RSA 3072)", lines, "mkcert", files=files, authority="rootCA.pem")


def cfssl_recipe() -> Contender:
    request = '{"CN": "%s", "hosts": ["localhost"], "key": {"algo": "rsa", "size": 2048}}'
    profile = '"%s": {"expiry": "87600h", "usages": ["digital signature", "key encipherment", "%s auth"]}'
    profiles = ", ".join(profile % (role, role) for role in ("server", "client"))
    config = '{"signing": {"default": {"expiry": "87600h"}, "profiles": {%s}}}' % profiles
    inputs = {"ca.json": request % "milvus CA", "leaf.json": request % "localhost", "config.json": config}
    lines = """
cfssl gencert -initca ca.json | cfssljson -bare ca
for leaf in server client; do
    cfssl gencert -ca ca.pem -ca-key ca-key.pem -config config.json -profile $leaf leaf.json |
        cfssljson -bare $leaf
done
"""
    files = "ca-key.pem ca.pem server-key.pem server.pem client-key.pem client.pem"
    return recipe("cfssl", lines, "cfssl cfssljson", inputs=inputs, files=files)


def step_recipe() -> Contender:
    """In no package registry: skipped unless somebody has installed it."""
    lines = """
key="--kty RSA --size 2048 --no-password --insecure"
step certificate create "milvus CA" ca.pem ca.key --profile root-ca $key
for leaf in server client; do
    step certificate create localhost $leaf.pem $leaf.key --profile leaf --san localhost --not-after 87600h \\
        --ca ca.pem --ca-key ca.key $key
done
"""
    files = "ca.key ca.pem server.key server.pem client.key client.pem"
    return recipe("step", lines, "step", files=files)


def finished_set(contender: Contender) -> dict[str, str]:
    """What a second run finds."""
    files = {}
    run_once(contender, lambda _, place: files.update((f.name, f.read_text()) for f in place.iterdir()))
    return files


def race(present: list[Contender], rounds: int) -> dict[str, list[Run]]:
    results = {contender.name: [] for contender in present}
    for _ in range(rounds):
        for contender in random.sample(present, len(present)):
            results[contender.name].append(run_once(contender))
    return results


def run_once(contender: Contender, examine=lambda contender, directory: None) -> Run:
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as log:
        directory = Path(name)
        for file, text in contender.inputs.items():
            (directory / file).write_text(text)
        # What others left unwritten must not be paid for by the contender that syncs its files.
        os.sync()
        status, run = measure(contender.command, directory, log)
        missing = [file for file in contender.files.split() if not (directory / file).is_file()]
        if status != 0 or missing:
            log.seek(0)
            said = log.read().decode(errors="replace")
            sys.exit(f"{contender.name}: exit code {status}, missing files: {missing}\n{said}")
        examine(contender, directory)
        return run


def cpu_seconds(command: tuple[str, ...]) -> float:
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as log:
        status, run = measure(command, Path(name), log)
        if status != 0:
            log.seek(0)
            sys.exit(f"{command}: exit code {status}\n{log.read().decode(errors='replace')}")
        return run.cpu


def measure(command: tuple[str, ...], directory: Path, log) -> tuple[int, Run]:
    """Starts the command from a shell, and asks for its usage.

    On Linux, what the starting process occupies counts towards the peak memory of the started one, and Python
    occupies more than most contenders. The shell's child waits for the word until the shell is gone; by then
    it is a child of this process, and only a child's usage can be asked for.
    """
    # No contender sees the caller's settings, or writes into the caller's home.
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "CAROOT": str(directory)}
    listener, word = os.pipe()
    starter = '{ read word <&%d; exec "$@" </dev/null; } >&2 & echo $!' % listener
    streams = {"pass_fds": [listener], "stdout": subprocess.PIPE, "stderr": log}
    shell = ["sh", "-c", starter, "sh", *command]
    process = int(subprocess.run(shell, cwd=directory, env=environment, check=True, **streams).stdout)
    start = time.perf_counter()
    os.write(word, b"go\n")
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    os.close(listener)
    os.close(word)
    run = Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    return os.waitstatus_to_exitcode(status), run


def adopt_orphans() -> None:
    """Makes processes whose parent is gone children of this one (PR_SET_CHILD_SUBREAPER)."""
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) != 0:
        sys.exit("speed.py: measures on Linux only")


def check(contender: Contender, directory: Path) -> None:
    """Once per contender and not timed: its certificates verify, and a second run changes nothing."""
    if any((directory / file).read_text() != text for file, text in contender.inputs.items()):
        sys.exit(f"{contender.name}: changed what was there before")
    if contender.authority and shutil.which("openssl"):
        command = ["openssl", "verify", "-CAfile", contender.authority, "server.pem", "client.pem"]
        verdict = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        if verdict.returncode != 0:
            sys.exit(f"{contender.name}: {verdict.stdout}{verdict.stderr}")


def median(runs: list[Run], figure: str) -> float:
    return statistics.median(getattr(run, figure) for run in runs)


def print_results(everyone: list[Contender], results: dict[str, list[Run]]) -> None:
    """The last two columns divide by the default run's figures: above 1 is slower than it."""
    ours = results[DEFAULT]
    print(f"{'':27}{'wall ms':>9}{'quartiles':>16}{'CPU ms':>9}{'peak MiB':>10}{'x wall':>9}{'x CPU':>9}")
    for name in (contender.name for contender in everyone):
        if name not in results:
            print(f"{name:27}  skipped: not installed")
            continue
        runs = results[name]
        wall, cpu = median(runs, "wall"), median(runs, "cpu")
        low, _, high = statistics.quantiles((run.wall * 1000 for run in runs), n=4)
        spread, memory = f"{low:.1f}-{high:.1f}", max(run.memory for run in runs) / 2**20
        ratios = f"{wall / median(ours, 'wall'):9.3f}{cpu / median(ours, 'cpu'):9.3f}"
        print(f"{name:27}{wall * 1000:9.1f}{spread:>16}{cpu * 1000:9.1f}{memory:10.1f}{ratios}")


def print_targets(binary: str, results: dict[str, list[Run]]) -> None:
    wall, cpu = ({name: median(runs, figure) for name, runs in results.items()} for figure in ("wall", "cpu"))
    spread = statistics.median(run.wall / (run.cpu / cores()) for run in results[DEFAULT])
    memory = max(run.memory for name in (DEFAULT, ECDSA, SECOND_RUN) for run in results[name])
    print(f"\n{'target':42}{'measured':>12}{'at most':>12}")
    for name, measured, limit, unit in (
        ("default run / openssl recipe", ratio(wall, DEFAULT, OPENSSL), 1 / 12, ""),
        ("default run / certtool recipe", ratio(wall, DEFAULT, CERTTOOL), 1 / 3, ""),
        ("its CPU time / certtool recipe's", ratio(cpu, DEFAULT, CERTTOOL), 0.52, ""),
        (f"default run's wall / (CPU / {cores()} cores)", spread, 1.15, ""),
        ("default run / before", ratio(wall, DEFAULT, BEFORE), 2 / 3, ""),
        ("RSA 4096 / before", ratio(wall, LONG, LONG_BEFORE), 0.7, ""),
        ("ECDSA P-256, whole process", wall[ECDSA] * 1000, 5.5, "ms"),
        ("second run, nothing to do", wall[SECOND_RUN] * 1000, 2.2, "ms"),
        ("--version", wall[VERSION] * 1000, 1.2, "ms"),
        ("peak memory of milvus-certgen", memory / 2**20, 10, "MiB"),
        ("size of the binary", os.path.getsize(binary) / 1e6, 5.5, "MB"),
    ):
        figures = f"{measured:8.3f} {unit:3}{limit:8.3f} {unit:3}  {'met' if measured <= limit else 'MISSED'}"
        print(f"{name:42}{figures if measured else '  skipped: nothing to compare with'}")


def ratio(figures: dict[str, float], one: str, other: str) -> float:
    """0 where one of them was not measured."""
    return figures[one] / figures[other] if one in figures and other in figures else 0


def cores() -> int:
    """The cores that this process may use: what the default run spreads its work over."""
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
