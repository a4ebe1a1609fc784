"""Numbers a shell writes beside what it prints: --json."""

import json
from pathlib import Path

from flowlab.core.files import write_whole
from flowlab.errors import ParameterError, shown


def check_json(path: Path | None) -> None:
    """See before the work that a file can have this name; raises ParameterError where not."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise ParameterError(f"--json is {shown(path)}: give a file in a folder that exists")


def write_json(path: Path, value: object) -> None:
    """Write a value whole or not at all; raises ParameterError where there is no room or permission."""
    try:
        write_whole(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise ParameterError(f"--json is {shown(path)}: {error.strerror}, choose another file") from None
