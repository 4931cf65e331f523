"""The checks of the domain file on figures in memory: ``violations`` names every one that a sample breaks.

Written apart from the product's own rules, so that each holds the other. Hard checks are all here; of
the soft ones and the clues those that the samples' own figures decide. Structure, lexemes and units
(H001-H003, H007, H008) belong to the workbook and are tested there; GLT09 and GLT10 are not sampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from statistics import median

from schemas.codes import PROVINCE, Codes
from schemas.form import Column, form_for
from schemas.period import Period
from schemas.territory import may_write, submitter
from schemas.uscc import valid_uscc

Value = Decimal | int | str | None
Row = Mapping[str, Value]
Key = tuple[str, ...]

PPI = {2025: -2.6, 2026: 0.4}  # %, what the deflated growth of output is taken with; a stand-in


@dataclass
class Filings:
    """What was filed (and what history says), by form, period and key."""

    codes: Codes
    rows: dict[tuple[str, Period], dict[Key, Row]] = field(default_factory=dict)
    filers: dict[tuple[str, Period, Key], str] = field(default_factory=dict)
    history: dict[tuple[str, Period, Key], dict[str, Value]] = field(default_factory=dict)
    double: list[str] = field(default_factory=list)
    sums: dict[tuple[Period, str], dict[tuple[str, str], Decimal]] = field(default_factory=dict)

    def add(self, office: str, form: str, period: Period, rows: Mapping[Key, Row]) -> None:
        """Take one filled form."""
        known = self.rows.setdefault((form, period), {})
        for key, row in rows.items():
            if key in known:
                rule = "H332" if form == "GLT08" else "H006"
                self.double.append(f"{rule} {form} {period} {key}")
            known[key] = row
            self.filers[(form, period, key)] = office

    def of(self, form: str, period: Period) -> dict[Key, Row]:
        """The rows of a form at a period."""
        return self.rows.get((form, period), {})

    def value(self, form: str, period: Period, key: Key, name: str) -> Value:
        """A filed figure, else history's."""
        row = self.of(form, period).get(key)
        if row is not None and row.get(name) is not None:
            return row[name]
        return self.history.get((form, period, key), {}).get(name)


def violations(filings: Filings, of: tuple[str, Period] | None = None) -> list[str]:
    """One line per broken check; empty for clean samples. ``of`` is the form and period to look at, if not all."""
    found = list(filings.double)
    looked_at = filings.rows if of is None else {of: filings.rows[of]}
    for (form, period), rows in sorted(looked_at.items(), key=lambda item: (item[0][1], item[0][0])):
        for key, row in rows.items():
            found += [f"{rule} {form} {period} {key}" for rule in _row_rules(filings, form, period, key, row)]
        found += [f"{problem} {form} {period}" for problem in _form_rules(filings, form, period, rows)]
    return found


def _row_rules(filings: Filings, form: str, period: Period, key: Key, row: Row) -> Iterator[str]:
    yield from _shape(filings, form, period, key, row)
    n = _Numbers(row)
    if form in ("GLT01", "GLT02"):
        if key[0][4:] != "99":
            yield from _industry(form, period, key, n)
        yield from _continuity(filings, form, period, key, n)
    elif form == "GLT08":
        yield from _register(filings, key, row)
    elif form in _INSIDE:
        yield from (rule for rule, holds in _INSIDE[form](n) if not holds)
    if form == "GLT03" and not key[2] and key[1] != PROVINCE:
        yield from _cluster(filings, period, key, n)
    yield from _wrong_unit(filings, form, period, key, row)


def _shape(filings: Filings, form: str, period: Period, key: Key, row: Row) -> Iterator[str]:
    """Codes, territory, required, type, decimals, range."""
    edition, codes = form_for(form, period), filings.codes
    office = submitter(codes, filings.filers[(form, period, key)])
    assert office is not None
    if form != "GLT08" and not may_write(codes, edition, office, key):
        yield "territory"
    named = dict(zip((c.code for c in edition.keys), key, strict=True))
    region = named.get("region_code", "")
    if region and region not in codes.regions:
        yield "H004"
    level = codes.level(region) if region else "province"
    kind = "lead" if form == "GLT03" and region == PROVINCE else "own"
    zone = bool(named.get("park_code"))
    for column, due in _columns(form, period, level, kind):
        value = named[column.code] if column.key else row.get(column.code)
        if value is None or value == "":
            excused = column.optional_when is not None and _empty(row)
            if column.required and due and not zone and not excused:
                yield f"required {column.code}"
            continue
        if not due and not column.key:
            yield f"not due {column.code}"
        if column.codelist and not column.key:
            for code in str(value).split("|"):
                if not codes.holds(column.codelist, code, period):
                    yield f"H005 {column.code} {value}"
        if not column.numeric:
            continue
        if isinstance(value, str) or (column.type == "int" and not isinstance(value, int)):
            yield f"H007 {column.code} {value!r}"
            continue
        number = Decimal(value)
        if number != round(number, column.decimals):
            yield f"decimals {column.code} {value}"
        if region[4:] != "99" and not (column.min or number) <= number <= (column.max or number):
            yield f"range {column.code} {value}"


