"""The manual on the page: the texts that ship with the program, and nothing else."""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hotfolder import handbook
from hotfolder.page.looks import Looks

_REMARK: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK: Final = re.compile(r'href="(\w+)\.md(#[\w-]+)?"')


class Manual:
    """One screen that lists the pages, and one for each."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._texts = handbook.pages()
        self._pictures = handbook.pictures()
        self._shown: dict[str, str] = {}

    def routes(self) -> list[Route]:
        """Return what is served."""
        return [Route("/manual", self.contents), Route("/manual/{page}", self.page)]

    async def contents(self, request: Request) -> Response:
        """List the pages with their titles."""
        titles = {name: handbook.title_of(text) for name, text in self._texts.items()}
        return self._looks.page(request, "manual.html", titles=titles, text=None)

    async def page(self, request: Request) -> Response:
        """Show a page, or a picture of one."""
        name: str = request.path_params["page"]
        if name in self._pictures:
            return Response(self._pictures[name], media_type="image/jpeg")
        if name not in self._texts:
            raise HTTPException(404, "The manual has no such page.")
        if name not in self._shown:
            self._shown[name] = as_html(self._texts[name])
        return self._looks.page(
            request,
            "manual.html",
            titles={},
            text=self._shown[name],
            title=handbook.title_of(self._texts[name]),
        )


def as_html(text: str) -> str:
    """Return a page of the manual as HTML: nothing in it but what Markdown says."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(_REMARK.sub("", text))
    return _LINK.sub(r'href="/manual/\1\2"', made)
