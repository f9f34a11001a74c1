"""Tables on a terminal: where it is narrow, columns that matter less are made narrower and then left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from rnn_cli.cli.language import label
from rnn_cli.printing import aligned, fitted

Cells = Sequence[str]  # of a row, one for each column


class Column(NamedTuple):
    """A column of a table.

    heading: its name above it; "" for none. width: in columns of a terminal, negative where cells stand on
    the right. least: how narrow it may be made; 0: no narrower. is_cut: whether a cell that is wider is cut,
    with … at its end; else it sticks out.
    """

    heading: str
    width: int
    least: int = 0
    is_cut: bool = False

    def shown(self, cell: str) -> str:
        """Return a cell as it stands in the column."""
        return fitted(cell, abs(self.width)) if self.is_cut else cell


@dataclass(frozen=True)
class Table:
    """The columns that are shown, each by its place in a row, and the names of those that may be left out,
    in that order."""

    columns: dict[int, Column]
    leaves: tuple[str, ...] = ()

    @classmethod
    def of(cls, columns: Sequence[Column], leaves: tuple[str, ...] = ()) -> Self:
        """Return a table of all columns."""
        return cls(dict(enumerate(columns)), leaves)

    def within(self, room: int | None) -> Self:
        """Return the table for a terminal of so many columns; None: of any number."""
        if room is None or self._width <= room:
            return self
        if self.leaves and self._least_width > room:
            first, *rest = self.leaves
            kept = {place: column for place, column in self.columns.items() if column.heading != first}
            return replace(self, columns=kept, leaves=tuple(rest)).within(room)
        return replace(self, columns=self._narrowed(self._width - room), leaves=())

    def width_of(self, name: str) -> int:
        """Return how wide the column of a name is; 0 where it is left out."""
        return next((abs(column.width) for column in self.columns.values() if column.heading == name), 0)

    def head(self) -> str:
        """Return the line of names."""
        return self._line([column.heading and label(column.heading) for column in self.columns.values()])

    def row(self, cells: Cells) -> str:
        """Return the line of a row, whose cells are those of all columns, shown or not."""
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
        """Return columns that are narrower together by so much, one after another in turn, or as narrow as
        they may be."""
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
