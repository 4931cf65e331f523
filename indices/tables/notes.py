"""Sheet 说明: what a reader must know before he uses a number, and what an auditor needs to find it again.

``ReleaseNotes`` is all that the tables know of a release; who makes the release fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from indices.method import RankDraws
from indices.tables.sheet import Book, Sheet
from indices.tables.style import BLOCK, CODE, HEADING, LINE, PROSE, SYMBOLS, TERM, TEXT
from schemas.codes import load_codes
from schemas.period import Period

Audience = Literal["internal", "public"]
AUDIENCE_ZH: dict[Audience, str] = {"internal": "内部", "public": "公开"}

ROUNDING = (
    "监测值、得分、比率保留 2 位小数，增速保留 1 位，总量指标同报表；"
    "只在公布时修约，按 GB/T 8170 四舍六入五成双；有效权重、贡献列 4 位，供核算。"
    "位次按公布值排列，数值相同的并列取前位（1、2、2、4）；只在指标篮子相同的对象之间排位和比较位次，全省不参加排名。"
)
COMPARISON = (
    "先与上年同月比，再与上期比；1月免报，2月为1-2月累计，不与上期比较。变动为两期公布值之差，单位为分；"
    "位次变动以名次上升为“↑”，指标篮子不同的不比较。"
)
PRODUCTS = (
    "月度监测值只用月度指标，权重在可得的指标之间按比例归一；全篮子值沿用最近的季度、年度数据，"
    "同时列出权重覆盖率、沿用往期数据的权重和最大滞后月数。两者均不称为指数，年度结果才称指数。"
)
COVERAGES = (
    "报送率＝已接收（含待核）的报送份数÷应报份数；营收覆盖率＝这些单位最近一期营业收入占应报单位的比重；"
    "权重覆盖率＝有数据的指标权重占篮子全部权重的比重。"
)

NO_INTERVALS = "方法文件没有声明不确定性，不计算位次区间。"
PENDING_NAMED = 20  # of a longer list, zhishu review tells the rest
_MEANS_ZH = {"declared": "算术平均", "geometric": "几何平均"}


@dataclass(frozen=True)
class MethodNote:
    """The method version behind one workbook, with its approval or lock text, its plan clauses and what its rank
    intervals vary."""

    index: str
    id: str
    name: str
    title: str
    approval: str
    digest: str
    clauses: tuple[str, ...]
    intervals: str = NO_INTERVALS
    caveat: str = ""  # of the approval, for every table


class SourceLine(NamedTuple):
    """One named cell behind a variable of a subject, with what is behind the variable as a whole.

    ``number`` counts the named cells from 1; ``cells``, ``files`` and ``digest`` are of all of them. ``file`` is
    the SHA-256 of the workbook, ``report`` names the submission in it.
    """

    index_code: str
    subject: str
    indicator: str
    variable: str
    number: int
    cells: int
    files: int
    digest: str
    file: str
    report: str
    sheet: str
    cell: str
    raw: str


@dataclass(frozen=True)
class ReleaseNotes:
    """What the tables say about the release that they belong to.

    ``methods`` has one entry per workbook, in their order. ``plan`` names the plan whose clauses the
    methods cite, ``scope`` says what the figures cover, ``trial`` that the method is a trial one.
    ``findings`` counts findings under Chinese words; ``settings`` are lines for people.
    ``sources`` are the cells for the sheet 溯源; without any there is no such sheet. ``pending`` names the
    submissions among the figures that still wait for an explanation or the bureau.
    """

    release_id: str
    stage: str
    period: Period
    methods: tuple[MethodNote, ...]
    plan: str
    scope: str
    trial: str
    journal_seq: int
    journal_head: str
    release_digest: str
    input_count: int
    settings: tuple[str, ...] = ()
    sources: tuple[SourceLine, ...] = ()
    findings: tuple[tuple[str, int], ...] = ()
    pending: tuple[str, ...] = ()


def interval_words(declared: RankDraws | None) -> str:
    """What the rank intervals of a method vary, for people."""
    if declared is None:
        return NO_INTERVALS
    means = "或".join(_MEANS_ZH[mean] for mean in declared.means)
    return (
        f"位次区间为位次的 5%～95% 分位数：各指标权重在自身的 ±{declared.weights:.0%}、上下限在其间距的 ±{declared.posts:.0%} 之内"
        f"变动，指数以{means}合成，按 Sobol 序列（种子 {declared.seed}）抽取 {declared.draws} 次，对月度监测值重新排位。"
        "它说明方法的选择对位次的影响，不含数据误差。区间重叠的对象，先后不宜视为确定。"
    )


def heading_line(notes: ReleaseNotes, method: MethodNote) -> str:
    """The line under every title: period, release, stage, method, what its approval lacks, and data that still wait."""
    trial = f"试算，{method.caveat}" if method.caveat else "试算"
    waiting = f"　　含待核数据 {len(notes.pending)} 份" if notes.pending else ""
    return (
        f"报告期：{notes.period.printed}　　发布批次：{notes.release_id}（{notes.stage}）"
        f"　　方法版本：{method.id}（{trial}）{waiting}"
    )


def pending_words(pending: tuple[str, ...], audience: Audience) -> str:
    """Which figures still wait: how many submissions, and in the internal edition which, by form, period and office."""
    if not pending:
        return "指数所用各报表均已接收"
    words = f"{len(pending)} 份待核报表已计入指数"
    if audience == "public":
        return words
    named = [" ".join(name.split("/")[:3]) for name in pending]
    more = f"等 {len(named)} 份" if len(named) > PENDING_NAMED else ""
    return f"{words}：{'、'.join(named[:PENDING_NAMED])}{more}"


def write_notes(book: Book, notes: ReleaseNotes, method: MethodNote, audience: Audience) -> None:
    """Add the sheet 说明."""
    sheet = Sheet(book, "说明", (13, 12, 60, 12), portrait=True)
    row = sheet.head(f"{method.title}　说明", heading_line(notes, method), f"（{AUDIENCE_ZH[audience]}）")
    findings = "，".join(f"{word} {count} 条" for word, count in notes.findings) or "无"
    for block, entries in (
        (
            "一、发布",
            (
                ("报告期", notes.period.printed),
                ("发布批次", notes.release_id),
                ("数据阶段", notes.stage),
                ("使用范围", AUDIENCE_ZH[audience]),
            ),
        ),
        (
            "二、方法",
            (
                ("方法版本", f"{method.id}　{method.name}"),
                ("批准情况", method.approval),
                ("试算", notes.trial),
                ("计划依据", f"{notes.plan}　条款：{'、'.join(method.clauses)}"),
                ("产品", PRODUCTS),
                ("口径范围", notes.scope),
                ("修约与位次", ROUNDING),
                ("比较", COMPARISON),
                ("位次区间", method.intervals),
                ("覆盖率", COVERAGES),
                ("符号", SYMBOLS),
            ),
        ),
        (
            "三、溯源",
            (
                ("输入文件数", f"{notes.input_count} 份"),
                ("审核发现", findings),
                ("待核数据", pending_words(notes.pending, audience)),
                ("日志位置", str(notes.journal_seq)),
                ("日志末端哈希", notes.journal_head),
                ("发布摘要", notes.release_digest),
                ("方法摘要", method.digest),
                ("设置", "；".join(notes.settings) or "默认"),
            ),
        ),
    ):
        row = _block(sheet, row, block)
        for term, prose in entries:
            row = entry(sheet, row, term, prose)
    row = _block(sheet, row, "四、数据状态代码")
    sheet.text(row, 0, "代码", HEADING)
    sheet.merged(row, 1, row, sheet.last_column, "含义", HEADING)
    for status in load_codes().rows("value_status"):
        row += 1
        sheet.text(row, 0, status["code"], CODE)
        sheet.merged(row, 1, row, sheet.last_column, status["name"], TEXT)


def _block(sheet: Sheet, row: int, title: str) -> int:
    sheet.merged(row, 0, row, sheet.last_column, title, BLOCK)
    sheet.raw.set_row(row, LINE + 2)
    return row + 1


def entry(sheet: Sheet, row: int, term: str, prose: str) -> int:
    """A term and what is said of it, in a sheet of four columns; gives the next row."""
    sheet.text(row, 0, term, TERM)
    sheet.merged(row, 1, row, sheet.last_column, prose, PROSE)
    sheet.fit_row(row, (prose, 1, sheet.last_column))
    return row + 1


def status_legend() -> str:
    """The status letters in one line, for the notes below a table."""
    pairs = (f"{row['code']} {row['name']}" for row in load_codes().rows("value_status"))
    return f"状态：{'；'.join(pairs)}。"
