-- The conversation with the copilot, and why each of its trades happened. Instants are Unix milliseconds, prices
-- hundredths of a cent, quantities millionths of a share, as in the books.

-- What the copilot may do by itself.
ALTER TABLE accounts ADD COLUMN autonomy TEXT NOT NULL DEFAULT 'auto' CHECK (autonomy IN ('advise', 'propose', 'auto'));

-- The last message before the conversation was last cleared. What came before it stays in the file, since it says why
-- trades happened, but is not part of the conversation.
ALTER TABLE accounts ADD COLUMN chat_cleared_after_sequence INTEGER NOT NULL DEFAULT 0;

-- A person's messages, and the replies; a message without a reply is being answered, or was when the program ended.
CREATE TABLE chat_messages (
    sequence          INTEGER PRIMARY KEY,
    id                TEXT    NOT NULL UNIQUE,
    account_id        TEXT    NOT NULL REFERENCES accounts (id),
    role              TEXT    NOT NULL CHECK (role IN ('user', 'assistant')),
    message           TEXT    NOT NULL,
    created_at_ms     INTEGER NOT NULL,
    -- Of a person's message: what its sender names it by.
    client_message_id TEXT,
    -- Of a reply: the message that it answers…
    in_reply_to       TEXT    UNIQUE REFERENCES chat_messages (id),
    -- …the error's code when there was none…
    failure           TEXT,
    -- …and where it came from, with what the model wrote, as it was received.
    model             TEXT,
    latency_ms        INTEGER,
    prompt_tokens     INTEGER,
    completion_tokens INTEGER,
    raw_reply         TEXT
) STRICT;

CREATE INDEX chat_messages_by_account ON chat_messages (account_id, sequence);
CREATE UNIQUE INDEX chat_messages_by_client_message_id
    ON chat_messages (account_id, client_message_id) WHERE client_message_id IS NOT NULL;

-- What a reply asked for, in the order it runs, and what became of it.
CREATE TABLE chat_actions (
    id                  TEXT    NOT NULL PRIMARY KEY,
    message_id          TEXT    NOT NULL REFERENCES chat_messages (id),
    ordinal             INTEGER NOT NULL,
    kind                TEXT    NOT NULL CHECK (kind IN ('buy', 'sell', 'add', 'remove')),
    ticker              TEXT    NOT NULL,
    quantity_millionths INTEGER CHECK ((quantity_millionths > 0) = (kind IN ('buy', 'sell'))),
    status              TEXT    NOT NULL
        CHECK (status IN ('pending', 'executed', 'rejected', 'proposed', 'dismissed', 'lapsed', 'advised')),
    -- What a trade was executed at, or was about to be when it was proposed.
    price_units         INTEGER,
    -- Why it was rejected or has lapsed.
    error               TEXT,
    trade_id            TEXT REFERENCES trades (id),
    decided_at_ms       INTEGER NOT NULL,
    UNIQUE (message_id, ordinal)
) STRICT, WITHOUT ROWID;

-- Those that the end of the program cut off, if there are any.
CREATE INDEX chat_actions_pending ON chat_actions (message_id) WHERE status = 'pending';

-- What the copilot traded lately, for its limit a minute.
CREATE INDEX trades_by_copilot ON trades (account_id, executed_at_ms) WHERE source = 'copilot';
