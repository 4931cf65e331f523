"""Heads of the sampled deliveries: invented people, invented telephones, a plausible date."""

from __future__ import annotations

from schemas.period import Period
from schemas.samples.draw import Draw
from schemas.territory import Submitter
from schemas.workbook import Head

BANNER = "合成样例：本工作簿全部数字、单位和人名均为程序生成，不是真实统计资料"
_FAMILY = "李王张刘陈杨黄吴徐周罗熊胡朱邹曾彭谢万郭章程付余夏钟游涂欧阳龚"
_GIVEN = "文明建华国平志强晓芳丽敏静涛军勇艳秀英梅兰春红玲桂杰波辉俊宏伟宁婷欣瑞雪晨雨佳颖昊然轩泽"
_DAYS = {"county": (5, 9), "city": (9, 14), "province": (12, 16), "chain": (11, 17)}  # of the next month
_ANNUAL_DAYS = {"county": (6, 15), "city": (14, 22), "province": (20, 27), "chain": (12, 24)}  # of April


def head(seed: int, office: Submitter, place: int, period: Period, version: int = 1) -> Head:
    """The head of an office's delivery; ``place`` is its number among all offices (for the telephone)."""
    lasting = Draw(seed, "people", office.code)
    chief, statistician = _name(lasting), _name(lasting)
    fillers = [_name(lasting) for _ in range(2)]
    drawn = Draw(seed, "people", office.code, str(period))
    first, last = (_ANNUAL_DAYS if period.annual else _DAYS)[office.level]
    day = first + drawn.below(last - first + 1)
    year = period.year + (period.month == 12)
    month = 4 if period.annual else period.month % 12 + 1
    filler = fillers[0] if drawn.random() < 0.8 else fillers[1]
    phone = f"079{place % 9}-600{place:04d}{lasting.below(10)}"
    return Head(version, f"{year:04d}-{month:02d}-{day:02d}", chief, statistician, filler, phone, BANNER)


def _name(drawn: Draw) -> str:
    given = drawn.pick(_GIVEN) + (drawn.pick(_GIVEN) if drawn.random() < 0.75 else "")
    return drawn.pick(_FAMILY) + given
