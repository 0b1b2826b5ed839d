"""
One load on a mesh. `npm run load -- NAME` runs this; so does, in an environment with what ../requirements.txt names:

    locust -f load-testing/locust/locustfile.py --headless --host http://127.0.0.1:8080 --load steady
"""

from argparse import ArgumentParser

from locust import LoadTestShape, events

from loads import LOADS, has_flood, people_at
from people import PEOPLE, DrawsDigits, Floods, FollowsJobs, UploadsPhotos

__all__ = ["ChosenLoad", "DrawsDigits", "Floods", "FollowsJobs", "UploadsPhotos"]

SPAWNED_A_SECOND = 50


@events.init_command_line_parser.add_listener
def add_options(parser: ArgumentParser) -> None:
    """The options of a load, beside Locust's own."""
    parser.add_argument("--load", choices=LOADS, default="steady", help="which load")
    parser.add_argument("--people", type=int, help="how many there are at most")
    parser.add_argument("--seconds", type=float, help="how long it takes")
    parser.add_argument("--who", default=",".join(PEOPLE), help="who is among them, separated by commas")


class ChosenLoad(LoadTestShape):
    """The load that the options name."""

    def tick(self) -> tuple[int, float, list] | None:
        options = self.runner.environment.parsed_options
        load = LOADS[options.load]
        share = self.get_run_time() / (options.seconds or load.seconds)
        if share >= 1:
            return None
        people = round((options.people or load.people) * people_at(load, share))
        who = [PEOPLE[name] for name in options.who.split(",")]
        if not has_flood(load, share):
            return people, SPAWNED_A_SECOND, who
        # By their weights, a flood is as many as all the people together.
        return 2 * people, SPAWNED_A_SECOND, [*who, Floods]
