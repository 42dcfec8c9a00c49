"""What is left of RSA keys in a process's memory when it ends: nothing, or this script fails and says what.

    python3 tests/peers/memory.py COMMAND...

The command writes *.key files (PKCS#8, PEM) to the current directory. It is stopped on its way out (ptrace), and its
memory is searched for the primes, exponents and PEM lines of those keys. Linux only; exit code 77 where tracing is
not allowed.
"""

import base64
import ctypes
import os
import signal
import sys
from pathlib import Path

TRACEME, CONT, SETOPTIONS, OPTION_EXIT, EVENT_EXIT = 0, 7, 0x4200, 0x40, 6
SLICE = 24
MARKER = b"MILVUS_TEST_MARKER=" + os.urandom(8).hex().encode()
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4


def main() -> None:
    memory = memory_at_exit(sys.argv[1:])
    # The environment is on the stack: what does not find it has not looked at the memory.
    if not any(MARKER in region for _, region in memory):
        sys.exit("the memory was not read")
    keys = sorted(Path().glob("*.key"))
    found = [f"{key}: {what} in {name}" for key in keys for what, name in search(key, memory)]
    if found or not keys:
        sys.exit("\n".join(found) or "no key was written")
    print(f"nothing is left of {len(keys)} keys")


def memory_at_exit(command: list[str]) -> list[tuple[str, bytes]]:
    process = os.fork()
    if process == 0:
        if libc.ptrace(TRACEME, 0, 0, 0) != 0:
            os._exit(77)
        name, value = MARKER.decode().split("=")
        os.execve(command[0], command, {**os.environ, name: value})
    _, status = os.waitpid(process, 0)
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    # Before the process forbids that it is looked at.
    with open(f"/proc/{process}/mem", "rb", 0) as memory, open(f"/proc/{process}/maps") as maps:
        libc.ptrace(SETOPTIONS, process, 0, OPTION_EXIT)
        delivered = 0
        while True:
            libc.ptrace(CONT, process, 0, delivered)
            _, status = os.waitpid(process, 0)
            if not os.WIFSTOPPED(status):
                sys.exit(f"{command} ended unseen: {status}")
            if status >> 8 == signal.SIGTRAP | EVENT_EXIT << 8:
                break
            delivered = os.WSTOPSIG(status)
        regions = list(read_regions(maps, memory))
    libc.ptrace(CONT, process, 0, 0)
    _, status = os.waitpid(process, 0)
    if status != 0:
        sys.exit(f"{command}: status {status}")
    return regions


def read_regions(maps, memory):
    for line in maps:
        span, permissions, _, _, _, *name = line.split()
        start, end = (int(address, 16) for address in span.split("-"))
        if permissions.startswith("rw"):
            memory.seek(start)
            yield (name[0] if name else "anonymous memory"), memory.read(end - start)


def search(key: Path, memory: list[tuple[str, bytes]]):
    """A part of a secret is as bad as the whole: any 24 octets in a row count."""
    lines = key.read_text().split("\n")[1:-2]
    # The first line of any RSA key of a size begins alike.
    secrets = {f"line {at + 2} of the PEM": [line.encode()] for at, line in enumerate(lines) if at > 0}
    for what, number in rsa_secrets(base64.b64decode("".join(lines))).items():
        length = (number.bit_length() + 7) // 8
        big, little = (number.to_bytes(length, order) for order in ("big", "little"))
        limbs = [
            b"".join((number >> bits * at & (1 << bits) - 1).to_bytes(8, "little") for at in range(length * 8 // bits))
            for bits in (60, 61)
        ]
        secrets[what] = [form[at : at + SLICE] for form in (big, little, *limbs) for at in range(0, len(form) - SLICE, SLICE)]
    for what, forms in secrets.items():
        for name, region in memory:
            if any(form in region for form in forms):
                yield what, name


def rsa_secrets(pkcs8: bytes) -> dict[str, int]:
    """PrivateKeyInfo's OCTET STRING holds an RSAPrivateKey: version n e d p q and so on."""
    octets = elements(elements(pkcs8)[0])[2]
    _, _, _, d, p, q, *_ = (int.from_bytes(value, "big") for value in elements(elements(octets)[0]))
    return {"p": p, "q": q, "d": d}


def elements(der: bytes) -> list[bytes]:
    """The contents of the elements that follow each other."""
    found = []
    while der:
        length, start = der[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[2:start], "big")
        found.append(der[start : start + length])
        der = der[start + length :]
    return found


if __name__ == "__main__":
    main()
