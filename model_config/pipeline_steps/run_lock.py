"""One run at a time on a volume, where the volume can lock files."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils import log


@contextmanager
def only_run(volume: Path) -> Iterator[bool]:
    """Waits until no other run works on the volume. Gives False where it cannot lock: then others may work as well.

    That does no harm, because whatever a run writes appears whole, but some of it is done twice. The lock ends with
    its process, however that ends.
    """
    with (volume / ".pipeline.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log("another run is at work on this volume: waiting for its end")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            log(f"warning: files cannot be locked here ({error.strerror}), so two runs at once would do things twice")
            yield False
            return
        yield True
