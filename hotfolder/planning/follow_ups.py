"""What a rule wants made of results: the jobs that follow in a chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hotfolder import config
from hotfolder.domain import chain_failures, file_failures, previous
from hotfolder.domain.chains import FollowUp
from hotfolder.domain.failures import Failure
from hotfolder.domain.params import Params, parted
from hotfolder.kinds.kind import BY_OUTPUT, ENDINGS, Kind
from hotfolder.planning import measuring, prompt_fields, values
from hotfolder.runninghub import estimates, payload
from hotfolder.runninghub.catalog import Model
from hotfolder.runninghub.estimates import Sent

if TYPE_CHECKING:
    from hotfolder.planning.facts import Facts


def goes_on(before: Model, link: config.Link) -> bool:
    """Return whether a job can follow another: with its result, its words, or words of its own.

    After a text it may also be one that takes files of the watch.
    """
    if link.into is not None:
        return True
    makes_words = BY_OUTPUT[before.output] is Kind.TEXT
    if previous.asks(link.said.prompt, link.said.params):
        return makes_words
    return bool(link.said.prompt or link.said.media or (makes_words and link.model.media))


def follow_ups(
    watch: config.Watch, rule: config.Rule, first: Model, relative: str, facts: Facts
) -> tuple[FollowUp, ...] | Failure:
    """Return the jobs that follow the `first` model of a chain, or why one of them cannot."""
    found: list[FollowUp] = []
    before, said = first, rule.params
    linked = list(config.links(watch.catalog, rule, first))
    if len(linked) < len(rule.then):
        why = watch.catalog.why_not(rule.then[len(linked)].model) or ""
        return file_failures.wrong_parameters([("then", why)])
    for link in linked:
        if not goes_on(before, link):
            return chain_failures.follow_up_unfit(link.model.name, BY_OUTPUT[before.output])
        prompt: str | Failure | None = (link.said.prompt or "").strip() or None
        if isinstance(prompt, str):
            prompt = _filled(prompt, watch, rule, relative, facts)
        if isinstance(prompt, Failure):
            return prompt
        read = values.filled(link.said.params)
        if isinstance(read, Failure):
            return read
        params = prompt_fields.placed(read, watch, rule, relative, facts)
        made = _follow_up(watch, rule, link, prompt, params)
        found.append(
            replace(made, each=estimates.results(before, said), endings=_taken(before, link))
        )
        before, said = link.model, params
    return tuple(found)


def _follow_up(
    watch: config.Watch,
    rule: config.Rule,
    link: config.Link,
    prompt: str | None,
    params: Params,
) -> FollowUp:
    price = estimates.estimate(link.model, params, Sent(text=prompt))
    return FollowUp(
        model=link.said.model,
        prompt=prompt,
        params=params,
        parameter=link.into.key if link.into else "",
        publish=link.said.publish,
        face=1 if rule.face == "first" else rule.face,
        drawn=payload.chances(link.model, params),
        price=None if price.amount is None else str(price.amount),
        currency=price.currency,
        confirm_over=str(watch.confirms_over(rule)),
    )


def _taken(before: Model, link: config.Link) -> tuple[str, ...]:
    """Return the endings of the results that a job takes; of one that needs none, none."""
    uses = link.into is not None or previous.asks(link.said.prompt, link.said.params)
    return ENDINGS[BY_OUTPUT[before.output]] if uses else ()


def _filled(
    prompt: str, watch: config.Watch, rule: config.Rule, relative: str, facts: Facts
) -> str | Failure:
    """Return a prompt with all fields but those that the jobs before fill."""
    failed: list[Failure] = []

    def fill(part: str) -> str:
        found = prompt_fields.fill(part, watch, rule, relative, facts)
        if isinstance(found, Failure):
            failed.append(found)
            return part
        return found

    words = previous.around(prompt, fill)
    return failed[0] if failed else words


def priced(
    watch: config.Watch, then: Sequence[FollowUp], seconds: Mapping[str, float]
) -> tuple[FollowUp, ...]:
    """Return what follows with its price, now that it is known how long files are.

    `seconds` are those of the root's files by parameter, of later jobs by `2/audioUrl`.
    """
    return tuple(_priced(watch, each, step, seconds) for step, each in enumerate(then, 1))


def _priced(
    watch: config.Watch, wanted: FollowUp, step: int, seconds: Mapping[str, float]
) -> FollowUp:
    model = watch.catalog.find(wanted.model)
    by_step = {parted(key): length for key, length in seconds.items()}
    own = {key: length for (at, key), length in by_step.items() if at == step}
    if model is None or not own:
        return wanted
    params = measuring.measured(model, wanted.params, own)
    price = estimates.estimate(model, params, Sent(text=wanted.prompt, seconds=own))
    return replace(wanted, price=None if price.amount is None else str(price.amount))
