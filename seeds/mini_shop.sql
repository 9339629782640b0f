-- A shop that fits on a page: 100 orders of 25 customers.
CREATE TABLE customers (
    id   integer PRIMARY KEY,
    name text    NOT NULL
);
CREATE TABLE orders (
    id          integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers,
    placed_at   timestamptz NOT NULL
);
CREATE INDEX ON orders (customer_id);
CREATE TABLE order_lines (
    id       integer PRIMARY KEY,
    order_id integer NOT NULL REFERENCES orders,
    product  text    NOT NULL,
    quantity integer NOT NULL
);
CREATE INDEX ON order_lines (order_id);

INSERT INTO customers
SELECT n, 'customer ' || n FROM generate_series(1, 25) AS n;
INSERT INTO orders
SELECT n, 1 + n % 25, timestamptz '2024-01-01 12:00+00' + n * interval '1 hour'
FROM generate_series(1, 100) AS n;
INSERT INTO order_lines
SELECT n, 1 + n % 100, 'product ' || n % 7, 1 + n % 3
FROM generate_series(1, 300) AS n;
