"""Text from outside, shown as the plain text it is."""

import re

_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: object) -> str:
    r"""Return `text` for a place that understands Markdown: every mark escaped, one line.

    A backslash before ASCII punctuation is that character and nothing else (CommonMark 2.4), which
    covers emphasis, links, HTML, `$..$` and Streamlit's `:colour[..]`.
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
