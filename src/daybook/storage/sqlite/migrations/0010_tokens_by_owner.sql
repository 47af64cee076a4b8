-- Tokens of a client, of a person and of an authorization, whose label begins with its name; and those
-- made with others. What withdraws them runs in the writer's transaction and is not to read them all.
CREATE INDEX token_by_client ON token (client);
CREATE INDEX token_by_user ON token (user) WHERE user IS NOT NULL;
CREATE INDEX token_by_label ON token (label);
CREATE INDEX token_with_parent ON token (number) WHERE parent IS NOT NULL;
