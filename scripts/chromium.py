"""Installs Chromium for the tests of the console where it is missing and that can be done: on Debian, as root.

Where it cannot, it says so and how; the tests that need a browser then skip with the same word.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser")


def main() -> None:
    """Look for it, else install it."""
    if os.environ.get("IWMO_TEST_CHROMIUM") or any(map(shutil.which, NAMES)):
        return
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        print("No Chromium: the tests of the console in a browser are skipped. On Debian: apt-get install chromium")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wanted = [apt, "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    for command in (wanted, [apt, "update"], wanted):
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603
        if command is wanted and done.returncode == 0:
            return
    print("Chromium could not be installed: the tests of the console in a browser are skipped", file=sys.stderr)


if __name__ == "__main__":
    main()
