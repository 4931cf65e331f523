"""A reader that some files kill and some hang, for tests of what the others come to."""

from __future__ import annotations

import os
import signal
import time

from schemas.codes import Codes
from schemas.reading.pool import Limits
from schemas.reading.record import Delivery
from schemas.reading.workbook import read_workbook


def read(data: bytes, file_name: str, codes: Codes, limits: Limits | None = None) -> Delivery:
    """The real reader, but for two names."""
    if file_name.startswith("杀死"):
        os.kill(os.getpid(), signal.SIGKILL)
    if file_name.startswith("挂起"):
        time.sleep(600)
    return read_workbook(data, file_name, codes, limits)
