"""What all figures share: sizes, colours, and how they are written."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no screen is needed, nor a writable configuration of a user
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.files import write_bytes_atomically, write_text_atomically
from drl_replication.records.strict_json import readable_json

PAGE_WIDTH = 6.75  # inches: the text width of a page with two columns

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
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # TrueType: text stays text
}


def method_style(method: str) -> dict[str, str]:
    """Colour, marker and line style of a method; grey for one that the paper doesn't have."""
    return METHOD_STYLES.get(method, OTHER_METHOD)


def new_figure(
    rows: int = 1, columns: int = 1, *, height: float = 2.4, **options: Any
) -> tuple[Figure, Iterable[Axes]]:
    """A figure in this style, as wide as a page and `height` inches high, and its axes."""
    with plt.rc_context(SETTINGS):
        return plt.subplots(rows, columns, figsize=(PAGE_WIDTH, height), **options)


def label_panels(axes: Iterable[Axes], titles: Iterable[str]) -> None:
    """Give the panels the paper's letters: (a), (b), ... and a title each."""
    for letter, axis, title in zip("abcdefghij", axes, titles, strict=False):
        axis.set_title(f"({letter}) {title}", loc="left")


def save(figure: Figure, numbers: Mapping, pdf: Path, png: Path, json: Path) -> None:
    """Write a figure twice, and every number that is drawn in it; the same bytes each time.

    Raises OSError when a place doesn't allow writing, ValueError when a number is NaN.
    """
    text = readable_json(numbers)
    with plt.rc_context(SETTINGS):
        for path, metadata in ((pdf, {"CreationDate": None}), (png, {"Software": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=path.suffix[1:], metadata=metadata)
            write_bytes_atomically(path, buffer.getvalue())
    plt.close(figure)
    write_text_atomically(json, text)
