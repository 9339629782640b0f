-- The table of the Hermitage tests, and one in which transactions note what they saw.
CREATE TABLE test (
    id    integer PRIMARY KEY,
    value integer NOT NULL
);
CREATE TABLE saw (
    who   text    NOT NULL,
    value integer NOT NULL
);
INSERT INTO test (id, value) VALUES (1, 10), (2, 20);
