-- What the engine reads. Input: standing, in_force and corrected (standing.sql), cell, number_field (form, field).

-- fact: grain form, period, source, key, field. Number cells in view, value NULL only where marked.
-- submission: the id of the version, which has its name, delivery and sheet in in_force; cell: the address there.
-- A correction changes the value and not the cell: the address is that of the original, revision names it.
-- Of the bureau's records for one cell the latest by date, then by sequence, stands.
-- status: C confidential, M marked N or W, P pending, R corrected or in a version that replaced another, A else.
-- It is by far the largest: the one of another period goes before the new one comes.
drop table if exists temp.fact;
create temp table fact as
with counted as (
    select f.form, f.period, f.ref_month, f.annual, f.source, f.submitter,
        c.region_code, c.chain_code, c.subchain_code, c.cluster_code, c.park_code,
        c.field,
        case when k.target is null then c.value else k.new_value::decimal(20,4) end as value,
        c.mark,
        case when c.mark = 'C' then 'C' when c.value is null and k.target is null then 'M'
            when f.state = 'pending' then 'P'
            when k.target is not null or f.versions > 1 and not f.layered then 'R' else 'A' end as status,
        f.id as submission, c.address as cell, coalesce(k.revision, '') as revision,
        f.version, f.reported_on, c."row"
    from in_force f
    join cell c on c.submission = f.id
    join number_field n on n.form = f.form and n.field = c.field
    left join corrected k on k.target = f.id and k.row_key = c.row_key and k.field = c.field
    where c.value is not null or c.mark <> '' or k.target is not null
), latest as (
    select * from counted where source = 'bureau'
    qualify row_number() over (
        partition by form, period, region_code, chain_code, subchain_code, cluster_code, park_code, field
        order by version desc, reported_on desc, submission desc, "row" desc
    ) = 1
)
select * exclude (version, reported_on, "row") from counted where source <> 'bureau'
union all
select * exclude (version, reported_on, "row") from latest;

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
