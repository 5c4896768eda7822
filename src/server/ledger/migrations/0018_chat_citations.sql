-- Passages of the library that a reply of the copilot was made from: a JSON array, absent if it saw none. A turn after such a
-- reply may at most propose.

ALTER TABLE chat_messages ADD COLUMN citations TEXT;
