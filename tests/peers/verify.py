"""What Python's ssl says of sets, one after another: verify.py NAME DIR [NAME DIR...]

For each DIR two lines, a one-way and a mutual handshake: "accepted", or why it is refused.
"""

import os
import ssl
import sys

from handshake import shake


def judge(name, directory, mutual):
    for role in ["server", "client"] if mutual else ["server"]:
        if not any(os.path.exists(f"{directory}/{role}.{end}") for end in ("pem", "key")):
            return "absent"
    try:
        shake(directory, "ca.pem", name, mutual)
    except (OSError, ssl.SSLError, SystemExit) as refusal:
        return " ".join(str(refusal).split())
    return "accepted"


if __name__ == "__main__":
    # A key with a password is refused here, and not asked for.
    sys.stdin.close()
    os.setsid()
    pairs = zip(sys.argv[1::2], sys.argv[2::2])
    for name, directory in pairs:
        for mutual in (False, True):
            print(judge(name, directory, mutual))
