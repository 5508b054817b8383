"""Run a command as root of a container: all accounts exist, and user namespaces are forbidden.

    python -m tests.flows.services.container COMMAND...

Exit status 99 if this machine does not allow it.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
FORBIDDEN = 99


def main() -> int:
    unshared, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        if ctypes.CDLL(None).unshare(CLONE_NEWUSER) != 0:
            os._exit(FORBIDDEN)
        os.write(unshared[1], b"x")
        os.read(mapped[0], 1)
        Path("/proc/sys/user/max_user_namespaces").write_text("0")  # that of our own namespace
        os.execvp(sys.argv[1], sys.argv[1:])
    os.close(unshared[1])
    if os.read(unshared[0], 1):
        # Only the parent, root outside, may map more accounts than one.
        Path(f"/proc/{child}/uid_map").write_text("0 0 65536")
        Path(f"/proc/{child}/gid_map").write_text("0 0 65536")
        os.write(mapped[1], b"x")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
