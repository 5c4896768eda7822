-- Most orders have no legs: only legs are found by their leader, who is found by the order's own id.
DROP INDEX orders_of_group;
CREATE INDEX orders_of_group ON orders (leader_id) WHERE role <> 'leader';
