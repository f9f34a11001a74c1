"""Tables on a terminal: if it is narrow, columns are made narrower, and those that matter less left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from rnn_cli.cli.language import label
from rnn_cli.printing import aligned, fitted

Cells = Sequence[str]  # of a row, one for each column


class Column(NamedTuple):
    """A column of a table.

    heading: the name above it; "" for none. width: in columns of a terminal, negative if cells are aligned
    right. least: the least width allowed; 0: it is never made narrower. is_cut: whether a wider cell is cut,
    with … at its end; otherwise it sticks out.
    """

    heading: str
    width: int
    least: int = 0
    is_cut: bool = False

    def shown(self, cell: str) -> str:
        """Return a cell as the column shows it."""
        return fitted(cell, abs(self.width)) if self.is_cut else cell


@dataclass(frozen=True)
class Table:
    """The columns that are shown, by their place in a row, and the names of those that may be left out, in
    that order."""

    columns: dict[int, Column]
    leaves: tuple[str, ...] = ()

    @classmethod
    def of(cls, columns: Sequence[Column], leaves: tuple[str, ...] = ()) -> Self:
        """Return a table of all columns."""
        return cls(dict(enumerate(columns)), leaves)

    def within(self, room: int | None) -> Self:
        """Return the table for a terminal of `room` columns; None: any number."""
        if room is None or self._width <= room:
            return self
        if self.leaves and self._least_width > room:
            first, *rest = self.leaves
            kept = {place: column for place, column in self.columns.items() if column.heading != first}
            return replace(self, columns=kept, leaves=tuple(rest)).within(room)
        return replace(self, columns=self._narrowed(self._width - room), leaves=())

    def width_of(self, name: str) -> int:
        """Return the width of the column of this name; 0 if it is left out."""
        return next((abs(column.width) for column in self.columns.values() if column.heading == name), 0)

    def head(self) -> str:
        """Return the line of headings."""
        return self._line([column.heading and label(column.heading) for column in self.columns.values()])

    def row(self, cells: Cells) -> str:
        """Return a row as a line. cells: one for every column, shown or not."""
        return self._line([column.shown(cells[place]) for place, column in self.columns.items()])

    def _line(self, cells: Cells) -> str:
        return aligned(cells, [column.width for column in self.columns.values()])

    @property
    def _width(self) -> int:
        return sum(abs(column.width) + 1 for column in self.columns.values()) - 1

    @property
    def _least_width(self) -> int:
        return sum((column.least or abs(column.width)) + 1 for column in self.columns.values()) - 1

    def _narrowed(self, much: int) -> dict[int, Column]:
        """Return the columns narrowed by `much` in all, by one each in turn, or as narrow as they may be."""
        widths = {place: abs(column.width) for place, column in self.columns.items()}
        free = [place for place, column in self.columns.items() if column.least]
        while much > 0 and (free := [place for place in free if widths[place] > self.columns[place].least]):
            for place in free[:much]:
                widths[place] -= 1
            much -= len(free)
        return {
            place: column._replace(width=widths[place] if column.width > 0 else -widths[place])
            for place, column in self.columns.items()
        }
