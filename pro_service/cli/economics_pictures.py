"""The pictures of a cost-effectiveness analysis: the plane and the acceptability curve, as SVG and PNG.

The same numbers make the same bytes: no date, no chance in names, none of the reader's own settings or fonts. Colours
can be told apart by people who see few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from pro_service.domain.cost_effectiveness import Comparison

LOOK = {
    "font.family": "DejaVu Sans",  # comes with the library, so that every machine draws the same
    "svg.fonttype": "none",
    "svg.hashsalt": "pro",
    "text.parse_math": False,  # an arm may bear any name
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": (6.4, 4.8),
    "savefig.dpi": 150,
}
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "^", "s", "D", "v", "P")
MOST_POINTS = 5000
"""Replicates drawn: more make a larger file and the same cloud. All of them are in the table."""


def plane(comparisons: Sequence[Comparison]) -> Figure:
    """The cost-effectiveness plane: a point per replicate, and the difference seen."""
    with _look():
        figure, axes = _empty("Incremental effect", "Incremental cost")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.axvline(0, color="black", linewidth=0.8)
        for place, one in enumerate(comparisons):
            colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
            few = slice(MOST_POINTS)
            axes.plot(
                one.effects[few], one.costs[few], linestyle="", marker=marker, markersize=2, color=colour, alpha=0.35
            )
            axes.plot(
                [one.difference.effect],
                [one.difference.cost],
                linestyle="",
                marker=marker,
                markersize=9,
                color=colour,
                markeredgecolor="black",
                label=_label(one),
            )
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if _large(axes) else "{x:,.4g}"))
        figure.legend(loc="outside upper right", frameon=False)
    return figure


def acceptability(comparisons: Sequence[Comparison], willingness: Sequence[float]) -> Figure:
    """The acceptability curve: the probability of a net benefit at each willingness to pay."""
    with _look():
        figure, axes = _empty("Willingness to pay for one unit of effect", "Probability of a net benefit")
        for place, one in enumerate(comparisons):
            axes.plot(
                willingness,
                [one.worth(amount).acceptability for amount in willingness],
                color=COLOURS[place % len(COLOURS)],
                marker=MARKERS[place % len(MARKERS)],
                markersize=3,
                label=_label(one),
            )
        axes.set_ylim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if max(willingness) > 10 else "{x:g}"))
        figure.legend(loc="outside upper right", frameon=False)
    return figure


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `name`.svg and `name`.png."""
    with _look():
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})


def _look() -> AbstractContextManager[None]:
    return style.context(["default", LOOK])


def _empty(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def _label(comparison: Comparison) -> str:
    return f"arm {comparison.arm}"  # a label that began with _ would be left out


def _large(axes: Axes) -> bool:
    low, high = axes.get_ylim()
    return high - low > 10
