"""What a returned file is called: after the file that it answers, and never as another one's copy.

Offices give their workbooks the same name every time. A copy keeps the plain name where that is free;
where it is some other delivery's, part of the digest stands behind it. Which delivery a file in the
folder answers, the file itself says.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from schemas.packing import BAD_ZIP
from schemas.returns.record import COPY_SUFFIX, LETTER_SUFFIX

TAG = 8  # hexadecimal digits of a digest that tell a file from its namesake

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')  # characters that some file system refuses
_RETURNED = re.compile(
    rf"(?:(?:-[0-9a-f]{{{TAG}}})?(?:{Path(COPY_SUFFIX).stem}|{Path(LETTER_SUFFIX).stem}))+$"
)
_LONGEST = 150  # bytes of a stem; a file system takes 255 of a name, and the rest is ours
_TEXTS = (
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
)  # as we write the first sheet; as Excel saves it
# the line of a copy that names its file, the line of a letter
_ANSWERED = re.compile(r"<t[^>]*>(?:文件：[^<]*)?SHA-256 ([0-9a-f]{64})</t>")


class Name(NamedTuple):
    """Where a file goes: the folder of its office, the name without its ending, the digest that it answers."""

    folder: str
    stem: str
    digest: str

    @property
    def tagged(self) -> Name:
        """The name with what tells it from a namesake."""
        return self._replace(stem=f"{self.stem}-{self.digest[:TAG]}")


def names_in(root: Path, wanted: Sequence[Name]) -> list[Name]:
    """Names for the answers to deliveries below ``root``, one for each wanted, whatever their order.

    An answer that was written before keeps its name, so that it is written anew and not twice.
    """
    namesakes = Counter((name.folder, name.stem.casefold()) for name in wanted)
    chosen = []
    for name in wanted:
        plain = _answered_at(root, name)
        tagged = _answered_at(root, name.tagged)
        alone = namesakes[name.folder, name.stem.casefold()] == 1
        keeps = name.digest in plain or (not plain and alone)
        chosen.append(name if keeps and not tagged else name.tagged)
    return chosen


def answered_in(root: Path) -> set[str]:
    """The digests of the deliveries that the copies and letters below ``root`` answer."""
    if not root.is_dir():
        return set()
    paths = [path for path in root.glob("*/*") if path.name.endswith((COPY_SUFFIX, LETTER_SUFFIX))]
    return {digest for path in paths for digest in _answered(path)}


def stem_of(file_name: str) -> str:
    """The name of a file without its ending and without what an earlier return put behind it."""
    return fit(_RETURNED.sub("", Path(file_name).stem)) or "无名文件"


def fit(name: str) -> str:
    """A name that every file system takes."""
    clean = _UNFIT.sub("_", name).strip(" .")
    return clean.encode()[:_LONGEST].decode(errors="ignore").rstrip(" .")


def _answered_at(root: Path, name: Name) -> set[str]:
    """What the copy and the letter of a name answer; "" for a file that does not say, or cannot be read."""
    paths = [root / name.folder / f"{name.stem}{suffix}" for suffix in (COPY_SUFFIX, LETTER_SUFFIX)]
    return {digest for path in paths if path.exists() for digest in _answered(path) or {""}}


def _answered(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as book:
            texts = [book.read(name).decode() for name in set(_TEXTS) & set(book.namelist())]
    except BAD_ZIP:
        return set()
    return {digest for text in texts for digest in _ANSWERED.findall(text)}
