"""What the SQL engines share: the compiler from the read model to SQL."""
