SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN token uuid;
ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();
UPDATE orders SET token = gen_random_uuid() WHERE id <= 10000 AND token IS NULL;
UPDATE orders SET token = gen_random_uuid() WHERE id > 10000 AND token IS NULL;
