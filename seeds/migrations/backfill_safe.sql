UPDATE orders SET note = note || ', checked' WHERE id BETWEEN     1 AND  5000;
VACUUM orders;
UPDATE orders SET note = note || ', checked' WHERE id BETWEEN  5001 AND 10000;
VACUUM orders;
UPDATE orders SET note = note || ', checked' WHERE id BETWEEN 10001 AND 15000;
VACUUM orders;
UPDATE orders SET note = note || ', checked' WHERE id BETWEEN 15001 AND 20000;
VACUUM orders;
