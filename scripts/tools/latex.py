"""LaTeX of the plain Markdown that our tools write: headings, paragraphs, lists, tables, and
bold, emphasis, code and links within a line."""

import re

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{"−": "$-$", "±": r"$\pm$", "×": r"$\times$", "≪": r"$\ll$", "≤": r"$\le$", "≥": r"$\ge$"},
    **{"²": "$^2$", "→": r"$\to$", "‡": r"\ddag{}", "†": r"\dag{}", "<": "$<$", ">": "$>$"},
    **{"–": "--", "“": "``", "”": "''", "’": "'", "…": r"\dots{}", "≈": r"$\approx$"},
    **{"∞": r"$\infty$", "≠": r"$\ne$", "·": r"$\cdot$"},
}
# fmt: off
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta",
    "λ": "lambda", "μ": "mu", "ρ": "rho", "σ": "sigma", "τ": "tau", "Δ": "Delta", "Σ": "Sigma",
}
# fmt: on
SPECIAL |= {letter: f"$\\{name}$" for letter, name in GREEK.items()}
HAT = "\N{COMBINING CIRCUMFLEX ACCENT}"  # the paper's episodic memory is an M with a hat
INLINE = re.compile(r"\*\*(.+?)\*\*|\*([^*\s][^*]*)\*|`([^`]+)`|\[([^]]+)\]\(([^)]+)\)")
HEADINGS = {"## ": r"\section", "### ": r"\subsection"}


def to_latex(markdown: str) -> str:
    """The body of an article. The title, `# ...`, is left out: the article has its own."""
    blocks = [block for block in re.split(r"\n{2,}", markdown.strip()) if block[:2] != "# "]
    return "\n\n".join(map(_block, blocks)) + "\n"


def text(line: str) -> str:
    """A line with its marks."""
    parts, end = [], 0
    for found in INLINE.finditer(line):
        parts.append(escaped(line[end : found.start()]))
        bold, emphasis, code, label, address = found.groups()
        if bold:
            parts.append(f"\\textbf{{{text(bold)}}}")
        elif emphasis:
            parts.append(f"\\emph{{{text(emphasis)}}}")
        elif code:
            parts.append(f"\\texttt{{{escaped(code)}}}")
        elif "://" in address:
            parts.append(f"\\href{{{address}}}{{{text(label)}}}")
        else:  # a file of the project, which an article doesn't lie beside
            parts.append(text(label))
        end = found.end()
    return "".join([*parts, escaped(line[end:])])


def escaped(words: str) -> str:
    """Words without what LaTeX would take for markup, its own quotes and mathematics in place."""
    words = re.sub(f"(.){HAT}", lambda m: f"\0{m[1]}\0", words)
    words = "".join(SPECIAL.get(character) or _known(character) for character in words)
    return re.sub("\0(.)\0", r"$\\hat{\1}$", words)


def _known(character: str) -> str:
    """Of other than European letters, which LaTeX would stop at, the number."""
    return character if ord(character) < 0x250 else f"U+{ord(character):04X}"


def _block(block: str) -> str:
    for mark, command in HEADINGS.items():
        if block.startswith(mark):
            return f"{command}{{{text(block.removeprefix(mark))}}}"
    if block.startswith("- "):
        items = [
            f"\\item {text(' '.join(item.split()))}"
            for item in re.split(r"^- ", block, flags=re.M)[1:]
        ]
        return "\n".join([r"\begin{itemize}", *items, r"\end{itemize}"])
    if block.startswith("|"):
        return _table(block)
    return text(" ".join(block.split()))


def _table(block: str) -> str:
    header, _, *rows = [_cells(line) for line in block.splitlines()]
    lines = [_row(header), r"\midrule", *map(_row, rows)]
    columns = "l" + "r" * (len(header) - 1)
    start = [r"\begin{center}", r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"]
    ends = [r"\bottomrule", r"\end{tabular}}", r"\end{center}"]
    return "\n".join([*start, f"\\begin{{tabular}}{{{columns}}}", r"\toprule", *lines, *ends])


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _row(cells: list[str]) -> str:
    return " & ".join(map(text, cells)) + r" \\"
