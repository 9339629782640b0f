\i x
\copy a from b
SELECT 1 \gset
