"""The OUT edge: settings objects and bytes in, results out. Knows neither Flask nor the database."""
