"""A storm: a service that breaks its answers in every way it knows, and a daemon often killed."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hotfolder.journal import reading
from hotfolder.simulator import Fault
from tests.end_to_end.daemon import Daemon
from tests.end_to_end.lookout import Lookout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotfolder.domain.jobs import Job
    from tests.studio import Studio

SILENCE_S: Final = 1.0
CALLBACKS_LATE_S: Final = 1.5
CALM_S: Final = 60.0
GOING: Final = {"accepted", "uploaded", "submitting", "running", "finished", "fetched"}

Way = dict[str, Any]

BROKEN: Final[Sequence[Way]] = [
    *({"kind": f"{kind}_{when}"} for kind in ("drop", "reset") for when in ("before", "after")),
    *(
        {"kind": f"error_{when}", "status": status}
        for status in (500, 502, 503, 504)
        for when in ("before", "after")
    ),
    *({"kind": f"timeout_{when}", "seconds": SILENCE_S} for when in ("before", "after")),
    {"kind": "html"},
    {"kind": "html", "status": 408},
]
UNREADABLE: Final[Sequence[Way]] = [
    {"kind": "html", "acting": True},
    *(
        {"kind": "garbage", "body": body, "acting": acting}
        for body in ("text", "truncated", "null", "string", "empty")
        for acting in (False, True)
    ),
]
CODES: Final[Sequence[Way]] = [
    *({"kind": "code", "code": code, "acting": True} for code in ("500", "1000", "1005")),
    *({"kind": "code", "code": code, "form": "msg"} for code in ("1000", "1010", "1011")),
]
BUSY: Final[Sequence[Way]] = [
    *({"kind": "code", "code": code, "form": "msg"} for code in ("415", "421")),
    *({"kind": "code", "code": code} for code in ("1003", "1520")),
    {"kind": "html", "status": 429},
]
SPURIOUS: Final[Sequence[Way]] = [
    *({"kind": "code", "code": code} for code in ("301", "401", "811", "1004")),
    {"kind": "no_results"},
]
ODD: Final[Sequence[Way]] = [{"kind": "stray_code"}, {"kind": "alias"}]
CUT: Final[Sequence[Way]] = [
    *({"kind": "truncate", "length": length} for length in ("full", "none", "short")),
    {"kind": "wrong_type"},
]
WAYS: Final[dict[str, Sequence[Way]]] = {
    "upload": [*BROKEN, *UNREADABLE, *CODES, *BUSY, {"kind": "alias"}],
    "submit": [*BROKEN, *UNREADABLE, *CODES, *BUSY, *ODD],
    "query": [*BROKEN, *UNREADABLE, *CODES, *BUSY, *SPURIOUS, *ODD],
    "download": [*BROKEN, *CUT],
    "queue_status": [*BROKEN, *UNREADABLE],
    "account": [*BROKEN, *UNREADABLE],
    "webhook": [
        {"kind": "twice"},
        {"kind": "wrong_task"},
        {"kind": "slow", "seconds": CALLBACKS_LATE_S},
    ],
}


def weather(share: float) -> list[Fault]:
    """Return the faults that break this share of the answers to each call, in all its ways."""
    return [
        Fault(call=call, probability=1 - (1 - share) ** (1 / len(ways)), **way)  # type: ignore[arg-type]
        for call, ways in WAYS.items()
        for way in ways
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What a storm left.

    `hopeless` are doubts whose task exists at the service, `lost` pictures that have neither an
    output nor a named reason, `twice` those that were paid twice.
    """

    states: dict[str, int]
    reasons: dict[str, int]
    kills: int
    seconds: float
    doubted: int
    found: int
    hopeless: int
    lost: list[str]
    twice: int
    partial: list[str]


class Storm:
    """One studio whose daemon lives between `lives_s` seconds, at random."""

    def __init__(self, studio: Studio, lives_s: tuple[float, float], seed: int) -> None:
        self._studio = studio
        self._lives_s = lives_s
        self._chance = random.Random(seed)  # noqa: S311  (no secrets)
        self._kills = 0
        self._began_s = time.monotonic()

    async def rage(self, pictures: int, limit_s: float, most_kills: int = 10_000) -> Aftermath:
        """Kill daemons until all pictures came to rest, let a last one end, and look.

        After `most_kills` the last one ends the work, however slow the machine is.
        """
        with Lookout([self._studio.output]) as lookout:
            while self._kills < most_kills and not self._rests(pictures):
                with Daemon(self._studio) as daemon:
                    await daemon.holds_the_journal()
                    await asyncio.sleep(self._chance.uniform(*self._lives_s))
                    daemon.kill()
                    self._kills += 1
            seconds = time.monotonic() - self._began_s
            await self.calm(lambda: self._has(pictures) and not self._told(), limit_s)
        return self._aftermath(seconds, lookout)

    async def calm(self, condition: Callable[[], object], limit_s: float = CALM_S) -> None:
        """Let a daemon live until a condition holds, and stop it as systemd would."""
        with Daemon(self._studio) as daemon:
            await daemon.holds_the_journal()
            await self._studio.until(condition, "the calm after the storm", limit_s)
            daemon.signal(signal.SIGTERM)
            assert daemon.end() == 0, daemon.log.read_text()[-4000:]

    def _rests(self, pictures: int) -> bool:
        return self._has(pictures) and not GOING & self._studio.states().keys()

    def _has(self, pictures: int) -> bool:
        return sum(self._studio.states().values()) == pictures

    def _told(self) -> bool:
        """Whether anything goes on, or a doubt of a task that the service tells of may end."""
        going = GOING & self._studio.states().keys()
        return bool(going or (self._studio.webhook and self.hopeless()))

    def hopeless(self) -> list[Job]:
        """Return the jobs in doubt whose task exists."""
        paid = {each.input_sha256[0] for each in self._studio.ledger().tasks}
        jobs = self._studio.read(reading.jobs)
        return [
            job for job in jobs if job.state == "in_doubt" and job.original.content_hash in paid
        ]

    def _aftermath(self, seconds: float, lookout: Lookout) -> Aftermath:
        jobs: list[Job] = self._studio.read(reading.jobs)
        charged = Counter(
            task.input_sha256[0] for task in self._studio.ledger().tasks if task.charge
        )
        happened = Counter(
            line.name for job in jobs for line in self._studio.read(reading.history, job.id)
        )
        outputs = {self._studio.output / job.source for job in jobs if job.state == "done"}
        unnamed = [job.source for job in jobs if job.state != "done" and job.failure is None]
        return Aftermath(
            states=self._studio.states(),
            reasons=Counter(job.failure.code for job in jobs if job.failure is not None),
            kills=self._kills,
            seconds=seconds,
            doubted=happened["SubmitUnanswered"],
            found=happened["TaskFound"],
            hopeless=len(self.hopeless()),
            lost=unnamed + [each.name for each in outputs if each not in lookout.seen],
            twice=sum(times > 1 for times in charged.values()),
            partial=lookout.partial,
        )
