"""What the package raises when a person can mend the cause: one exception, one line."""


class RnnError(Exception):
    """The data or the machine will not do. The message is one line that names the thing, the place
    and the way out; the command line prints it as it stands and exits with status 1."""


class Diverged(RnnError):
    """Training met a loss or a gradient that is not finite (exit status 3)."""
