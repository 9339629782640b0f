-- What makes the shop fast. scenarios/slow_queries goes red when one of the five indexes is missing.
ALTER TABLE users       ADD PRIMARY KEY (id);
ALTER TABLE products    ADD PRIMARY KEY (id);
ALTER TABLE orders      ADD PRIMARY KEY (id);
ALTER TABLE order_items ADD PRIMARY KEY (id);

-- People type their address in any case.
CREATE UNIQUE INDEX users_email ON users (lower(email));
-- The orders of a customer, newest first.
CREATE INDEX orders_user ON orders (user_id, placed_at DESC);
-- The orders of a day.
CREATE INDEX orders_placed ON orders (placed_at);
-- PostgreSQL makes no index for a foreign key by itself.
CREATE INDEX order_items_order ON order_items (order_id);
CREATE INDEX order_items_product ON order_items (product_id);

ALTER TABLE orders      ADD FOREIGN KEY (user_id)    REFERENCES users;
ALTER TABLE order_items ADD FOREIGN KEY (order_id)   REFERENCES orders;
ALTER TABLE order_items ADD FOREIGN KEY (product_id) REFERENCES products;
