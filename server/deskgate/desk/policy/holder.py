"""The policy in force: read again when its file changed, and kept when the new file cannot be used."""

import logging
import os
from pathlib import Path

import anyio
import anyio.to_thread

from deskgate.desk.policy.rules import LARGEST_FILE_BYTES, Policy, PolicyError, parse

log = logging.getLogger("deskgate.policy")

Stamp = tuple[int, int, int]


class PolicyHolder:
    """Open it with `PolicyHolder.open(path)`. `faults` says what is wrong with the file as it is now; empty: nothing."""

    def __init__(self, path: Path, policy: Policy, stamp: Stamp) -> None:
        self.path = path
        self.faults: tuple[str, ...] = ()
        self._policy = policy
        self._stamp: Stamp | None = stamp
        self._lock = anyio.Lock()

    @classmethod
    async def open(cls, path: Path) -> "PolicyHolder":
        """Read the file for the first time.

        Raises:
            PolicyError: it is not there or cannot be used; a process must not start with it.
        """
        stamp, policy = await anyio.to_thread.run_sync(_load, path)
        return cls(path, policy, stamp)

    async def current(self) -> Policy:
        """The policy in force at this moment. Looks at the file's time and size; reads it only where they moved.

        A file that cannot be used leaves the policy before it in force; that is logged once and stands in `faults`.
        """
        async with self._lock:
            try:
                stamp = await anyio.to_thread.run_sync(_stamp, self.path)
                if stamp != self._stamp:
                    self._stamp, policy = await anyio.to_thread.run_sync(_load, self.path)
                    if policy.hash != self._policy.hash:
                        log.warning("policy %s (%s) is in force now", policy.version, policy.hash[:19])
                    self._policy, self.faults = policy, ()
            except PolicyError as error:
                self._refuse(error)
        return self._policy

    def _refuse(self, error: PolicyError) -> None:
        # The stamp is forgotten, so that a repaired file is read again whatever its time says.
        self._stamp = None
        if tuple(error.faults) != self.faults:
            self.faults = tuple(error.faults)
            log.warning(
                "the policy file cannot be used, so version %s stays in force: %s",
                self._policy.version,
                error.faults[0],
            )


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(error) from error
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load(path: Path) -> tuple[Stamp, Policy]:
    """Read the file; the stamp is the one from before reading, so that a change while reading is seen the next time."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise _unreadable(error) from error
    return (found.st_mtime_ns, found.st_size, found.st_ino), parse(data)


def _unreadable(error: OSError) -> PolicyError:
    return PolicyError([f"The file cannot be read ({error.strerror or type(error).__name__})."])
