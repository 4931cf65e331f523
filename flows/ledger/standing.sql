-- Which version of each submission is in view, and what corrects it, as of a journal sequence.
-- Parameters: seq, through (yyyymm), pending (boolean).

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

-- corrected: grain one figure that a confirmed correction (GLT10) changed, in the version that it named.
create or replace temp table corrected as
select target, row_key, field, arg_max(new_value, seq) as new_value, arg_max(revision, seq) as revision
from correction
where state = 'applied' and seq <= $seq
group by target, row_key, field;
