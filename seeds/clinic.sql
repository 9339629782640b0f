-- Who is on call tonight. The rule of the house: at least one doctor, always.
CREATE TABLE doctors (
    name    text    PRIMARY KEY,
    on_call boolean NOT NULL
);

INSERT INTO doctors VALUES ('Ada', true), ('Grace', true);
