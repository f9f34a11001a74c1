"""Text that is safe to print."""


def printable(text: str) -> str:
    """Return the text as one line, with nothing that moves a terminal's cursor or changes its colours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def counted(number: int, noun: str) -> str:
    """Return "1 line", "2,000 lines"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
