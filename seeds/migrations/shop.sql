-- A shop as it is before its migrations: customers and their orders.
CREATE TYPE order_status AS ENUM ('open', 'paid');

CREATE TABLE customers (
    id    integer PRIMARY KEY,
    name  text NOT NULL,
    email text
);

CREATE TABLE orders (
    id          integer PRIMARY KEY,
    customer_id integer NOT NULL,
    total       integer NOT NULL,
    status      order_status NOT NULL,
    note        text
);

INSERT INTO customers
SELECT n, 'customer ' || n, 'customer' || n || '@example.com'
FROM generate_series(1, 1000) AS n;

INSERT INTO orders
SELECT n, 1 + n % 1000, n % 500, (ARRAY['open', 'paid'])[1 + n % 2]::order_status, 'as ordered, number ' || n
FROM generate_series(1, 20000) AS n;
