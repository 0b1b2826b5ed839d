"""How a program that runs as a Job ends: its exit code, its termination message, and what SIGTERM does."""

import os
import signal
import sys
from collections.abc import Callable

from utils import EXIT_TERMINATED, JobError, write_termination_message


def run_as_job(work: Callable[[], dict]) -> int:
    """Does the work and leaves its result, or the error, as the termination message; the process's exit code."""
    signal.signal(signal.SIGTERM, stop_on_sigterm)
    try:
        result = work()
    except JobError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        write_termination_message(error_message(error.code, str(error)))
        return error.exit_code
    except Exception as error:
        write_termination_message(error_message("internal", f"{type(error).__name__}: {error}"[:500]))
        raise
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # there is a result now: it is the job's end
    write_termination_message(result)
    return 0


def stop_on_sigterm(signal_number: int, frame: object) -> None:
    """Ends at once, on a signal that Python as a container's first process would ignore."""
    write_termination_message(error_message("terminated", "stopped by SIGTERM before there was a result"))
    os._exit(EXIT_TERMINATED)


def error_message(code: str, message: str) -> dict:
    """A failed job's termination message."""
    return {"error": {"code": code, "message": message}}