@cache
def _columns(form: str, period: Period, level: str, kind: str) -> list[tuple[Column, bool]]:
    """The columns of a form, and whether each is due in a row of this kind."""
    return [(c, c.due(period, level) and c.rows in (None, kind)) for c in form_for(form, period).columns]


def _empty(row: Row) -> bool:
    return row.get("ent_n", 0) == 0 or row.get("rev_cum", 1) == 0


class _Numbers:
    """Figures by name; 0 where blank, and whether a name is there."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Decimal:
        value = self._row.get(name)
        return Decimal(0) if value is None or isinstance(value, str) else Decimal(value)

    def has(self, *names: str) -> bool:
        return all(self._row.get(name) is not None for name in names)


def _industry(form: str, period: Period, key: Key, n: _Numbers) -> Iterator[str]:
    no = "101" if form == "GLT01" else "102"
    late = period.month >= 9 and not (key[1:2] == ("AV",) and period.month < 12)
    rules = {
        f"H{no}A": 0 <= n.ent_loss_n <= n.ent_n,
        f"H{no}B": n.sale_cum >= n.exp_cum,
        f"H{no}C": n.ent_n > 0 or n.rev_cum == n.out_cum == 0,
        f"S{no}N": n.ent_n == 0 or n.rev_cum > 0,
        f"H{no}D": (n.ent_loss_n == 0) == (n.loss_amt_cum == 0),
        f"H{no}E": n.profit_cum >= -n.loss_amt_cum,
        f"H{no}F": n.assets_end >= n.ar_end + n.fg_inv_end,
        f"S{no}G": not late or _within("0.90", n.sale_cum, n.out_cum, "1.10"),
        f"S{no}H": not late or _within("0.70", n.rev_cum, n.out_cum, "1.50"),
        f"S{no}I": _within("0.25", n.cost_cum, n.rev_cum, "1.05"),
        f"S{no}J": _within("-0.20", n.profit_cum, n.rev_cum, "0.35"),
        f"S{no}K": _within("0.10", n.liab_end, n.assets_end, "1.10"),
        f"S{no}L": _within("10", n.emp_avg, n.ent_n, "2000"),
        f"S{no}M": _within("20", n.rev_cum * 12 / period.month, n.emp_avg, "5000"),
        "H327": (n.ent_loss_n > 0 or n.profit_cum >= 0)
        and (n.ent_loss_n != n.ent_n or n.ent_n == 0 or n.profit_cum <= 0),
        "largest": n.top1_rev_cum >= n.top2_rev_cum and n.top1_rev_cum + n.top2_rev_cum <= n.rev_cum,
        "S301": not n.elec_cum_ly or not n.out_cum_ly
        or abs(n.elec_cum / n.elec_cum_ly - n.out_cum / n.out_cum_ly) <= Decimal("0.20"),
    }  # fmt: skip
    if form == "GLT02":
        rules["H323"] = n.ent_n == n.ent_n_begin + n.ent_new_n - n.ent_exit_n
        rules["H328"] = n.mva_cum <= n.gdp_cum and n.ht_va_share <= 100 and n.eq_va_share <= 100
    yield from (rule for rule, holds in rules.items() if not holds)


def _within(low: str, over: Decimal, under: Decimal, high: str) -> bool:
    """A ratio between its bounds, written as products; a zero denominator is not applicable."""
    return under == 0 or Decimal(low) * under <= over <= Decimal(high) * under


def _continuity(filings: Filings, form: str, period: Period, key: Key, n: _Numbers) -> Iterator[str]:
    """The rules against earlier reports: S201A-G, S202A-G."""
    no = "201" if form == "GLT01" else "202"
    if period.annual:
        return

    def then(at: Period, name: str) -> Decimal | None:
        value = filings.value(form, at, key, name)
        return None if value is None else Decimal(value)

    before, older = period.previous_report(), period.previous_report().previous_report()
    out, rev, count = then(before, "out_cum"), then(before, "rev_cum"), then(before, "ent_n")
    together = period.month > 2 and out is not None and n.has("out_cur")
    if together and abs(n.out_cum - Decimal(out or 0) - n.out_cur) > max(Decimal(1), n.out_cum / 1000):
        yield f"S{no}A"
    if period.month > 2 and ((rev is not None and n.rev_cum < rev) or (out is not None and n.out_cum < out)):
        yield f"S{no}B"
    if n.ent_n >= 5 and n.rev_cum_ly >= 10_000 and abs(n.rev_cum / n.rev_cum_ly - 1) > Decimal("0.5"):
        yield f"S{no}C"
    rev2 = then(older, "rev_cum")
    if period.month >= 4 and rev is not None and rev2 is not None and n.ent_n >= 5:
        now, last = n.rev_cum - rev, rev - rev2
        if now >= 10_000 and last > 0 and abs(now / last - 1) > Decimal("0.5"):
            yield f"S{no}D {now / last:.2f}"
    ago = then(period.same_month_last_year(), "rev_cum")
    if ago and abs(n.rev_cum_ly / ago - 1) > Decimal("0.05"):
        yield f"S{no}E {n.rev_cum_ly / ago:.3f}"
    if n.has("va_growth") and n.out_cum_ly and period.year in PPI:
        real = (n.out_cum / n.out_cum_ly / (1 + Decimal(PPI[period.year]) / 100) - 1) * 100
        if abs(n.va_growth - real) > 10:
            yield f"S{no}F"
    if count and abs(n.ent_n - count) * 20 > count and abs(n.ent_n - count) >= 3:
        yield f"S{no}G"


def _register(filings: Filings, key: Key, row: Row) -> Iterator[str]:
    if not valid_uscc(key[0]):
        yield "H010"
    industry = str(row["industry4"])
    if not (len(industry) == 4 and industry.isdigit() and "06" <= industry[:2] <= "46"):
        yield "H005 industry4"
    chain = chain_of_industry(filings.codes, industry)
    if row["basis"] == "1" and chain != row["chain_main"]:
        yield f"S333 {industry} {chain} {row['chain_main']}"
    if row["date_out"] is not None and str(row["date_out"]) <= str(row["date_in"]):
        yield "dates"


@cache
def chain_of_industry(codes: Codes, industry: str) -> str:
    """The chain of an industry class by the longest prefix in the map; ``""`` if there is none."""
    fits = [r for r in codes.rows("industry_map") if industry.startswith(r["industry"])]
    if not fits:
        return ""
    best = max(fits, key=lambda r: len(r["industry"]))
    return "" if best["mode"] == "exclude" else best["chain"]


def _cluster(filings: Filings, period: Period, key: Key, n: _Numbers) -> Iterator[str]:
    """S307 and S331 for a city's column of a cluster."""
    cluster = filings.codes.clusters[key[0]]
    month = period.as_month()
    mapped = sum(_chain_revenue(filings, month, key[1], code) for code in cluster.chains)
    if mapped and n.rev_cum > mapped * (Decimal("1.001") if period.annual else 1):
        yield f"S307 {n.rev_cum} > {mapped}"
    if period.annual:
        return
    last = filings.value("GLT03", period.previous_report(), key, "rev_cum")
    if period.month > 2 and last is not None and n.rev_cum < Decimal(last):
        yield "S331 falls"
    if n.ent_n >= 5 and n.rev_cum_ly and abs(n.rev_cum / n.rev_cum_ly - 1) > Decimal("0.5"):
        yield "S331 growth"
    ago = filings.value("GLT03", period.same_month_last_year(), key, "rev_cum")
    if ago and abs(n.rev_cum_ly / Decimal(ago) - 1) > Decimal("0.05"):
        yield "S331 last year"


