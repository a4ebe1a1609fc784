"""Every error flowlab raises on purpose, as one tree.

    FlowlabError            the root: catch this to catch them all
    ├── ParameterError      a parameter outside what it may be
    ├── ClipError           a clip that cannot be opened or read
    │   ├── ClipNotFoundError   no clip of that name
    │   └── LimitError          larger or slower than this lab accepts
    ├── FlowFileError       a flow file that cannot be read or written
    ├── StoreError          the store is full, or lacks what was asked for
    ├── DownloadError       a sample clip that did not arrive whole
    └── EngineError         a process that computes or decodes has died
        ├── TimeLimitError      ... or was stopped because it took too long
        ├── CancelledError      ... or was stopped because somebody asked for it
        └── ClusterLostError    ... the one that all workers answer to has died, or cannot be reached

Messages are one sentence for the person who uses the lab: what was wrong, the value
received, the remedy. Names of files are shown with `shown()` so that a hostile name
stays plain text of a bounded length.
"""


class FlowlabError(Exception):
    """Root of all errors flowlab raises on purpose."""


class ParameterError(FlowlabError, ValueError):
    """A parameter received a value outside its range."""


class ClipError(FlowlabError):
    """A clip cannot be opened or read."""


class ClipNotFoundError(ClipError):
    """No clip of that name is known here."""


class LimitError(ClipError):
    """A clip is larger, longer or slower than this lab accepts."""


class FlowFileError(FlowlabError):
    """A flow file cannot be read or written."""


class StoreError(FlowlabError):
    """The store is full, or does not hold what was asked for."""


class DownloadError(FlowlabError):
    """A sample clip did not arrive, or arrived altered."""


class EngineError(FlowlabError):
    """A process that computes or decodes for us has died."""


class TimeLimitError(EngineError):
    """A process was stopped because a call took longer than its limit."""


class CancelledError(EngineError):
    """Work was stopped because somebody asked for it."""


class ClusterLostError(EngineError):
    """The scheduler that hands out work has died, or cannot be reached."""


def shown(text: object, limit: int = 80) -> str:
    """Return `text` quoted for a message: one line, control characters escaped, at most `limit` long."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    if len(line) > limit:
        line = line[: limit // 2 - 1] + "…" + line[-(limit // 2) :]
    return f"‘{line}’"
