"""The loop that looks at how things stand and tells each receiver what it does not know yet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from hotfolder.config import Notify
from hotfolder.domain.errors import JournalError
from hotfolder.domain.redaction import Redactor
from hotfolder.domain.states import State
from hotfolder.journal import memory
from hotfolder.journal.journal import Journal
from hotfolder.notices import occasions, sending
from hotfolder.notices.deriving import Notice, Told, Topic, derive, joined
from hotfolder.notices.sending import NotSentNotice

LOOK_S: Final = 15.0
LONGEST_WAIT: Final = timedelta(minutes=30)
FIRST_WAIT: Final = timedelta(seconds=30)
SEND_LIMIT_S: Final = 60.0
STOP_S: Final = 10.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("hotfolder.notices")


class Noticing:
    """Tells the receivers of `[[notify]]`. `wanted` tells those of the config in force.

    `redactor` learns their addresses, and every notice passes it. `watches` names those of the
    config, whoever is to follow them.
    """

    def __init__(
        self,
        journal: Journal,
        wanted: Callable[[], Sequence[Notify]],
        redactor: Redactor | None = None,
        *,
        watches: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._journal = journal
        self._wanted = wanted
        self._watches = watches
        self._redactor = redactor or Redactor()
        self._clock = journal.clock
        self._not_before: dict[str, datetime] = {}
        self._waits: dict[str, timedelta] = {}

    async def run(self) -> None:
        """Look and tell without end. A receiver that hangs delays no other, and no picture."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Tell every receiver what is due for it."""
        receivers = [each for each in self._wanted() if self._may_try(_key(each))]
        await asyncio.gather(*(self._look_for(each) for each in receivers))

    async def _look_for(self, receiver: Notify) -> None:
        key = _key(receiver)
        try:
            stored = await self._journal.run(memory.told, key)
            told = Told.model_validate_json(stored) if stored else Told()
            seen = await self._journal.run(occasions.gather, told.newest, self._watches())
            notices, then = derive(seen, told, timedelta(minutes=receiver.offline_minutes))
            summary, then = await self._summary(receiver, then)
            due = [each for each in [*notices, *summary] if each.topic in receiver.about]
            if due:
                await self._send(receiver, due)
            if then != told:
                await self._journal.run(memory.keep_told, key, then.model_dump_json())
        except NotSentNotice as error:
            self._later(key)
            log.warning("notice.not_sent", receiver=receiver.name, error=str(error))
        except JournalError as error:
            log.warning("notice.not_looked", error=str(error))
        else:
            self._not_before.pop(key, None)
            self._waits.pop(key, None)

    async def _summary(self, receiver: Notify, told: Told) -> tuple[list[Notice], Told]:
        """Return the day's summary, if its time has come; a first start does not tell of before."""
        now = self._clock().astimezone()
        today = now.date().isoformat()
        hour, minute = receiver.summary_time
        due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if told.summary_of == today or now < due:
            return [], told if told.summary_of else told.model_copy(update={"summary_of": "none"})
        then = told.model_copy(update={"summary_of": today})
        if not told.summary_of:
            return [], then
        return [_summary(await self._journal.run(occasions.day, due - timedelta(days=1)))], then

    async def _send(self, receiver: Notify, due: list[Notice]) -> None:
        """Send all in one message, so that none of it is told again if the next fails."""
        try:
            async with asyncio.timeout(SEND_LIMIT_S + STOP_S):
                await asyncio.to_thread(hand_over, receiver, joined(due), self._redactor)
        except TimeoutError as error:
            raise NotSentNotice(f"no answer within {SEND_LIMIT_S:.0f} s") from error
        log.info("notice.sent", receiver=receiver.name, topics=[each.topic.value for each in due])

    def _may_try(self, key: str) -> bool:
        until = self._not_before.get(key)
        return until is None or not self._clock() < until <= self._clock() + LONGEST_WAIT

    def _later(self, key: str) -> None:
        wait = min(LONGEST_WAIT, self._waits.get(key, FIRST_WAIT / 2) * 2)
        self._waits[key] = wait
        self._not_before[key] = self._clock() + wait


def hand_over(receiver: Notify, notice: Notice, redactor: Redactor) -> None:
    """Send a notice; blocks. The redactor learns the address, and the notice passes it.

    Raises NotSentNotice.
    """
    address = "" if receiver.command else _address(receiver)
    if address:
        redactor.learn_address(address)
    safe = replace(notice, title=redactor.text(notice.title), text=redactor.text(notice.text))
    if receiver.command:
        sending.send_to_command(receiver.command, safe, limit_s=SEND_LIMIT_S)
    else:
        sending.send_to_address(address, safe, limit_s=SEND_LIMIT_S)


def _address(receiver: Notify) -> str:
    try:
        return receiver.address()
    except OSError as error:
        raise NotSentNotice(f"{receiver.url_file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotSentNotice(f"{receiver.url_file} is not text in UTF-8") from error


def _key(receiver: Notify) -> str:
    """Return where in the journal is kept what a receiver knows; the address cannot be read off."""
    place = receiver.url.get_secret_value() if receiver.url else str(receiver.url_file)
    told = hashlib.sha256(repr((receiver.name, place, receiver.command)).encode()).hexdigest()
    return f"told:{told[:16]}"


def _summary(day: occasions.Day) -> Notice:
    done, failed = day.ended.get(State.DONE, 0), day.ended.get(State.FAILED, 0)
    spent = [f"{amount.normalize():f} {what or ''}".strip() for what, amount in day.charges.items()]
    still_open = {**day.open, State.FETCHED: day.open[State.FETCHED] - day.to_review}
    waiting = {state.value.replace("_", " "): count for state, count in still_open.items() if count}
    lines = [f"charged: {', '.join(spent) or 'nothing'}"]
    lines += [f"{count} {words}" for words, count in waiting.items()]
    lines += [f"{day.to_review} to be approved or rejected"] if day.to_review else []
    return Notice(
        topic=Topic.SUMMARY,
        title=f"{done} done, {failed} failed since {day.begin.astimezone():%a %H:%M}",
        text="\n".join(lines),
    )
