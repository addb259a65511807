"""The site is made of the documents as they stand in the repository; mkdocs.yml names this file.

Some pages lie outside docs/, and links lead to files by their place in the repository: both are
put right here, while the site is built, so that no text is written twice.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
# Pages whose source is no file of docs/.
PAGES = {
    "index.md": "README.md",
    "configuration.md": "config/README.md",
    "replication.md": "REPLICATION.md",
    "verdict.md": "results/published/verdict.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "conduct.md": "CODE_OF_CONDUCT.md",
}
SOURCES = {source: page for page, source in PAGES.items()}
PICTURES = (".png", ".svg")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside docs/, and the pictures that pages show."""
    from mkdocs.structure.files import File

    for page, source in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(PROJECT / source)))
    for picture in sorted(pictures()):
        files.append(File.generated(config, picture, abs_src_path=str(PROJECT / picture)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put the links of a page right."""
    return linked(markdown, page.file.src_uri)


def source_of(page: str) -> str:
    """Where a page stands in the repository."""
    return PAGES.get(page, f"docs/{page}")


def pictures() -> set[str]:
    """The pictures that any page shows, by their place in the repository."""
    pages = [*PAGES, *(path.name for path in (PROJECT / "docs").glob("*.md"))]
    found = set()
    for page in pages:
        source = source_of(page)
        for _, _, target in LINK.findall((PROJECT / source).read_text(encoding="utf-8")):
            place = in_repository(target, source)
            of_docs = place.startswith("docs/")  # which come along by themselves
            if place.endswith(PICTURES) and not of_docs and (PROJECT / place).is_file():
                found.add(place)
    return found


def in_repository(target: str, source: str) -> str:
    """The file that a link of `source` leads to, by its place in the repository."""
    return normpath((PurePosixPath(source).parent / target.partition("#")[0]).as_posix())


def linked(markdown: str, page: str) -> str:
    """The text of a page, with links to other pages; of those to code the words alone."""
    parts = FENCE.split(markdown)
    parts[::2] = [LINK.sub(lambda m: _link(m, page), part) for part in parts[::2]]
    return "".join(parts)


def _link(match: re.Match[str], page: str) -> str:
    mark, label, target = match.groups()
    if "://" in target or target.startswith("#"):
        return match[0]
    place, anchor = in_repository(target, source_of(page)), target.partition("#")[2]
    if place in SOURCES or place.startswith("docs/"):
        place = SOURCES.get(place) or place.removeprefix("docs/")
    elif not place.endswith(PICTURES):
        return label
    path = relpath(place, PurePosixPath(page).parent.as_posix())
    return f"{mark}[{label}]({path}{'#' if anchor else ''}{anchor})"
