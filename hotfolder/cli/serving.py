"""The commands that ask the service itself: account, webhook, lora. All of them are free."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from hotfolder import config
from hotfolder.account.charges import spent_today
from hotfolder.cli import online, render
from hotfolder.cli.acting import LARGEST_JOB
from hotfolder.cli.configured import own_state, valid_config
from hotfolder.cli.options import ConfigOption, JsonOption, LogLevelOption
from hotfolder.cli.plain_log import set_up_plain_log
from hotfolder.domain.errors import OperatorError
from hotfolder.journal.reader import Reader
from hotfolder.journal.rows import existing_job
from hotfolder.runninghub import older
from hotfolder.runninghub.client import Client
from hotfolder.runninghub.wire import Account, Queue

# What the service calls the kinds of keys, in words; any other is told as it is.
KINDS = {
    "SHARED": "enterprise, on shared machines",
    "EXCLUSIVE": "enterprise, on machines of its own",
    "NORMAL": "member: apps and workflows only, paid in coins",
}


def account(
    config_file: ConfigOption = None, log_level: LogLevelOption = None, json: JsonOption = False
) -> None:
    """Show what is left in the account, the kind of its key, its limit, and what today has cost.

    Example: hotfolder account
    """
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)
    wallet, queue = online.asked(wanted, _account)
    spent = _spent(wanted)
    if json:
        render.print_json(_json(wallet, queue, spent))
        return
    table = render.table("ACCOUNT", "")
    for what, said in _rows(wallet, queue, spent):
        table.add_row(what, Text(said))
    render.console().print(table)


def webhook(
    job: Annotated[int, typer.Argument(metavar="JOB", min=1, max=LARGEST_JOB, help="A job.")],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
    resend: Annotated[
        bool, typer.Option("--resend", help="Have the service send the callback once more.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say what became of the callback of a job's task, or have it sent again.

    Nothing hangs on it: a task is asked for whether or not its callback comes.

    Example: hotfolder webhook 17 --resend
    """
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)
    task_id = _task_of(wanted, job)

    async def tell(client: Client) -> older.Callback | None:
        told = await older.callback(client, task_id)
        if told is not None and resend:
            await older.resend(client, told)
        return told

    told = online.asked(wanted, tell)
    if told is None:
        raise OperatorError(f"the service knows of no callback of job {job} (task {task_id})")
    if json:
        heard = {"heard": told.heard, "retries": told.retries, "at": told.at}
        render.print_json({"job": job, "task_id": task_id, **heard, "resent": resend})
        return
    state = "was heard" if told.heard else "was not heard"
    said = f"the callback of job {job} {state} ({told.at or 'no time'}, {told.retries} repeats)"
    render.console().print(render.name(said))
    if resend:
        render.console().print("the service was asked to send it again")


def lora(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors file.")],
    config_file: ConfigOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Upload a LoRA and print the name by which nodes and models know it.

    It is kept under its MD5: the same file has the same name, however often it is uploaded.

    Example: hotfolder lora mine.safetensors
    """
    set_up_plain_log(log_level)
    wanted = valid_config(config_file)

    async def upload(client: Client) -> str:
        try:
            return await older.lora(client, file)
        except OSError as error:
            raise OperatorError(f"{file} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise OperatorError(str(error)) from error

    render.console().print(render.name(online.asked(wanted, upload)), soft_wrap=True)


async def _account(client: Client) -> tuple[Account, Queue]:
    return await client.account(), await client.queue()


def _spent(wanted: config.Config) -> list[tuple[Decimal, str | None]]:
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            return reader.read(spent_today)
    except FileNotFoundError:
        return []


def _task_of(wanted: config.Config, number: int) -> str:
    try:
        with own_state(wanted), Reader(wanted.state_dir, wanted.journal.url) as reader:
            job = reader.read(existing_job, number)
    except FileNotFoundError:
        raise OperatorError("there are no jobs yet: nothing has run here") from None
    except LookupError:
        raise OperatorError(f"there is no job {number}") from None
    if job.submit is None or job.submit.task_id is None:
        raise OperatorError(f"job {number} has no task at the service")
    return job.submit.task_id


def _rows(
    wallet: Account, queue: Queue, spent: list[tuple[Decimal, str | None]]
) -> list[tuple[str, str]]:
    today = ", ".join(render.money(amount, currency) for amount, currency in spent)
    return [
        ("balance", render.money(wallet.balance, wallet.currency)),
        ("coins", "-" if wallet.coins is None else f"{wallet.coins:f}"),
        ("key", KINDS.get(wallet.kind, wallet.kind or "-")),
        ("limit", "-" if queue.limit is None else f"{queue.limit} tasks at once"),
        ("running", "-" if queue.tasks is None else str(queue.tasks)),
        ("spent today", today or "nothing"),
    ]


def _json(wallet: Account, queue: Queue, spent: list[tuple[Decimal, str | None]]) -> dict[str, Any]:
    return {
        "balance": None if wallet.balance is None else float(wallet.balance),
        "currency": wallet.currency,
        "coins": None if wallet.coins is None else float(wallet.coins),
        "key_kind": wallet.kind or None,
        "limit": queue.limit,
        "running": queue.tasks,
        "spent_today": [
            {"charge": float(amount), "currency": currency} for amount, currency in spent
        ],
    }
