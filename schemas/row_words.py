"""A row of a form as a person calls it: by the names of its codes."""

from __future__ import annotations

from schemas.codes import Codes
from schemas.form import Form


def row_words(form: Form, key: str, codes: Codes) -> str:
    """The names of the codes in a row key, the code itself where it has no name."""
    lists = {column.code: column.codelist for column in form.keys}
    names = []
    for part in filter(None, key.split(";")):
        field, _, code = part.partition("=")
        codelist = lists.get(field)
        names.append(codes.names(codelist).get(code, code) if codelist else code)
    return " ".join(names)
