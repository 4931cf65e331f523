-- The warehouse: what archive and journal say, as tables. A projection, never the source of truth.
-- Amounts are DECIMAL(20,4) as reported, in the unit of the form. All texts are '' where empty, except
-- where NULL is said to mean something.

-- One row: up to where the journal is projected here.
create table projection (
    format_version integer not null,
    seq            integer not null,
    head           varchar not null
);

-- Grain: one delivered file (digest). file_name as it was when it first came.
create table delivery (
    digest    varchar not null primary key,
    file_name varchar not null,
    size      bigint  not null,
    seq       integer not null,  -- of the event received or refused
    refused   varchar not null   -- the rule that refused the whole file, '' if it was read
);

-- Grain: one version of a submission. id is the sequence of its first decision.
create table submission (
    id             integer not null primary key,
    name           varchar not null,  -- form/period/submitter/subject/v版次/first digits of the digest
    superseded_seq integer,           -- NULL unless the journal says that a newer version replaced it
    form           varchar not null,
    edition        varchar not null,
    period         varchar not null,
    ref_month      integer not null,  -- yyyymm; 0 if the period could not be read
    annual         boolean not null,
    submitter      varchar not null,
    subject        varchar not null,
    version        bigint  not null,  -- 版次
    reported_on    varchar not null,  -- 报出日期, ISO
    office         varchar not null,
    digest         varchar not null,
    sheet          varchar not null,
    state          varchar not null,  -- the latest: accepted, pending, rejected, replaced
    source         varchar not null,  -- submission or bureau
    content        varchar not null   -- digest of head and values, whatever the bytes
);

-- Grain: one verdict on one version. A pending version has a second row once the bureau decides.
create table decision (
    seq        integer not null primary key,
    submission integer not null,
    state      varchar not null
);

-- Grain: one data cell of an accepted or pending version, key cells among them.
create table cell (
    submission    integer not null,
    "row"         integer not null,  -- data row of the sheet from 0 (long form: value column)
    region_code   varchar not null,
    chain_code    varchar not null,
    subchain_code varchar not null,
    cluster_code  varchar not null,
    park_code     varchar not null,
    row_key       varchar not null,  -- region_code=360100;chain_code=EI;subchain_code=T
    field         varchar not null,
    value         decimal(20,4),     -- NULL where blank or not a number field
    text          varchar,           -- NULL where blank or a number field
    mark          varchar not null,  -- N, W, C or ''
    sheet         varchar not null,
    address       varchar not null,
    raw           varchar not null,
    kind          varchar not null,
    cleaned       varchar not null
);

-- Grain: one finding of one event, in the event's order. submission is NULL where it is the file's.
create table finding (
    seq        integer not null,
    ordinal    integer not null,
    submission integer,
    id         varchar not null,
    rule       varchar not null,
    severity   varchar not null,
    level      integer not null,
    outcome    varchar not null,
    reply      varchar not null,
    message    varchar not null,
    advice     varchar not null,
    digest     varchar not null,
    submitter  varchar not null,
    period     varchar not null,
    form       varchar not null,
    edition    varchar not null,
    subject    varchar not null,
    sheet      varchar not null,
    cell       varchar not null,
    row_key    varchar not null,
    field      varchar not null,
    value      varchar not null
);

-- Grain: one answer to a finding, in the journal's order: the latest says where the finding stands.
create table reply (
    seq       integer not null,
    ordinal   integer not null,
    finding   varchar not null,  -- its id
    rule      varchar not null,
    state     varchar not null,  -- explained, approved, returned
    reason    varchar not null,  -- code of explanation_reasons, '' for the bureau's answers
    text      varchar not null,  -- the explanation, or the bureau's note
    submitter varchar not null,
    period    varchar not null,
    form      varchar not null,
    subject   varchar not null,
    digest    varchar not null,  -- of the delivery that holds the explanation
    sheet     varchar not null,
    cell      varchar not null,
    actor     varchar not null,
    role      varchar not null
);

-- Grain: one event on a correction (GLT10), in the journal's order: the latest says where it stands.
create table correction (
    seq          integer not null primary key,
    revision     varchar not null,  -- filer/修订单号
    state        varchar not null,  -- proposed, applied, refused
    request      integer not null,  -- the version of GLT10 that asks for it
    sheet        varchar not null,  -- of the request
    cell         varchar not null,
    target       integer not null,  -- the version whose figure it changes
    form         varchar not null,
    period       varchar not null,
    subject      varchar not null,
    row_key      varchar not null,
    field        varchar not null,
    old_value    varchar not null,  -- '' for a blank
    new_value    varchar not null,
    reason       varchar not null,  -- code of revision_reasons
    evidence     varchar not null,  -- SHA-256 of the archived file
    requested_by varchar not null,
    approved_by  varchar not null,  -- as claimed in the form
    actor        varchar not null,
    role         varchar not null,
    note         varchar not null
);

-- Grain: one rule between submitters at one period, in one comparison; the latest of a period stands.
create table comparison (
    seq     integer not null,
    period  varchar not null,
    rule    varchar not null,
    outcome varchar not null,
    n       integer not null
);
