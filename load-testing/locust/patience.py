"""When a refused client comes again: not before the Retry-After of the answer, later each time, not all at once."""

import random
from dataclasses import dataclass, field

# Too many requests, and a service that is away or overloaded: refusals of a request that may be made again.
PASSING = (429, 503)


@dataclass
class Patience:
    """How one request is repeated: waits that double, within a time."""

    seconds: float = 60
    longest_wait: float = 16
    generator: random.Random = field(default_factory=random.Random)
    waited: float = 0
    attempts: int = 0

    def next_wait(self, retry_after: str | None) -> float | None:
        """How long to wait before the request is made again; None if that is no longer worth it."""
        asked = float(retry_after) if retry_after and retry_after.isdigit() else 1.0
        self.attempts += 1
        # At least as long as the service asks for, and spread out, or all come back at the same moment.
        grown = min(self.longest_wait, 0.5 * 2**self.attempts)
        wait = max(asked, grown) * self.generator.uniform(1, 1.5)
        if self.waited + wait > self.seconds:
            return None
        self.waited += wait
        return wait
