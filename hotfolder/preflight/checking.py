"""Everything at once, and the key to start with."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from hotfolder import config, key
from hotfolder.config import Config, ConfigError, Problem, Reading
from hotfolder.outputs.access import group_number
from hotfolder.preflight import edits, folders, stated

_KEY_PLACE = ("api", "key_file")
_WEBHOOK_PLACES = (("api", "webhook_url"), ("api", "webhook_listen"))


@dataclass(frozen=True, slots=True)
class Ready:
    """A config that may be started, and the key to start it with.

    `dead` are folders that do not answer, of watches that were online before.
    """

    config: Config
    key: SecretStr
    dead: frozenset[Path] = frozenset()


def check(
    reading: Reading, environment: Mapping[str, str], *, seen_online: Collection[str] = ()
) -> Ready:
    """Return what may be started, or raise ConfigError with every problem.

    `seen_online` names the watches whose folders were there before: such a folder may be away
    for now, it is waited for.
    """
    dead = folders.silent(reading)
    found = problems(reading, seen_online=seen_online, dead=dead)
    secret, problem = _key(reading, environment)
    found += [problem] if problem else []
    if found or reading.config is None or secret is None:
        raise ConfigError(reading.path, sorted(found, key=lambda each: each.line or 0))
    return Ready(reading.config, secret, dead)


def check_state_answers(reading: Reading) -> None:
    """Raise ConfigError where the state is on a share that is dead: whoever touches it hangs."""
    wanted = reading.config
    if wanted is not None and not folders.answers(wanted.state_dir):
        message = f"its share does not answer: {wanted.state_dir}. Choose a folder on a local disk"
        raise ConfigError(reading.path, [stated.problem(reading, ("state_dir",), message)])


def problems(
    reading: Reading, *, seen_online: Collection[str], dead: Collection[Path]
) -> list[Problem]:
    """Return everything that is wrong but for the key; `seen_online` is as in `check`.

    `dead` are the folders that do not answer.
    """
    found = list(reading.problems)
    found += folders.problems(reading, seen_online, dead)
    found += edits.problems(reading)
    found += _webhook_problems(reading)
    found += _group_problems(reading)
    found += _notify_problems(reading)
    return list(dict.fromkeys(found))


def missing_commands(wanted: Config) -> list[str]:
    """Return which receivers' programs cannot be run by this user; no reason not to start."""
    return [
        f"the command of [[notify]] {each.name} cannot be run: {each.command[0]}"
        for each in wanted.notify
        if each.command and shutil.which(each.command[0]) is None
    ]


def _key(
    reading: Reading, environment: Mapping[str, str]
) -> tuple[SecretStr | None, Problem | None]:
    file = stated.resolved(reading, stated.dig(reading.table, _KEY_PLACE))
    try:
        return key.find(environment, file), None
    except key.KeyProblem as error:
        if file is None or not str(error).startswith(str(file)):
            return None, Problem("", str(error))
        return None, stated.problem(reading, _KEY_PLACE, str(error))


def _webhook_problems(reading: Reading) -> Iterator[Problem]:
    """Yield what is missing: a callback must be sent somewhere and be listened for."""
    given = [place for place in _WEBHOOK_PLACES if stated.dig(reading.table, place)]
    if len(given) == 1:
        (missing,) = set(_WEBHOOK_PLACES) - set(given)
        message = f"needs {config.key_path(missing)}, too: the one is of no use without the other"
        yield stated.problem(reading, given[0], message)


def _group_problems(reading: Reading) -> Iterator[Problem]:
    for number, watch in enumerate(stated.watch_tables(reading)):
        name = watch.get("group")
        if isinstance(name, str) and name:
            try:
                group_number(name)
            except ValueError as error:
                yield stated.problem(reading, ("watch", number, "group"), str(error))


def _notify_problems(reading: Reading) -> Iterator[Problem]:
    for number, receiver in enumerate(reading.config.notify if reading.config else []):
        key_name = "url_file" if receiver.url_file else "url"
        if receiver.command:
            continue
        try:
            if receiver.url_file is not None:
                key.refuse_if_open(receiver.url_file, "file with the address")
            message = _address_problem(receiver.address())
        except key.KeyProblem as error:
            message = str(error)
        except (OSError, UnicodeDecodeError) as error:
            message = f"cannot be read: {error}"
        if message:
            yield stated.problem(reading, ("notify", number, key_name), message)


def _address_problem(address: str) -> str | None:
    """Return why notices cannot be sent to an address."""
    from hotfolder.notices import sending  # noqa: PLC0415  few configs name one

    return sending.address_problem(address)
