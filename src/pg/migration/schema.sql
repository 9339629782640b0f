-- Every object of a database that a migration may change: its kind and name, and how it is defined.
SELECT key, pg_catalog.string_agg(definition, E'\n' ORDER BY definition) FROM (
  SELECT pg_catalog.format('%s %s.%s', CASE c.relkind WHEN 'p' THEN 'table' WHEN 'r' THEN 'table' WHEN 'f' THEN 'foreign table'
           WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'sequence' END, n.nspname, c.relname) AS key,
         pg_catalog.concat_ws(' ',
           CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
           'PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid),
           pg_catalog.pg_get_expr(c.relpartbound, c.oid),
           CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END,
           (SELECT pg_catalog.concat_ws(' ', pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
            FROM pg_catalog.pg_sequence s WHERE s.seqrelid = c.oid),
           'WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')',
           CASE WHEN c.relrowsecurity THEN 'ROW SECURITY' END,
           'OWNER ' || pg_catalog.pg_get_userbyid(c.relowner),
           'GRANTS ' || c.relacl::pg_catalog.text) AS definition
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  UNION ALL
  SELECT pg_catalog.format('column %s.%s.%s', n.nspname, c.relname, a.attname),
         pg_catalog.concat_ws(' ', 'number',
           (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute o WHERE o.attrelid = c.oid AND o.attnum BETWEEN 1 AND a.attnum AND NOT o.attisdropped) || ':',
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attcollation <> t.typcollation THEN 'COLLATE ' || (SELECT collname FROM pg_catalog.pg_collation WHERE oid = a.attcollation) END,
           CASE WHEN a.attnotnull THEN 'NOT NULL' END,
           CASE a.attgenerated WHEN '' THEN 'DEFAULT ' ELSE 'GENERATED ' END || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
           CASE a.attidentity WHEN 'a' THEN 'IDENTITY ALWAYS' WHEN 'd' THEN 'IDENTITY BY DEFAULT' END)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT pg_catalog.format('index %s.%s', n.nspname, c.relname),
         pg_catalog.pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relpersistence <> 't'
  UNION ALL
  SELECT pg_catalog.format('constraint %s on %s.%s', k.conname, n.nspname, c.relname),
         pg_catalog.pg_get_constraintdef(k.oid)
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND c.relpersistence <> 't'
  UNION ALL
  SELECT pg_catalog.format('trigger %s on %s.%s', g.tgname, n.nspname, c.relname),
         pg_catalog.pg_get_triggerdef(g.oid) || CASE g.tgenabled WHEN 'O' THEN '' ELSE ' ' || g.tgenabled::pg_catalog.text END
  FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal
  UNION ALL
  SELECT pg_catalog.format('policy %s on %s.%s', p.polname, n.nspname, c.relname),
         pg_catalog.concat_ws(' ', p.polcmd, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
           'CHECK ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT pg_catalog.format('function %s.%s(%s)', n.nspname, f.proname, pg_catalog.pg_get_function_identity_arguments(f.oid)),
         CASE WHEN f.prokind = 'a' THEN 'AGGREGATE' ELSE pg_catalog.pg_get_functiondef(f.oid) END
  FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  UNION ALL
  SELECT pg_catalog.format('type %s.%s', n.nspname, t.typname),
         pg_catalog.concat_ws(' ', CASE t.typtype WHEN 'e' THEN 'ENUM' WHEN 'd' THEN 'DOMAIN' ELSE 'RANGE' END,
           CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
           CASE WHEN t.typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || t.typdefault,
           (SELECT pg_catalog.string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
           (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname)
            FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid))
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype IN ('e', 'd', 'r')
  UNION ALL
  SELECT pg_catalog.format('schema %s.', n.nspname), 'OWNER ' || pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n
  UNION ALL
  SELECT pg_catalog.format('extension .%s', extname), extversion FROM pg_catalog.pg_extension
) AS objects
WHERE key !~ ' (pg_catalog|information_schema|pg_toast[a-z_0-9]*|pg_temp_[0-9]+)\.' AND key !~ ' pgauge_trace\.'
GROUP BY key
