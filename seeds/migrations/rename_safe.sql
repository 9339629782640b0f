SET lock_timeout = '2s';
-- The old name stays until nobody uses it any more.
ALTER TABLE customers ADD COLUMN full_name text;
CREATE FUNCTION customers_both_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.full_name IS DISTINCT FROM OLD.full_name THEN
        NEW.name := NEW.full_name;
    ELSE
        NEW.name := coalesce(NEW.name, NEW.full_name);
        NEW.full_name := NEW.name;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customers_both_names BEFORE INSERT OR UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION customers_both_names();
UPDATE customers SET full_name = name;
