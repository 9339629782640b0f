SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN total_wide bigint;
UPDATE orders SET total_wide = total WHERE id <= 10000;
UPDATE orders SET total_wide = total WHERE id > 10000;
BEGIN;
ALTER TABLE orders RENAME COLUMN total TO total_narrow;
ALTER TABLE orders RENAME COLUMN total_wide TO total;
COMMIT;
