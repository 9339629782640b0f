-- The tables of a shop. Keys and indexes come after the rows, in shop_indexes.sql: that is faster.
CREATE TABLE users (
    id         integer     NOT NULL,
    email      text        NOT NULL,
    name       text        NOT NULL,
    country    text        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE products (
    id    integer       NOT NULL,
    name  text          NOT NULL,
    price numeric(10,2) NOT NULL,
    stock integer       NOT NULL
);

CREATE TABLE orders (
    id        integer     NOT NULL,
    user_id   integer     NOT NULL,
    status    text        NOT NULL,
    placed_at timestamptz NOT NULL,
    note      text
);

CREATE TABLE order_items (
    id         integer       NOT NULL,
    order_id   integer       NOT NULL,
    product_id integer       NOT NULL,
    quantity   integer       NOT NULL,
    price      numeric(10,2) NOT NULL
);
