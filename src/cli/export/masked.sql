CASE
      WHEN kind IN ('B', 'E') THEN v
      WHEN kind = 'N' AND v ~ '^-?[0-9]+(\.[0-9]+)?$' AND v::numeric <> 0
        THEN trim_scale(round(v::numeric, 1 - floor(log(abs(v::numeric)))::int))::text
      WHEN kind = 'N' AND v ~ '^-?[0.]+$' THEN v
      WHEN kind = 'D' THEN left(v, 10)
      WHEN kind = 'S' AND c.length < 6 THEN lpad(to_hex(at), c.length, 'x')
      WHEN kind = 'S' THEN
        left(md5(salt || v) || md5(v || salt), least(greatest(length(v), 6), coalesce(c.length, 64)))
    END
