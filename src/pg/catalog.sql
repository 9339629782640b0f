-- What is there, and what the planner knows of it: one JSON document in the form of record::Catalog.
SELECT coalesce(jsonb_agg(t.entry ORDER BY t.schema, t.name), '[]')::text FROM (
  SELECT n.nspname AS schema, c.relname AS name, jsonb_build_object(
    'schema', n.nspname, 'name', c.relname,
    'kind', CASE c.relkind WHEN 'p' THEN 'partitioned' WHEN 'm' THEN 'materialized_view' ELSE 'table' END,
    'parent', (SELECT p.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
               WHERE i.inhrelid = c.oid AND c.relispartition),
    'rows', c.reltuples::float8, 'pages', c.relpages,
    'bytes', pg_catalog.pg_total_relation_size(c.oid),
    'columns', coalesce((
      SELECT jsonb_agg(jsonb_build_object(
        'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
        'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
        'statistics_target', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
        'sequence', (SELECT jsonb_build_object('name', s.sequencename, 'last', s.last_value, 'max', s.max_value)
          FROM pg_catalog.pg_sequences s
          WHERE pg_catalog.format('%I.%I', s.schemaname, s.sequencename)::pg_catalog.regclass
              = pg_catalog.pg_get_serial_sequence(pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname)::pg_catalog.regclass),
        'statistics', (SELECT jsonb_build_object('nulls', s.null_frac, 'distinct', s.n_distinct,
            'correlation', s.correlation, 'most_common', s.most_common_freqs[1], 'width', s.avg_width)
          FROM pg_catalog.pg_stats s
          WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
          ORDER BY s.inherited DESC LIMIT 1)
      ) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
    'indexes', coalesce((
      SELECT jsonb_agg(jsonb_build_object(
        'name', ic.relname, 'method', am.amname,
        'keys', (SELECT jsonb_agg(coalesce(ka.attname::text, pg_catalog.pg_get_indexdef(x.indexrelid, k, true)) ORDER BY k)
                 FROM pg_catalog.generate_series(1, x.indnkeyatts) k
                 LEFT JOIN pg_catalog.pg_attribute ka ON ka.attrelid = c.oid AND ka.attnum = x.indkey[k - 1] AND x.indkey[k - 1] > 0),
        'options', (SELECT jsonb_agg(pg_catalog.concat_ws(' ', x.indclass[k - 1], x.indcollation[k - 1], x.indoption[k - 1]) ORDER BY k)
                 FROM pg_catalog.generate_series(1, x.indnkeyatts) k),
        'included', coalesce((SELECT jsonb_agg(ka.attname ORDER BY k)
                 FROM pg_catalog.generate_series(x.indnkeyatts + 1, x.indnatts) k
                 JOIN pg_catalog.pg_attribute ka ON ka.attrelid = c.oid AND ka.attnum = x.indkey[k - 1]), '[]'),
        'unique', x.indisunique, 'primary', x.indisprimary, 'valid', x.indisvalid,
        'constraint', EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')),
        'predicate', pg_catalog.pg_get_expr(x.indpred, x.indrelid, true),
        'definition', pg_catalog.pg_get_indexdef(x.indexrelid),
        'bytes', pg_catalog.pg_relation_size(x.indexrelid),
        'scans', coalesce(pg_catalog.pg_stat_get_numscans(x.indexrelid), 0)
      ) ORDER BY ic.relname)
      FROM pg_catalog.pg_index x
      JOIN pg_catalog.pg_class ic ON ic.oid = x.indexrelid
      JOIN pg_catalog.pg_am am ON am.oid = ic.relam
      WHERE x.indrelid = c.oid), '[]'),
    'foreign_keys', coalesce((
      SELECT jsonb_agg(jsonb_build_object(
        'name', k.conname,
        'columns', (SELECT jsonb_agg(ka.attname ORDER BY o.n) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY o(num, n)
                    JOIN pg_catalog.pg_attribute ka ON ka.attrelid = k.conrelid AND ka.attnum = o.num),
        'to_schema', fn.nspname, 'to_table', fc.relname,
        'to_columns', (SELECT jsonb_agg(ka.attname ORDER BY o.n) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY o(num, n)
                    JOIN pg_catalog.pg_attribute ka ON ka.attrelid = k.confrelid AND ka.attnum = o.num),
        'validated', k.convalidated, 'definition', pg_catalog.pg_get_constraintdef(k.oid)
      ) ORDER BY k.conname)
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
      JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
      WHERE k.conrelid = c.oid AND k.contype = 'f'), '[]'),
    'checks', coalesce((
      SELECT jsonb_agg(jsonb_build_object('name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid),
        'validated', k.convalidated) ORDER BY k.conname)
      FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'), '[]')
  ) AS entry
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND e.objid = c.oid AND e.deptype = 'e')
) t
