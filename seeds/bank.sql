-- A small bank: ten accounts with 1,000 each. Amounts are whole cents, as they should be.
CREATE TABLE accounts (
    id      integer PRIMARY KEY,
    owner   text    NOT NULL,
    balance bigint  NOT NULL CHECK (balance >= 0),
    version integer NOT NULL DEFAULT 1
);

INSERT INTO accounts (id, owner, balance)
SELECT n, 'owner ' || n, 1000
FROM generate_series(1, 10) AS n;
