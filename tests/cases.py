"""Laws with many cases, as one test each: a test of its own would cost more than a case does."""

from __future__ import annotations

import functools
import inspect
import itertools
import operator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Law = Callable[..., None]
    Case = dict[str, Any]


def every(names: str, values: Iterable[Any]) -> Callable[[Law], Law]:
    """Hold a law for each of some values; stacked, for each combination, as parametrize does it.

    What else the law takes are fixtures, which all cases share. Every case that fails is told.
    """
    keys = [each.strip() for each in names.split(",")]
    axis = [dict(zip(keys, each if keys[1:] else (each,), strict=True)) for each in values]

    def decorate(law: Law) -> Law:
        plain, axes = getattr(law, "every", (law, []))
        axes = [axis, *axes]

        @functools.wraps(plain)
        def hold(**fixtures: Any) -> None:  # noqa: ANN401  whatever the law takes
            cases = [functools.reduce(operator.or_, each) for each in itertools.product(*axes)]
            assert cases
            failed = [each for case in cases if (each := _failure(plain, case, fixtures))]
            if failed:
                told = "\n".join(each.__notes__[-1] for each in failed)
                raise ExceptionGroup(f"{len(failed)} of {len(cases)} cases:\n{told}\n", failed)

        signature = inspect.signature(law)
        left = [each for name, each in signature.parameters.items() if name not in keys]
        vars(hold).update(every=(plain, axes), __signature__=signature.replace(parameters=left))
        return hold

    return decorate


def _failure(law: Law, case: Case, fixtures: dict[str, Any]) -> Exception | None:
    failed: Exception
    try:
        law(**case, **fixtures)
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
