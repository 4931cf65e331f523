"""Readers that misbehave, for the tests of the pool: a worker imports them by name."""

import ctypes
import os
import sys
import time

from schemas.codes import Codes
from schemas.reading.package import Limits
from schemas.reading.record import Delivery
from schemas.reading.workbook import read_workbook


def by_name(data: bytes, file_name: str, codes: Codes, limits: Limits) -> Delivery:
    """Do what the file is called; read the others."""
    if file_name.startswith("hang"):
        while True:
            time.sleep(1)
    if file_name.startswith("exit"):
        os._exit(3)
    if file_name.startswith("crash"):
        ctypes.string_at(0)
    if file_name.startswith("memory"):
        return Delivery("", str(len(bytearray(limits.memory_bytes))), 0)
    if file_name.startswith("raise"):
        raise ZeroDivisionError("of its own")
    if file_name.startswith("print"):
        print("noise among the messages", flush=True)
        os.write(1, b"more noise")
    if file_name.startswith("modules"):
        heavy = {"polars", "duckdb", "prefect", "openpyxl", "pandera", "flows"}
        return Delivery(
            "", "|".join(sorted(heavy & {name.partition(".")[0] for name in sys.modules})), os.getpid()
        )
    return read_workbook(data, file_name, codes, limits)


def broken_import(data: bytes, file_name: str, codes: Codes, limits: Limits) -> Delivery:
    """Never reached by its given name."""
    raise AssertionError


broken_import.__qualname__ = "no_such_reader"
