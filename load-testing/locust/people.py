"""People who use the mesh: they draw digits, upload photos, and submit jobs and follow them."""

import time
import uuid
from pathlib import Path

import gevent
from locust import between, constant, events, task

from drawing import draw_digit
from mesh_user import MeshUser
from patience import Patience

PHOTOS = [
    file.read_bytes()
    for file in sorted((Path(__file__).parents[1] / "test-images").iterdir())
    if file.suffix in (".png", ".jpg")
]
PHOTO_MODEL = "imagenet-efficientnet-lite0"
RAW_IMAGE = {"content-type": "application/octet-stream"}
SHORT_JOB = {"dataset": "mnist", "pretrained": True}
ENDED = ("succeeded", "failed", "cancelled")


class DrawsDigits(MeshUser):
    """Draws on the page, which sends the field while the pen moves: the next time when it has the answer."""

    weight = 5
    wait_time = between(1, 3)
    moves_a_digit = 10
    seconds_a_move = 0.12

    def on_start(self) -> None:
        """Drawn once: to draw costs this process as much as to ask."""
        self.digits = [draw_digit(self.generator, self.moves_a_digit) for _ in range(2)]

    @task
    def draw(self) -> None:
        """One digit. A move that is refused is not repeated: the next one follows."""
        for image in self.generator.choice(self.digits):
            self.ask("POST", "/predict?preview=true", "draw a digit", data=image, headers=RAW_IMAGE)
            gevent.sleep(self.seconds_a_move)


class UploadsPhotos(MeshUser):
    """Drops a photo on the page."""

    weight = 2
    wait_time = between(2, 6)

    @task
    def upload(self) -> None:
        """One photo, as a form, as `curl -F` sends it."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="photo"\r\n\r\n'
        body = head.encode() + self.generator.choice(PHOTOS) + f"\r\n--{boundary}--\r\n".encode()
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        self.ask("POST", f"/predict/{PHOTO_MODEL}", "upload a photo", Patience(), data=body, headers=headers)


class FollowsJobs(MeshUser):
    """Submits a job, follows it to its end, and reads its log. What is unfinished when the test ends is cancelled."""

    weight = 3
    wait_time = between(1, 5)
    # Longer than the mesh lets an answer wait.
    network_timeout = 70.0
    longest_seconds = 600

    def on_start(self) -> None:
        self.unfinished: str | None = None

    @task
    def follow_job(self) -> None:
        """One job. The same key in each attempt makes one job of them."""
        tier = self.generator.choice(("free", "free", "premium"))
        started = time.perf_counter()
        answer = self.ask(
            "POST",
            f"/{tier}",
            f"submit a {tier} job",
            Patience(),
            json=SHORT_JOB,
            headers={"idempotency-key": uuid.uuid4().hex},
        )
        if answer is None:
            return
        job_id = answer.json()["id"]
        self.unfinished = f"/{tier}/jobs/{job_id}"
        status = self.follow(self.unfinished, tier)
        self.unfinished = None if status else self.unfinished
        failure = None if status == "succeeded" else RuntimeError(f"the job is {status or 'lost'}")
        events.request.fire(
            request_type="job",
            name=f"{tier} job, from its post to its end",
            response_time=(time.perf_counter() - started) * 1000,
            response_length=0,
            exception=failure,
            context={},
        )
        if status == "succeeded":
            self.ask("GET", f"/{tier}/jobs/{job_id}/logs", "read a log")

    def follow(self, path: str, tier: str) -> str | None:
        """Waits for each change of a job, until it has ended. Gives its status then; None if that was not seen."""
        give_up_at = time.perf_counter() + self.longest_seconds
        etag = None
        while time.perf_counter() < give_up_at:
            headers = {"if-none-match": etag} if etag else {}
            answer = self.ask(
                "GET", f"{path}?wait=30", f"wait for a {tier} job to change", Patience(), (200, 304), headers=headers
            )
            if answer is None:
                return None
            if answer.status_code == 304:
                continue
            etag = answer.headers.get("etag")
            status = answer.json()["status"]
            if status in ENDED:
                return status
        return None

    def on_stop(self) -> None:
        if self.unfinished:
            self.ask("DELETE", self.unfinished, "cancel a job", Patience(seconds=10), (200, 409))


class Floods(MeshUser):
    """A client that never waits, neither for its turn nor when it is refused."""

    weight = 10
    wait_time = constant(0)

    def on_start(self) -> None:
        self.image = draw_digit(self.generator, 1)[0]
        self.jobs: list[str] = []

    @task(9)
    def predict(self) -> None:
        self.ask("POST", "/predict", "flood: predict", data=self.image, headers=RAW_IMAGE)

    @task(1)
    def submit(self) -> None:
        answer = self.ask("POST", "/free", "flood: submit a free job", json=SHORT_JOB)
        if answer is not None:
            self.jobs.append(f"/free/jobs/{answer.json()['id']}")

    def on_stop(self) -> None:
        for job in self.jobs:
            self.ask("DELETE", job, "flood: cancel a job", Patience(seconds=10), (200, 409))


PEOPLE = {"draw": DrawsDigits, "photos": UploadsPhotos, "jobs": FollowsJobs}
