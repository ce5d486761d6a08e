"""Journal rows -> what the faces show. One shape for terminal, JSON and pages.

`explaining` asks the watched folders, too; who needs it imports it by its own name.
"""

from hotfolder.domain.spelling import money, shown
from hotfolder.journal.counts import Counts
from hotfolder.views.daemon import DaemonView, daemon_words
from hotfolder.views.explanation import Explanation
from hotfolder.views.listing import JobView, jobs, outputs
from hotfolder.views.shapes import explanation_json, job_json, status_json
from hotfolder.views.summary import ConfigView, Status, status, unstarted
from hotfolder.views.wording import (
    beside,
    in_a_line,
    local_time,
    moment,
    names_job,
    sentences,
    state_words,
    view_words,
)

__all__ = [
    "ConfigView",
    "Counts",
    "DaemonView",
    "Explanation",
    "JobView",
    "Status",
    "beside",
    "daemon_words",
    "explanation_json",
    "in_a_line",
    "job_json",
    "jobs",
    "local_time",
    "moment",
    "money",
    "names_job",
    "outputs",
    "sentences",
    "shown",
    "state_words",
    "status",
    "status_json",
    "unstarted",
    "view_words",
]
