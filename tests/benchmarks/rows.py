"""What the rows of one file cost, and how long nobody else gets the watch's thread meanwhile."""

from __future__ import annotations

from tests.benchmarks.arena import arena
from tests.benchmarks.frame import Measured, benchmark
from tests.benchmarks.overhead import INSTANT, ours

ROWS, ROWS_SHORT = 10_000, 200
RULE = 'model = "xai/grok-imagine-image/text-to-image-official-stable"'


@benchmark("rows", unit="CPU ms a row", aim="at most 1 time")
def rows(*, short: bool) -> Measured:
    """Edit each of the 10,000 lines of a text, against as many texts of one line."""
    count = ROWS_SHORT if short else ROWS
    texts = [f"A fox in the snow, number {number}" for number in range(count)]
    one_file = _edited({"prompts.txt": "\n".join(texts)}, f"{RULE}\nlines = true", count)
    many = {f"{number}.txt": text for number, text in enumerate(texts)}
    return Measured(ours=one_file, bound=_edited(many, RULE, count), beside={"rows": count})


def _edited(texts: dict[str, str], rule: str, count: int) -> float:
    """Return the CPU ms that each edit takes of all that texts ask for."""
    with arena(INSTANT) as studio:
        studio.configure(limits="backlog = 0", rules=[rule])
        studio.simulator.update_settings(balance="100000")
        for name, text in texts.items():
            studio.drop(name, text)
        took, _ = ours(studio, count)
        return 1000 * took.cpu_s / count
