CREATE TABLE accounts (
    id      integer PRIMARY KEY,
    owner   text    NOT NULL,
    balance numeric NOT NULL CHECK (balance >= 0)
);

INSERT INTO accounts VALUES (1, 'Alice', 1000), (2, 'Bob', 1000);
