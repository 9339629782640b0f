SELECT E'a\'b', $$x$$, $t$ ; $t$, a[1:2], :x::int, "q""q", U&'\0041' -- c
/* a /* b */ c */; COPY t FROM stdin;
1	2
\.
