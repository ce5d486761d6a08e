"""The commands that change something: retry, resolve, cancel, release, pause, resume, handover.

While a daemon runs they ask it; without one they take its lock and do it themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

import typer

from hotfolder import config, control
from hotfolder.cli import render
from hotfolder.cli.configured import own_state, require_watch, valid_config
from hotfolder.cli.options import ConfigOption, LogLevelOption, set_up_log
from hotfolder.cli.plain_log import LogLevel, set_up_plain_log
from hotfolder.domain.errors import OperatorError
from hotfolder.domain.states import BEFORE_INTENT, State
from hotfolder.journal import reading
from hotfolder.journal.lock import is_locked
from hotfolder.journal.reader import Reader

LARGEST_JOB = 2**63 - 1

JobsArgument = Annotated[
    list[int] | None,
    typer.Argument(metavar="JOB…", help="The numbers of jobs.", min=1, max=LARGEST_JOB),
]
OfWatchOption = Annotated[
    str | None, typer.Option("--watch", metavar="WATCH", help="All such jobs of this watch.")
]
OfStateOption = Annotated[
    State | None, typer.Option("--state", metavar="STATE", help="All such jobs in this state.")
]
WatchArgument = Annotated[
    str | None, typer.Argument(metavar="WATCH", help="One watch; all of them by default.")
]


def retry(  # noqa: PLR0913  its options
    jobs: JobsArgument = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="All failed jobs.")] = False,
    watch: OfWatchOption = None,
    state: OfStateOption = None,
    pay_again: Annotated[
        bool, typer.Option("--pay-again", help="Make the edit anew and pay for it anew.")
    ] = False,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed", help="Make finished edits anew whose prompt or rule changed; this pays."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before paying.")] = False,
) -> None:
    """Work on failed jobs again.

    A result that was already paid is only asked for again, which is free. An edit that was not
    paid is submitted again. With --pay-again even a paid or finished one is made anew. With
    --changed the jobs named, or all, are made and paid anew that `jobs` shows as stale. In a chain
    all that follows is made anew, too. What it would cost is said first, and on a terminal asked.

    Of all failed ones (--failed or --state failed, of one watch with --watch) those that would
    only fail again are left alone.

    Example: hotfolder retry --failed --watch portraits
    """
    failed = failed or _is_failed(state)
    if changed and failed:
        raise OperatorError("say either --failed or --changed")
    if not changed and bool(jobs) == (failed or watch is not None):
        raise OperatorError("say which jobs, or --failed or --watch for all failed ones")
    if jobs and watch is not None:
        raise OperatorError("say either jobs by number or --watch")
    if (failed or watch is not None) and pay_again:
        raise OperatorError("--pay-again wants the jobs by number")
    if pay_again or changed:
        from hotfolder.cli import paying

        set_up_plain_log(log_level)
        wanted = valid_config(config_file)
        require_watch(wanted, watch)
        paying.confirm(wanted, jobs or [], watch, changed=changed, agreed=yes)
    ask(
        config_file,
        log_level,
        "retry",
        {"jobs": jobs or [], "watch": watch, "pay_again": pay_again, "changed": changed},
    )


def _is_failed(state: State | None) -> bool:
    """Return whether the failed jobs are meant; others are not tried again by their state."""
    if state in (None, State.FAILED):
        return state is not None
    instead = {
        State.IN_DOUBT: "jobs in doubt are settled: resolve --state in_doubt",
        State.DONE: "done jobs are made anew by number with --pay-again, or with --changed where "
        "their prompt or rule changed",
    }
    hint = instead.get(state, "only failed jobs are tried again")
    raise OperatorError(f"retry takes --state failed: {hint}")


def resolve(
    jobs: JobsArgument = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    task_id: Annotated[
        str | None,
        typer.Option("--task-id", metavar="ID", help="The service accepted it as this task."),
    ] = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="The service did not accept it: submit it again.")
    ] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Give the job up.")] = False,
    watch: OfWatchOption = None,
    state: OfStateOption = None,
) -> None:
    """Settle a job in doubt: its edit was sent, and no answer came.

    Look in the service's account pages whether a task was made at that time. If so, give its
    id; if not, resend. Resending an edit that was accepted pays for it twice. Several jobs, or all
    in doubt (--state in_doubt, of one watch with --watch), are settled in one way.

    Example: hotfolder resolve 17 --task-id 2013508786110730241
    """
    ways = sum((task_id is not None, resend, abandon))
    if ways != 1:
        raise OperatorError("say exactly one of --task-id, --resend and --abandon")
    meant = _meant(config_file, log_level, jobs, watch, state, {State.IN_DOUBT})
    if task_id is not None and len(meant) > 1:
        raise OperatorError("--task-id is the number of one task: name one job")
    for job in meant:
        wish = {"job": job, "task_id": task_id, "resend": resend, "abandon": abandon}
        ask(config_file, log_level, "resolve", wish)


def cancel(
    jobs: JobsArgument = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    watch: OfWatchOption = None,
    state: OfStateOption = None,
) -> None:
    """Give jobs up that are not yet edited.

    Before they are sent that is free. A running one is cancelled if the service can. With --watch
    or --state all those that can still be given up.

    Example: hotfolder cancel --watch portraits --state accepted
    """
    meant = _meant(config_file, log_level, jobs, watch, state, BEFORE_INTENT | {State.RUNNING})
    ask(config_file, log_level, "cancel", {"jobs": meant})


def pause(
    watch: WatchArgument = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Stop uploading and submitting by hand, until resume.

    Edits that run at the service are still fetched and published. It lasts across restarts.

    Example: hotfolder pause portraits
    """
    ask(config_file, log_level, "pause", {"watch": watch})


