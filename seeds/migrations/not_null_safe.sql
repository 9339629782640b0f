SET lock_timeout = '2s';
ALTER TABLE customers ADD CONSTRAINT customers_email_given CHECK (email IS NOT NULL) NOT VALID;
-- Reads the whole table, and nobody waits for it.
ALTER TABLE customers VALIDATE CONSTRAINT customers_email_given;
-- The server knows from the constraint that there is nothing to look for.
ALTER TABLE customers ALTER COLUMN email SET NOT NULL;
ALTER TABLE customers DROP CONSTRAINT customers_email_given;
