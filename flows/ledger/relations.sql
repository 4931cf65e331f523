-- What the engine reads, as of a journal sequence. Parameters: seq, through (yyyymm), pending (boolean).

-- standing: grain one version of a submission, with its state at that sequence and its place among the
-- versions of the same identity (1 = the newest of those whose values count; NULL = values do not count).
-- Newer is by 版次, then 报出日期, then digest. History records are layered, not replaced whole.
create or replace temp table standing as
with verdict as (
    select submission, arg_max(state, seq) as state, max(seq) as seq
    from decision
    where seq <= $seq
    group by submission
), known as (
    select s.* exclude (state, superseded_seq), v.state, v.seq as decided_seq,
        v.state = 'accepted' or (v.state = 'pending' and $pending) as counts,
        s.edition = 'history' as layered
    from submission s join verdict v on v.submission = s.id
    where s.ref_month between 1 and $through
)
select *,
    row_number() over (
        partition by period, submitter, form, subject, layered
        order by version desc, reported_on desc, digest desc, sheet desc, id desc
    ) as place_of_all,
    case when counts then row_number() over (
        partition by period, submitter, form, subject, layered, counts
        order by version desc, reported_on desc, digest desc, sheet desc, id desc
    ) end as place,
    count(*) filter (counts) over (partition by period, submitter, form, subject, layered) as versions
from known;

-- in_force: grain one version whose values are in view.
create or replace temp table in_force as
select * from standing where place = 1 or (layered and counts);

-- fact: grain form, period, source, key, field. Number cells in view, value NULL only where marked.
-- Of the bureau's records for one cell the latest by date, then by sequence, stands.
-- status: C confidential, M marked N or W, P pending, R in a version that replaced another, A else.
create or replace temp table fact as
with counted as (
    select f.form, f.period, f.ref_month, f.annual, f.source, f.submitter,
        c.region_code, c.chain_code, c.subchain_code, c.cluster_code, c.park_code,
        c.field, c.value, c.mark,
        case when c.mark = 'C' then 'C' when c.value is null then 'M' when f.state = 'pending' then 'P'
            when f.versions > 1 and not f.layered then 'R' else 'A' end as status,
        f.name as submission, f.digest, c.sheet, c.address as cell, f.version, f.reported_on, f.id, c."row"
    from in_force f
    join cell c on c.submission = f.id
    join number_field n on n.form = f.form and n.field = c.field
    where c.value is not null or c.mark <> ''
), latest as (
    select * from counted where source = 'bureau'
    qualify row_number() over (
        partition by form, period, region_code, chain_code, subchain_code, cluster_code, park_code, field
        order by version desc, reported_on desc, id desc, "row" desc
    ) = 1
)
select * exclude (version, reported_on, id, "row") from counted where source <> 'bureau'
union all
select * exclude (version, reported_on, id, "row") from latest;

-- filing: grain one submission (identity; the bureau's history apart). state is that of the version in
-- view, or of the newest one where none is; latest is the state of the newest one in any case.
create or replace temp table filing as
select n.form, n.period, n.ref_month, n.annual, n.submitter, n.subject,
    coalesce(f.state, n.state) as state, n.state as latest, n.source, n.edition,
    f.version, f.name as submission, f.digest
from standing n
left join standing f on f.place = 1 and f.period = n.period and f.submitter = n.submitter
    and f.form = n.form and f.subject = n.subject and f.layered = n.layered
where n.place_of_all = 1;
