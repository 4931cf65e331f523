"""Mistakes that a person can mend: told in one sentence, without a traceback, with exit code 2."""

from __future__ import annotations


class Mistake(Exception):
    """The base of them; the message is the sentence."""


def sentence(error: BaseException) -> str | None:
    """What to tell a person of an error that he can mend: input, files, another run in the way.

    None for an error of the program itself, which is to be loud.
    """
    # the ledger's errors are no Mistakes of their own: its modules are read here alone, since they import us
    from flows.ledger.archive import ArchiveError
    from flows.ledger.journal import JournalError
    from flows.ledger.lock import LockHeldError
    from flows.ledger.release import ReleaseError
    from flows.ledger.warehouse import WarehouseError
    from indices.method import MethodError
    from indices.steps.bench import ScoreError
    from schemas.anomaly_file import AnomalyError
    from schemas.form import FormError
    from schemas.lists import ListError
    from schemas.table import TableError
    from schemas.workers.pool import PoolError

    mistakes = (
        Mistake, AnomalyError, ArchiveError, FormError, JournalError, ListError, LockHeldError, MethodError,
        PoolError, ReleaseError, ScoreError, TableError, WarehouseError,
    )  # fmt: skip
    if isinstance(error, mistakes):
        return str(error)
    if isinstance(error, OSError):
        return f"文件读写失败：{error.filename or ''} {error.strerror or error}"
    return None
