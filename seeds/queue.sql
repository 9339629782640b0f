-- A job queue in a table, and a log of who did what. The log has no unique key on purpose: a job that is
-- done twice must leave two lines.
CREATE TABLE jobs (
    id      integer PRIMARY KEY,
    payload text    NOT NULL,
    state   text    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done')),
    done_by integer
);
CREATE INDEX jobs_waiting ON jobs (id) WHERE state = 'waiting';

CREATE TABLE job_log (
    job_id integer NOT NULL REFERENCES jobs,
    worker integer NOT NULL
);

INSERT INTO jobs (id, payload)
SELECT n, 'send mail ' || n
FROM generate_series(1, 200) AS n;
