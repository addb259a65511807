"""What all figures share: sizes, colours, and how they are written."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no screen is needed, nor a writable configuration of a user
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.files import write_bytes_atomically, write_text_atomically
from drl_replication.learning.methods import METHODS
from drl_replication.records.strict_json import readable_json
from drl_replication.text.notes import ENOUGH

PAGE_WIDTH = 6.75  # inches: the text width of a page with two columns
CAPTION_LENGTH = 4 * 115  # characters: four lines of that width; what is longer is a detail
PROVISIONAL = ENOUGH  # seeds: with fewer, an interval says little

# Okabe and Ito (2008): seven of eight colours that colour-blind readers can tell apart.
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GREY = "#555555"  # of words on what is not there
NEGATIVE, POSITIVE = BLUE, ORANGE  # pairs of two classes, pairs of one (Fig. 2)
# Colour, marker and dashes, so that a method is also known without colours.
METHOD_STYLES = {
    "drl": {"color": RED, "marker": "o", "linestyle": "-"},
    "ber": {"color": BLUE, "marker": "s", "linestyle": "-"},
    "er": {"color": BLACK, "marker": "^", "linestyle": "--"},
    "agem": {"color": GREEN, "marker": "D", "linestyle": "-."},
    "gss": {"color": PURPLE, "marker": "v", "linestyle": ":"},
    "multisim": {"color": ORANGE, "marker": "P", "linestyle": "-"},
    "rmargin": {"color": SKY, "marker": "X", "linestyle": "--"},
}
# The others are grey, and told apart by marker and dashes.
OTHER_MARKERS, OTHER_DASHES = "<>1234phd", ("-", "--", "-.", ":")
OTHER_METHOD = {"color": "#666666", "marker": ".", "linestyle": "-"}

SETTINGS: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,  # TrueType: text stays text
    "svg.hashsalt": "drl",  # ids that are the same each time
}


@contextmanager
def styled() -> Iterator[None]:
    """This style alone, whatever the user's matplotlibrc says; also a decorator."""
    with plt.style.context(["default", SETTINGS]):
        yield


def method_style(method: str) -> dict[str, Any]:
    """Colour, marker and line style of a method; grey for one that the paper doesn't have."""
    others = [name for name in METHODS if name not in METHOD_STYLES]
    if method not in others:
        return dict(METHOD_STYLES.get(method, OTHER_METHOD))
    place = others.index(method)
    marker = OTHER_MARKERS[place % len(OTHER_MARKERS)]
    dashes = OTHER_DASHES[place % len(OTHER_DASHES)]
    return {**OTHER_METHOD, "marker": marker, "linestyle": dashes}


@styled()
def new_figure(
    rows: int = 1,
    columns: int = 1,
    *,
    height: float = 2.4,
    width: float = PAGE_WIDTH,
    **options: Any,
) -> tuple[Figure, Any]:
    """A figure in this style, as wide as a page and `height` inches high, and its axes."""
    return plt.subplots(rows, columns, figsize=(width, height), **options)


@styled()
def figure_of_words(text: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure, axis = new_figure(height=1.2)
    axis.axis("off")
    say(axis, text, fontsize=8)
    return figure


def say(axis: Axes, text: str, **look: Any) -> None:
    """Words in the middle of a panel, in place of what cannot be drawn there."""
    usual = {"ha": "center", "va": "center", "color": GREY, "fontsize": 6, "wrap": True}
    axis.text(0.5, 0.5, text, transform=axis.transAxes, **{**usual, **look})


def label_panels(axes: Iterable[Axes], titles: Iterable[str], **look: Any) -> None:
    """Give the panels the paper's letters: (a), (b), ... and a title each."""
    for letter, axis, title in zip(ascii_lowercase, axes, titles, strict=False):
        axis.set_title(f"({letter}) {title}", loc="left", **look)


def legend_below(figure: Figure, handles: Sequence[Any], width: float = 1.2) -> None:
    """A legend under all panels, in as many columns of `width` inches as fit."""
    columns = min(len(handles), max(1, int(figure.get_figwidth() / width)))
    figure.legend(handles=list(handles), loc="outside lower center", ncols=columns)


def runs_told(n: int) -> str:
    """`n = 10`, or `n = 3, provisional`."""
    return f"n = {n}" + (", provisional" if n < PROVISIONAL else "")


def save(figure: Figure, numbers: Mapping[str, Any], pictures: Iterable[Path], json: Path) -> None:
    """Write a figure to `pictures` (PDF, PNG or SVG by their names), and every number in it.

    The same bytes each time. Raises OSError when a place doesn't allow writing, ValueError when a
    number is NaN.
    """
    text = readable_json(numbers)
    undated = {"pdf": {"CreationDate": None}, "png": {"Software": None}, "svg": {"Date": None}}
    with styled():
        for path in pictures:
            kind, buffer = path.suffix[1:], io.BytesIO()
            small: dict[str, Any] = {"pil_kwargs": {"optimize": True}} if kind == "png" else {}
            figure.savefig(buffer, format=kind, metadata=undated[kind], **small)
            write_bytes_atomically(path, buffer.getvalue())
    plt.close(figure)
    write_text_atomically(json, text)
