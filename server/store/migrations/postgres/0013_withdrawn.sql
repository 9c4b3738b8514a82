-- When a person withdrew what they had stated. Such a row has no answers; it stands so that no roster brings any back.
ALTER TABLE personal ADD COLUMN withdrawn_ms BIGINT;