def _chain_revenue(
    filings: Filings, period: Period, region: str, code: str, name: str = "rev_cum"
) -> Decimal:
    """A chain's or sub-chain's sum in a city (counties and adjusting rows together) or the province."""
    at = (period, name)
    if at not in filings.sums:
        sums: dict[tuple[str, str], Decimal] = {}
        for (place, chain, sub), row in filings.of("GLT01", period).items():
            for whole in (PROVINCE, f"{place[:4]}00"):
                known = (whole, chain if sub == "T" else sub if sub != "Z" else f"{chain}Z")
                sums[known] = sums.get(known, Decimal(0)) + Decimal(row[name] or 0)
        filings.sums[at] = sums
    return filings.sums[at].get((region, code), Decimal(0))


def _glt03(n: _Numbers) -> Iterable[tuple[str, bool]]:
    yield "H308", n.rev_cum <= n.area_rev_cum
    yield "H309", n.tech_fai_cum <= n.fai_cum
    yield "H329", (
        n.hnte_n <= n.ent_n and n.svc_ent_n <= n.ent_n and n.lead_n <= n.ent_n and n.rd_emp_n <= n.emp_avg
        and n.exp_cum <= n.sale_cum and n.top1_rev_cum >= n.top2_rev_cum
        and n.top1_rev_cum + n.top2_rev_cum <= n.rev_cum
    )  # fmt: skip


