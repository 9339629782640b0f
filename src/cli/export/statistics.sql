-- Run this in production and keep what it prints:
--   pgauge export statistics | psql -XAt "postgres://readonly@db.example/shop" > seeds/production-statistics.json
-- Then say in a scenario, behind what makes the tables: seed: [{ like: ../../seeds/production-statistics.json, scale: 1% }]
-- It reads what ANALYZE has found, and no table; it changes nothing. There are values of rows in it, the most common
-- ones and the bounds of histograms: `pgauge export masked-statistics` leaves them out or makes them unrecognizable.
-- Statistics of a table are shown to those who may read it.
WITH salt AS MATERIALIZED (SELECT gen_random_uuid()::text AS salt),
tables AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind,
         CASE WHEN c.reltuples >= 0 THEN c.reltuples END AS rows,
         pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS index_bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
    -- What belongs to an extension comes with it.
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
),
columns AS (
  SELECT t.oid, a.attnum, a.attname, a.attnotnull, a.atthasdef OR a.attidentity <> '' AS has_default,
         format_type(coalesce(nullif(y.typbasetype, 0), y.oid), NULL) AS type,
         coalesce(b.typcategory, y.typcategory) AS kind,
         CASE WHEN y.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS length,
         s.null_frac, s.n_distinct, s.avg_width, s.correlation,
         s.most_common_vals::text::text[] AS common, s.most_common_freqs AS shares,
         s.histogram_bounds::text::text[] AS histogram
  FROM tables t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_type b ON b.oid = y.typbasetype
  LEFT JOIN pg_stats s ON s.schemaname = t.schema AND s.tablename = t.name AND s.attname = a.attname
                      AND s.inherited = (t.relkind = 'p')
),
told AS (
  SELECT c.oid, c.attnum, jsonb_strip_nulls(jsonb_build_object(
    'name', attname, 'type', type, 'length', length, 'not_null', attnotnull, 'has_default', has_default,
    'nulls', null_frac, 'distinct', n_distinct, 'width', avg_width, 'correlation', correlation,
    'shares', shares)) || jsonb_build_object(
    'common', (SELECT coalesce(jsonb_agg(/*told*/ ORDER BY at), '[]')
               FROM unnest(common) WITH ORDINALITY AS u (v, at)),
    'histogram', (SELECT coalesce(jsonb_agg(bound ORDER BY at), '[]')
                  FROM (SELECT at, /*told*/ AS bound FROM unnest(histogram) WITH ORDINALITY AS u (v, at)) AS b
                  WHERE bound IS NOT NULL AND /*bounds*/)) AS column
  FROM columns c, salt
)
SELECT jsonb_pretty(jsonb_build_object(
  'postgres', current_setting('server_version_num')::int,
  'tables', (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'schema', schema, 'name', name, 'rows', rows, 'bytes', bytes, 'index_bytes', index_bytes,
      'columns', (SELECT coalesce(jsonb_agg(told.column ORDER BY attnum), '[]') FROM told WHERE told.oid = t.oid),
      'unique', (
        SELECT coalesce(jsonb_agg(keys ORDER BY keys::text), '[]') FROM (
          SELECT (SELECT jsonb_agg(a.attname ORDER BY k.at)
                  FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, at)
                  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
                  WHERE k.at <= i.indnkeyatts) AS keys
          FROM pg_index i
          WHERE i.indrelid = t.oid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL) AS u),
      'references', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
          'columns', (SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(r.conkey) WITH ORDINALITY AS k (attnum, at)
                      JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = k.attnum),
          'schema', f.relnamespace::regnamespace::text, 'table', f.relname,
          'to', (SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(r.confkey) WITH ORDINALITY AS k (attnum, at)
                 JOIN pg_attribute a ON a.attrelid = r.confrelid AND a.attnum = k.attnum)) ORDER BY r.conname), '[]')
        FROM pg_constraint r JOIN pg_class f ON f.oid = r.confrelid
        WHERE r.conrelid = t.oid AND r.contype = 'f' AND r.conparentid = 0)
    ) ORDER BY schema, name), '[]')
    FROM tables t)
));
