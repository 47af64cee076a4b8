-- The hash of the token it was made with, which it goes with; null: it stands for itself.
ALTER TABLE token ADD COLUMN parent BLOB;
