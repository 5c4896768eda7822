-- The copilot's actions on orders that wait, and its alerts: the kinds "order", "cancel" and "alert". What such an action says
-- is a JSON value; its ticker is empty where it is about none or several.

ALTER TABLE chat_actions ADD COLUMN details TEXT;