def _glt04(n: _Numbers) -> Iterable[tuple[str, bool]]:
    parts = (n.rd_ent_n, n.hnte_n, n.dx_ent_n, n.cloud_ent_n)
    yield "H310", all(part <= n.ent_n for part in parts)
    yield "H311", n.newprod_rev <= n.rev_year and n.hnte_rev <= n.rev_year and n.task_done_n <= n.task_n
    yield "S312", not n.has("rev_year") or _within("0.001", n.rd_exp, n.rev_year, "0.10")
    yield "H330", n.svcmfg_rev <= n.rev_year


def _glt05(n: _Numbers) -> Iterable[tuple[str, bool]]:
    yield "H313", n.solid_used <= n.solid_gen + n.solid_prior_used
    yield "H330", n.green_rev <= n.rev_year


def _glt06(n: _Numbers) -> Iterable[tuple[str, bool]]:
    yield "H314", n.leader_rev_cum <= n.rev_cum
    yield "S314", n.lg_n <= n.srdi_n


def _glt07(n: _Numbers) -> Iterable[tuple[str, bool]]:
    yield "H315", (
        n.node_cov_n <= n.node_n and n.gap_done_n <= n.gap_plan_n and n.buy_sme <= n.buy_total
        and n.top3_buy <= n.buy_total and n.key_safe_n <= n.key_item_n and n.backup_n <= n.backup_need_n
        and n.match_done_n <= n.match_sign_n
    )  # fmt: skip
    yield "H324", n.deep_rev_cum <= n.rev_cum and n.cluster_rev_cum <= n.rev_cum


_INSIDE = {"GLT03": _glt03, "GLT04": _glt04, "GLT05": _glt05, "GLT06": _glt06, "GLT07": _glt07}


_POWERS = [Decimal(10) ** power for power in (-4, -3, -2, -1, 1, 2, 3, 4)]
_NEAR = Decimal("0.03")


@cache
def _sized(form: str, period: Period) -> frozenset[str]:
    """The fields that have a unit of size."""
    return frozenset(c.code for c in form_for(form, period).columns if c.unit not in ("%", "-"))


def _wrong_unit(filings: Filings, form: str, period: Period, key: Key, row: Row) -> Iterator[str]:
    """S009: a figure that is a power of ten away from last year's."""
    sized, ago = _sized(form, period), period.same_month_last_year()
    for name, value in row.items():
        if name not in sized or not isinstance(value, int | Decimal) or not value:
            continue
        for base in (row.get(f"{name}_ly"), filings.value(form, ago, key, name)):
            if isinstance(base, int | Decimal) and base:
                ratio = Decimal(value) / Decimal(base)
                if any(abs(ratio / power - 1) <= _NEAR for power in _POWERS):
                    yield f"S009 {name} {value}/{base}"


def _form_rules(filings: Filings, form: str, period: Period, rows: Mapping[Key, Row]) -> Iterator[str]:
    if form == "GLT01":
        yield from _chains(filings, period, rows)
        yield from _clues(rows, period, ("rev_cum", "out_cum"), lambda key: key[1:])
        yield from _copied(filings, form, period, rows)
    elif form == "GLT02":
        yield from _regions(filings, period, rows)
        yield from _clues(rows, period, ("rev_cum", "out_cum"), lambda key: (filings.codes.level(key[0]),))
        yield from _copied(filings, form, period, rows)
        if period.annual:
            for key, row in rows.items():
                ago = filings.value(form, period.same_month_last_year(), key, "land_mu")
                if ago and abs(Decimal(row["land_mu"] or 0) / Decimal(ago) - 1) > Decimal("0.2"):
                    yield f"S334 {key}"
    elif form in ("GLT04", "GLT05", "GLT06"):
        yield from _agreeing(filings, form, period, rows)
    elif form == "GLT07":
        yield from _offices(filings, period, rows)


