"""Who is calling: bearer tokens, the demo's credentials, and the grants of OAuth 2."""
