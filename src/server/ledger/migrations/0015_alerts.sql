-- Alerts, and the log of their firings. A firing keeps what it says, whatever becomes of its alert.

CREATE TABLE alerts (
    sequence      INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    account_id    TEXT    NOT NULL REFERENCES accounts (id),
    -- A JSON object.
    condition     TEXT    NOT NULL,
    frequency     TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    expires_at_ms INTEGER,
    note          TEXT,
    -- The condition at the last known evaluation that was saved: 1 is true.
    was_true      INTEGER,
    firings       INTEGER NOT NULL,
    fired_at_ms   INTEGER,
    revision      INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX alerts_by_account ON alerts (account_id, sequence);

CREATE TABLE alert_firings (
    sequence    INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    account_id  TEXT    NOT NULL REFERENCES accounts (id),
    -- The alert may be gone.
    alert_id    TEXT    NOT NULL,
    -- The condition in words.
    sentence    TEXT    NOT NULL,
    note        TEXT,
    -- What was true: a JSON array of {"operand", "value"}.
    found       TEXT    NOT NULL,
    fired_at_ms INTEGER NOT NULL,
    is_read     INTEGER NOT NULL
) STRICT;

CREATE INDEX alert_firings_by_account ON alert_firings (account_id, sequence);
CREATE INDEX alert_firings_by_alert ON alert_firings (alert_id, sequence);
CREATE INDEX alert_firings_unread ON alert_firings (account_id, sequence) WHERE is_read = 0;
