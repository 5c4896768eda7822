-- Actions of a reply that are none, such as a trade of less than nothing, as a JSON list: they are rejected, and the rest of
-- the reply stands.
ALTER TABLE chat_messages ADD COLUMN misread_actions TEXT;
