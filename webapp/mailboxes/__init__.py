"""The IN edge: mailboxes that are read. Knows neither Flask nor the database."""
