"""What many visitors at once are answered, and how long they wait: for docs/studio.md.

    python tests/browser/crowd.py RUN RUN RUN RUN [--visitors 50]

Starts the studio on this machine, and lets as many visitors as asked for begin in the same moment:
they play games, look at runs and make samples in turn. First nobody asks again; then, as the page
does, whoever is told to come later comes when told. Needs the extra ``dev``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browsers import serving

from gansmith.studio.app import create_app
from gansmith.studio.studio import Runs

TIMEOUT_SECONDS, MOST_TRIES = 120, 30
KINDS = ("Learn", "Watch", "Create")


@dataclass(frozen=True)
class Answer:
    """One request, with all its tries.

    Attributes:
        kind: of the tab that sends it.
        code: of the last try; 0 where none came.
        seconds: until then.
        tries: how many.
        is_clear: whether each refusal had words, and said when to come again.
    """

    kind: str
    code: int
    seconds: float
    tries: int
    is_clear: bool


def wish(number: int, runs: list[str]) -> tuple[str, str, Any]:
    """Tab, path and body of what a visitor asks for."""
    kind, name = KINDS[number % 3], urllib.parse.quote(runs[number // 3 % len(runs)])
    if kind == "Learn":
        body = {"visitor": f"one-of-many-{number}", "settings": {"seed": number}, "moves": "r5"}
        return kind, "api/learn/frame", body
    if kind == "Watch":
        return kind, f"api/watch/runs/{name}", None
    return kind, f"api/create/runs/{name}/sample?n=8&seed={number}", None


def ask(url: str, body: Any) -> tuple[int, float, bool]:
    """Code, seconds until one may come again, and whether a refusal is clear."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            answer.read()
            return int(answer.status), 0.0, True
    except urllib.error.HTTPError as error:
        words = json.loads(error.read() or b"{}").get("error")
        later = float(error.headers.get("Retry-After", 0))
        return error.code, later, bool(words) and later > 0
    except OSError:
        return 0, 0.0, False


def visit(url: str, number: int, runs: list[str], patient: bool) -> Answer:
    """One visitor's request; a patient one comes again when told."""
    kind, path, body = wish(number, runs)
    began, clear = time.monotonic(), True
    tries = 0
    while tries < MOST_TRIES:
        tries += 1
        code, later, said = ask(url + path, body)
        clear = clear and said
        if not (patient and later):
            break
        time.sleep(later)
    return Answer(kind, code, time.monotonic() - began, tries, clear)


def crowd(url: str, visitors: int, runs: list[str], patient: bool) -> list[Answer]:
    """The answers of all, who begin at once."""
    together, answers = threading.Barrier(visitors), []

    def one(number: int) -> None:
        together.wait()
        answers.append(visit(url, number, runs, patient))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def say(title: str, answers: list[Answer]) -> None:
    """Prints what was answered, by tab."""
    print(title)
    for kind in KINDS:
        own = [answer for answer in answers if answer.kind == kind]
        seconds = [answer.seconds for answer in own]
        codes = ", ".join(f"{n} x {code}" for code, n in Counter(a.code for a in own).items())
        print(f"  {kind}: {codes}; {statistics.median(seconds):.1f} s, at most {max(seconds):.1f}; "
              f"{sum(a.tries for a in own) / len(own):.1f} tries; "
              f"{sum(not a.is_clear for a in own)} unclear")  # fmt: skip


def main() -> None:
    """Both crowds, each before a server that has just begun."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--visitors", type=int, default=50)
    given = parser.parse_args()
    names = [path.resolve().name for path in given.runs]
    for patient in (False, True):
        with serving(create_app(Runs(tuple(given.runs)))) as url:
            answers = crowd(url, given.visitors, names, patient)
            say("who comes again when told" if patient else "who asks once", answers)
            alive = ask(url + "api/watch/runs", None)[0]
            print(f"  afterwards the list of runs: {alive}")


if __name__ == "__main__":
    main()