def resume(
    watch: WatchArgument = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Let go on what was paused, and have whatever holds the account tried at once.

    After mending the key or the money, this saves waiting for the next trial.

    Example: hotfolder resume portraits
    """
    ask(config_file, log_level, "resume", {"watch": watch})


def handover(
    watch: Annotated[str, typer.Argument(metavar="WATCH", help="The watch.")],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Let another machine that shares the journal follow a watch.

    Whoever follows it leaves it once nothing of it is under way there. Where that machine is gone
    and its config said something else of the watch, this lets others take it all the same.

    Example: hotfolder handover portraits
    """
    ask(config_file, log_level, "handover", {"watch": watch})


def release(
    watch: Annotated[
        str | None, typer.Argument(metavar="[WATCH]", help="The watch.", show_default=False)
    ] = None,
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    job: Annotated[
        list[int] | None,
        typer.Option(
            "--job", min=1, metavar="ID", help="Allow this job what it costs. May stand repeatedly."
        ),
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave these files out instead; nothing is paid.")
    ] = False,
) -> None:
    """Have the files edited that are held: stood there before, or dearer than the rules.

    More than limits.backlog pictures that stand in a folder when its watch, the rules or the
    journal are new are held, since each is paid. Pictures dropped later go on meanwhile.

    With --job a single job goes on whose sidecar or folder file asks for an edit that costs more
    than any that the rules of its watch allow. At another price it is held again.

    Example: hotfolder release portraits
    """
    wish = {"watch": watch, "skip": skip, "jobs": job or []}
    ask(config_file, log_level, "release", wish)


def _meant(
    config_file: ConfigOption,
    log_level: LogLevelOption,
    jobs: list[int] | None,
    watch: str | None,
    state: State | None,
    possible: Collection[State],
) -> list[int]:
    """Return the numbers of the jobs that are meant: those named, or all that are `possible`.

    Raises OperatorError where neither, or both, is said, and where there are none.
    """
    if bool(jobs) == (watch is not None or state is not None):
        raise OperatorError("say which jobs by number, or --watch or --state for all of them")
    if jobs:
        return jobs
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)
    require_watch(wanted, watch)
    states = [each for each in State if each in possible and state in (None, each)]
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            listed = [reader.read(reading.jobs, state=each, watch=watch) for each in states]
    except FileNotFoundError:
        listed = []
    found = sorted(job.id for those in listed for job in those)
    if not found:
        raise OperatorError("there is no such job of which this could be done")
    return found


def ask(
    config_file: ConfigOption, log_level: LogLevelOption, action: str, wish: dict[str, Any]
) -> None:
    """Have an operator's wish granted, by the daemon or without one, and print what came of it."""
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)
    require_watch(wanted, wish.get("watch"))
    lines = _through_daemon(wanted, action, wish)
    if lines is None:
        from hotfolder.cli import alone

        set_up_log(log_level, LogLevel.WARNING)
        lines = alone.grant(wanted, action, wish)
    out = render.console()
    for line in lines or ["nothing to do"]:
        out.print(render.name(line))


def _through_daemon(wanted: config.Config, action: str, wish: dict[str, Any]) -> list[str] | None:
    with own_state(wanted):
        if not is_locked(wanted.state_dir):
            return None
        try:
            return control.send(wanted.state_dir, action, wish)
        except (ConnectionError, FileNotFoundError):
            raise OperatorError("a hotfolder runs but does not listen; try again") from None
        except TimeoutError:
            raise OperatorError("a hotfolder runs but does not answer; see its log") from None
