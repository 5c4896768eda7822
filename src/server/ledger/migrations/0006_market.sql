-- The simulated market's seed, so that a restart goes on with the same prices. It is an unsigned number of 64 bits, kept as
-- the signed one of the same bits. The market belongs to the file and to no account.
CREATE TABLE market (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seed INTEGER NOT NULL
) STRICT;
