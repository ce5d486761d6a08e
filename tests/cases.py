"""Laws with many cases, as one test each: a test of its own would cost more than a case does."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
import operator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    Law = Callable[..., Any]
    Case = dict[str, Any]


def every(names: str, values: Iterable[Any]) -> Callable[[Law], Law]:
    """Hold a law for each of some values; stacked, for each combination, as parametrize does it.

    What else the law takes are fixtures, which all cases share. Every case that fails is told.
    The cases of a law that is awaited are tried all at once: those that wait do so together.
    """
    keys = [each.strip() for each in names.split(",")]
    axis = [dict(zip(keys, each if keys[1:] else (each,), strict=True)) for each in values]

    def decorate(law: Law) -> Law:
        plain, axes = getattr(law, "every", (law, []))
        axes = [axis, *axes]

        cases = [functools.reduce(operator.or_, each) for each in itertools.product(*axes)]
        assert cases

        @functools.wraps(plain)
        def hold_each(**fixtures: Any) -> None:  # noqa: ANN401  whatever the law takes
            _raise(_failure(case, functools.partial(plain, **case, **fixtures)) for case in cases)

        @functools.wraps(plain)
        async def hold_all(**fixtures: Any) -> None:  # noqa: ANN401  the same
            tried = (plain(**case, **fixtures) for case in cases)
            ended = await asyncio.gather(*map(_caught, tried))
            _raise(_failure(*each) for each in zip(cases, ended, strict=True))

        hold = hold_all if inspect.iscoroutinefunction(plain) else hold_each
        signature = inspect.signature(law)
        left = [each for name, each in signature.parameters.items() if name not in keys]
        vars(hold).update(every=(plain, axes), __signature__=signature.replace(parameters=left))
        return hold

    return decorate


async def _caught(trying: Coroutine[Any, Any, None]) -> Callable[[], None]:
    """Return what a case comes to, for one who calls it."""
    ended = asyncio.ensure_future(trying)
    await asyncio.wait({ended})
    return ended.result


def _raise(tried: Iterable[Exception | None]) -> None:
    """Raise what failed, each case in a line."""
    listed = list(tried)
    if failed := [each for each in listed if each is not None]:
        told = "\n".join(each.__notes__[-1] for each in failed)
        raise ExceptionGroup(f"{len(failed)} of {len(listed)} cases:\n{told}\n", failed)


def _failure(case: Case, trying: Callable[[], None]) -> Exception | None:
    failed: Exception
    try:
        trying()
    except pytest.fail.Exception as error:  # no Exception: pytest.raises waited in vain
        failed = AssertionError(str(error))
    except Exception as error:  # noqa: BLE001  the other cases are looked at, too
        failed = error
    else:
        return None
    shown = ", ".join(f"{name}={value!a}" for name, value in case.items())[:200]
    reason = str(failed).partition("\n")[0]
    failed.add_note(f"  {shown}: {type(failed).__name__}: {reason}")
    return failed
