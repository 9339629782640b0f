-- The tables of the web shop whose statistics are in production-statistics.json.
CREATE TABLE customers (
    id         bigint      PRIMARY KEY,
    mail       text        NOT NULL UNIQUE,
    country    text        NOT NULL,
    phone      text,
    joined_at  timestamptz NOT NULL
);

CREATE TABLE purchases (
    id          bigint        PRIMARY KEY,
    customer_id bigint        NOT NULL REFERENCES customers,
    status      text          NOT NULL,
    total       numeric(10,2) NOT NULL,
    placed_at   timestamptz   NOT NULL
);
CREATE INDEX purchases_customer ON purchases (customer_id, placed_at DESC);
CREATE INDEX purchases_open ON purchases (placed_at) WHERE status = 'open';
