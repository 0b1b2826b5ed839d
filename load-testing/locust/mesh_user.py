"""What all users have in common: how they ask, and what they make of a refusal."""

import os
import random
from typing import Any

import gevent
from locust import FastHttpUser

from patience import PASSING, Patience


class MeshUser(FastHttpUser):
    """Somebody who asks the front proxy. What is refused in order is counted as that, apart from what failed."""

    abstract = True
    connection_timeout = 10.0
    network_timeout = 30.0
    default_headers = {"authorization": f"Bearer {key}"} if (key := os.environ.get("MESH_API_KEY")) else None

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.generator = random.Random()

    def ask(
        self,
        method: str,
        path: str,
        name: str,
        patience: Patience | None = None,
        allowed: tuple[int, ...] = (200,),
        **request: Any,
    ) -> Any | None:
        """
        One request, repeated while it is refused and patience lasts.
        :return: the answer, or None if there was none, or another than those that are allowed
        """
        while True:
            with self.client.request(method, path, name=name, catch_response=True, **request) as answer:
                if answer.status_code in allowed:
                    answer.success()
                    return answer
                retry_after = answer.headers.get("retry-after") if answer.headers else None
                if answer.status_code in PASSING and retry_after is not None:
                    answer.request_meta["name"] = f"{name}: refused"
                    answer.success()
                elif answer.status_code != 0:
                    answer.failure(f"answered {answer.status_code}: {(answer.text or '')[:200]}")
                else:
                    answer.failure(answer.error or "no answer")
            wait = patience.next_wait(retry_after) if patience else None
            if wait is None:
                return None
            gevent.sleep(wait)
