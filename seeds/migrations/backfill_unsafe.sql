UPDATE orders SET note = note || ', checked';
