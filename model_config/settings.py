"""Reading settings from the environment, with messages that say what is allowed."""

from collections.abc import Iterable

from utils import EXIT_SETTING, JobError

MAX_EPOCHS = 20
MAX_SEED = 2**63 - 1


def one_of(name: str, text: str | None, allowed: tuple[str, ...], code: str) -> str:
    """The text, when it is one of the allowed ones."""
    if text in allowed:
        return text
    stated = f"is {text!r}" if text else "is not set"
    raise JobError(code, f"{name} {stated}; it must be {' or '.join(allowed)}", EXIT_SETTING)


def some_of(name: str, text: str, allowed: Iterable[str], code: str) -> tuple[str, ...]:
    """Those of the allowed ones that the text names, separated by commas, in their usual order; none for no text."""
    allowed = tuple(allowed)
    named = {part.strip() for part in text.split(",")} - {""}
    for part in sorted(named.difference(allowed)):
        choice = f"it must name some of {', '.join(allowed)}, separated by commas, or nothing for all"
        raise JobError(code, f"{name} is {text!r}, and there is no {part!r}; {choice}", EXIT_SETTING)
    return tuple(one for one in allowed if one in named)


def whole_number(name: str, text: str, least: int, most: int, code: str) -> int:
    """The number that the text is, when it is a whole one in the range, both ends included."""
    if text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    raise JobError(code, f"{name} is {text!r}; it must be a whole number from {least} to {most}", EXIT_SETTING)
