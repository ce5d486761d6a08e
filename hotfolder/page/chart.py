"""Charts as SVG, made here: the page runs no foreign scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from hotfolder.views.spending import Sum

WIDTH: Final = 960
HEIGHT: Final = 220
_TOP: Final = 18
_FOOT: Final = 26
_LABELS: Final = 8


def bars(days: Sequence[Sum], unit: str) -> Markup:
    """Return a bar for each day; each says its amount, and the highest is named."""
    most = max((each.amount for each in days), default=0) or 1
    room, step = HEIGHT - _TOP - _FOOT, WIDTH / max(1, len(days))
    width = min(48.0, step * 0.72)
    every = -(-len(days) // _LABELS)
    drawn = []
    for number, each in enumerate(days):
        height = float(each.amount / most) * room
        left = number * step + (step - width) / 2
        top = _TOP + room - height
        said = escape(f"{each.key}: {each.amount.normalize():f} {unit}, {each.edits} edits")
        drawn.append(
            f'<g class="bar"><rect class="hit" x="{number * step:.1f}" y="0" '
            f'width="{step:.1f}" height="{HEIGHT}"/><rect x="{left:.1f}" y="{top:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}" rx="3"/><title>{said}</title></g>'
        )
        if each.amount == most and each.amount:
            drawn.append(
                _text(min(WIDTH - 22, left + width / 2), top - 5, f"{each.amount.normalize():f}")
            )
        if number % every == 0:
            drawn.append(_text(max(22, left + width / 2), HEIGHT - 8, each.key[5:]))
    base = HEIGHT - _FOOT
    line = f'<line x1="0" x2="{WIDTH}" y1="{base}" y2="{base}"/>'
    label = escape(f"Charges by day, in {unit}; the table below says the same")
    return Markup(  # noqa: S704  numbers, and what was escaped above
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f"{line}{''.join(drawn)}</svg>"
    )


def _text(x: float, y: float, said: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}">{escape(said)}</text>'