def _chains(filings: Filings, period: Period, rows: Mapping[Key, Row]) -> Iterator[str]:
    """H302 (here: equality), H303, S305, and that all T rows are there."""
    columns = [c.code for c in form_for("GLT01", period).columns if c.agg == "sum"]
    whole: dict[str, Decimal] = {}
    in_register = _listed(filings, period)
    for (region, chain, sub), row in rows.items():
        if sub != "T":
            if (region, chain, "T") not in rows:
                yield f"T row missing {region} {chain}"
            continue
        whole[region] = whole.get(region, Decimal(0)) + Decimal(row["rev_cum"] or 0)
        subs = (*filings.codes.chains[chain].subchains, "Z")
        parts = [rows[(region, chain, s)] for s in subs if (region, chain, s) in rows]
        for name in columns:
            # electricity is reported for whole chains alone
            shown = any(part.get(name) is not None for part in parts)
            if shown and sum(Decimal(part.get(name) or 0) for part in parts) != Decimal(row.get(name) or 0):
                yield f"H302 {region} {chain} {name}"
        if filings.codes.level(region) in ("county", "adjusting"):
            n = row["ent_n"]
            assert isinstance(n, int)
            listed = in_register.get((region, chain), 0)
            if abs(n - listed) > max(1, n // 100):
                yield f"S305 {region} {chain} {n} {listed}"
    for region, total in whole.items():
        limit = Decimal(filings.value("GLT02", period, (region,), "rev_cum") or 0)
        if total > limit * Decimal("1.001"):
            yield f"H303 {region} {total} {limit}"
        expected = len(filings.codes.chains)
        if sum(key[0] == region and key[2] == "T" for key in rows) != expected:
            yield f"T rows {region}"


def _listed(filings: Filings, period: Period) -> dict[tuple[str, str], int]:
    """Enterprises in force by county and main chain, the newest line of each enterprise counting."""
    newest: dict[str, Row] = {}
    for (form, at), rows in sorted(filings.rows.items(), key=lambda item: item[0][1]):
        if form == "GLT08" and at <= period:
            newest |= {key[0]: row for key, row in rows.items()}
    month = f"{period.year:04d}-{period.month:02d}"
    counts: dict[tuple[str, str], int] = {}
    for row in newest.values():
        if str(row["date_in"]) <= month and (row["date_out"] is None or month < str(row["date_out"])):
            key = (str(row["region_code"]), str(row["chain_main"]))
            counts[key] = counts.get(key, 0) + 1
    return counts


def _regions(filings: Filings, period: Period, rows: Mapping[Key, Row]) -> Iterator[str]:
    """H304, here as equality of every field that adds up; cities make the province too."""
    codes = filings.codes
    columns = [
        c.code for c in form_for("GLT02", period).columns
        if c.agg == "sum" and c.code not in ("gdp_cum", "mva_cum") and c.due(period, "county")
    ]  # fmt: skip
    for city in codes.cities:
        parts = [rows[(region,)] for region in (*codes.counties(city), *codes.adjusting(city))]
        for name in columns:
            if sum(Decimal(part.get(name) or 0) for part in parts) != Decimal(rows[(city,)].get(name) or 0):
                yield f"H304 {city} {name}"
    for name in (*columns, *(("gdp_cum", "mva_cum") if period.quarter_end else ())):
        total = sum(Decimal(rows[(city,)].get(name) or 0) for city in codes.cities)
        if total != Decimal(rows[(PROVINCE,)].get(name) or 0):
            yield f"H304 province {name}"


def _agreeing(filings: Filings, form: str, period: Period, rows: Mapping[Key, Row]) -> Iterator[str]:
    """S316, S325, S335."""
    month = period.as_month()
    of_report = period if period.annual else month
    for (region, chain), row in rows.items():
        n = _Numbers(row)
        if chain == "T":
            same = filings.of("GLT02", of_report).get((region,), {})
            revenue = Decimal(same.get("rev_cum") or 0)
            if form == "GLT06" and n.ent_n != same.get("ent_n"):
                yield f"S325 ent_n {region}"
            if form == "GLT05" and abs(n.va_growth - Decimal(same.get("va_growth") or 0)) > Decimal("0.05"):
                yield f"S325 va_growth {region}"
            december = filings.value("GLT02", month, (region,), "rev_cum")
            if (
                form == "GLT04"
                and period.annual
                and december is not None
                and not _within("0.97", n.rev_year, Decimal(december), "1.03")
            ):
                yield f"S316 {region}"
        else:
            revenue = _chain_revenue(filings, month, region, chain)
            if n.has("ent_n") and n.ent_n != _chain_revenue(filings, month, region, chain, "ent_n"):
                yield f"S325 ent_n {region} {chain}"
        if n.has("rev_cum") and abs(n.rev_cum - revenue) * 1000 > revenue:
            yield f"S325 rev_cum {region} {chain} {n.rev_cum} {revenue}"
        if form == "GLT05" and period.annual:
            other = Decimal(filings.of("GLT04", period)[(region, chain)]["rev_year"] or 0)
            if abs(n.rev_year - other) * 1000 > other:
                yield f"S335 {region} {chain}"


def _offices(filings: Filings, period: Period, rows: Mapping[Key, Row]) -> Iterator[str]:
    """S306 and S326."""
    for (chain,), row in rows.items():
        total = _chain_revenue(filings, period.as_month(), PROVINCE, chain)
        if abs(Decimal(row["rev_cum"] or 0) - total) * 1000 > total:
            yield f"S306 {chain} {row['rev_cum']} {total}"
        for (form, at), others in filings.rows.items():
            if form == "GLT07" and at.year == period.year and at < period and (chain,) in others:
                for name in ("node_n", "gap_plan_n", "key_item_n", "backup_need_n", "proj_plan"):
                    then = others[(chain,)].get(name)
                    if then is not None and then != row.get(name):
                        yield f"S326 {chain} {name}"


def _clues(rows: Mapping[Key, Row], period: Period, names: tuple[str, ...], peer: object) -> Iterator[str]:
    """S321: growth far from the peers', last digits too even, too many round numbers."""
    assert callable(peer)
    groups: dict[object, list[tuple[Key, Row]]] = {}
    for key, row in rows.items():
        if row.get("rev_cum_ly") and key[0][4:] not in ("97", "98", "99"):
            groups.setdefault(peer(key), []).append((key, row))
    for name in names:
        for _, members in sorted(groups.items(), key=lambda item: str(item[0])):
            if len(members) < 5:
                continue
            growth = [Decimal(r[name] or 0) / Decimal(r[f"{name}_ly"] or 1) for _, r in members]
            middle = median(growth)
            spread = median(abs(g - middle) for g in growth)
            for (key, _), g in zip(members, growth, strict=True):
                if abs(g - middle) * Decimal("0.6745") > Decimal("3.5") * spread:
                    yield f"S321 z {name} {key} {float((g - middle) / spread * Decimal('0.6745')):.1f}"
    figures = [int(v) for r in rows.values() for f, v in r.items() if isinstance(v, int) and abs(v) >= 10_000]
    if len(figures) >= 2_000:
        round_share = sum(v % 100 == 0 for v in figures) / len(figures)
        if round_share > 0.01 + 0.4 / len(figures) ** 0.5:
            yield f"S321 round {round_share:.3f}"
        ends = [sum(v % 10 == digit for v in figures) / len(figures) for digit in range(10)]
        if not all(abs(share - 0.1) < 1.2 / len(figures) ** 0.5 for share in ends):
            yield f"S321 digits {ends}"


def _copied(filings: Filings, form: str, period: Period, rows: Mapping[Key, Row]) -> Iterator[str]:
    """S322: the last report repeated, or last year's times one factor."""
    for key, row in rows.items():
        flows = {n: v for n, v in row.items() if n.endswith("_cum") and isinstance(v, int) and v}
        for at in (period.previous_report(), period.same_month_last_year()):
            there = filings.of(form, at).get(key)
            if there is None or len(flows) < 8:
                continue
            both = {n: (v, there[n]) for n, v in flows.items() if there.get(n)}
            ratios = {round(Decimal(a) / Decimal(b), 4) for a, b in both.values() if isinstance(b, int)}
            if len(both) >= 8 and len(ratios) == 1:
                yield f"S322 {key} {at}"
